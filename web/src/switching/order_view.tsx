import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Session } from '#model/api/common.ts';
import type { OrderVerb, SwitchingOrder } from '#model/api/switching.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Problem } from '../app/facts.tsx';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { formatDayTime, formatTimeSeconds, words } from '../lib/time/format.ts';
import { mayOperate } from '../session/session_store.ts';
import { Ahead, SwitchingStudy } from './look_ahead.tsx';
import { draftOf, StepsEditor } from './steps_editor.tsx';
import { actOnOrder, executeStep, getOrder, studySteps } from './switching_api.ts';

const verbWords: Record<OrderVerb, string> = {
  check: 'Check in the study',
  approve: 'Approve',
  start: 'Start',
  revise: 'Back to draft',
  abort: 'Abort…',
};

/** One order: its steps with what was foreseen, what can be done with it, and what was done. */
export function OrderView({ id, session, close }: { id: string; session: Session; close: () => void }) {
  const query = useQuery({
    queryKey: ['switching', 'order', id],
    queryFn: ({ signal }) => getOrder(id, signal),
    refetchInterval: 5000,
  });
  const [isEditing, setIsEditing] = useState(false);
  const view = useTimeView();
  if (query.isPending) return <PaneSkeleton rows={10} />;
  if (!query.data)
    return (
      <PaneMessage
        title="The order could not be read"
        bad
        action={{ label: 'Try again', run: () => void query.refetch() }}
      >
        {query.error?.message}
      </PaneMessage>
    );
  const { order, log } = query.data;
  if (isEditing && order.may_edit)
    return (
      <StepsEditor
        draft={draftOf(order)}
        session={session}
        saved={() => setIsEditing(false)}
        close={() => setIsEditing(false)}
      />
    );
  return (
    <div className="p-3">
      <header className="mb-2 flex items-start gap-2">
        <div className="min-w-0 flex-1">
          <h2 className="text-[15px] font-semibold">
            {order.id} {order.title}
          </h2>
          <p className="text-dim">
            <strong className="text-ink">{words(order.state)}</strong> · written by {order.authors.join(', ')}
            {order.approver && ` · approved by ${order.approver}`}
            {order.outage_id && ` · for ${order.outage_id}`}
          </p>
        </div>
        <button type="button" className="button" aria-label="Close the order" onClick={close}>
          ✕
        </button>
      </header>
      {query.error && <Problem error={query.error} />}
      <Verbs order={order} session={session} edit={() => setIsEditing(true)} />
      <Steps order={order} session={session} />
      <h3 className="mt-4 text-[11px] font-semibold tracking-[0.08em] text-dim uppercase">Log</h3>
      <ol className="text-[12px]">
        {log.map((entry, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the log only grows, at its end
          <li key={i} className="grid grid-cols-[96px_minmax(0,1fr)] gap-x-2 py-0.5">
            <span className="text-dim">{formatDayTime(entry.at, view)}</span>
            <span>
              {entry.actor}: {words(entry.verb)}
              {entry.step !== null && ` ${entry.step}`} → {words(entry.to_state)}
              {entry.reason && <span className="text-dim"> · {entry.reason}</span>}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Verbs({ order, session, edit }: { order: SwitchingOrder; session: Session; edit: () => void }) {
  const client = useQueryClient();
  const mayEdit = useMayEdit();
  const [asksAbort, setAsksAbort] = useState(false);
  const act = useMutation({
    mutationFn: ({ verb, reason }: { verb: OrderVerb; reason?: string }) =>
      actOnOrder(order.id, { verb, revision: order.revision, ...(reason ? { reason } : {}) }),
    onSettled: () => client.invalidateQueries({ queryKey: ['switching'] }),
    onSuccess: () => setAsksAbort(false),
  });
  if (!mayOperate(session)) return null;
  const isAuthor = order.authors.includes(session.user);
  const isBlocked = !mayEdit || act.isPending;
  return (
    <div className="mb-2">
      <div className="flex flex-wrap items-center gap-1.5">
        {order.may_edit && (
          <button type="button" className="button" disabled={isBlocked} onClick={edit}>
            Edit steps
          </button>
        )}
        {order.actions.map((verb) => (
          <button
            key={verb}
            type="button"
            className={`button ${verb === 'check' || verb === 'approve' || verb === 'start' ? 'button-primary' : ''}`}
            disabled={isBlocked || (verb === 'approve' && isAuthor)}
            title={verb === 'approve' && isAuthor ? 'Another person than the authors approves' : undefined}
            onClick={() => (verb === 'abort' ? setAsksAbort(true) : act.mutate({ verb }))}
          >
            {verbWords[verb]}
          </button>
        ))}
        {order.actions.includes('approve') && isAuthor && (
          <span className="text-dim">You wrote at it: another person approves.</span>
        )}
      </div>
      {asksAbort && (
        <form
          className="mt-2 grid max-w-md gap-2 border-l-2 border-accent pl-3"
          onSubmit={(event) => {
            event.preventDefault();
            act.mutate({ verb: 'abort', reason: String(new FormData(event.currentTarget).get('reason')).trim() });
          }}
        >
          <label className="grid gap-0.5 text-dim">
            Reason; tags that hang stay until an order takes them down
            <input name="reason" required minLength={3} maxLength={500} className="field" autoComplete="off" />
          </label>
          <div className="flex gap-2">
            <button type="submit" className="button button-primary" disabled={isBlocked}>
              Abort the order
            </button>
            <button type="button" className="button" onClick={() => setAsksAbort(false)}>
              Go on
            </button>
          </div>
        </form>
      )}
      {act.error && <Problem error={act.error} />}
    </div>
  );
}

function Steps({ order, session }: { order: SwitchingOrder; session: Session }) {
  const client = useQueryClient();
  const mayEdit = useMayEdit();
  const view = useTimeView();
  const waiting = order.steps.filter((step) => step.done_by === null);
  const execute = useMutation({
    mutationFn: (step: number) => executeStep(order.id, step, order.revision),
    onSettled: () => client.invalidateQueries({ queryKey: ['switching'] }),
  });
  const study = useMutation({
    mutationFn: (steps: SwitchingOrder['steps']) =>
      studySteps(steps.map(({ device_id, operation, note }) => ({ device_id, operation, note }))),
  });
  const isRunning = order.state === 'executing';
  return (
    <>
      <ol className="border border-rule" aria-label="Steps">
        {order.steps.map((step) => {
          const isNext = isRunning && step.step === waiting[0]?.step;
          return (
            <li
              key={step.step}
              data-step={step.step}
              className={`grid gap-x-3 gap-y-1 border-b border-rule px-3 py-1.5 last:border-b-0 sm:grid-cols-[minmax(0,260px)_minmax(0,1fr)_auto] ${isNext ? 'bg-hover' : ''}`}
            >
              <div className="min-w-0">
                <span className="text-dim">{step.step}</span>{' '}
                <strong className="font-semibold">
                  {step.operation} {step.device_id}
                </strong>
                {step.note && <span className="block text-[12px] text-dim">{step.note}</span>}
              </div>
              <div className="min-w-0">
                {step.stopped && step.done_by === null && (
                  <p role="alert" className="font-semibold text-bad">
                    ▲ stopped: {step.stopped}
                  </p>
                )}
                <Ahead look={step.foreseen} />
              </div>
              <div className="sm:text-right">
                {step.done_by !== null ? (
                  <span className="text-dim">
                    ✓ {step.done_by}, {formatTimeSeconds(step.done_at, view)}
                  </span>
                ) : (
                  isNext &&
                  mayOperate(session) && (
                    <button
                      type="button"
                      className="button button-primary"
                      disabled={!mayEdit || execute.isPending}
                      onClick={() => execute.mutate(step.step)}
                    >
                      {execute.isPending ? 'Recording…' : 'Done in the field'}
                    </button>
                  )
                )}
              </div>
            </li>
          );
        })}
        {order.steps.length === 0 && <li className="px-3 py-2 text-dim">It has no steps yet.</li>}
      </ol>
      {execute.error && <Problem error={execute.error} />}
      {waiting.length > 0 && (
        <div className="mt-3">
          <button type="button" className="button" disabled={study.isPending} onClick={() => study.mutate(waiting)}>
            {study.isPending ? 'Studying…' : 'Study what is left, as the grid stands now'}
          </button>
          {study.error && <Problem error={study.error} />}
          {study.data && (
            <div className="mt-2">
              <SwitchingStudy result={study.data}>
                <ol>
                  {study.data.steps.map((step, i) => (
                    <li
                      key={study.variables[i].step}
                      className="grid gap-x-3 border-b border-rule px-3 py-1.5 sm:grid-cols-[minmax(0,260px)_minmax(0,1fr)]"
                    >
                      <span>
                        <span className="text-dim">{study.variables[i].step}</span> {step.operation} {step.device_id}
                      </span>
                      <Ahead look={step.look_ahead} />
                    </li>
                  ))}
                </ol>
              </SwitchingStudy>
            </div>
          )}
        </div>
      )}
    </>
  );
}
