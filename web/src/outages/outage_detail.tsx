import { useQuery } from '@tanstack/react-query';
import type { Session } from '#model/api/common.ts';
import type { Outage, OutageDetail, OutageEvidence } from '#model/api/outages.ts';
import { Block, FactRow, Facts, Problem } from '../app/facts.tsx';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { requestZoom, useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { ApiFailure } from '../lib/api/client.ts';
import { getEvidence, getOutage } from '../lib/api/endpoints.ts';
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
import { outagePriority } from './events.ts';
import { OutageActions } from './outage_actions.tsx';

/** One outage: facts, what may be done, why it is believed, its steps and its log. */
export function OutageDetailView({ id, session }: { id: string; session: Session }) {
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
      <Head outage={outage} />
      <OutageFacts outage={outage} />
      {detail.error && <Problem error={detail.error} />}
      <OutageActions id={id} allowed={detail.data?.actions ?? null} session={session} />
      <TraceBlock assetId={outage.device_id} />
      <Evidence id={id} revision={revision} />
      {detail.data && <Steps detail={detail.data} />}
      {detail.data && <Log detail={detail.data} />}
    </article>
  );
}

function Head({ outage }: { outage: Outage }) {
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
      </p>
    </div>
  );
}

function OutageFacts({ outage }: { outage: Outage }) {
  const now = useNow();
  const view = useTimeView();
  const heard = outage.meters_dark + outage.meters_lit + outage.meters_silent;
  return (
    <Facts>
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
        {heard > 0 && <span className="text-dim"> ({formatShare(outage.meters_dark, heard)} dark)</span>}
      </FactRow>
      <FactRow name="Raised by">{words(outage.source)}</FactRow>
      <FactRow name="Crew">{outage.crew ?? '—'}</FactRow>
      <FactRow name="Cause">{words(outage.cause)}</FactRow>
      <FactRow name="Event">{outage.id}</FactRow>
    </Facts>
  );
}

function Evidence({ id, revision }: { id: string; revision: number }) {
  const evidence = useQuery({
    queryKey: ['evidence', id, revision],
    queryFn: ({ signal }) => getEvidence(id, signal),
    placeholderData: (before) => (before?.outage_id === id ? before : undefined),
  });
  if (evidence.error && !evidence.data) return <Problem error={evidence.error} />;
  return (
    <Block title="Evidence">
      {evidence.data ? <EvidenceBody evidence={evidence.data} /> : <PaneSkeleton rows={3} />}
    </Block>
  );
}

function EvidenceBody({ evidence }: { evidence: OutageEvidence }) {
  const view = useTimeView();
  const { supporting, contradicting } = evidence;
  const candidates = [...evidence.candidates].sort((a, b) => Number(b.chosen) - Number(a.chosen));
  const open = (meter: string) => () => useScreen.getState().select({ kind: 'meter', id: meter }, { details: true });
  return (
    <div className="px-3 py-2">
      <CandidateList candidates={candidates.slice(0, candidatesShown)} />
      {candidates.length > candidatesShown && (
        <details className="mt-1.5">
          <summary className="text-dim hover:text-ink">
            {formatCount(candidates.length - candidatesShown)} more devices were weighed
          </summary>
          <div className="mt-1.5">
            <CandidateList candidates={candidates.slice(candidatesShown)} />
          </div>
        </details>
      )}
      {contradicting.length > 0 && (
        <p className="mt-2">
          <span className="text-warn">{formatCount(contradicting.length)} against:</span>{' '}
          {contradicting.slice(0, 4).map((meter) => (
            <button
              key={meter.meter_id}
              type="button"
              className="mr-2 underline decoration-faint underline-offset-2"
              onClick={open(meter.meter_id)}
            >
              {meter.meter_id} {words(meter.state)}
            </button>
          ))}
        </p>
      )}
      <details className="mt-2">
        <summary className="text-dim hover:text-ink">
          {formatCount(supporting.length)} meters support it, {formatCount(evidence.silent_count)} are silent
        </summary>
        <ul className="mt-1 max-h-48 overflow-auto">
          {supporting.map((meter) => (
            <li key={meter.meter_id} className="flex justify-between gap-2">
              <button
                type="button"
                className="underline decoration-faint underline-offset-2"
                onClick={open(meter.meter_id)}
              >
                {meter.meter_id}
              </button>
              <span className="text-dim">
                {words(meter.state)} {formatDayTime(meter.at, view)}
              </span>
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}

const candidatesShown = 4;

function CandidateList({ candidates }: { candidates: OutageEvidence['candidates'] }) {
  return (
    <ul className="grid gap-1.5">
      {candidates.map((candidate) => (
        <li key={candidate.device_id} className={candidate.chosen ? '' : 'text-dim'}>
          <span aria-hidden="true">{candidate.chosen ? '● ' : '○ '}</span>
          <span className={candidate.chosen ? 'font-semibold' : ''}>{candidate.device_id}</span>{' '}
          {formatShare(candidate.dark, candidate.customers)} of {formatCount(candidate.customers)} dark,{' '}
          {formatCount(candidate.lit)} lit
          <div className="pl-4 text-[12px] text-dim">{candidate.why}</div>
        </li>
      ))}
    </ul>
  );
}

function Steps({ detail }: { detail: OutageDetail }) {
  const view = useTimeView();
  if (detail.steps.length === 0) return null;
  return (
    <Block title="Restoration steps">
      <ol className="px-3 py-2">
        {detail.steps.map((step) => (
          <li key={step.step} className="flex justify-between gap-3 py-0.5">
            <span>
              {formatDayTime(step.from, view)} to {step.to ? formatDayTime(step.to, view) : 'now'}
            </span>
            <span className="text-right text-dim">
              {formatCount(step.customers_out)} out · {formatCount(step.customer_minutes)} cust·min
            </span>
          </li>
        ))}
      </ol>
    </Block>
  );
}

function Log({ detail }: { detail: OutageDetail }) {
  const view = useTimeView();
  return (
    <Block title="Log">
      <ol className="px-3 py-2">
        {[...detail.log].reverse().map((entry) => (
          <li key={`${entry.at} ${entry.verb}`} className="py-0.5">
            <span className="text-dim">{formatDayTime(entry.at, view)}</span> {entry.actor}: {words(entry.verb)} →{' '}
            {words(entry.to_state)}
            {entry.reason && <div className="pl-3 text-[12px] text-dim">{entry.reason}</div>}
          </li>
        ))}
      </ol>
    </Block>
  );
}
