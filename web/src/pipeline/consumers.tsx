import type { ConsumerPartition } from '#model/api/pipeline.ts';
import { formatCount, formatNumber, words } from '../lib/time/format.ts';
import { Cell, SectionHead, Table } from './table.tsx';

const heads = [
  { name: 'Topic partition', left: true },
  { name: 'State', left: true },
  { name: 'Assigned to', left: true },
  { name: 'Next offset' },
  { name: 'Newest offset' },
  { name: 'Lag' },
  { name: 'Rate' },
];
/** States in which nothing is wrong; every other is told with its reason. */
const calm = new Set(['running', 'consuming', 'idle', 'assigned']);

/** Partitions of message brokers: who reads each, and how far behind. */
export function Consumers({ consumers }: { consumers: ConsumerPartition[] }) {
  if (consumers.length === 0) return null;
  return (
    <>
      <SectionHead title="Consumers">Offsets are this center's own, committed with the rows they brought.</SectionHead>
      <Table label="Consumers" heads={heads}>
        {consumers.map((entry) => (
          <tr key={`${entry.source} ${entry.partition}`} className="border-t border-rule">
            <th scope="row" className="py-1.5 pr-4 text-left font-medium">
              {entry.source} <span className="text-dim">#{entry.partition}</span>
            </th>
            <Cell left>
              <span className={calm.has(entry.state) ? '' : 'text-warn'}>
                {!calm.has(entry.state) && '▲ '}
                {words(entry.state)}
              </span>
              {entry.reason && <span className="text-dim"> {entry.reason}</span>}
            </Cell>
            <Cell left>{entry.owner ?? <span className="text-dim">nobody</span>}</Cell>
            <Cell>{formatCount(entry.next_offset)}</Cell>
            <Cell>{formatCount(entry.high_watermark)}</Cell>
            <Cell>{formatCount(entry.lag)}</Cell>
            <Cell>{entry.rate === null ? '—' : `${formatNumber(entry.rate, 0)} /s`}</Cell>
          </tr>
        ))}
      </Table>
    </>
  );
}
