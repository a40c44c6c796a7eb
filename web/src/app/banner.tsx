import { useLive } from '../lib/push/live_store.ts';
import { formatAge } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';

/** In words across the screen when what is shown may no longer be true. */
export function Banner() {
  const connection = useLive((live) => live.connection);
  const bye = useLive((live) => live.bye);
  const heardAtMs = useLive((live) => live.heardAtMs);
  useNow();
  if (connection === 'live' || connection === 'connecting') return null;
  const age = formatAge((performance.now() - heardAtMs) / 1000);
  if (connection === 'stale') {
    return (
      <div role="status" className="border-y border-warn bg-pane px-3 py-1 text-warn">
        No message from the server for {age}. Values may be old.
      </div>
    );
  }
  return (
    <div role="alert" className="bg-badground px-3 py-1.5 font-semibold text-white">
      DISCONNECTED. Values are as of {age} ago and are shown in grey; actions are blocked. Trying again by itself.
      {bye && <span className="ml-2 font-normal">The server said: {bye}</span>}
    </div>
  );
}

/** True while the server can be told something: every button that changes the world asks this. */
export function useMayEdit(): boolean {
  return useLive((live) => live.connection === 'live');
}
