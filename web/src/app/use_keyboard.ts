import { useEffect } from 'react';
import type { TraceDirection } from '#model/api/network.ts';
import type { OutageVerb } from '#model/api/outages.ts';
import { acknowledge } from '../alarms/acknowledge.ts';
import { needsAcknowledgement } from '../alarms/fold.ts';
import { visibleAlarms } from '../alarms/visible_alarms.ts';
import { useLive } from '../lib/push/live_store.ts';
import { startTrace } from '../network/trace.ts';
import { visibleEvents } from '../outages/visible_events.ts';
import { mayOperate, useSession } from '../session/session_store.ts';
import { type Command, interpretKey } from './keymap.ts';
import { requestZoom, toggleTheme, toggleUtc, useScreen } from './screen_store.ts';
import type { PaneName } from './url_state.ts';

const textTypes = new Set(['text', 'search', 'password', 'email', 'number', 'datetime-local', '']);

/** Where arrows mean rows. */
const lists = '[data-pane="events"], [data-pane="alarms"], [data-row]';

function inText(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return textTypes.has(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Keys of the whole screen. Dialogs keep their own. */
export function useKeyboard(): void {
  useEffect(() => {
    let pending: string | null = null;
    let timer: number | undefined;
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      const { target } = event;
      if (target instanceof Element && target.closest('[role="dialog"], [role="menu"]')) return;
      const result = interpretKey(pending, {
        key: event.key,
        ctrl: event.ctrlKey || event.metaKey,
        alt: event.altKey,
        inText: inText(target),
        onControl: target instanceof Element && target.closest('button, a, summary, [role="tab"]') !== null,
        inList: target === document.body || (target instanceof Element && target.closest(lists) !== null),
      });
      if (event.key !== 'Shift') pending = result.pending;
      window.clearTimeout(timer);
      timer = window.setTimeout(() => {
        pending = null;
      }, 1500);
      if (result.command === null) return;
      event.preventDefault();
      run(result.command);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}

/** Does what a key or the palette asks. Switching is not among it. */
export function run(command: Command): void {
  const screen = useScreen.getState();
  switch (command) {
    case 'row_down':
      moveRow(1);
      break;
    case 'row_up':
      moveRow(-1);
      break;
    case 'details':
      // a row of another page is a button: Enter is its own
      if (screen.page !== 'center') break;
      if (screen.selection) {
        screen.select(screen.selection, { details: true });
        focusPane('detail');
      } else moveRow(1);
      break;
    case 'acknowledge':
      acknowledgeSelection();
      break;
    case 'confirm':
    case 'reject':
      ask(command);
      break;
    case 'crew':
      ask('assign');
      break;
    case 'crew_off':
      ask('unassign');
      break;
    case 'move_up':
    case 'move_down':
      useScreen.setState({ askDirection: command === 'move_up' ? 'up' : 'down' });
      ask('move');
      break;
    case 'power_back':
      ask('restore');
      break;
    case 'merge':
      ask(command);
      break;
    case 'trace_down':
      trace('down');
      break;
    case 'trace_up':
      trace('up');
      break;
    case 'isolate':
      trace('isolate');
      break;
    case 'go_map':
      focusPane('map');
      break;
    case 'go_events':
      focusPane('events');
      break;
    case 'go_alarms':
      focusPane('alarms');
      break;
    case 'go_trend':
      focusPane('trend');
      break;
    case 'go_crews':
      useScreen.setState({ page: 'crews', pane: null });
      break;
    case 'go_orders':
      useScreen.setState({ page: 'switching', pane: null });
      break;
    case 'go_pipeline':
      useScreen.setState({ page: 'pipeline', pane: null });
      break;
    case 'go_reliability':
      useScreen.setState({ page: 'reliability', pane: null });
      break;
    case 'go_generator':
      useScreen.setState({ page: 'generator', pane: null });
      break;
    case 'go_restoration':
      useScreen.setState({ page: 'restoration', pane: null });
      break;
    case 'go_storm':
      useScreen.setState({ page: 'storm', pane: null });
      break;
    case 'go_validation':
      useScreen.setState({ page: 'validation', pane: null });
      break;
    case 'go_calls':
      useScreen.setState({ page: 'calls', pane: null });
      break;
    case 'filter':
      focusPane('events');
      requestAnimationFrame(() => document.getElementById('event-filter')?.focus());
      break;
    case 'zoom':
      requestZoom('selection');
      break;
    case 'zoom_out':
      requestZoom('all');
      break;
    case 'utc':
      toggleUtc();
      break;
    case 'theme':
      toggleTheme();
      break;
    case 'help':
      useScreen.setState({ helpOpen: true });
      break;
    case 'palette':
      useScreen.setState({ paletteOpen: true });
      break;
    case 'escape':
      stepBack();
      break;
  }
}

function stepBack(): void {
  const screen = useScreen.getState();
  if (document.activeElement instanceof HTMLElement && inText(document.activeElement)) document.activeElement.blur();
  else if (screen.askVerb) useScreen.setState({ askVerb: null });
  else if (screen.trace) useScreen.setState({ trace: null });
  else if (screen.detailOpen) useScreen.setState({ detailOpen: false });
  else screen.select(null);
}

/** Focuses a pane; on a phone it is first brought to the front. */
export function focusPane(name: PaneName): void {
  useScreen.setState({ page: 'center', tab: name });
  requestAnimationFrame(() => {
    const pane = document.querySelector<HTMLElement>(`[data-pane="${name}"]`);
    (pane?.querySelector<HTMLElement>('[role="grid"], canvas') ?? pane)?.focus();
  });
}

/** On the operator's screen the selection moves; on other pages the focus, from one `data-row` to the next. */
function moveRow(step: number): void {
  const { activeList, page, selection, select } = useScreen.getState();
  if (page !== 'center') {
    const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')].filter((row) => row.checkVisibility());
    const at = rows.indexOf(document.activeElement as HTMLElement);
    const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
    rows.at(next)?.focus();
    return;
  }
  const ids =
    activeList === 'alarms'
      ? visibleAlarms().flatMap(({ head }) => (head.outage_id === null ? [] : [head.outage_id]))
      : visibleEvents().map(({ id }) => id);
  if (ids.length === 0) return;
  const at = selection?.kind === 'outage' ? ids.indexOf(selection.id) : -1;
  const next = at < 0 ? (step > 0 ? 0 : ids.length - 1) : Math.min(ids.length - 1, Math.max(0, at + step));
  select({ kind: 'outage', id: ids[next] });
}

function mayEdit(): boolean {
  const { now } = useSession.getState();
  return useLive.getState().connection === 'live' && now.state === 'in' && mayOperate(now.session);
}

function acknowledgeSelection(): void {
  const { selection } = useScreen.getState();
  if (selection?.kind !== 'outage' || !mayEdit()) return;
  const group = visibleAlarms().find(({ alarms }) => alarms.some(({ outage_id }) => outage_id === selection.id));
  void acknowledge(group?.alarms.filter(needsAcknowledgement).map(({ id }) => id) ?? []);
}

/** Opens the form of a verb; the form shows whether the verb is allowed and asks for the reason. */
function ask(verb: OutageVerb): void {
  const { page, selection } = useScreen.getState();
  if (selection?.kind !== 'outage' || page !== 'center') return;
  useScreen.setState({ detailOpen: true, askVerb: verb, tab: 'detail' });
}

function trace(direction: TraceDirection): void {
  const { selection } = useScreen.getState();
  if (selection?.kind === 'outage') {
    const outage = useLive.getState().outages.get(selection.id);
    if (outage) void startTrace(outage.device_id, direction);
  } else if (selection?.kind === 'asset' || selection?.kind === 'meter') void startTrace(selection.id, direction);
}
