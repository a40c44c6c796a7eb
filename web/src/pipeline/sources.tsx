import { useState } from 'react';
import { ageSeconds, formatAge, formatCount, formatNumber } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { Balance } from './balance.tsx';
import { type Counts, conservationOf, fates, type PartitionRow, type SourceGroup } from './group.ts';
import { Sparkline } from './sparkline.tsx';
import { Cell, SectionHead, Table } from './table.tsx';

const heads = [
  { name: 'Source', left: true },
  { name: 'Balance', left: true, title: 'Where the records went, and whether none is missing' },
  { name: 'Now' },
  { name: 'Last 15 min', left: true },
  { name: 'Received' },
  { name: 'Stored' },
  { name: 'Superseded', title: 'Replaced by a newer or better reading of the same interval; kept' },
  { name: 'Duplicate' },
  { name: 'Set aside' },
  { name: 'Pending', title: 'Committed, not yet in the silver layer' },
  { name: 'Newest' },
];

/** Sources with their conservation of records; one with several partitions folds. */
export function Sources({ groups }: { groups: SourceGroup[] }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const total = conservationOf(groups);
  const toggle = (source: string) => {
    const next = new Set(open);
    if (!next.delete(source)) next.add(source);
    setOpen(next);
  };
  return (
    <>
      <SectionHead title="Sources">
        Received = stored + superseded + duplicate + set aside + pending.{' '}
        {total.unbalanced === 0 ? (
          groups.length > 0 && (
            <span className="text-ink">✓ All {formatCount(total.received)} records are accounted for.</span>
          )
        ) : (
          <strong className="text-bad">
            ▲ {formatCount(total.unbalanced)} {total.unbalanced === 1 ? 'partition does' : 'partitions do'} not balance:
            run flux doctor.
          </strong>
        )}
      </SectionHead>
      {groups.length === 0 ? (
        <p className="py-3 text-dim">
          Nothing has been received yet. Send readings to POST /api/readings, or start a run of the generator (g d).
        </p>
      ) : (
        <Table label="Sources" heads={heads}>
          {groups.map((group) => {
            const many = group.partitions.length > 1;
            const isOpen = open.has(group.source);
            return [
              <Row key={group.source} group={group} row={group} perS={group.perS} unbalanced={group.unbalanced}>
                {many ? (
                  <button
                    type="button"
                    aria-expanded={isOpen}
                    onClick={() => toggle(group.source)}
                    className="flex items-center gap-1.5 font-medium hover:text-accent"
                  >
                    <span aria-hidden="true" className="w-3 text-dim">
                      {isOpen ? '▾' : '▸'}
                    </span>
                    {group.source}
                    <span className="font-normal text-dim">
                      {group.partitions.length} partitions{group.kind === 'event' ? ' of events' : ''}
                    </span>
                  </button>
                ) : (
                  <span className="pl-4.5">
                    {group.source}
                    {group.kind === 'event' && <span className="font-normal text-dim"> events</span>}
                  </span>
                )}
              </Row>,
              ...(many && isOpen
                ? group.partitions.map((row) => (
                    <Row
                      key={`${group.source} ${row.partition}`}
                      group={group}
                      row={row}
                      perS={row.perS}
                      unbalanced={row.missing === 0 ? 0 : 1}
                    >
                      <span className="pl-8 font-normal text-dim">partition {row.partition}</span>
                    </Row>
                  ))
                : []),
            ];
          })}
          {groups.length > 1 && (
            <tr className="border-t-2 border-rule font-medium">
              <th scope="row" className="py-1.5 pr-2 pl-6.5 text-left font-medium">
                All sources
              </th>
              <Cell left>
                <Balance counts={total} missing={total.missing} unbalanced={total.unbalanced} />
              </Cell>
              <Cell>{rateOf(groups)}</Cell>
              <Cell left> </Cell>
              <Numbers counts={total} />
              <Cell> </Cell>
            </tr>
          )}
        </Table>
      )}
    </>
  );
}

function rateOf(groups: SourceGroup[]): string {
  const known = groups.flatMap(({ perS }) => (perS === null ? [] : [perS]));
  return known.length === 0
    ? '—'
    : `${formatNumber(
        known.reduce((sum, rate) => sum + rate, 0),
        0,
      )} /s`;
}

function Numbers({ counts }: { counts: Counts }) {
  return (
    <>
      <Cell>{formatCount(counts.received)}</Cell>
      {fates.map((fate) => (
        <Cell key={fate}>
          <span className={counts[fate] === 0 ? 'text-dim' : ''}>{formatCount(counts[fate])}</span>
        </Cell>
      ))}
    </>
  );
}

function Row({
  group,
  row,
  perS,
  unbalanced,
  children,
}: {
  group: SourceGroup;
  row: SourceGroup | PartitionRow;
  perS: number | null;
  unbalanced: number;
  children: React.ReactNode;
}) {
  const now = useNow();
  return (
    <tr className="border-t border-rule">
      <th scope="row" className="px-2 py-1.5 text-left font-medium">
        {children}
      </th>
      <Cell left>
        <Balance counts={row} missing={row.missing} unbalanced={unbalanced} />
      </Cell>
      <Cell>{perS === null ? '—' : `${formatNumber(perS, perS > 0 && perS < 10 ? 1 : 0)} /s`}</Cell>
      <Cell left>
        <Sparkline values={row.history} label={`Records a second of ${group.source} over 15 minutes`} />
      </Cell>
      <Numbers counts={row} />
      <Cell>{row.lastAt ? `${formatAge(ageSeconds(row.lastAt, now))} ago` : 'nothing yet'}</Cell>
    </tr>
  );
}
