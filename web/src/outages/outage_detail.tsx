import { useQuery } from '@tanstack/react-query';
import type { Session } from '#model/api/common.ts';
import type { Outage } from '#model/api/outages.ts';
import { FactRow, Facts, Problem } from '../app/facts.tsx';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { requestZoom, useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { ApiFailure } from '../lib/api/client.ts';
import { getOutage } from '../lib/api/endpoints.ts';
import { useLive } from '../lib/push/live_store.ts';
import {
  ageSeconds,
  formatAge,
  formatCount,
  formatDayTime,
  formatEtr,
  formatShare,
  words,
} from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { TraceBlock } from '../network/trace_block.tsx';
import { PriorityMark } from './columns.tsx';
import { CallsBlock, CustomersBlock } from './customers_block.tsx';
import { outagePriority } from './events.ts';
import { Evidence } from './evidence_block.tsx';
import { Log, Steps } from './history_blocks.tsx';
import { OutageActions } from './outage_actions.tsx';

/** One outage: facts, what may be done, why it is believed, who is out, its steps and its log. `whole`: fills the window. */
export function OutageDetailView({ id, session, whole }: { id: string; session: Session; whole: boolean }) {
  const live = useLive((facts) => facts.outages.get(id));
  const revision = live?.revision ?? 0;
  const detail = useQuery({
    queryKey: ['outage', id, revision],
    queryFn: ({ signal }) => getOutage(id, signal),
    placeholderData: (before) => (before?.outage.id === id ? before : undefined),
  });
  const outage = live ?? detail.data?.outage;
  if (!outage) {
    if (detail.isPending) return <PaneSkeleton />;
    const unknown = detail.error instanceof ApiFailure && detail.error.status === 404;
    return (
      <PaneMessage title={unknown ? 'This outage is not known' : 'The outage could not be read'} bad={!unknown}>
        {detail.error?.message}
      </PaneMessage>
    );
  }
  return (
    <article aria-label={`Outage ${id}`}>
      <Head outage={outage} whole={whole} />
      <OutageFacts outage={outage} whole={whole} />
      {detail.error && <Problem error={detail.error} />}
      <div className={whole ? 'grid items-start gap-x-4 lg:grid-cols-2' : ''}>
        <div className="min-w-0">
          <OutageActions id={id} revision={outage.revision} allowed={detail.data?.actions ?? null} session={session} />
          <TraceBlock assetId={outage.device_id} />
          {detail.data && <Steps detail={detail.data} />}
          {whole && detail.data && <Log detail={detail.data} />}
        </div>
        <div className="min-w-0">
          <Evidence outage={outage} session={session} />
          <CustomersBlock outage={outage} whole={whole} />
          <CallsBlock outage={outage} />
          {!whole && detail.data && <Log detail={detail.data} />}
        </div>
      </div>
    </article>
  );
}

function Head({ outage, whole }: { outage: Outage; whole: boolean }) {
  return (
    <div className="px-3 pt-2.5">
      <div className="flex items-center gap-2">
        <PriorityMark priority={outagePriority(outage)} />
        <h3 className="text-[15px] font-semibold">{outage.device_id}</h3>
        <span className="ml-auto rounded-sm border border-rule px-1.5 text-[12px]">{words(outage.state)}</span>
      </div>
      <p className="text-dim">
        {words(outage.device_kind)} on{' '}
        <button
          type="button"
          className="underline decoration-faint underline-offset-2 hover:text-ink"
          onClick={() => useScreen.getState().select({ kind: 'asset', id: outage.device_id }, { details: true })}
        >
          {outage.feeder_name}
        </button>
        , {outage.substation_name}
        <button
          type="button"
          className="ml-2 hover:text-ink"
          onClick={() => requestZoom('selection')}
          title="Zoom to it (z)"
        >
          <span className="key">z</span> show
        </button>
        {!whole && (
          <a
            href={`/?pane=detail&sel=outage:${encodeURIComponent(outage.id)}`}
            target="_blank"
            rel="noreferrer"
            className="ml-2 hover:text-ink"
            title="Everything about it, in a window of its own"
          >
            full view
          </a>
        )}
      </p>
    </div>
  );
}

function OutageFacts({ outage, whole }: { outage: Outage; whole: boolean }) {
  const now = useNow();
  const view = useTimeView();
  const heard = outage.meters_dark + outage.meters_lit + outage.meters_silent;
  return (
    <Facts wide={whole}>
      <FactRow name="Customers out">
        <strong>{formatCount(outage.customers_out)}</strong> of {formatCount(outage.customers_affected)}
      </FactRow>
      <FactRow name="Critical">
        <span className={outage.critical_out > 0 ? 'font-semibold text-bad' : ''}>
          {formatCount(outage.critical_out)}
        </span>
      </FactRow>
      <FactRow name="Started">
        {formatDayTime(outage.started_at, view)}, {formatAge(ageSeconds(outage.started_at, now))} ago
      </FactRow>
      <FactRow name="Detected">
        {formatAge((Date.parse(outage.detected_at) - Date.parse(outage.started_at)) / 1000)} after start
      </FactRow>
      {outage.restored_at && <FactRow name="Restored">{formatDayTime(outage.restored_at, view)}</FactRow>}
      <FactRow name="ETR P50 / P90">
        {formatEtr(outage.etr_p50, now, view)} / {formatEtr(outage.etr_p90, now, view)}
        {outage.etr_source && <span className="text-dim"> by {outage.etr_source}</span>}
      </FactRow>
      <FactRow name="Meters">
        {formatCount(outage.meters_dark)} dark, {formatCount(outage.meters_lit)} lit,{' '}
        {formatCount(outage.meters_silent)} silent
        {outage.meters_called > 0 && <>, {formatCount(outage.meters_called)} by call alone</>}
        {heard > 0 && <span className="text-dim"> ({formatShare(outage.meters_dark, heard)} dark)</span>}
      </FactRow>
      {outage.phases && <FactRow name="Phases out">{outage.phases}</FactRow>}
      <FactRow name="Raised by">{words(outage.source)}</FactRow>
      <FactRow name="Crew">{outage.crew ?? '—'}</FactRow>
      <FactRow name="Cause">{words(outage.cause)}</FactRow>
      <FactRow name="Event">{outage.id}</FactRow>
    </Facts>
  );
}
