/** Interval readings of any meters at any time, in any order: every value is a pure function of (meter, interval, seed). */
import { FluxError } from '#model/errors.ts';
import type { GeneratorOptions } from '#model/generator.ts';
import { customerClasses, type NetworkColumns } from '#model/network.ts';
import { type ReadingColumns, readingQualities } from '#model/reading.ts';
import { mix } from '#sources/territory/random.ts';
import { electricalDistanceM } from './electrical_distance.ts';
import { habits, type IntervalLoad, intervalLoad } from './load_model.ts';

export const intervalMinutes = 15;
const intervalS = intervalMinutes * 60;
const estimatedShare = 0.003;

const actual = readingQualities.indexOf('actual');
const estimated = readingQualities.indexOf('estimated');
const streetLighting = 4;

export interface ReadingGenerator {
  /**
   * Appends one reading per meter row in [meterFrom, meterTo) for the interval that starts at `intervalStartS` (UTC
   * epoch seconds, a multiple of 900).
   * @throws FluxError `misaligned_interval`, `batch_full`
   */
  fillInterval(intervalStartS: number, meterFrom: number, meterTo: number, out: ReadingColumns): void;
}

export function makeReadingGenerator(
  network: NetworkColumns,
  options: { seed: number } & Partial<Pick<GeneratorOptions, 'mix' | 'weather'>>,
): ReadingGenerator {
  const { meter } = network;
  const { seed, mix: loadMix = {}, weather } = options;
  const factor = Float64Array.from(customerClasses, (name) => loadMix[name] ?? 1);
  const distance = electricalDistanceM(network);
  // What does not change with time is computed once: 10 bytes a meter.
  const hash = new Uint32Array(meter.count);
  const drop = new Float32Array(meter.count);
  const nominalDecivolt = new Uint16Array(meter.count);
  for (let m = 0; m < meter.count; m++) {
    hash[m] = mix(mix(seed | 0, 0x4d5452), m);
    const away = distance[meter.node[m]];
    // Up to 6.5 % at the far end at full load: regulators and capacitors keep the rest.
    drop[m] = (0.065 * away) / (away + 3000) + (0.012 * ((hash[m] >>> 8) & 255)) / 255;
    const phases = meter.phases[m];
    nominalDecivolt[m] = phases === 1 || phases === 2 || phases === 4 ? 2400 : 1200;
  }
  let cachedStartS = Number.NaN;
  let load: IntervalLoad;

  function fillInterval(intervalStartS: number, meterFrom: number, meterTo: number, out: ReadingColumns): void {
    if (intervalStartS % intervalS !== 0) {
      throw new FluxError('misaligned_interval', `interval start ${intervalStartS} s is not on a quarter of an hour`);
    }
    if (out.count + meterTo - meterFrom > out.meterKey.length) {
      throw new FluxError(
        'batch_full',
        `${meterTo - meterFrom} readings don't fit behind ${out.count} in columns of ${out.meterKey.length}`,
      );
    }
    if (intervalStartS !== cachedStartS) {
      load = intervalLoad(intervalStartS, seed, weather);
      cachedStartS = intervalStartS;
    }
    const interval = intervalStartS / intervalS;
    const { share, systemShare } = load;
    const { customerClass, peakKw } = meter;
    // Mixed once per interval, so that a reading needs one more round only.
    const salt = mix(interval, seed | 0);
    const daySalt = mix(Math.floor(interval / 96), seed ^ 0x0a11);
    let at = out.count;
    for (let m = meterFrom; m < meterTo; m++, at++) {
      const own = hash[m];
      const drawn = mix(own, salt);
      const kind = customerClass[m];
      const noise = (drawn & 0xffff) / 65536;
      let kw = peakKw[m] * share[kind * habits + (own & 7)];
      if (kind === 0) {
        // Appliances come and go: a quiet house draws half, one in eighteen runs an oven or a dryer on top.
        kw *= 0.58 + 0.7 * noise;
        if (drawn >>> 16 < 3640) kw += 0.26 * peakKw[m];
        // Nobody home, some days.
        if (mix(own, daySalt) >>> 24 < 8) kw *= 0.35;
      } else if (kind !== streetLighting) kw *= 0.88 + 0.24 * noise;
      out.meterKey[at] = m;
      out.intervalStartS[at] = intervalStartS;
      out.intervalMinutes[at] = intervalMinutes;
      out.wh[at] = Math.round((kw * factor[kind] * 1000 * intervalMinutes) / 60);
      const volts = 1.032 - drop[m] * systemShare + 0.008 * (((drawn >>> 8) & 0xff) / 255 - 0.5);
      out.decivolt[at] = Math.round(nominalDecivolt[m] * volts);
      out.quality[at] = mix(drawn, 0x51) < estimatedShare * 4294967296 ? estimated : actual;
      out.sourceSeq[at] = interval;
    }
    out.count = at;
  }
  return { fillInterval };
}
