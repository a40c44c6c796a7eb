import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Session } from '#model/api/common.ts';
import type { Outage, OutageEvidence, OutagePing } from '#model/api/outages.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Block, Problem } from '../app/facts.tsx';
import { PaneSkeleton } from '../app/pane.tsx';
import { useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { getEvidence, getHeadEnd, pingOutage } from '../lib/api/endpoints.ts';
import { formatCount, formatDayTime, formatShare, formatTimeSeconds, words } from '../lib/time/format.ts';
import { mayOperate } from '../session/session_store.ts';

/** Why the outage is believed to be where it is, and what its meters answered. */
export function Evidence({ outage, session }: { outage: Outage; session: Session }) {
  const { id, revision } = outage;
  const evidence = useQuery({
    queryKey: ['evidence', id, revision],
    queryFn: ({ signal }) => getEvidence(id, signal),
    // answers come while nothing else of the outage changes
    refetchInterval: 5000,
    placeholderData: (before) => (before?.outage_id === id ? before : undefined),
  });
  if (evidence.error && !evidence.data) return <Problem error={evidence.error} />;
  return (
    <Block title="Evidence">
      {evidence.data ? <EvidenceBody evidence={evidence.data} /> : <PaneSkeleton rows={3} />}
      <Pings outage={outage} pings={evidence.data?.pings ?? []} session={session} />
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
      {evidence.deciding_pings.map((ping) => (
        <p key={ping.meter_ids.join()} className="mt-2">
          <span className="text-dim">Would decide over {formatCount(ping.customers)} customers:</span>{' '}
          {ping.meter_ids.join(', ')} <span className="text-dim">lit →</span> {ping.if_lit ?? 'single services'}
          <span className="text-dim">, dark →</span> {ping.if_dark ?? 'single services'}
        </p>
      ))}
      {evidence.suspected_mapping.length > 0 && (
        <details className="mt-2">
          <summary className="text-warn">
            {formatCount(evidence.suspected_mapping.length)} meters answer as if they hung elsewhere
          </summary>
          <ul className="mt-1">
            {evidence.suspected_mapping.map((one) => (
              <li key={one.meter_id}>
                {one.meter_id}{' '}
                <span className="text-dim">
                  under {one.device_id}: {one.why}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <p className="mt-2 text-[12px] text-dim">
        Scored with {formatShare(evidence.message_loss, 1)} lost gasps and {formatShare(evidence.wrong_lit, 1)} wrong
        lit answers.
      </p>
      <details className="mt-2">
        <summary className="text-dim hover:text-ink">
          {formatCount(supporting.length)} meters support it, {formatCount(evidence.silent_count)} are silent
          {evidence.no_communication_count > 0 &&
            `, ${formatCount(evidence.no_communication_count)} of them never communicate`}
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
          {formatCount(candidate.lit)} lit, {formatCount(candidate.silent)} silent
          {candidate.called > 0 && <>, {formatCount(candidate.called)} by call</>}
          <div className="pl-4 text-[12px] text-dim">{candidate.why}</div>
        </li>
      ))}
    </ul>
  );
}

const purposeWords: Record<OutagePing['purpose'], string> = {
  single_customer: 'is it the customer’s side?',
  verification: 'is the prediction right?',
  restoration: 'is everybody back?',
  operator: 'asked by hand',
};

/** What was asked by way of the head-end, and what came back. */
function Pings({ outage, pings, session }: { outage: Outage; pings: readonly OutagePing[]; session: Session }) {
  const view = useTimeView();
  const queries = useQueryClient();
  const mayEdit = useMayEdit();
  const headEnd = useQuery({
    queryKey: ['headend'],
    queryFn: ({ signal }) => getHeadEnd(signal),
    refetchInterval: 10_000,
  });
  const ask = useMutation({
    mutationFn: () => pingOutage(outage.id),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['evidence', outage.id] }),
  });
  const isOut = outage.customers_out > 0;
  const state = headEnd.data;
  return (
    <div className="border-t border-rule/50 px-3 py-2">
      <div className="flex items-center justify-between gap-2">
        <h4 className="font-medium">Pings</h4>
        {state && state.state !== 'absent' && isOut && mayOperate(session) && (
          <button
            type="button"
            className="button"
            disabled={!mayEdit || ask.isPending}
            onClick={() => ask.mutate()}
            title="Asks the meters of this outage that were not heard of"
          >
            Ask silent meters
          </button>
        )}
      </div>
      {state?.state === 'away' && (
        <p role="status" className="text-warn">
          ◐ {state.name} does not answer since {formatTimeSeconds(state.since, view)}; pings wait.
        </p>
      )}
      {state?.state === 'absent' && <p className="text-dim">No head-end is joined (FLUX_HEADEND).</p>}
      {ask.error && <Problem error={ask.error} />}
      {ask.data && (
        <p role="status" className="text-dim">
          {ask.data.asked > 0
            ? `${formatCount(ask.data.asked)} meters are asked.`
            : 'Every silent meter was asked a moment ago.'}
        </p>
      )}
      {pings.length === 0 && state?.state !== 'absent' && <p className="text-dim">No meter was asked yet.</p>}
      <ol className="grid gap-1.5">
        {pings.map((ping) => (
          <li key={ping.id}>
            <details>
              <summary className="hover:text-ink">
                <span className="text-dim">{formatTimeSeconds(ping.asked_at, view)}</span> {purposeWords[ping.purpose]}{' '}
                <span className="text-dim">
                  {formatCount(ping.asked)} asked: {formatCount(ping.lit)} lit, {formatCount(ping.dark)} dark,{' '}
                  {ping.ended_at === null ? 'waiting' : `${formatCount(ping.none)} no answer`}
                </span>
              </summary>
              {ping.problem && <p className="pl-3 text-warn">{ping.problem}</p>}
              <ul className="max-h-40 overflow-auto pl-3">
                {ping.answers.map((one) => (
                  <li key={one.meter_id} className="flex justify-between gap-2">
                    {one.meter_id}
                    <span className="text-dim">
                      {one.answer === 'none' ? 'no answer' : (one.answer ?? 'waiting')}
                      {one.answered_at && ` ${formatTimeSeconds(one.answered_at, view)}`}
                    </span>
                  </li>
                ))}
              </ul>
            </details>
          </li>
        ))}
      </ol>
    </div>
  );
}
