/** The keyboard as one table. No key executes a switching step: keys select, show, or open a form that asks. */

export type Command =
  | 'row_down'
  | 'row_up'
  | 'details'
  | 'acknowledge'
  | 'confirm'
  | 'reject'
  | 'crew'
  | 'crew_off'
  | 'move_up'
  | 'move_down'
  | 'power_back'
  | 'merge'
  | 'trace_down'
  | 'trace_up'
  | 'isolate'
  | 'go_map'
  | 'go_events'
  | 'go_alarms'
  | 'go_trend'
  | 'go_pipeline'
  | 'go_crews'
  | 'go_orders'
  | 'go_generator'
  | 'go_validation'
  | 'go_calls'
  | 'go_reliability'
  | 'go_restoration'
  | 'go_storm'
  | 'filter'
  | 'zoom'
  | 'zoom_out'
  | 'utc'
  | 'theme'
  | 'help'
  | 'palette'
  | 'escape';

export interface Binding {
  keys: string;
  command: Command;
  does: string;
  group: 'Lists' | 'Outages' | 'Network' | 'Screen';
}

export const bindings: readonly Binding[] = [
  { keys: 'j', command: 'row_down', does: 'next row; in a list ↓, too', group: 'Lists' },
  { keys: 'k', command: 'row_up', does: 'previous row; in a list ↑, too', group: 'Lists' },
  { keys: 'Enter', command: 'details', does: 'open details of the selection', group: 'Lists' },
  { keys: 'Space', command: 'acknowledge', does: 'acknowledge the alarms of the selection', group: 'Lists' },
  { keys: '/', command: 'filter', does: 'filter the events', group: 'Lists' },
  { keys: 'c', command: 'confirm', does: 'confirm the outage (asks first)', group: 'Outages' },
  { keys: 'x', command: 'reject', does: 'reject the outage (asks for the reason)', group: 'Outages' },
  { keys: 'a', command: 'crew', does: 'assign a crew (asks which)', group: 'Outages' },
  { keys: 'A', command: 'crew_off', does: 'take the crew off the outage (asks for the reason)', group: 'Outages' },
  { keys: 'u', command: 'move_up', does: 'move the outage one device up (asks first)', group: 'Outages' },
  {
    keys: 'd',
    command: 'move_down',
    does: 'move the outage down to the darkest branch (asks first)',
    group: 'Outages',
  },
  { keys: 'm', command: 'merge', does: 'merge the outage into another (asks which)', group: 'Outages' },
  {
    keys: 'r',
    command: 'power_back',
    does: 'say that all customers have power again (asks for the reason)',
    group: 'Outages',
  },
  { keys: 't', command: 'trace_down', does: 'trace down from the selection', group: 'Network' },
  { keys: 'T', command: 'trace_up', does: 'trace up to the source', group: 'Network' },
  { keys: 'i', command: 'isolate', does: 'devices that isolate the selection', group: 'Network' },
  { keys: 'z', command: 'zoom', does: 'zoom to the selection', group: 'Network' },
  { keys: 'Z', command: 'zoom_out', does: 'zoom to the whole territory', group: 'Network' },
  { keys: 'g m', command: 'go_map', does: 'go to the map', group: 'Screen' },
  { keys: 'g e', command: 'go_events', does: 'go to the events', group: 'Screen' },
  { keys: 'g a', command: 'go_alarms', does: 'go to the alarms', group: 'Screen' },
  { keys: 'g t', command: 'go_trend', does: 'go to the trend', group: 'Screen' },
  { keys: 'g w', command: 'go_crews', does: 'go to the crew board', group: 'Screen' },
  { keys: 'g s', command: 'go_orders', does: 'go to the switching orders', group: 'Screen' },
  { keys: 'g p', command: 'go_pipeline', does: 'go to the data pipeline', group: 'Screen' },
  { keys: 'g d', command: 'go_generator', does: 'go to the generator of readings', group: 'Screen' },
  { keys: 'g v', command: 'go_validation', does: 'go to the validation of interval data', group: 'Screen' },
  { keys: 'g c', command: 'go_calls', does: 'go to the trouble calls', group: 'Screen' },
  { keys: 'g r', command: 'go_reliability', does: 'go to the reliability indices', group: 'Screen' },
  { keys: 'g h', command: 'go_restoration', does: 'go to the restoration times', group: 'Screen' },
  { keys: 'g o', command: 'go_storm', does: 'go to the storm board', group: 'Screen' },
  { keys: 'Ctrl+k', command: 'palette', does: 'commands and search', group: 'Screen' },
  { keys: 'U', command: 'utc', does: 'utility time or UTC', group: 'Screen' },
  { keys: 'L', command: 'theme', does: 'light or dark', group: 'Screen' },
  { keys: '?', command: 'help', does: 'keys and shapes: this list', group: 'Screen' },
  { keys: 'Escape', command: 'escape', does: 'close, then let the selection go', group: 'Screen' },
];

const byKeys = new Map(bindings.map((binding) => [binding.keys, binding.command]));
/** Elsewhere arrows scroll, pan the map, or move a border. */
const inLists: Record<string, Command | undefined> = { ArrowDown: 'row_down', ArrowUp: 'row_up' };
const prefixes = new Set(bindings.filter((b) => b.keys.includes(' ')).map((b) => b.keys.split(' ')[0]));

export interface KeyPress {
  key: string;
  ctrl: boolean;
  alt: boolean;
  /** focus is in a field that takes text */
  inText: boolean;
  /** focus is on something that Enter and Space already operate (button, link, option) */
  onControl: boolean;
  /** focus is in a list of rows, or nowhere */
  inList: boolean;
}

export interface Interpretation {
  command: Command | null;
  /** first key of a two-key command, kept for the next press */
  pending: string | null;
}

export function interpretKey(pending: string | null, press: KeyPress): Interpretation {
  const none: Interpretation = { command: null, pending: null };
  if (press.alt) return none;
  if (press.ctrl) return { command: press.key.toLowerCase() === 'k' ? 'palette' : null, pending: null };
  if (press.inText) return { command: press.key === 'Escape' ? 'escape' : null, pending: null };
  const key = press.key === ' ' ? 'Space' : press.key;
  if (press.onControl && (key === 'Enter' || key === 'Space')) return none;
  if (pending !== null) return { command: byKeys.get(`${pending} ${key}`) ?? null, pending: null };
  if (prefixes.has(key)) return { command: null, pending: key };
  return { command: byKeys.get(key) ?? (press.inList ? inLists[key] : null) ?? null, pending: null };
}
