/** What a model says of one outage: minutes from its first sight, and what is left of them later. */
import { type DeviationTable, deviationAt, shareBelow, spreadOf, toLog, toMinutes } from './calibration.ts';
import type { EtrModel } from './model.ts';
import { forestValue } from './trees.ts';

/** The trees' opinion, in log minutes from first sight: fixed when the outage is first seen. */
export interface Opinion {
  log50: number;
  log90: number;
}

export const opinionOf = (model: Pick<EtrModel, 'p50' | 'p90'>, row: Float64Array): Opinion => ({
  log50: forestValue(model.p50, row),
  log90: forestValue(model.p90, row),
});

/** Minutes from first sight at a probability. */
export function minutesAt({ log50, log90 }: Opinion, table: DeviationTable, probability: number): number {
  return toMinutes(log50 + deviationAt(table, probability) * spreadOf(log50, log90));
}

/**
 * P50 and P90 of the minutes from first sight, given that it lasts since `elapsedMin`. They are never before now: what has
 * been outlived is cut off, what is left has its own median.
 */
export function predictMinutes(opinion: Opinion, table: DeviationTable, elapsedMin = 0): { p50: number; p90: number } {
  const outlived = elapsedMin <= 0 ? 0 : shareBelow(table, zOf(opinion, elapsedMin));
  const at = (probability: number): number => minutesAt(opinion, table, outlived + (1 - outlived) * probability);
  if (outlived < 0.97) {
    const p50 = Math.max(elapsedMin, at(0.5));
    return { p50, p90: Math.max(p50, at(0.9)) };
  }
  // Beyond what the history knows an outage lasts in proportion to what it lasted: half as long again, and thrice.
  return { p50: Math.max(elapsedMin * 1.5, at(0.5)), p90: Math.max(elapsedMin * 3, at(0.9)) };
}

const zOf = ({ log50, log90 }: Opinion, minutes: number): number => (toLog(minutes) - log50) / spreadOf(log50, log90);
