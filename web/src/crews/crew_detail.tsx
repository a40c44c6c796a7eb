import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Session } from '#model/api/common.ts';
import type { Crew, CrewVerb } from '#model/api/crews.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Block, FactRow, Facts, Problem } from '../app/facts.tsx';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { newerCrew } from '../lib/push/apply.ts';
import { learnCrew, useLive } from '../lib/push/live_store.ts';
import { ageSeconds, counted, formatAge, formatCount, formatDayTime, words } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { useAreaName } from '../map/network_store.ts';
import { mayOperate } from '../session/session_store.ts';
import { kindWords, positionNote, shiftNote } from './board.ts';
import { actOnCrew, assignCrew, getCrew } from './crews_api.ts';
import { useFallback } from './use_crews.ts';

/** Verbs that take a job away from a crew, or the crew away: they say why. */
const wantsReason: ReadonlySet<CrewVerb> = new Set(['release', 'out_of_service']);
const waiting = new Set(['predicted', 'probable', 'confirmed', 'assigned', 'en_route', 'on_site', 'partly_restored']);

export function CrewDetailView({ id, session, onClose }: { id: string; session: Session; onClose: () => void }) {
  const view = useTimeView();
  const areaName = useAreaName();
  const now = useNow();
  const begun = useLive((live) => live.begun);
  const pushed = useLive((live) => live.crews.get(id));
  const refetchInterval = useFallback();
  const query = useQuery({
    // the log grows with the revision
    queryKey: ['crews', 'detail', id, begun, pushed?.revision],
    queryFn: ({ signal }) => getCrew(id, signal),
    placeholderData: keepPreviousData,
    refetchInterval,
  });
  if (query.isPending) return <PaneSkeleton rows={10} />;
  if (!query.data)
    return (
      <PaneMessage
        title="The crew could not be read"
        bad
        action={{ label: 'Try again', run: () => void query.refetch() }}
      >
        {query.error?.message}
      </PaneMessage>
    );
  const { log } = query.data;
  const crew = pushed ? newerCrew(query.data.crew, pushed) : query.data.crew;
  return (
    <>
      <header className="sticky top-0 z-10 flex items-start gap-2 border-b border-rule bg-pane px-3 py-2">
        <div className="min-w-0 flex-1">
          <h2 className="font-semibold">
            {crew.id} <span className="font-normal">{crew.name}</span>
          </h2>
          <p>
            {words(crew.status)} <span className="text-dim">for {formatAge(ageSeconds(crew.status_since, now))}</span>
          </p>
        </div>
        <button type="button" className="button" aria-label="Close the crew" onClick={onClose}>
          ✕
        </button>
      </header>
      {query.error && <Problem error={query.error} />}
      <Facts>
        <FactRow name="Kind">
          {kindWords[crew.kind].name}, {counted(crew.size, 'person', 'people')}
        </FactRow>
        <FactRow name="Skills">{crew.skills.join(', ')}</FactRow>
        <FactRow name="Home area">{areaName(crew.area_id)}</FactRow>
        <FactRow name="Shift">{shiftNote(crew, now).text}</FactRow>
        <FactRow name="Position">{positionNote(crew, now).text}</FactRow>
        <FactRow name="Radio, phone">{[crew.radio, crew.phone].filter(Boolean).join(', ') || '—'}</FactRow>
      </Facts>
      <Work crew={crew} session={session} />
      <Block title="Log">
        {log.length === 0 ? (
          <p className="px-3 py-2 text-dim">Nothing has happened yet.</p>
        ) : (
          <ol className="px-3 py-2 text-[12px]">
            {log.map((entry, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two entries may share an instant; the newest is first
              <li key={`${entry.at} ${i}`} className="grid grid-cols-[96px_minmax(0,1fr)] gap-x-2 py-0.5">
                <span className="text-dim">{formatDayTime(entry.at, view)}</span>
                <span>
                  {entry.actor}: {words(entry.verb)}
                  {entry.outage_id && ` ${entry.outage_id}`} → {words(entry.to_status)}
                  {entry.reason && <span className="text-dim"> · {entry.reason}</span>}
                </span>
              </li>
            ))}
          </ol>
        )}
      </Block>
    </>
  );
}

