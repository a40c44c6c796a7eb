import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type Oe417Event, type Oe417Filing, type Oe417FilingRequest, oe417Stages } from '#model/api/reliability.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Problem } from '../app/facts.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { fileOe417 } from '../lib/api/reliability.ts';
import { formatDayTime } from '../lib/time/format.ts';
import { mayOperate, useSession } from '../session/session_store.ts';

const stageWords: Record<Oe417Filing['stage'], string> = {
  first: 'First report, 6 h',
  update: 'Update',
  final: 'Final report, 72 h',
};

/** What people said was filed of an event. */
export function Filings({ filings }: { filings: readonly Oe417Filing[] }) {
  const view = useTimeView();
  if (filings.length === 0) return null;
  return (
    <ul aria-label="Filed" className="mt-1 text-dim">
      {filings.map((filing) => (
        <li key={`${filing.recorded_at} ${filing.stage} ${filing.withdrawn}`}>
          {stageWords[filing.stage]} {filing.withdrawn ? 'not filed after all' : 'filed'}{' '}
          {formatDayTime(filing.withdrawn ? filing.recorded_at : filing.filed_at, view)}, number{' '}
          <span className="text-ink">{filing.reference}</span>, says {filing.actor}
        </li>
      ))}
    </ul>
  );
}

/** A report was filed, or was marked so by mistake. */
export function FilingForm({ event }: { event: Oe417Event }) {
  const mayEdit = useMayEdit();
  const session = useSession(({ now }) => (now.state === 'in' ? now.session : null));
  const queries = useQueryClient();
  const [isOpen, setIsOpen] = useState(false);
  const file = useMutation({
    mutationFn: (body: Oe417FilingRequest) => fileOe417(body),
    onSuccess: (watch) => {
      setIsOpen(false);
      queries.setQueryData(['reliability', 'oe417'], watch);
    },
  });
  if (!session || !mayOperate(session)) return null;
  if (!isOpen)
    return (
      <button type="button" className="button mt-1" onClick={() => setIsOpen(true)}>
        Mark as filed…
      </button>
    );

  function submit(sent: FormEvent<HTMLFormElement>) {
    sent.preventDefault();
    const fields = new FormData(sent.currentTarget);
    const filed = String(fields.get('filed_at'));
    file.mutate({
      event: event.from,
      stage: fields.get('stage') as Oe417Filing['stage'],
      reference: String(fields.get('reference')).trim(),
      ...(filed === '' ? {} : { filed_at: new Date(filed).toISOString() }),
      ...(fields.get('withdrawn') === null ? {} : { withdrawn: true }),
    });
  }

  return (
    <form onSubmit={submit} className="mt-1 flex flex-wrap items-end gap-2">
      <label className="grid gap-0.5 text-dim">
        Report
        <select name="stage" className="field" defaultValue={event.first_filed_at === null ? 'first' : 'final'}>
          {oe417Stages.map((stage) => (
            <option key={stage} value={stage}>
              {stageWords[stage]}
            </option>
          ))}
        </select>
      </label>
      <label className="grid gap-0.5 text-dim">
        Number
        <input name="reference" required maxLength={80} pattern=".*\S.*" className="field" autoComplete="off" />
      </label>
      <label className="grid gap-0.5 text-dim">
        Filed at, browser time (empty: now)
        <input name="filed_at" type="datetime-local" className="field" />
      </label>
      {event.filings.length > 0 && (
        <label className="flex items-center gap-1 text-dim">
          <input name="withdrawn" type="checkbox" />
          marked by mistake: take it back
        </label>
      )}
      <button type="submit" disabled={!mayEdit || file.isPending} className="button button-primary">
        {file.isPending ? 'Sending…' : 'Mark as filed'}
      </button>
      <button type="button" className="button" onClick={() => setIsOpen(false)}>
        Cancel
      </button>
      {file.error && <Problem error={file.error} />}
    </form>
  );
}
