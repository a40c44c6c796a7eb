/** Throughput of every source and the lag of the layers over the last quarter of an hour, sampled in memory. */
import type { Throughput } from '#model/api/pipeline.ts';
import type { PositionRow } from './sql.ts';

export const sampleMs = 5000;
const bucketS = 30;
const buckets = 30;

interface Sample {
  atS: number;
  received: number;
}

export interface ThroughputMeter {
  sample(positions: readonly PositionRow[], lagS: number | null, atS: number): void;
  now(atS: number): Throughput;
}

export function makeThroughputMeter(): ThroughputMeter {
  const sources = new Map<string, { source: string; partition: number; samples: Sample[] }>();
  const lags: { atS: number; lagS: number | null }[] = [];
  const keptS = bucketS * (buckets + 1);

  /** Records a second between two instants, by the samples nearest before them. */
  function rate(samples: readonly Sample[], fromS: number, toS: number): number | null {
    const last = samples.findLast((sample) => sample.atS <= toS);
    const first = samples.findLast((sample) => sample.atS <= fromS) ?? samples[0];
    if (!last || !first || last.atS <= first.atS || last.atS <= fromS) return null;
    return (last.received - first.received) / (last.atS - first.atS);
  }

  return {
    sample: (positions, lagS, atS) => {
      for (const { source, partition_no: partition, received } of positions) {
        const key = `${source}/${partition}`;
        const { samples } = sources.getOrInsertComputed(key, () => ({ source, partition, samples: [] }));
        samples.push({ atS, received });
        while (samples[0].atS < atS - keptS) samples.shift();
      }
      lags.push({ atS, lagS });
      while (lags[0].atS < atS - keptS) lags.shift();
    },
    now: (atS) => ({
      bucket_s: bucketS,
      sources: [...sources.values()].map(({ source, partition, samples }) => ({
        source,
        partition,
        per_s: rate(samples, atS - 3 * (sampleMs / 1000), atS) ?? 0,
        history_per_s: Array.from({ length: buckets }, (_, b) => {
          const toS = atS - (buckets - 1 - b) * bucketS;
          return rate(samples, toS - bucketS, toS);
        }),
      })),
      lag_history_s: Array.from({ length: buckets }, (_, b) => {
        const toS = atS - (buckets - 1 - b) * bucketS;
        return lags.findLast((lag) => lag.atS <= toS && lag.atS > toS - bucketS)?.lagS ?? null;
      }),
    }),
  };
}
