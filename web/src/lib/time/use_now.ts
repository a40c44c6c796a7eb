import { useSyncExternalStore } from 'react';
import { useLive } from '../push/live_store.ts';

let tick = Date.now();
let timer: number | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= window.setInterval(() => {
    tick = Date.now();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}

/** The server's clock in UTC milliseconds, renewed every second. */
export function useNow(): number {
  const now = useSyncExternalStore(subscribe, () => tick);
  return now + useLive((live) => live.clockOffsetMs);
}
