/** People who look at the map and ask for their home while a storm runs: how often they get an answer, and how fast. */
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile, type StormMachine } from './report_card.ts';
import { round } from './score.ts';

export interface LookUps {
  stop(): Promise<StormMachine['look_ups']>;
}

const everyMs = 60;
/** nobody waits longer */
const deadlineMs = 5000;

/** @param paths asked in turn */
export function startLookUps(url: string, paths: readonly string[]): LookUps {
  let stopped = false;
  let asked = 0;
  const tookMs: number[] = [];
  const running = (async () => {
    while (!stopped) {
      const path = paths[asked++ % paths.length];
      const beganMs = performance.now();
      const ok = await fetch(url + path, { signal: AbortSignal.timeout(deadlineMs) })
        .then(async (answer) => {
          await answer.arrayBuffer();
          return answer.ok;
        })
        .catch(() => false);
      if (ok) tookMs.push(performance.now() - beganMs);
      await sleep(everyMs);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await running;
      return {
        asked,
        answered: tookMs.length,
        uptime: asked === 0 ? 1 : tookMs.length / asked,
        p50_ms: round(quantile(tookMs, 0.5) ?? 0, 1),
        p99_ms: round(quantile(tookMs, 0.99) ?? 0, 1),
        longest_ms: round(Math.max(0, ...tookMs), 1),
      };
    },
  };
}
