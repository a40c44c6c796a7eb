import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { EtrEntry } from '#model/api/etr.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Problem } from '../app/facts.tsx';
import { ReasonField } from '../app/reason_field.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { useLive } from '../lib/push/live_store.ts';
import { zoneName } from '../lib/time/format.ts';
import { momentOf, wallOf } from '../lib/time/wall_clock.ts';
import { mayOperate, useSession } from '../session/session_store.ts';
import { sayEtr } from './etr_api.ts';

/** A time that a crew or an operator gives; it stands before the model until it is withdrawn. */
export function EtrEntryForm({ outageId }: { outageId: string }) {
  const session = useSession(({ now }) => (now.state === 'in' ? now.session : null));
  const live = useLive((facts) => facts.outages.get(outageId));
  const mayEdit = useMayEdit();
  const view = useTimeView();
  const zone = view.utc ? 'UTC' : view.zone;
  const queries = useQueryClient();
  const [isOpen, setIsOpen] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const say = useMutation({
    mutationFn: (entry: EtrEntry) => sayEtr(outageId, entry),
    onSuccess: () => {
      setIsOpen(false);
      void queries.invalidateQueries({ queryKey: ['etr', outageId] });
    },
  });
  if (!session || !mayOperate(session) || !live || live.restored_at) return null;
  const stands = live.etr_source === 'crew' || live.etr_source === 'operator';

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const reason = String(fields.get('reason'));
    const source = fields.get('source') === 'operator' ? 'operator' : 'crew';
    const withdraw = (event.nativeEvent as SubmitEvent).submitter?.getAttribute('value') === 'withdraw';
    if (withdraw) return say.mutate({ source, withdraw: true, reason });
    const ms = momentOf(String(fields.get('at')), zone);
    setWrong(!(ms > Date.now()) ? 'Give a time that is still to come.' : null);
    if (ms > Date.now()) say.mutate({ source, p50: new Date(ms).toISOString(), reason });
  }

  if (!isOpen)
    return (
      <div className="px-3 pb-2">
        <button type="button" className="button" disabled={!mayEdit} onClick={() => setIsOpen(true)}>
          Give a time…
        </button>
      </div>
    );
  const soon = live.etr_p50 ? Math.max(Date.parse(live.etr_p50), Date.now() + 600_000) : Date.now() + 3_600_000;
  return (
    <form className="grid gap-2 px-3 pb-3" onSubmit={submit} aria-label="Give a restoration time">
      <fieldset className="flex flex-wrap gap-x-4">
        <legend className="sr-only">Who says it</legend>
        {(['crew', 'operator'] as const).map((source) => (
          <label key={source} className="flex items-center gap-1.5">
            <input type="radio" name="source" value={source} defaultChecked={source === 'crew'} />
            {source === 'crew' ? 'the crew says so' : 'I say so'}
          </label>
        ))}
      </fieldset>
      <label className="grid gap-0.5 text-dim">
        Restored by ({zoneName(Date.now(), view)})
        <input
          type="datetime-local"
          name="at"
          className="field"
          required={!stands}
          defaultValue={wallOf(Math.ceil(soon / 300_000) * 300_000, zone)}
        />
      </label>
      <ReasonField required />
      <p className="text-[12px] text-dim">It stands before model, simulation and overrides until it is withdrawn.</p>
      <div className="flex flex-wrap gap-2">
        <button type="submit" className="button button-primary" disabled={!mayEdit || say.isPending}>
          Give this time
        </button>
        {stands && (
          <button type="submit" value="withdraw" className="button" disabled={!mayEdit || say.isPending}>
            Withdraw the standing one
          </button>
        )}
        <button type="button" className="button" onClick={() => setIsOpen(false)}>
          Cancel
        </button>
      </div>
      {wrong && <Problem error={wrong} />}
      {say.error && <Problem error={say.error} />}
    </form>
  );
}
