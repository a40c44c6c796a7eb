/** The numbers of a finding in words with units. */
import type { RuleName } from './rules.ts';

export interface Numbers {
  value: number;
  expected: number;
  bound: number;
  times: number;
}

const kwh = (wh: number): string =>
  `${(wh / 1000).toLocaleString('en-US', { maximumFractionDigits: Math.abs(wh) < 100_000 ? 2 : 0 })} kWh`;
const count = (n: number, one: string): string => `${n.toLocaleString('en-US')} ${one}${n === 1 ? '' : 's'}`;
const plain = (n: number, digits = 1): string => n.toLocaleString('en-US', { maximumFractionDigits: digits });

const wordsOfRule: Record<RuleName, (n: Numbers) => string> = {
  interval_gap: (n) => `${count(n.value, 'interval')} missing`,
  conflicting_versions: (n) => `${count(n.times, 'interval')} came with different values, up to ${kwh(n.value)} apart`,
  high_low_use: (n) =>
    `${kwh(n.value)} in the day, ${plain(n.value / n.expected, 2)} times the average of ${kwh(n.expected)} (limit ${plain(n.bound, 2)})`,
  dynamic_comparison: (n) =>
    `${kwh(n.value)} in the hour, usually ${kwh(n.expected)}: ${plain(n.times)} standard deviations (limit ${plain(n.bound)})`,
  inactive_meter: (n) => `listed as inactive, measured ${kwh(n.value)} in ${count(n.times, 'interval')}`,
  interval_size: (n) =>
    n.value === n.expected
      ? `${count(n.times, 'interval')} do not begin on the ${plain(n.expected)}-minute grid`
      : `${count(n.times, 'interval')} of ${plain(n.value)} min, the meter is set to ${plain(n.expected)} min`,
  spike: (n) =>
    `${kwh(n.value)} in one interval, ${plain(n.times)} times the third highest of the day, ${kwh(n.expected)} (limit ${plain(n.bound)})`,
  multiplier: (n) => `${count(n.times, 'hour')} read about ${plain(n.value, 4)} times what they usually do`,
  negative_use: (n) => `${kwh(n.value)} in ${count(n.times, 'interval')}, and the meter is not known to generate`,
  prolonged_estimation: (n) => `${plain(n.value)} h of the day are estimated (limit ${plain(n.bound)} h)`,
  missing_quantity: (n) =>
    `${count(n.value, 'interval')} of ${plain(n.expected)} missing, ${plain((100 * n.value) / n.expected)}% (limit ${plain(n.bound)}%)`,
  register_sum: (n) =>
    `intervals add up to ${kwh(n.value)}, the register counted ${kwh(n.expected)} (limit ${plain(n.bound)}%)`,
  unit_of_measure: (n) => `${plain(n.value)} kW, such a service carries ${plain(n.bound)} kW`,
  zero_run: (n) =>
    `nothing measured for ${plain(n.value, 2)} h; usually ${kwh(n.expected)} a day (limit ${plain(n.bound, 2)} h)`,
  flat_run: (n) => `${kwh(n.value)} ${n.times.toLocaleString('en-US')} times in a row (limit ${plain(n.bound)})`,
  voltage_range: (n) =>
    `${plain(n.value)} V, ${plain((100 * n.value) / n.expected)}% of ${plain(n.expected)} V, in ${count(n.times, 'interval')} (limit ${plain(n.bound)}%)`,
  clock_shift: (n) =>
    `the shape of the day fits when moved by ${count(Math.abs(n.value), 'hour')} (${plain(n.times, 0)}% of the error left)`,
};

export const evidenceInWords = (rule: RuleName, numbers: Numbers): string => wordsOfRule[rule](numbers);
