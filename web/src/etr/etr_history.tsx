import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { EtrLedger, EtrRevision } from '#model/api/etr.ts';
import { Block, Problem } from '../app/facts.tsx';
import { PaneSkeleton } from '../app/pane.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { useLive } from '../lib/push/live_store.ts';
import { formatAge, formatDayTime, formatEtr, words } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { historyColumns } from './bands.ts';
import { getEtrLedger } from './etr_api.ts';
import { LazyBandPlot } from './lazy_band_plot.tsx';
import { reasonWords } from './reason_words.ts';

const lines = [
  { label: 'P90', color: '--dim', width: 1, stepped: true },
  { label: 'P50', color: '--ink', width: 2, stepped: true },
  { label: 'restored', color: '--good', width: 1.5, dash: [6, 4] },
  { label: 'now', color: '--faint', width: 1, dash: [2, 3], isEdge: true },
];
const bands = [{ upper: 1, lower: 2, color: '--ink' }];

/** Every time that was told for one outage, when, by whom and why; and what became of it. */
export function EtrHistory({ outageId }: { outageId: string }) {
  const live = useLive((facts) => facts.outages.get(outageId));
  const ledger = useQuery({
    queryKey: ['etr', outageId, live?.etr_p50, live?.etr_p90, live?.etr_source, live?.state],
    queryFn: ({ signal }) => getEtrLedger(outageId, signal),
    placeholderData: (before) => (before?.outage_id === outageId ? before : undefined),
  });
  return (
    <Block title="Restoration time">
      {ledger.isPending && <PaneSkeleton rows={3} />}
      {ledger.error && <Problem error={ledger.error} />}
      {ledger.data && (ledger.data.current ? <Told ledger={ledger.data} /> : <NothingYet />)}
    </Block>
  );
}

const NothingYet = () => <p className="px-3 py-2 text-dim">No time has been computed yet.</p>;

function Told({ ledger }: { ledger: EtrLedger }) {
  const now = useNow();
  const view = useTimeView();
  const minute = Math.ceil(now / 60_000) * 60_000;
  const columns = useMemo(() => {
    const { told, p90, p50, actual, present } = historyColumns(ledger.revisions, ledger.restored_at, minute);
    return [told, p90, p50, actual, present];
  }, [ledger, minute]);
  const current = ledger.current!;
  return (
    <>
      <p className="px-3 pt-1.5">
        <strong>{formatEtr(current.p50, now, view)}</strong>
        {current.p90 !== current.p50 && ` to ${formatEtr(current.p90, now, view)}`}{' '}
        <span className="text-dim">
          by {words(current.source)}
          {current.model ? ` ${current.model}` : ` (${current.author})`}, told{' '}
          {formatAge((now - Date.parse(current.computed_at)) / 1000)} ago
        </span>
        {ledger.overdue && <strong className="ml-2 text-bad">▲ overdue</strong>}
      </p>
      <div className="h-44">
        <LazyBandPlot
          columns={columns}
          lines={lines}
          bands={bands}
          from="values"
          formatValue={(value) => formatDayTime(value * 1000, view)}
          label={`Restoration times told for outage ${ledger.outage_id}, over the time at which they were told`}
        />
      </div>
      <p className="px-3 text-[11px] text-dim">
        across: when it was told · up: the time told, P50 to P90 · dotted: the present
        {ledger.restored_at && ` · dashed: restored ${formatDayTime(ledger.restored_at, view)}`}
      </p>
      <ol className="max-h-52 overflow-auto px-3 py-2 text-[12px]" aria-label="Revisions, newest first">
        {ledger.revisions.toReversed().map((revision) => (
          <Revision key={revision.revision_id} revision={revision} />
        ))}
      </ol>
    </>
  );
}

function Revision({ revision }: { revision: EtrRevision }) {
  const view = useTimeView();
  const reasons = reasonsOf(revision);
  return (
    <li className="border-t border-rule py-1 first:border-t-0">
      <div className="flex flex-wrap gap-x-2">
        <span className="text-dim">{formatDayTime(revision.computed_at, view)}</span>
        <span>
          {formatDayTime(revision.p50, view)} / {formatDayTime(revision.p90, view)}
        </span>
        <span className="ml-auto text-dim">
          {words(revision.source)}
          {revision.author !== 'flux' && `, ${revision.author}`}
        </span>
      </div>
      {revision.reason && <div>{revision.reason}</div>}
      {reasons !== '' && <div className="text-dim">{reasons}</div>}
    </li>
  );
}

/** The strongest reasons of a model's value. */
function reasonsOf({ inputs, source }: EtrRevision): string {
  if (source !== 'model' || !Array.isArray(inputs.reasons)) return '';
  return (inputs.reasons as { feature: string; value: number | null; minutes: number }[])
    .slice(0, 3)
    .map(({ feature, value, minutes }) => reasonWords(feature, value, minutes))
    .join(' · ');
}