/** Its jobs, what can be said of it now, and where it can be sent. */
function Work({ crew, session }: { crew: Crew; session: Session }) {
  const client = useQueryClient();
  const mayEdit = useMayEdit();
  const [asks, setAsks] = useState<{ verb: CrewVerb; outage?: string } | null>(null);
  const [outage, setOutage] = useState('');
  const [reason, setReason] = useState('');
  const outages = useLive((live) => live.outages);
  const done = (answer: Crew) => {
    learnCrew(answer);
    setAsks(null);
    setReason('');
    void client.invalidateQueries({ queryKey: ['crews'] });
  };
  const act = useMutation({
    mutationFn: (order: { verb: CrewVerb; outage?: string; reason?: string }) =>
      actOnCrew(crew.id, { revision: crew.revision, ...order }),
    onSuccess: done,
    onError: () => void client.invalidateQueries({ queryKey: ['crews'] }),
  });
  const assign = useMutation({
    mutationFn: (to: string) => assignCrew(crew.id, { outage: to, revision: crew.revision }),
    onSuccess: (answer) => {
      setOutage('');
      done(answer);
    },
    onError: () => void client.invalidateQueries({ queryKey: ['crews'] }),
  });
  if (!mayOperate(session)) return <p className="px-3 py-2 text-dim">Your role looks at crews; operators send them.</p>;
  const isBlocked = !mayEdit || act.isPending || assign.isPending;
  const say = (verb: CrewVerb, job?: string) =>
    wantsReason.has(verb) ? setAsks({ verb, outage: job }) : act.mutate({ verb });
  const open = [...outages.values()].filter(
    (one) => waiting.has(one.state) && !crew.jobs.some((job) => job.outage_id === one.id),
  );
  return (
    <>
      <Block title="Jobs">
        {crew.jobs.length === 0 && <p className="px-3 py-2 text-dim">It has no job.</p>}
        <ol className="px-3 py-1">
          {crew.jobs.map((job, i) => (
            <li key={job.outage_id} className="flex items-center gap-2 py-0.5">
              <span className="min-w-0 flex-1">
                <strong className="font-semibold">{job.outage_id}</strong>{' '}
                <span className="text-dim">
                  {job.device_id} · {i === 0 && crew.status !== 'on_break' ? words(crew.status) : 'waits'} · by{' '}
                  {job.assigned_by}
                </span>
              </span>
              <button
                type="button"
                className="button"
                disabled={isBlocked}
                onClick={() => say('release', job.outage_id)}
              >
                Release…
              </button>
            </li>
          ))}
        </ol>
        <div className="flex flex-wrap gap-1.5 px-3 pb-2">
          {crew.actions
            .filter((verb) => verb !== 'release')
            .map((verb) => (
              <button key={verb} type="button" className="button" disabled={isBlocked} onClick={() => say(verb)}>
                <span className="inline-block first-letter:uppercase">
                  {words(verb)}
                  {wantsReason.has(verb) && '…'}
                </span>
              </button>
            ))}
        </div>
        {asks && (
          <form
            className="mx-3 mb-3 grid gap-2 border-l-2 border-accent pl-3"
            onSubmit={(event) => {
              event.preventDefault();
              act.mutate({ ...asks, reason: reason.trim() });
            }}
          >
            <label className="grid gap-0.5 text-dim">
              Reason to {words(asks.verb)} {asks.outage ?? crew.id}
              <input
                required
                minLength={3}
                maxLength={500}
                autoComplete="off"
                className="field"
                value={reason}
                onChange={(event) => setReason(event.target.value)}
              />
            </label>
            <div className="flex gap-2">
              <button type="submit" className="button button-primary" disabled={isBlocked}>
                <span className="inline-block first-letter:uppercase">{words(asks.verb)}</span>
              </button>
              <button type="button" className="button" onClick={() => setAsks(null)}>
                Cancel
              </button>
            </div>
          </form>
        )}
        {act.error && <Problem error={act.error} />}
      </Block>
      <Block title={crew.jobs.length > 0 ? 'Send it there afterwards' : 'Send it'}>
        {crew.can_be_assigned ? (
          <form
            className="flex gap-2 px-3 py-2"
            onSubmit={(event) => {
              event.preventDefault();
              assign.mutate(outage);
            }}
          >
            <select
              aria-label="Outage"
              required
              className="field min-w-0 flex-1"
              value={outage}
              onChange={(event) => setOutage(event.target.value)}
            >
              <option value="">{open.length === 0 ? 'no open outage' : 'choose an outage'}</option>
              {open.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.id} · {formatCount(one.customers_out)} out · {words(one.device_kind)} {one.device_id} ·{' '}
                  {words(one.state)}
                </option>
              ))}
            </select>
            <button type="submit" className="button button-primary" disabled={isBlocked || outage === ''}>
              Assign
            </button>
          </form>
        ) : (
          <p className="px-3 py-2 text-dim">A crew that is {words(crew.status)} takes no job.</p>
        )}
        {assign.error && <Problem error={assign.error} />}
      </Block>
    </>
  );
}
