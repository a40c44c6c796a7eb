/** Samples the positions of all sources every few seconds, for the pipeline page. */

import { streamPositions } from '#services/pipeline/sql.ts';
import { makeThroughputMeter, sampleMs } from '#services/pipeline/throughput.ts';
import type { Pool } from '#stores/postgres/pool.ts';

export function watchThroughput(pool: Pool, lagS: () => number | null) {
  const meter = makeThroughputMeter();
  const nowS = (): number => Date.now() / 1000;
  const sample = (): void =>
    void streamPositions(pool).then(
      (positions) => meter.sample(positions, lagS(), nowS()),
      // the store is away for a moment: a gap in the history says so
      () => undefined,
    );
  sample();
  const timer = setInterval(sample, sampleMs);
  return { now: () => meter.now(nowS()), stop: () => clearInterval(timer) };
}
