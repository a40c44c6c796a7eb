import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef } from 'react';
import type { Session } from '#model/api/common.ts';
import type { OutageVerb } from '#model/api/outages.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Block, Problem } from '../app/facts.tsx';
import { ReasonField } from '../app/reason_field.tsx';
import { useScreen } from '../app/screen_store.ts';
import { actOnOutage } from '../lib/api/endpoints.ts';
import { words } from '../lib/time/format.ts';
import { mayOperate } from '../session/session_store.ts';

/** Verbs that take something back or throw something away must say why. */
const reasonNeeded: ReadonlySet<OutageVerb> = new Set(['reject', 'restore', 'restore_part', 'reopen', 'close']);
const keyOf: Partial<Record<OutageVerb, string>> = { confirm: 'c', reject: 'x', assign: 'a' };

/** What the present state allows; every verb opens its own small form, so that no slip of a key changes the grid. */
export function OutageActions({
  id,
  allowed,
  session,
}: {
  id: string;
  allowed: OutageVerb[] | null;
  session: Session;
}) {
  const verb = useScreen((screen) => screen.askVerb);
  const mayEdit = useMayEdit();
  const operator = mayOperate(session);
  if (allowed === null) return null;
  return (
    <Block title="Actions">
      <div className="flex flex-wrap gap-1.5 px-3 py-2">
        {allowed.map((candidate) => (
          <button
            key={candidate}
            type="button"
            disabled={!mayEdit || !operator}
            aria-pressed={verb === candidate}
            className={`button ${verb === candidate ? 'border-accent' : ''}`}
            onClick={() => useScreen.setState({ askVerb: verb === candidate ? null : candidate })}
          >
            {words(candidate)}
            {keyOf[candidate] && <span className="key">{keyOf[candidate]}</span>}
          </button>
        ))}
        {allowed.length === 0 && <span className="text-dim">Nothing is left to do with this event.</span>}
      </div>
      {!operator && (
        <p className="px-3 pb-2 text-dim">Working an event needs the operator role; you are {session.role}.</p>
      )}
      {operator && !mayEdit && <p className="px-3 pb-2 text-dim">Blocked while the connection is not live.</p>}
      {verb && allowed.includes(verb) && operator && <VerbForm id={id} verb={verb} mayEdit={mayEdit} />}
      {verb && !allowed.includes(verb) && (
        <p className="px-3 pb-2 text-warn" role="status">
          “{words(verb)}” is not possible in the present state.
        </p>
      )}
    </Block>
  );
}

function VerbForm({ id, verb, mayEdit }: { id: string; verb: OutageVerb; mayEdit: boolean }) {
  const queries = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const close = () => useScreen.setState({ askVerb: null });
  const act = useMutation({
    mutationFn: (body: { reason?: string; crew?: string }) => actOnOutage(id, { verb, ...body }),
    onSuccess: () => {
      close();
      void queries.invalidateQueries({ queryKey: ['outage', id] });
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new verb puts the focus into its form
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('input, button[type="submit"]')?.focus();
  }, [verb]);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const reason = String(fields.get('reason') ?? '').trim();
    const crew = String(fields.get('crew') ?? '').trim();
    act.mutate({ ...(reason ? { reason } : {}), ...(crew ? { crew } : {}) });
  }

  return (
    <form ref={form} onSubmit={submit} className="mx-3 mb-3 grid gap-2 border-l-2 border-accent pl-3">
      {verb === 'assign' && (
        <label className="grid gap-0.5 text-dim">
          Crew
          <input name="crew" required maxLength={80} className="field" autoComplete="off" />
        </label>
      )}
      <ReasonField required={reasonNeeded.has(verb)} />
      {act.error && <Problem error={act.error} />}
      <div className="flex gap-2">
        <button type="submit" disabled={!mayEdit || act.isPending} className="button button-primary">
          {act.isPending ? 'Sending…' : words(verb)}
        </button>
        <button type="button" className="button" onClick={close}>
          Cancel
        </button>
      </div>
    </form>
  );
}
