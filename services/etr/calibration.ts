/**
 * How far an outage goes beyond its median, on the scale of its own spread: z = 0 at the P50, 1 at the P90 as the trees
 * give them. The distribution of z is learned from outages the trees did not see, and goes on being learned from those that
 * end later; lasting outages count as censored (Kaplan and Meier), so that a wave of long ones is not read as short.
 */
export interface Deviation {
  z: number;
  /** it lasts: z is at least this */
  censored: boolean;
}

/** z at 1 %, 2 %, … 99 %. */
export type DeviationTable = number[];

/**
 * Large outages deviate otherwise than small ones, and are few: each class has a table of its own, with the other one as
 * what is known before.
 */
export const sizeClasses = 2;
export const sizeClassOf = (customers: number): number => (customers > 100 ? 1 : 0);

/** A table per size class; `prior` counts as if it had been seen `strength` times. */
export function tablesBySize(
  seen: readonly (Deviation & { customers: number })[],
  prior: readonly DeviationTable[],
  strength: number,
): DeviationTable[] {
  return Array.from({ length: sizeClasses }, (_, size) =>
    deviationTable(
      seen.filter(({ customers }) => sizeClassOf(customers) === size),
      prior[size],
      strength,
    ),
  );
}

/** Minutes are shifted by this before logarithms: ten minutes is what the snapshots can tell apart. */
export const shiftMin = 10;
const least = 0.12;

export const toLog = (minutes: number): number => Math.log(Math.max(0, minutes) + shiftMin);
export const toMinutes = (log: number): number => Math.max(0, Math.exp(log) - shiftMin);

/** Spread of a prediction in logs, never so small that z explodes. */
export const spreadOf = (log50: number, log90: number): number => Math.max(least, log90 - log50);

export const deviationOf = (log50: number, log90: number, minutes: number): number =>
  (toLog(minutes) - log50) / spreadOf(log50, log90);

/**
 * Quantiles by the product-limit estimate.
 * @param prior a table that counts as if it had been seen `strength` times
 */
export function deviationTable(seen: readonly Deviation[], prior?: DeviationTable, strength = 0): DeviationTable {
  const each = prior ? strength / prior.length : 0;
  const all = [
    ...seen.map(({ z, censored }) => ({ z, censored, weight: 1 })),
    ...(prior ?? []).map((z) => ({ z, censored: false, weight: each })),
  ].sort((a, b) => a.z - b.z || Number(a.censored) - Number(b.censored));
  let atRisk = all.reduce((sum, { weight }) => sum + weight, 0);
  const table: DeviationTable = [];
  let survival = 1;
  let last = 0;
  for (const { z, censored, weight } of all) {
    if (!censored) {
      survival *= 1 - weight / atRisk;
      while (table.length < 99 && 1 - survival >= (table.length + 1) / 100 - 1e-9) table.push(z);
    }
    last = z;
    atRisk -= weight;
  }
  // beyond the last end nothing was seen: the tail is flat there, and said to be by its sameness
  while (table.length < 99) table.push(last);
  return table;
}

/** z at a probability, between the table's rows; flat beyond 1 % and 99 %. */
export function deviationAt(table: DeviationTable, probability: number): number {
  const at = Math.max(0, Math.min(98, probability * 100 - 1));
  const low = Math.min(97, Math.floor(at));
  return table[low] + (at - low) * (table[low + 1] - table[low]);
}

/** Share of outages that are over at z. */
export function shareBelow(table: DeviationTable, z: number): number {
  if (z < table[0]) return 0;
  let [low, high] = [0, 98];
  if (z >= table[98]) return 0.99;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (table[middle] <= z) low = middle;
    else high = middle;
  }
  const width = table[high] - table[low];
  return (low + 1 + (width > 0 ? (z - table[low]) / width : 1)) / 100;
}
