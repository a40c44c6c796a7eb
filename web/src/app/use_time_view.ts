import { useMemo } from 'react';
import type { TimeView } from '../lib/time/format.ts';
import { useSession } from '../session/session_store.ts';
import { useScreen } from './screen_store.ts';

/** How instants are shown in this window. */
export function useTimeView(): TimeView {
  const utc = useScreen((screen) => screen.utc);
  const zone = useSession(({ now }) => (now.state === 'in' ? now.session.utility_time_zone : 'UTC'));
  return useMemo(() => ({ utc, zone }), [utc, zone]);
}
