import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type ReliabilityLevel, type ReliabilityRow, reliabilityLevels } from '#model/api/reliability.ts';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useScreen } from '../app/screen_store.ts';
import { Tabs } from '../app/tabs.tsx';
import { type Days, getReliability } from '../lib/api/reliability.ts';
import { formatCount, formatNumber } from '../lib/time/format.ts';
import { Cell, Table } from '../pipeline/table.tsx';

const rowsShown = 25;
const heads = [
  { name: 'Name', left: true },
  { name: 'Customers' },
  { name: 'SAIDI, min' },
  { name: 'without MED, min' },
  { name: 'SAIFI' },
  { name: 'without MED' },
  { name: 'CAIDI, min' },
  { name: 'MAIFI' },
  { name: 'Interruptions' },
];

const levels = reliabilityLevels.filter((level) => level !== 'system').map((name) => ({ name, label: `${name}s` }));

/** Parts of the system, worst first; a click looks at one of them. */
export function LevelsTable({
  days,
  chosen,
  onChoose,
}: {
  days: Days;
  chosen: string | null;
  onChoose: (row: ReliabilityRow | null) => void;
}) {
  const [level, setLevel] = useState<ReliabilityLevel>('substation');
  const [all, setAll] = useState(false);
  const area = useScreen((screen) => screen.area);
  const rows = useQuery({
    queryKey: ['reliability', 'rows', days, level],
    queryFn: ({ signal }) => getReliability(days, level, signal),
    refetchInterval: 60_000,
  });
  const list = (rows.data ?? []).filter(({ area_id }) => area === null || area_id === null || area_id === area);
  const shown = all ? list : list.slice(0, rowsShown);
  return (
    <>
      <Tabs label="Level" tabs={levels} chosen={level} choose={setLevel} className="mb-2 items-center">
        <span className="ml-2 text-[12px] text-dim">
          worst first{level === 'device' && '; indices of a device are its part of the whole system'}
        </span>
      </Tabs>
      {rows.isPending ? (
        <PaneSkeleton rows={8} />
      ) : !rows.data ? (
        <PaneMessage
          title="The table could not be read"
          bad
          action={{ label: 'Try again', run: () => void rows.refetch() }}
        >
          {rows.error?.message}
        </PaneMessage>
      ) : list.length === 0 ? (
        <p className="text-dim">No {level} had an interruption in the period.</p>
      ) : (
        <Table label={`Indices by ${level}`} heads={heads}>
          {shown.map((row) => (
            <tr key={row.id || row.name} className={chosen === row.id ? 'bg-chosen' : 'hover:bg-hover'}>
              <td className="max-w-64 truncate px-2 text-left">
                {row.id ? (
                  <button
                    type="button"
                    data-row
                    className="text-left hover:underline"
                    aria-pressed={chosen === row.id}
                    onClick={() => onChoose(chosen === row.id ? null : row)}
                  >
                    {row.name}
                  </button>
                ) : (
                  <span className="text-dim">{row.name}</span>
                )}
                {row.open > 0 && (
                  <span className="ml-2 text-warn" title="counted up to now">
                    ▲ {formatCount(row.open)} open
                  </span>
                )}
              </td>
              <Cell>{row.id && row.level !== 'device' ? formatCount(Math.round(row.customers_served)) : '—'}</Cell>
              <Cell>{formatNumber(row.all.saidi, 2)}</Cell>
              <Cell>{formatNumber(row.without_major.saidi, 2)}</Cell>
              <Cell>{formatNumber(row.all.saifi, 4)}</Cell>
              <Cell>{formatNumber(row.without_major.saifi, 4)}</Cell>
              <Cell>{formatNumber(row.all.caidi, 1)}</Cell>
              <Cell>{formatNumber(row.all.maifi, 4)}</Cell>
              <Cell>{formatCount(row.all.interruptions)}</Cell>
            </tr>
          ))}
        </Table>
      )}
      {list.length > rowsShown && (
        <button type="button" className="button mt-2" onClick={() => setAll(!all)}>
          {all ? `Only the worst ${rowsShown}` : `All ${formatCount(list.length)}`}
        </button>
      )}
    </>
  );
}
