import { type FormEvent, useState } from 'react';
import { Mark } from '../app/mark.tsx';
import { ApiFailure } from '../lib/api/client.ts';
import { signIn } from '../lib/api/endpoints.ts';
import { restartSharedStream } from '../lib/push/live_store.ts';

export function SignIn({ message }: { message: string | null }) {
  const [problem, setProblem] = useState(message);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    try {
      await signIn(String(form.get('user')), String(form.get('password')));
      // a new user starts with an empty window: nothing of the one before stays in memory
      restartSharedStream();
      location.reload();
    } catch (error) {
      setProblem(error instanceof ApiFailure ? error.message : String(error));
      setBusy(false);
    }
  }

  return (
    <main className="grid h-full place-items-center bg-ground p-6">
      <form onSubmit={submit} className="w-full max-w-80 rounded-lg border border-rule bg-pane p-7">
        <h1 className="mb-1 flex items-center gap-2 text-lg font-semibold tracking-wide">
          <Mark size={26} /> Flux Operations Center
        </h1>
        <p className="mb-6 text-dim">Sign in to see and work the grid.</p>
        <label className="mb-4 block">
          <span className="mb-1 block text-dim">User</span>
          <input name="user" required autoComplete="username" autoCapitalize="none" className="field w-full" />
        </label>
        <label className="mb-5 block">
          <span className="mb-1 block text-dim">Password</span>
          <input name="password" type="password" required autoComplete="current-password" className="field w-full" />
        </label>
        {problem && (
          <p role="alert" className="mb-4 border-l-2 border-bad pl-3 text-bad">
            {problem}
          </p>
        )}
        <button type="submit" disabled={busy} className="button button-primary min-h-8 w-full">
          {busy ? 'Signing in…' : 'Sign in'}
        </button>
        <p className="mt-5 text-dim">
          First start? The server prints a one-time sign-in link on its console: open it in this browser.
        </p>
      </form>
    </main>
  );
}
