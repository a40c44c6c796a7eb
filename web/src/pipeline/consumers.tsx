import type { ConsumerStatus } from '#model/api/readings.ts';
import { ageSeconds, formatAge, formatCount } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { Cell, SectionHead, Table } from './table.tsx';

const heads = [
  { name: 'Topic and partition', left: true },
  { name: 'State', left: true },
  { name: 'Assigned to', left: true },
  { name: 'Next offset' },
  { name: 'Newest offset' },
  { name: 'Lag' },
  { name: 'Rate' },
];

/** Partitions of message brokers: who reads each, how far behind, and why one waits. */
export function Consumers({ consumers }: { consumers: ConsumerStatus[] }) {
  const now = useNow();
  if (consumers.length === 0) return null;
  const rows = consumers
    .flatMap((owner) => owner.partitions.map((partition) => ({ ...partition, owner })))
    .sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition);
  const lag = rows.reduce((sum, row) => sum + row.lag, 0);
  return (
    <>
      <SectionHead title="Consumers">
        {formatCount(consumers.length)} {consumers.length === 1 ? 'process reads' : 'processes read'}{' '}
        {formatCount(rows.length)} partitions, {formatCount(lag)} messages behind. The broker's offsets, committed with
        the rows they brought.
      </SectionHead>
      <Table label="Consumers" heads={heads}>
        {rows.map((row) => (
          <tr key={`${row.topic} ${row.partition}`} className="border-t border-rule">
            <th scope="row" className="px-2 py-1.5 text-left font-medium">
              {row.topic} <span className="text-dim">#{row.partition}</span>
            </th>
            <Cell left>
              <span className={row.state === 'waiting' ? 'text-warn' : ''}>
                {row.state === 'waiting' && '▲ '}
                {row.state}
              </span>
              {row.reason && <span className="text-dim"> {row.reason}</span>}
            </Cell>
            <Cell left>
              {row.owner.host}, process {row.owner.pid}
              <span className="text-dim"> seen {formatAge(ageSeconds(row.owner.seen_at, now))} ago</span>
            </Cell>
            <Cell>{formatCount(row.next_offset)}</Cell>
            <Cell>{formatCount(row.high_watermark)}</Cell>
            <Cell>{formatCount(row.lag)}</Cell>
            <Cell>{formatCount(row.records_per_s)} /s</Cell>
          </tr>
        ))}
      </Table>
    </>
  );
}
