import { useState } from 'react';
import type { Outage } from '#model/api/outages.ts';
import { PaneMessage } from '../app/pane.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { formatAge, formatCount, formatEtr, words } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { Cell, Table } from '../pipeline/table.tsx';
import { EtrEntryForm } from './etr_entry.tsx';
import { EtrHistory } from './etr_history.tsx';

const heads = [
  { name: 'Outage', left: true },
  { name: 'P50', title: 'half of such outages are over by then' },
  { name: 'P90', title: 'nine of ten are over by then' },
  { name: 'By', left: true },
  { name: 'Customers out' },
  { name: 'Open for' },
];
const most = 500;

/** Those whose promise is past first, then the next to come. */
export function OpenTimes({ outages }: { outages: readonly Outage[] }) {
  const now = useNow();
  const view = useTimeView();
  const [chosen, setChosen] = useState<string | null>(null);
  if (outages.length === 0)
    return <PaneMessage title="No customer is out">Times appear with the first outage.</PaneMessage>;
  const rows = outages.toSorted((a, b) => ((a.etr_p50 ?? '9') < (b.etr_p50 ?? '9') ? -1 : 1)).slice(0, most);
  const detail = chosen !== null && outages.some(({ id }) => id === chosen) ? chosen : null;
  return (
    <div className="flex min-h-full flex-col md:flex-row">
      <div className={`min-w-0 flex-1 px-3 py-2 ${detail ? 'hidden md:block' : ''}`}>
        <Table label="Open outages by restoration time" heads={heads}>
          {rows.map((outage) => {
            const late = outage.etr_p50 !== null && Date.parse(outage.etr_p50) <= now;
            return (
              <tr key={outage.id} className={`border-t border-rule ${detail === outage.id ? 'bg-chosen' : ''}`}>
                <Cell left>
                  <button
                    type="button"
                    data-row
                    className="py-1 text-left hover:underline"
                    onClick={() => setChosen(outage.id)}
                  >
                    {outage.id} <span className="hidden text-dim sm:inline">{outage.device_id}</span>
                  </button>
                </Cell>
                <Cell>
                  <span className={late ? 'font-semibold text-bad' : ''}>
                    {late && '▲ '}
                    {formatEtr(outage.etr_p50, now, view)}
                  </span>
                </Cell>
                <Cell>{formatEtr(outage.etr_p90, now, view)}</Cell>
                <Cell left>{words(outage.etr_source)}</Cell>
                <Cell>{formatCount(outage.customers_out)}</Cell>
                <Cell>{formatAge((now - Date.parse(outage.started_at)) / 1000)}</Cell>
              </tr>
            );
          })}
        </Table>
        {outages.length > most && (
          <p className="py-2 text-dim">
            The first {formatCount(most)} of {formatCount(outages.length)} by time.
          </p>
        )}
      </div>
      {detail && (
        <aside
          aria-label={`Restoration time of ${detail}`}
          className="w-full shrink-0 border-rule md:w-[430px] md:border-l"
        >
          <div className="flex items-center px-3 pt-2">
            <h2 className="font-semibold">{detail}</h2>
            <button type="button" className="button ml-auto" onClick={() => setChosen(null)}>
              Close
            </button>
          </div>
          <EtrHistory key={detail} outageId={detail} />
          <EtrEntryForm key={`${detail} entry`} outageId={detail} />
        </aside>
      )}
    </div>
  );
}
