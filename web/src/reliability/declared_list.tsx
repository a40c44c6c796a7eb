import { useQuery } from '@tanstack/react-query';
import { PaneSkeleton } from '../app/pane.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { type Days, getDeclaredMeasured } from '../lib/api/reliability.ts';
import { formatCount, formatDayTime, formatNumber } from '../lib/time/format.ts';
import { Cell, Table } from '../pipeline/table.tsx';

const listed = 15;

/** Customer-minutes by the steps beside those of the meters' own times, largest difference first. */
export function DeclaredList({ days }: { days: Days }) {
  const view = useTimeView();
  const found = useQuery({
    queryKey: ['reliability', 'declared', days],
    queryFn: ({ signal }) => getDeclaredMeasured(days, listed, signal),
    refetchInterval: 60_000,
  });
  if (found.isPending) return <PaneSkeleton rows={5} />;
  if (!found.data)
    return (
      <p role="alert" className="text-bad">
        ✕ {found.error.message}
      </p>
    );
  if (found.data.length === 0) return <p className="text-dim">No outage of this center in the period.</p>;
  return (
    <Table
      label="Declared and measured"
      heads={[
        { name: 'Outage', left: true },
        { name: 'Began', left: true },
        { name: 'Feeder', left: true },
        { name: 'Customers declared' },
        { name: 'measured' },
        { name: 'Minutes declared' },
        { name: 'measured ' },
        { name: 'Difference' },
      ]}
    >
      {found.data.map((one) => (
        <tr key={one.id}>
          <Cell left>
            {one.id}
            {one.is_open && <span className="ml-2 text-warn">▲ open</span>}
          </Cell>
          <Cell left>{formatDayTime(one.started_at, view)}</Cell>
          <Cell left>{one.feeder_name ?? '—'}</Cell>
          <Cell>{formatCount(one.declared_customers)}</Cell>
          <Cell>{formatCount(one.measured_customers)}</Cell>
          <Cell>{formatNumber(one.declared_minutes, 1)}</Cell>
          <Cell>{formatNumber(one.measured_minutes, 1)}</Cell>
          <Cell>
            {one.difference_minutes > 0 ? '+' : ''}
            {formatNumber(one.difference_minutes, 1)}
          </Cell>
        </tr>
      ))}
    </Table>
  );
}
