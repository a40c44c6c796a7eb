import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Session } from '#model/api/common.ts';
import type { Asset } from '#model/api/network.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Block, Problem } from '../app/facts.tsx';
import { lookAhead, operateSwitch, type SwitchVerb } from '../lib/api/endpoints.ts';
import { formatCount } from '../lib/time/format.ts';
import { mayOperate } from '../session/session_store.ts';

/** A switching step in the model: first what it would do, then a reason, then the step. Nothing is sent to the field. */
export function Switching({ asset, session }: { asset: Asset; session: Session }) {
  const [verb, setVerb] = useState<SwitchVerb | null>(null);
  const mayEdit = useMayEdit();
  const operator = mayOperate(session);
  return (
    <Block title="Switching">
      <div className="flex flex-wrap gap-1.5 px-3 py-2">
        {(['open', 'close'] as const).map((candidate) => (
          <button
            key={candidate}
            type="button"
            disabled={!mayEdit || !operator}
            aria-pressed={verb === candidate}
            className={`button ${verb === candidate ? 'border-accent' : ''}`}
            onClick={() => setVerb(verb === candidate ? null : candidate)}
          >
            Look ahead: {candidate}
          </button>
        ))}
      </div>
      {!operator && <p className="px-3 pb-2 text-dim">Switching needs the operator role; you are {session.role}.</p>}
      {verb && <Step key={verb} asset={asset} verb={verb} mayEdit={mayEdit} done={() => setVerb(null)} />}
    </Block>
  );
}

function Step({ asset, verb, mayEdit, done }: { asset: Asset; verb: SwitchVerb; mayEdit: boolean; done: () => void }) {
  const queries = useQueryClient();
  const ahead = useQuery({
    queryKey: ['lookahead', asset.id, verb, asset.status],
    queryFn: ({ signal }) => lookAhead(asset.id, verb, signal),
    staleTime: 0,
    retry: false,
  });
  const operate = useMutation({
    mutationFn: (reason: string) => operateSwitch(asset.id, verb, reason),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['asset'] });
      done();
    },
  });

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    operate.mutate(String(new FormData(event.currentTarget).get('reason')).trim());
  }

  if (ahead.isPending) return <p className="px-3 pb-3 text-dim">Looking ahead…</p>;
  if (ahead.error) return <Problem error={ahead.error} />;
  const { customers_dropped: dropped, customers_restored: restored } = ahead.data;
  return (
    <form onSubmit={submit} className="mx-3 mb-3 grid gap-2 border-l-2 border-accent pl-3">
      <p>
        To {verb} {asset.id}{' '}
        {dropped > 0 && <strong className="text-bad">takes supply from {formatCount(dropped)} customers</strong>}
        {dropped > 0 && restored > 0 && ' and '}
        {restored > 0 && <strong>brings {formatCount(restored)} customers back</strong>}
        {dropped === 0 && restored === 0 && <strong>changes no customer’s supply</strong>}.
      </p>
      <label className="grid gap-0.5 text-dim">
        Reason
        <input name="reason" required minLength={3} maxLength={500} autoComplete="off" className="field" />
      </label>
      {operate.error && <Problem error={operate.error} />}
      <div className="flex gap-2">
        <button type="submit" disabled={!mayEdit || operate.isPending} className="button button-primary">
          {operate.isPending ? 'Sending…' : `${verb === 'open' ? 'Open' : 'Close'} ${asset.id}`}
        </button>
        <button type="button" className="button" onClick={done}>
          Cancel
        </button>
      </div>
    </form>
  );
}
