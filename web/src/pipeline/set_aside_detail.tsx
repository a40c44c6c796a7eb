import { useMutation } from '@tanstack/react-query';
import { useId, useState } from 'react';
import type { Resubmission, SetAsideEntry } from '#model/api/pipeline.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { dismissRecord, resubmitRecord } from '../lib/api/endpoints.ts';
import { useLive } from '../lib/push/live_store.ts';
import { formatCount, formatDayTime, words, zoneName } from '../lib/time/format.ts';
import { prettyRecord, recordProblem, resubmissionInWords } from './set_aside_words.ts';

/** One refused record: what it is, why it was refused, and what can be done. */
export function SetAsideDetail({ entry, done }: { entry: SetAsideEntry; done: () => void }) {
  const view = useTimeView();
  const [edited, setEdited] = useState<string | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  const tell = (answer: Resubmission) => {
    setSaid(resubmissionInWords(answer));
    setEdited(null);
  };
  const isOpen = entry.state === 'open';
  return (
    <section
      id="set-aside-detail"
      tabIndex={-1}
      aria-label={`Record ${entry.id}`}
      className="min-w-0 border-t border-rule p-3 lg:border-t-0"
    >
      <h3 className="font-semibold">{words(entry.code)}</h3>
      <p className="mt-1">{entry.reason}</p>
      {isOpen && <p className="mt-1 text-dim">{entry.remedy}</p>}
      <dl className="mt-2 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-0.5">
        <Fact name="Place">
          {entry.source}, partition {entry.partition}
          {entry.offset !== null && `, offset ${formatCount(entry.offset)}`}
        </Fact>
        <Fact name="Received">
          {formatDayTime(entry.received_at, view)} {zoneName(Date.parse(entry.received_at), view)}, as{' '}
          {entry.kind === 'event' ? 'an event' : 'a reading'}
        </Fact>
        {!isOpen && (
          <Fact name={entry.state === 'dismissed' ? 'Dismissed' : 'Re-submitted'}>
            {formatDayTime(entry.resolved_at, view)} by {entry.resolved_by}: {entry.resolution}
          </Fact>
        )}
      </dl>
      <textarea
        aria-label={edited === null ? 'The record' : 'The record, corrected'}
        className={`mt-3 h-52 w-full resize-y font-mono text-[12px] ${edited === null ? 'rounded-sm border border-rule bg-ground p-2' : 'field'}`}
        spellCheck={false}
        readOnly={edited === null}
        value={edited ?? prettyRecord(entry.content)}
        onChange={(event) => setEdited(event.target.value)}
      />
      {isOpen && <Verbs entry={entry} edited={edited} edit={setEdited} submitted={tell} done={done} />}
      <p role="status" className="mt-2 text-ink">
        {said}
      </p>
    </section>
  );
}

function Verbs({
  entry,
  edited,
  edit,
  submitted,
  done,
}: {
  entry: SetAsideEntry;
  edited: string | null;
  edit: (text: string | null) => void;
  submitted: (answer: Resubmission) => void;
  done: () => void;
}) {
  const [reason, setReason] = useState<string | null>(null);
  const reasonId = useId();
  const connection = useLive((live) => live.connection);
  const again = useMutation({
    mutationFn: () => resubmitRecord(entry.id, edited === null ? undefined : JSON.parse(edited)),
    onSuccess: submitted,
    onSettled: done,
  });
  const dismiss = useMutation({ mutationFn: () => dismissRecord(entry.id, (reason ?? '').trim()), onSettled: done });
  const problem = edited === null ? null : recordProblem(edited);
  const isBlocked = connection !== 'live' || again.isPending || dismiss.isPending;
  return (
    <>
      {problem && (
        <p role="alert" className="mt-1 text-bad">
          {problem}
        </p>
      )}
      {reason === null ? (
        <div className="mt-2 flex flex-wrap gap-2">
          <button
            type="button"
            className="button button-primary"
            disabled={isBlocked || problem !== null}
            onClick={() => again.mutate()}
          >
            {again.isPending ? 'Submitting…' : edited === null ? 'Re-submit as it is' : 'Re-submit corrected'}
          </button>
          <button
            type="button"
            className="button"
            onClick={() => edit(edited === null ? prettyRecord(entry.content) : null)}
          >
            {edited === null ? 'Correct…' : 'Leave as it was'}
          </button>
          <button type="button" className="button" disabled={isBlocked} onClick={() => setReason('')}>
            Dismiss…
          </button>
        </div>
      ) : (
        <form
          className="mt-2 flex flex-wrap items-center gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            dismiss.mutate();
          }}
        >
          <label htmlFor={reasonId}>Reason</label>
          <input
            id={reasonId}
            type="text"
            // biome-ignore lint/a11y/noAutofocus: the field was asked for in order to type
            autoFocus
            className="field min-w-40 flex-1"
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <button type="submit" className="button button-primary" disabled={isBlocked || reason.trim().length < 3}>
            Dismiss
          </button>
          <button type="button" className="button" onClick={() => setReason(null)}>
            Keep open
          </button>
        </form>
      )}
      {(again.error ?? dismiss.error) && (
        <p role="alert" className="mt-2 text-bad">
          {(again.error ?? dismiss.error)?.message}
        </p>
      )}
    </>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <>
      <dt className="text-dim">{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
