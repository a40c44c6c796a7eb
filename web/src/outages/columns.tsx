import type { ReactNode } from 'react';
import type { Outage } from '#model/api/outages.ts';
import { ageSeconds, formatAge, formatCount, formatEtr, formatTime, type TimeView, words } from '../lib/time/format.ts';
import { outagePriority, priorityRule, type SortKey, stateShort } from './events.ts';

export interface EventColumn {
  key: SortKey;
  head: string;
  title: string;
  /** CSS pixels; the first `grow` columns share what is left */
  width: number;
  right?: boolean;
  cell: (outage: Outage, context: CellContext) => ReactNode;
}

export interface CellContext {
  now: number;
  view: TimeView;
  areaName: (id: string) => string;
}

/** Priority as a shape first: filled triangle, filled square, hollow square, dot. */
export function PriorityMark({ priority }: { priority: number }) {
  const [glyph, color] = [
    ['▲', 'text-bad'],
    ['■', 'text-warn'],
    ['□', 'text-low'],
    ['·', 'text-dim'],
  ][priority - 1];
  return (
    <span className={`${color} inline-flex items-center gap-1`}>
      <span aria-hidden="true" className="w-3 text-center text-[11px]">
        {glyph}
      </span>
      <span className="text-ink">{priority}</span>
    </span>
  );
}

const kindShort: Record<string, string> = {
  breaker: '■',
  recloser: '●',
  sectionalizer: '◐',
  fuse: '▮',
  switch: '◆',
  power_transformer: '▲',
};

/** What decides what to do next comes first: a narrow pane still shows it. */
export const eventColumns: readonly EventColumn[] = [
  {
    key: 'priority',
    head: 'Pri',
    title: `Priority. ${priorityRule}`,
    width: 34,
    cell: (o) => <PriorityMark priority={outagePriority(o)} />,
  },
  {
    key: 'state',
    head: 'St',
    title:
      'State: PD predicted, PB probable, CF confirmed, AS assigned, ER en route, OS on site, PR partly restored, RS restored',
    width: 24,
    cell: (o) => (
      <abbr title={words(o.state)} className="no-underline">
        {stateShort[o.state]}
      </abbr>
    ),
  },
  {
    key: 'device',
    head: 'Device',
    title: 'The device that is open or predicted to be',
    width: 138,
    cell: (o) => (
      <>
        <span className="mr-1 text-[10px] text-dim" title={words(o.device_kind)}>
          {kindShort[o.device_kind] ?? '○'}
        </span>
        {o.device_id}
      </>
    ),
  },
  {
    key: 'customers',
    head: 'Cust',
    title: 'Customers without supply now',
    width: 42,
    right: true,
    cell: (o) => <strong className="font-semibold">{formatCount(o.customers_out)}</strong>,
  },
  {
    key: 'critical',
    head: 'Crit',
    title: 'Critical customers without supply now',
    width: 28,
    right: true,
    cell: (o) =>
      o.critical_out > 0 ? (
        <span className="font-semibold text-bad">{formatCount(o.critical_out)}</span>
      ) : (
        <span className="text-dim">0</span>
      ),
  },
  {
    key: 'etr90',
    head: 'ETR90',
    title: 'Estimated restoration with 90% confidence',
    width: 62,
    right: true,
    cell: (o, c) => formatEtr(o.etr_p90, c.now, c.view),
  },
  { key: 'crew', head: 'Crew', title: 'Crew', width: 52, cell: (o) => o.crew ?? <span className="text-dim">—</span> },
  {
    key: 'age',
    head: 'Age',
    title: 'Time since it started',
    width: 46,
    right: true,
    cell: (o, c) => formatAge(ageSeconds(o.started_at, c.now)),
  },
  { key: 'feeder', head: 'Feeder', title: 'Feeder', width: 144, cell: (o) => o.feeder_name },
  {
    key: 'etr50',
    head: 'ETR50',
    title: 'Estimated restoration, as likely earlier as later',
    width: 58,
    right: true,
    cell: (o, c) => formatEtr(o.etr_p50, c.now, c.view),
  },
  {
    key: 'evidence',
    head: 'Ev',
    title: 'Evidence: meters that reported dark',
    width: 36,
    right: true,
    cell: (o) => formatCount(o.meters_dark),
  },
  {
    key: 'start',
    head: 'Start',
    title: 'When it started',
    width: 40,
    right: true,
    cell: (o, c) => formatTime(o.started_at, c.view),
  },
  { key: 'source', head: 'Src', title: 'What raised it', width: 70, cell: (o) => words(o.source) },
  {
    key: 'cause',
    head: 'Cause',
    title: 'Cause',
    width: 92,
    cell: (o) => (o.cause ? words(o.cause) : <span className="text-dim">—</span>),
  },
  { key: 'zone', head: 'Zone', title: 'Area of responsibility', width: 84, cell: (o, c) => c.areaName(o.area_id) },
];
