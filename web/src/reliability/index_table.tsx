import type { MajorEventDays, ReliabilityIndices, ReliabilityRow } from '#model/api/reliability.ts';
import { formatCount, formatNumber } from '../lib/time/format.ts';

const indices: { name: string; title: string; of: (one: ReliabilityIndices) => string }[] = [
  {
    name: 'SAIDI',
    title: 'minutes without supply per customer served',
    of: ({ saidi }) => `${formatNumber(saidi, 2)} min`,
  },
  { name: 'SAIFI', title: 'sustained interruptions per customer served', of: ({ saifi }) => formatNumber(saifi, 4) },
  {
    name: 'CAIDI',
    title: 'minutes per interrupted customer',
    of: ({ caidi }) => (caidi === null ? '—' : `${formatNumber(caidi, 1)} min`),
  },
  {
    name: 'MAIFI',
    title: 'momentary interruptions (five minutes or less) per customer served',
    of: ({ maifi }) => formatNumber(maifi, 4),
  },
  {
    name: 'ASAI',
    title: 'share of the time with supply',
    of: ({ asai }) => (asai === null ? '—' : `${formatNumber(asai * 100, 4)}%`),
  },
];

/** The indices of one place: all days beside the days that are no major event days, and planned work by itself. */
export function IndexTable({ row, facts }: { row: ReliabilityRow; facts: MajorEventDays }) {
  const majorDays = facts.days.filter(({ is_major }) => is_major).length;
  const hasThreshold = facts.thresholds.some(({ t_med }) => t_med !== null);
  const columns: { name: string; note: string; of: ReliabilityIndices; dim?: boolean }[] = [
    { name: 'All days', note: 'unplanned', of: row.all },
    {
      name: 'Without major event days',
      note: hasThreshold
        ? `${formatCount(majorDays)} ${majorDays === 1 ? 'day' : 'days'} left out`
        : 'no threshold known: none left out',
      of: row.without_major,
    },
    { name: 'Planned', note: 'in neither of the others', of: row.planned, dim: true },
  ];
  return (
    <section className="overflow-x-auto" aria-label="Indices" tabIndex={-1}>
      <table className="w-full table-fixed border border-rule">
        <thead>
          <tr className="text-[12px]">
            <th className="w-14 border-b sm:w-20 border-rule" aria-label="Index" />
            {columns.map(({ name, note }) => (
              <th
                key={name}
                scope="col"
                className="border-b border-l border-rule px-1.5 py-1.5 sm:px-3 text-right font-medium"
              >
                {name}
                <span className="block text-[11px] font-normal text-dim">{note}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {indices.map(({ name, title, of }) => (
            <tr key={name} title={title}>
              <th scope="row" className="px-1.5 py-1 sm:px-3 text-left font-medium">
                {name}
              </th>
              {columns.map((column) => (
                <td
                  key={column.name}
                  className={`border-l border-rule px-1.5 py-1 sm:px-3 text-right ${column.dim ? 'text-dim' : 'text-[13px] font-semibold sm:text-[15px]'}`}
                >
                  {of(column.of)}
                </td>
              ))}
            </tr>
          ))}
          <tr className="hidden text-[12px] text-dim sm:table-row">
            <th scope="row" className="border-t border-rule px-1.5 py-1 sm:px-3 text-left font-normal">
              Made of
            </th>
            {columns.map((column) => (
              <td key={column.name} className="border-t border-l border-rule px-1.5 py-1 sm:px-3 text-right">
                {formatCount(column.of.interruptions)} interruptions, {formatNumber(column.of.customer_minutes, 1)}{' '}
                customer-minutes
              </td>
            ))}
          </tr>
        </tbody>
      </table>
    </section>
  );
}
