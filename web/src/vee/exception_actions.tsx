import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import type { Session } from '#model/api/common.ts';
import type { ExceptionVerb, VeeAction, VeeExceptionDetail } from '#model/api/vee.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Block, Problem } from '../app/facts.tsx';
import { ReasonField } from '../app/reason_field.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { actOnException } from '../lib/api/endpoints.ts';
import { formatTime } from '../lib/time/format.ts';
import { mayOperate } from '../session/session_store.ts';

const label: Record<ExceptionVerb, string> = {
  assign: 'Assign',
  accept: 'Accept as is',
  estimate: 'Estimate',
  edit: 'Edit values',
  dismiss: 'Dismiss',
  reopen: 'Reopen',
};
const reasonNeeded: ReadonlySet<ExceptionVerb> = new Set(['accept', 'edit', 'dismiss', 'reopen']);
/** More values than this are not typed by hand. */
const mostEdited = 16;

/** Verbs of the present state; each opens a small form, so that no slip changes a bill. */
export function ExceptionActions({ one, session }: { one: VeeExceptionDetail; session: Session }) {
  const [verb, setVerb] = useState<ExceptionVerb | null>(null);
  const mayEdit = useMayEdit();
  const operator = mayOperate(session);
  return (
    <Block title="Actions">
      <div className="flex flex-wrap gap-1.5 px-3 py-2">
        {one.allowed.map((candidate) => (
          <button
            key={candidate}
            type="button"
            disabled={!mayEdit || !operator || (candidate === 'estimate' && one.proposal.length === 0)}
            title={
              candidate === 'estimate' && one.proposal.length === 0
                ? 'No interval is missing here, or there is no history: an estimate never replaces a reading'
                : undefined
            }
            aria-pressed={verb === candidate}
            className={`button ${verb === candidate ? 'border-accent' : ''}`}
            onClick={() => setVerb(verb === candidate ? null : candidate)}
          >
            {label[candidate]}
          </button>
        ))}
        {one.allowed.length === 0 && <span className="text-dim">The data has resolved it; nothing is left to do.</span>}
      </div>
      {!operator && <p className="px-3 pb-2 text-dim">Deciding needs the operator role; you are {session.role}.</p>}
      {operator && !mayEdit && <p className="px-3 pb-2 text-dim">Blocked while the connection is not live.</p>}
      {verb && one.allowed.includes(verb) && operator && (
        <VerbForm one={one} verb={verb} user={session.user} mayEdit={mayEdit} onClose={() => setVerb(null)} />
      )}
    </Block>
  );
}

interface FormProps {
  one: VeeExceptionDetail;
  verb: ExceptionVerb;
  user: string;
  mayEdit: boolean;
  onClose: () => void;
}

function VerbForm({ one, verb, user, mayEdit, onClose }: FormProps) {
  const queries = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const view = useTimeView();
  const slots = verb === 'edit' ? editable(one) : [];
  const act = useMutation({
    mutationFn: (action: VeeAction) => actOnException(one.id, action),
    onSuccess: (next) => {
      queries.setQueryData(['vee', 'exception', one.id], next);
      void queries.invalidateQueries({ queryKey: ['vee'] });
      onClose();
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new verb puts the focus into its form
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('input, button[type="submit"]')?.focus();
  }, [verb]);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = (name: string) => String(fields.get(name) ?? '').trim();
    const values = slots
      .filter(({ at, kwh }) => text(at) !== '' && Number(text(at)) !== kwh)
      .map(({ at }) => ({ at, kwh: Number(text(at)) }));
    act.mutate({
      verb,
      ...(text('reason') ? { reason: text('reason') } : {}),
      ...(verb === 'assign' ? { owner: text('owner') } : {}),
      ...(verb === 'edit' ? { values } : {}),
    });
  }

  return (
    <form ref={form} onSubmit={submit} className="mx-3 mb-3 grid gap-2 border-l-2 border-accent pl-3">
      {verb === 'assign' && (
        <label className="grid gap-0.5 text-dim">
          Owner
          <input
            name="owner"
            required
            maxLength={80}
            defaultValue={one.owner ?? user}
            className="field"
            autoComplete="off"
          />
        </label>
      )}
      {verb === 'estimate' && (
        <p className="text-dim">
          Writes the {one.proposal.length} values below as estimated. A reading that comes later replaces them by
          itself.
        </p>
      )}
      {verb === 'edit' && (
        <fieldset className="grid grid-cols-2 gap-x-3 gap-y-1">
          <legend className="col-span-2 pb-1 text-dim">kWh by interval; what you change outranks the meter</legend>
          {slots.map(({ at, kwh }) => (
            <label key={at} className="flex items-center justify-between gap-2 text-dim">
              {formatTime(at, view)}
              <input
                name={at}
                type="number"
                step="0.001"
                defaultValue={kwh ?? undefined}
                placeholder="missing"
                className="field w-24 text-right"
              />
            </label>
          ))}
          {slots.length === mostEdited && (
            <p className="col-span-2 text-dim">The first {mostEdited} intervals; the API takes more at once.</p>
          )}
        </fieldset>
      )}
      <ReasonField required={reasonNeeded.has(verb)} />
      {act.error && <Problem error={act.error} />}
      <div className="flex gap-2">
        <button type="submit" disabled={!mayEdit || act.isPending} className="button button-primary">
          {act.isPending ? 'Sending…' : label[verb]}
        </button>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </form>
  );
}

/** Intervals of the exception with what is known of them. */
function editable(one: VeeExceptionDetail): { at: string; kwh: number | null }[] {
  const [from, to] = [Date.parse(one.from) / 1000, Date.parse(one.to) / 1000];
  return one.time_s
    .map((s, i) => ({ s, kwh: one.kwh[i] }))
    .filter(({ s }) => s >= from && s < to)
    .slice(0, mostEdited)
    .map(({ s, kwh }) => ({ at: new Date(s * 1000).toISOString(), kwh }));
}
