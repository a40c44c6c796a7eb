import { create } from 'zustand';
import type { Role, Session } from '#model/api/common.ts';
import { ApiFailure } from '../lib/api/client.ts';
import { getSession, signInByLink } from '../lib/api/endpoints.ts';
import { restartSharedStream } from '../lib/push/live_store.ts';

type SessionState =
  | { state: 'asking' }
  | { state: 'out'; message: string | null }
  | { state: 'unreachable'; message: string }
  | { state: 'in'; session: Session };

export const useSession = create<{ now: SessionState }>(() => ({ now: { state: 'asking' } }));

export function setSession(now: SessionState): void {
  useSession.setState({ now });
}

const rank: Record<Role, number> = { viewer: 0, operator: 1, engineer: 2, admin: 3 };

export function mayOperate(session: Session): boolean {
  return rank[session.role] >= rank.operator;
}

/** Engineers change what the data is: runs of the generator, set-aside records. */
export function mayEngineer(session: Session): boolean {
  return rank[session.role] >= rank.engineer;
}

/** The one-time token of `/#signin=TOKEN`, taken out of the address so that it is not kept or shared. */
function takeLinkToken(): string | null {
  const match = /^#signin=(.+)$/.exec(location.hash);
  if (!match) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return decodeURIComponent(match[1]);
}

/** Finds out who sits here: by the link in the address, by the cookie, or nobody. */
export async function resumeSession(): Promise<void> {
  const token = takeLinkToken();
  try {
    const session = token ? await signInByLink(token) : await getSession();
    if (token) restartSharedStream();
    setSession({ state: 'in', session });
  } catch (error) {
    const failure = error instanceof ApiFailure ? error : null;
    const inside = useSession.getState().now.state === 'in';
    // a server that is away does not end a session: the screen stays and its banner says so
    if (inside && failure?.status !== 401) return;
    if (failure && failure.status >= 400 && failure.status < 500) {
      setSession({ state: 'out', message: token ? failure.message : null });
    } else {
      setSession({ state: 'unreachable', message: failure?.message ?? String(error) });
    }
  }
}
