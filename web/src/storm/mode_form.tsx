import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import type { StormMode } from '#model/api/storm.ts';
import { useMayEdit } from '../app/banner.tsx';
import { Problem } from '../app/facts.tsx';
import { Modal } from '../app/modal.tsx';
import { ReasonField } from '../app/reason_field.tsx';
import { setStormMode } from './storm_api.ts';

/** Asks why, and for how long. What it changes stands in it, so that nobody switches blindly. */
export function ModeForm({ mode, onClose }: { mode: StormMode; onClose: () => void }) {
  const queries = useQueryClient();
  const mayEdit = useMayEdit();
  const on = !mode.on;
  const set = useMutation({
    mutationFn: setStormMode,
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['storm'] });
      onClose();
    },
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const hours = Number(fields.get('hours'));
    set.mutate({
      area: mode.area_id,
      on,
      reason: String(fields.get('reason')),
      ...(on && hours > 0 ? { hours } : {}),
    });
  }
  return (
    <Modal title={`Storm mode ${on ? 'on' : 'off'}: ${mode.name}`} onClose={onClose}>
      <form className="grid gap-3 p-4" onSubmit={submit}>
        <ul className="list-disc pl-5 text-dim">
          <li>predictions by the {on ? 'storm' : 'blue-sky'} thresholds</li>
          <li>
            {on
              ? 'one meter of each transformer is evaluated first when too many messages come; the others follow'
              : 'every message is evaluated as it comes'}
          </li>
          <li>restoration times from {on ? 'the simulation with the crews there are' : 'outages like these before'}</li>
        </ul>
        <ReasonField required />
        {on && (
          <label className="grid gap-0.5 text-dim">
            Ends by itself after (hours; empty: when somebody switches it off)
            <input name="hours" type="number" min={0.25} max={336} step={0.25} defaultValue={24} className="field" />
          </label>
        )}
        {set.error && <Problem error={set.error} />}
        <div className="flex justify-end gap-2">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button-primary" disabled={!mayEdit || set.isPending}>
            {on ? 'Switch storm mode on' : 'Switch storm mode off'}
          </button>
        </div>
      </form>
    </Modal>
  );
}
