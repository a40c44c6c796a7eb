/** The first second of a storm finds what it looks up: done after a start, in slices between everything else. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OutageEngine } from './engine.ts';

const afterMs = 1000;
const sliceMs = 5;

/** Nobody waits for it; what is asked for before is looked up then. @param isCurrent false where another engine took its place */
export async function warmUp(engine: OutageEngine, isCurrent: () => boolean): Promise<void> {
  const steps = engine.warm();
  await sleep(afterMs, undefined, { ref: false });
  for (let sinceMs = performance.now(); isCurrent() && !steps.next().done; )
    if (performance.now() - sinceMs > sliceMs) {
      await sleep(sliceMs, undefined, { ref: false });
      sinceMs = performance.now();
    }
}
