import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import type { Session } from '#model/api/common.ts';
import type { Alarm } from '#model/api/live.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Pane, PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { showDetailsOnPhone, useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { useLive } from '../lib/push/live_store.ts';
import { ageSeconds, formatAge, formatCount, formatTime, words } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { PriorityMark } from '../outages/columns.tsx';
import { mayOperate } from '../session/session_store.ts';
import { acknowledge, useAcknowledging } from './acknowledge.ts';
import { needsAcknowledgement } from './fold.ts';
import { useVisibleAlarms } from './visible_alarms.ts';

type Row = { alarm: Alarm; group: { key: string; count: number; open: boolean; ids: string[] } | null };

/** Alarms folded by feeder: what one fault sets off is one line. The list has no hidden end. */
export function AlarmsPane({ alone, session }: { alone: boolean; session: Session }) {
  const groups = useVisibleAlarms();
  const known = useLive((live) => live.kpi !== null);
  const connection = useLive((live) => live.connection);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const problem = useAcknowledging((state) => state.problem);
  const unacknowledged = groups.reduce((sum, group) => sum + group.unacknowledged, 0);
  const rows = useMemo(() => {
    const list: Row[] = [];
    for (const group of groups) {
      const open = opened.has(group.key);
      const ids = group.alarms.filter(needsAcknowledgement).map(({ id }) => id);
      list.push({ alarm: group.head, group: { key: group.key, count: group.alarms.length, open, ids } });
      if (open) for (const alarm of group.alarms.slice(1)) list.push({ alarm, group: null });
    }
    return list;
  }, [groups, opened]);
  const toggle = (key: string) => {
    const next = new Set(opened);
    if (!next.delete(key)) next.add(key);
    setOpened(next);
  };

  return (
    <Pane
      name="alarms"
      title="Alarms"
      alone={alone}
      summary={
        known && (
          <span className="text-dim">
            {formatCount(groups.length)} on feeders,{' '}
            <span className={unacknowledged > 0 ? 'text-ink' : ''}>{formatCount(unacknowledged)} unacknowledged</span>
          </span>
        )
      }
    >
      {problem && (
        <p role="alert" className="border-b border-rule px-3 py-1 text-bad">
          {problem}
        </p>
      )}
      {!known ? (
        connection === 'lost' ? (
          <PaneMessage title="No connection" bad>
            Alarms appear when the server answers.
          </PaneMessage>
        ) : (
          <PaneSkeleton rows={4} />
        )
      ) : rows.length === 0 ? (
        <PaneMessage title="No alarm">Nothing asks for attention.</PaneMessage>
      ) : (
        <AlarmList rows={rows} toggle={toggle} operator={mayOperate(session)} />
      )}
    </Pane>
  );
}

function AlarmList({
  rows,
  toggle,
  operator,
}: {
  rows: readonly Row[];
  toggle: (key: string) => void;
  operator: boolean;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const now = useNow();
  const view = useTimeView();
  const mayEdit = useMayEdit();
  const busy = useAcknowledging((state) => state.busy);
  const selected = useScreen((screen) => (screen.selection?.kind === 'outage' ? screen.selection.id : null));
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 28,
    overscan: 10,
  });
  return (
    // biome-ignore lint/a11y/useSemanticElements: a virtual list cannot be a <table>
    <div
      ref={scroller}
      role="grid"
      aria-label="Alarms"
      aria-rowcount={rows.length}
      tabIndex={0}
      className="min-h-0 flex-1 overflow-auto text-[12.5px]"
      onFocus={() => useScreen.setState({ activeList: 'alarms' })}
    >
      <div style={{ height: virtual.getTotalSize() }} className="relative min-w-96">
        {virtual.getVirtualItems().map((item) => {
          const { alarm, group } = rows[item.index];
          const pending = needsAcknowledgement(alarm);
          const chosen = alarm.outage_id !== null && alarm.outage_id === selected;
          const ids = group ? group.ids : pending ? [alarm.id] : [];
          return (
            // biome-ignore lint/a11y/useSemanticElements lint/a11y/useKeyWithClickEvents: keys are the screen's: j, k, Space
            <div
              key={alarm.id}
              role="row"
              tabIndex={-1}
              aria-selected={chosen}
              data-alarm={alarm.id}
              onClick={() => {
                selectAlarm(alarm);
                showDetailsOnPhone();
              }}
              style={{ transform: `translateY(${item.start}px)` }}
              className={`absolute inset-x-0 top-0 flex h-7 items-center gap-2.5 border-b border-rule/50 px-2 ${chosen ? 'bg-chosen shadow-[inset_3px_0_0_var(--accent)]' : 'hover:bg-hover'}`}
            >
              {/* biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: grid of a virtual list */}
              <div role="gridcell" className="flex min-w-0 flex-1 items-center gap-2.5">
                {group && group.count > 1 ? (
                  <button
                    type="button"
                    tabIndex={-1}
                    aria-expanded={group.open}
                    title={`${group.count} alarms of this feeder`}
                    className="w-9 shrink-0 rounded-sm border border-rule text-[11px] text-dim hover:text-ink"
                    onClick={(event) => {
                      event.stopPropagation();
                      toggle(group.key);
                    }}
                  >
                    {group.open ? '▾' : '▸'} {group.count}
                  </button>
                ) : (
                  <span className="w-9 shrink-0 text-center text-dim">{group ? '' : '↳'}</span>
                )}
                <span className={pending ? 'unacknowledged-mark' : 'opacity-60'}>
                  <PriorityMark priority={alarm.priority} />
                </span>
                <time className="w-10 shrink-0 text-dim" title={`${formatAge(ageSeconds(alarm.at, now))} ago`}>
                  {formatTime(alarm.at, view)}
                </time>
                <span className={`truncate ${pending ? 'font-medium' : 'text-dim'}`} title={alarm.text}>
                  {alarm.text}
                </span>
              </div>
              {/* biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: grid of a virtual list */}
              <div role="gridcell" className="shrink-0 text-[11px] text-dim">
                {ids.length > 0 ? (
                  <button
                    type="button"
                    tabIndex={-1}
                    disabled={!mayEdit || !operator || busy}
                    title={operator ? 'Acknowledge (Space)' : 'Acknowledging needs the operator role'}
                    className="button min-h-[20px] px-2 text-[11px]"
                    onClick={(event) => {
                      event.stopPropagation();
                      void acknowledge(ids);
                    }}
                  >
                    Ack{ids.length > 1 ? ` ${ids.length}` : ''}
                  </button>
                ) : (
                  <span title={words(alarm.state)}>
                    {alarm.acknowledged_by ? `✓ ${alarm.acknowledged_by}` : words(alarm.state)}
                  </span>
                )}
              </div>
            </div>
          );
        })}
      </div>
    </div>
  );
}

export function selectAlarm(alarm: Alarm): void {
  const { select } = useScreen.getState();
  if (alarm.outage_id !== null) select({ kind: 'outage', id: alarm.outage_id });
  else if (alarm.device_id !== null) select({ kind: 'asset', id: alarm.device_id });
}
