import { type FormEvent, useState } from 'react';
import type { Session } from '#model/api/common.ts';
import { Modal } from '../app/modal.tsx';
import { ApiFailure } from '../lib/api/client.ts';
import { changePassword, signIn } from '../lib/api/endpoints.ts';
import { setSession } from './session_store.ts';

/** Asks for an own password; after a one-time link there is no present one to ask for. */
export function ChangePassword({ session, onClose }: { session: Session; onClose: () => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const next = String(form.get('next'));
    if (next !== form.get('again')) {
      setProblem('The two passwords are not the same.');
      return;
    }
    setBusy(true);
    try {
      await changePassword(next, String(form.get('current') ?? '') || undefined);
      // a new password ends every session of the user, this one too: it is opened again with the new one
      setSession({ state: 'in', session: await signIn(session.user, next) });
      onClose();
    } catch (error) {
      setProblem(error instanceof ApiFailure ? error.message : String(error));
      setBusy(false);
    }
  }

  return (
    <Modal title="Set your password" onClose={onClose}>
      <form onSubmit={submit} className="grid gap-3 p-4">
        <input type="text" name="user" autoComplete="username" value={session.user} readOnly hidden />
        {!session.must_change_password && (
          <label className="grid gap-1 text-dim">
            Present password
            <input name="current" type="password" autoComplete="current-password" className="field" />
          </label>
        )}
        <label className="grid gap-1 text-dim">
          New password
          <input name="next" type="password" required minLength={12} autoComplete="new-password" className="field" />
        </label>
        <label className="grid gap-1 text-dim">
          New password again
          <input name="again" type="password" required autoComplete="new-password" className="field" />
        </label>
        <p className="text-dim">At least 12 characters.</p>
        {problem && (
          <p role="alert" className="border-l-2 border-bad pl-3 text-bad">
            {problem}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <button type="button" className="button" onClick={onClose}>
            Later
          </button>
          <button type="submit" disabled={busy} className="button button-primary">
            Set password
          </button>
        </div>
      </form>
    </Modal>
  );
}
