/**
 * What stands in for missing intervals. Pure: numbers in, whole Wh out. The order of methods is the law of SPEC.md, E1:
 * outage, interpolate, proxy day, average, class profile; then scaled to the register where one encloses the gap.
 */

export const estimateMethods = ['outage', 'interpolate', 'proxy_day', 'average', 'class_profile'] as const;
export type EstimateMethod = (typeof estimateMethods)[number];

/** Consecutive missing intervals of one meter with what is known around them. Energy in Wh, null = not known. */
export interface Gap {
  meterKey: number;
  fromS: number;
  stepS: number;
  /** seconds without supply in each interval */
  darkS: readonly number[];
  /** the readings directly before and after */
  before: number | null;
  after: number | null;
  /** same weekday one, two, … weeks before, by interval */
  weeks: readonly (readonly (number | null)[])[];
  /** mean of the like days of the history, by interval */
  average: readonly (number | null)[];
  /** mean of the same class on the same feeder in that interval */
  classMean: readonly (number | null)[];
}

export interface Estimated {
  wh: number[];
  methods: EstimateMethod[];
  /** `estimated`, `outage`, `outage_partial`, `register` (scaled) */
  flags: string[];
  basis: string;
}

const isWhole = (values: readonly (number | null)[]): values is readonly number[] =>
  values.length > 0 && values.every((value) => value !== null);

/** Whole Wh on the straight line between two readings. */
export function interpolate(before: number, after: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.round(before + ((after - before) * (i + 1)) / (count + 1)));
}

/** Whole numbers in the proportion of `values` whose sum is `total` to the last one; equal parts where all are 0. */
export function scaleToTotal(values: readonly number[], total: number): number[] {
  if (values.length === 0) return [];
  const weights = values.map((value) => Math.max(0, value));
  const sum = weights.reduce((a, b) => a + b, 0);
  const exact = weights.map((weight) => (sum > 0 ? (total * weight) / sum : total / values.length));
  const whole = exact.map(Math.floor);
  const left = total - whole.reduce((a, b) => a + b, 0);
  const byRemainder = exact.map((value, i) => [value - whole[i], i]).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  for (let k = 0; k < left; k++) whole[byRemainder[k % byRemainder.length][1]]++;
  return whole;
}

/** The first method of the order that covers the whole gap; undefined where none does. */
function choose(gap: Gap, interpolateS: number): [EstimateMethod, readonly number[], string] | undefined {
  const count = gap.darkS.length;
  if (count * gap.stepS <= interpolateS && gap.before !== null && gap.after !== null)
    return ['interpolate', interpolate(gap.before, gap.after, count), `line from ${gap.before} Wh to ${gap.after} Wh`];
  for (const [i, week] of gap.weeks.entries())
    if (isWhole(week)) return ['proxy_day', week, `same weekday ${i + 1} week${i > 0 ? 's' : ''} before`];
  if (isWhole(gap.average)) return ['average', gap.average.map(Math.round), 'mean of like days'];
  if (isWhole(gap.classMean))
    return ['class_profile', gap.classMean.map(Math.round), 'mean of its class on the feeder at the time'];
  return undefined;
}

/**
 * @param interpolateS longest gap that is interpolated
 * @param registerWh what the register leaves for the intervals with supply, where two reads enclose the gap
 */
export function estimateGap(gap: Gap, interpolateS: number, registerWh?: number): Estimated | undefined {
  const { darkS, stepS } = gap;
  const isDark = darkS.map((dark) => dark >= stepS);
  const chosen = isDark.every(Boolean) ? undefined : choose(gap, interpolateS);
  if (!chosen && !isDark.every(Boolean)) return undefined;
  const [method, values, basis] = chosen ?? ['outage' as const, darkS.map(() => 0), 'no supply: outage known'];
  let wh = values.map((value, i) => (isDark[i] ? 0 : Math.round(value * (1 - darkS[i] / stepS))));
  const lit = darkS.map((_, i) => i).filter((i) => !isDark[i]);
  const isScaled = registerWh !== undefined && registerWh >= 0 && lit.length > 0;
  if (isScaled) {
    const scaled = scaleToTotal(
      lit.map((i) => wh[i]),
      registerWh,
    );
    wh = wh.map((value, i) => (isDark[i] ? value : scaled[lit.indexOf(i)]));
  }
  return {
    wh,
    methods: isDark.map((dark) => (dark ? 'outage' : method)),
    flags: darkS.map((dark, i) =>
      isDark[i] ? 'outage' : isScaled ? 'register' : dark > 0 ? 'outage_partial' : 'estimated',
    ),
    basis: isScaled ? `${basis}, scaled to ${registerWh} Wh of the register` : basis,
  };
}
