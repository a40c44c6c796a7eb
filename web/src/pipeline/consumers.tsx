import type { Pipeline } from '#model/api/readings.ts';
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

/** Partitions of message brokers: who reads each, and how far behind. */
export function Consumers({ consumers }: Pick<Pipeline, 'consumers'>) {
  if (consumers.length === 0) return null;
  const partitions = consumers
    .flatMap(({ host, pid, partitions: own }) => own.map((entry) => ({ ...entry, owner: `${host}, process ${pid}` })))
    .sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition);
  return (
    <>
      <SectionHead title="Consumers">Offsets are this center's own, committed with the rows they brought.</SectionHead>
      <Table label="Consumers" heads={heads}>
        {partitions.map(({ owner, ...entry }) => (
          <tr key={`${entry.topic} ${entry.partition} ${owner}`} className="border-t border-rule">
            <th scope="row" className="py-1.5 pr-4 text-left font-medium">
              {entry.topic} <span className="text-dim">#{entry.partition}</span>
            </th>
            <Cell left>
              <span className={entry.state === 'waiting' ? 'text-warn' : ''}>
                {entry.state === 'waiting' && '▲ '}
                {words(entry.state)}
              </span>
              {entry.reason && <span className="text-dim"> {entry.reason}</span>}
            </Cell>
            <Cell left>{owner}</Cell>
            <Cell>{formatCount(entry.next_offset)}</Cell>
            <Cell>{formatCount(entry.high_watermark)}</Cell>
            <Cell>{formatCount(entry.lag)}</Cell>
            <Cell>{`${formatNumber(entry.records_per_s, 0)} /s`}</Cell>
          </tr>
        ))}
      </Table>
    </>
  );
}
