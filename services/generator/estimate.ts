/** What a run will come to, before it is asked for. */
import type { GeneratorEstimate } from '#model/api/generator.ts';
import { commandOf, expectedReadings, type GeneratorOptions, type GeneratorTarget } from '#model/generator.ts';

export interface EstimateFacts {
  meters: number;
  dataFolder: string;
  freeBytes: number;
  nowMs: number;
  /** of earlier runs to the same target; nulls where there were none */
  measured: { rows: number | null; bytes: number | null; readings_per_s: number | null };
  /** sources with readings in the same span */
  others: { source: string; rows: number }[];
}

/**
 * Measured with 12,000 meters on two cores that others used, too, each run at the lowest priority: what holds before
 * this center has runs of its own.
 */
const released: Record<GeneratorTarget, { readingsPerS: number; bytesPerReading: number }> = {
  store: { readingsPerS: 165_000, bytesPerReading: 2.95 },
  files: { readingsPerS: 340_000, bytesPerReading: 2.96 },
  http: { readingsPerS: 34_000, bytesPerReading: 159 },
  kafka: { readingsPerS: 845_000, bytesPerReading: 24 },
};
/** Left free on a disk: PostgreSQL and the layers need room, too. */
const reserveBytes = 1e9;
/** Segments and layers together over the segments: 25.7 MB to 8.5 MB after 2.4 M readings. */
const layersFactor = 3;

const count = (value: number): string => Math.round(value).toLocaleString('en-US');

export function estimateOf(options: GeneratorOptions, facts: EstimateFacts): GeneratorEstimate {
  const readings = expectedReadings(options, facts.meters);
  const { rows, bytes: measuredBytes, readings_per_s: measuredRate } = facts.measured;
  const known = released[options.target];
  const bytesPerReading = rows && measuredBytes ? measuredBytes / rows : known.bytesPerReading;
  const rate = Math.min(options.rate ?? Number.POSITIVE_INFINITY, measuredRate ?? known.readingsPerS);
  const bytes = Math.round(readings * bytesPerReading);
  return {
    meters: facts.meters,
    readings,
    bytes,
    seconds: options.live ? options.days * 86_400 : readings / rate,
    rate_from: options.live
      ? 'the clock'
      : options.rate !== null && rate === options.rate
        ? 'the cap'
        : measuredRate
          ? 'runs of this center'
          : 'the release measurements',
    warnings: warningsOf(options, facts, bytes),
    command: commandOf(options, facts.dataFolder),
  };
}

function warningsOf(options: GeneratorOptions, facts: EstimateFacts, bytes: number): string[] {
  const warnings: string[] = [];
  const needed = options.target === 'store' ? bytes * layersFactor : options.target === 'files' ? bytes : 0;
  if (needed > facts.freeBytes - reserveBytes)
    warnings.push(
      `The disk has ${count(facts.freeBytes / 1e6)} MB free; this run and its layers take about ${count(needed / 1e6)} MB.`,
    );
  if (options.target !== 'files' && facts.others.length > 0) {
    const held = facts.others.reduce((sum, other) => sum + other.rows, 0);
    warnings.push(
      `${facts.others.map((other) => other.source).join(', ')} already ${facts.others.length > 1 ? 'hold' : 'holds'} ${count(held)} readings in files that reach into this span: the newer of two equally good readings of a meter and interval wins.`,
    );
  }
  if (
    options.events &&
    options.target !== 'files' &&
    (options.live || Date.parse(options.start) + options.days * 86_400_000 > facts.nowMs - 86_400_000)
  )
    warnings.push('Meter events of the last day are real to the outage engine: it predicts outages from them.');
  return warnings;
}
