/** How long work takes: log-normal through its P50 and P90. */
import { normalAt, normalShare } from './quantiles.ts';

export interface Spread {
  /** minutes */
  p50: number;
  p90: number;
}

/** Of a kind of device. */
export const repairOf = ({ kind }: { kind: string }, { repair }: { repair: Record<string, Spread> }): Spread =>
  repair[kind] ?? repair.other;

export const sigmaOf = ({ p50, p90 }: Spread): number => Math.log(p90 / p50) / normalAt(0.9);

/** Given that it lasts since `workedMin`. */
export const minutesDrawn = (spread: Spread, chance: number, workedMin = 0): number =>
  minutesOf(spread.p50, sigmaOf(spread), chance, workedMin);

/** The same, of a spread whose sigma is known. */
export function minutesOf(p50: number, sigma: number, chance: number, workedMin: number): number {
  const outlived = workedMin <= 0 ? 0 : Math.min(0.998, normalShare(Math.log(workedMin / p50) / sigma));
  const probability = outlived + (1 - outlived) * chance;
  return Math.max(workedMin, p50 * Math.exp(sigma * normalAt(Math.max(0.001, Math.min(0.999, probability)))));
}
