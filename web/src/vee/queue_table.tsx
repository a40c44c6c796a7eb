import type { VeeException, VeeSeverity } from '#model/api/vee.ts';
import { phoneQuery, useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { type GridColumn, VirtualGrid } from '../app/virtual_grid.tsx';
import { ageSeconds, formatAge, formatDayTime, formatEtr, type TimeView, words } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';

const mark: Record<VeeSeverity, { shape: string; color: string }> = {
  high: { shape: '▲', color: 'text-bad' },
  medium: { shape: '◆', color: 'text-warn' },
  low: { shape: '●', color: 'text-low' },
};

type Column = GridColumn<VeeException, { now: number; view: TimeView }>;

const column = (head: string, track: string, cell: Column['cell'], right = false): Column => ({
  key: head,
  head,
  track,
  cell,
  right,
});
const columns: readonly Column[] = [
  column('Severity', '78px', (one) => <Severity severity={one.severity} />),
  column('Rule', '178px', (one) => one.title),
  column('Meter', '104px', (one) => one.meter_id),
  column('Feeder', 'minmax(120px, 0.5fr)', (one) => one.feeder_name ?? '—'),
  column('From – to', '186px', (one, { view }) => formatSpan(one, view)),
  column('Evidence', 'minmax(240px, 1fr)', (one) => <span title={one.evidence}>{one.evidence}</span>),
  column('Owner', '80px', (one) => one.owner ?? <span className="text-dim">—</span>),
  column('Age', '64px', (one, { now }) => formatAge(ageSeconds(one.opened_at, now)), true),
  column('State', '112px', (one) => words(one.state)),
];
/** What fits on a phone; the details have the rest. */
const phoneColumns: readonly Column[] = [
  { ...columns[0], track: '70px' },
  { ...columns[1], track: '124px' },
  { ...columns[5], track: 'minmax(0, 1fr)' },
];

/** `Jul 4, 14:00 – 15:15` */
export function formatSpan({ from, to }: { from: string; to: string }, view: TimeView): string {
  return `${formatDayTime(from, view)} – ${formatEtr(to, Date.parse(from), view)}`;
}

export function Severity({ severity }: { severity: VeeSeverity }) {
  return (
    <span>
      <span aria-hidden="true" className={mark[severity].color}>
        {mark[severity].shape}
      </span>{' '}
      {severity}
    </span>
  );
}

/** The queue, dense, all of it. */
export function QueueTable({ rows }: { rows: readonly VeeException[] }) {
  const now = useNow();
  const view = useTimeView();
  const selected = useScreen((screen) => (screen.selection?.kind === 'exception' ? screen.selection.id : null));
  const isPhone = matchMedia(phoneQuery).matches;
  return (
    <VirtualGrid
      id="exceptions"
      label="Exceptions"
      dataName="exception"
      columns={isPhone ? phoneColumns : columns}
      rows={rows}
      keyOf={keyOf}
      selected={selected}
      context={{ now, view }}
      minWidth={isPhone ? 0 : 1180}
      onChoose={(one) => useScreen.getState().select({ kind: 'exception', id: one.id })}
    />
  );
}

const keyOf = (one: VeeException): string => one.id;
