/** The validation rules: what each looks for, with its thresholds and their defaults. `flux vee rules` prints this book. */
import { type VeeSeverity, veeSeverities } from '#model/api/vee.ts';

export interface Threshold {
  default: number;
  least: number;
  most: number;
  unit: string;
  about: string;
}

export interface RuleEntry {
  title: string;
  about: string;
  severity: VeeSeverity;
  /** on unless a configuration says otherwise */
  on: boolean;
  /** judged only where the whole local day has passed */
  wholeDay: boolean;
  thresholds: Record<string, Threshold>;
}

const threshold = (value: number, least: number, most: number, unit: string, about: string): Threshold => ({
  default: value,
  least,
  most,
  unit,
  about,
});
const minIntervals = (value: number, about = 'intervals from which it counts'): Threshold =>
  threshold(value, 1, 2976, 'intervals', about);
const minWh = (value: number, about: string): Threshold => threshold(value, 0, 1e9, 'Wh', about);
const minDays = threshold(3, 1, 60, 'days', 'complete days of own history it needs');

const entry = (
  title: string,
  severity: VeeSeverity,
  about: string,
  thresholds: Record<string, Threshold>,
  { on = true, wholeDay = false }: { on?: boolean; wholeDay?: boolean } = {},
): RuleEntry => ({ title, severity, about, thresholds, on, wholeDay });

export const ruleBook = {
  interval_gap: entry('Consecutive intervals', 'medium', 'intervals are missing between or beside readings', {
    minIntervals: minIntervals(1),
  }),
  conflicting_versions: entry('Conflicting versions', 'low', 'the same interval came with different values', {
    minIntervals: minIntervals(1),
    minWh: minWh(1, 'difference from which two values conflict'),
  }),
  high_low_use: entry(
    'High or low against average daily use',
    'medium',
    "the day's energy is far from the service point's own average day",
    {
      highFactor: threshold(4, 1.1, 1000, 'times', 'above this multiple it is high'),
      lowFactor: threshold(0.1, 0, 0.9, 'times', 'below this share it is low'),
      minWh: minWh(10_000, 'difference from which it counts'),
      minDays,
    },
    { wholeDay: true },
  ),
  dynamic_comparison: entry(
    'Dynamic comparison',
    'low',
    'an hour is far from what the service point did in the same hour of like days',
    {
      sigmas: threshold(8, 1, 100, 'standard deviations', 'distance from the own mean from which it counts'),
      floorPercent: threshold(20, 0, 1000, '%', 'least spread assumed, as a share of the mean'),
      minWh: minWh(3000, 'difference from which it counts'),
      minDays,
    },
  ),
  inactive_meter: entry('Inactive meter reports', 'high', 'a meter listed as inactive measures energy', {
    minWh: minWh(100, 'energy of the day from which it counts'),
  }),
  interval_size: entry(
    'Interval size',
    'medium',
    'intervals are not as long as they should be, or do not begin on the grid',
    {
      minIntervals: minIntervals(1),
    },
  ),
  spike: entry('Spike', 'medium', 'one interval towers over the third highest of its day', {
    factor: threshold(6, 1.1, 1000, 'times', 'multiple of the third highest from which it counts'),
    minWh: minWh(2500, 'difference from which it counts'),
  }),
  multiplier: entry('Multiplier', 'high', 'hour after hour reads 10, 100 or 1,000 times too much or too little', {
    toleranceDecades: threshold(0.2, 0.01, 0.45, 'decades', 'distance of the median ratio from a power of ten'),
    minHours: threshold(6, 2, 24, 'hours', 'hours from which it counts as lasting'),
    sharePercent: threshold(80, 50, 100, '%', 'share of the hours that lie on the same side'),
  }),
  negative_use: entry('Negative use', 'high', 'a meter that does not generate exports', {
    minIntervals: minIntervals(1),
    historyPercent: threshold(
      50,
      1,
      101,
      '%',
      'share of its past days with export from which it generates; 101 = only the list says',
    ),
  }),
  prolonged_estimation: entry('Prolonged estimation', 'medium', 'much of the day is estimated', {
    minHours: threshold(12, 1, 24, 'hours', 'estimated hours of the day from which it counts'),
  }),
  missing_quantity: entry(
    'Missing quantity',
    'high',
    'too much of the day is missing to bill it',
    { missingPercent: threshold(20, 1, 100, '%', 'missing share from which it counts') },
    { wholeDay: true },
  ),
  register_sum: entry('Register sum', 'high', 'the intervals do not add up to the difference of two register reads', {
    tolerancePercent: threshold(1, 0, 50, '%', 'difference allowed, as a share'),
    minWh: minWh(1000, 'difference from which it counts'),
  }),
  unit_of_measure: entry('Unit of measure', 'high', 'more power than such a service can carry: Wh and kWh mixed up?', {
    residentialKw: threshold(60, 1, 1e6, 'kW', 'most a residential service carries'),
    smallCommercialKw: threshold(400, 1, 1e6, 'kW', 'most a small commercial service carries'),
    largeCommercialKw: threshold(4000, 1, 1e6, 'kW', 'most a large commercial service carries'),
    industrialKw: threshold(30_000, 1, 1e6, 'kW', 'most an industrial service carries'),
    streetLightingKw: threshold(100, 1, 1e6, 'kW', 'most a lighting service carries'),
  }),
  zero_run: entry('Zero consumption', 'medium', 'nothing is measured for hours where something always was', {
    minHours: threshold(6, 0.25, 24, 'hours', 'length from which it counts'),
    minWh: minWh(2000, 'average daily use below which zero is normal'),
  }),
  flat_run: entry('Stuck value', 'low', 'the same value again and again', {
    minIntervals: minIntervals(16, 'equal intervals from which it counts'),
    minWh: minWh(20, 'value from which it counts: small standby loads are flat'),
  }),
  voltage_range: entry('Voltage out of range', 'medium', 'the voltage lies outside the service range', {
    lowPercent: threshold(91.7, 50, 100, '%', 'of nominal, below which it is low (ANSI C84.1 range B)'),
    highPercent: threshold(105.8, 100, 150, '%', 'of nominal, above which it is high'),
    minIntervals: minIntervals(4),
  }),
  clock_shift: entry(
    'Clock shift',
    'medium',
    "the day's shape fits the own history better when moved by an hour or two",
    {
      errorPercent: threshold(40, 1, 99, '%', 'error after moving, as a share of the error before'),
      minWh: minWh(5000, 'error before moving from which it counts'),
      minDays,
    },
    { on: false, wholeDay: true },
  ),
} satisfies Record<string, RuleEntry>;

export type RuleName = keyof typeof ruleBook;
export const ruleNames = Object.keys(ruleBook) as RuleName[];
export const entryOf = (rule: RuleName): RuleEntry => ruleBook[rule];

/** Which meters a rule looks at; null = all. */
export interface RuleScope {
  /** codes of customer classes */
  classes: readonly number[] | null;
  /** feeder rows; areas and substations were turned into these */
  feeders: readonly number[] | null;
  /** meter keys */
  meters: readonly number[] | null;
}

export interface RuleSettings {
  on: boolean;
  severity: VeeSeverity;
  scope: RuleScope;
  thresholds: Record<string, number>;
}

export interface VeeConfig {
  /** the interval the meters are set to, minutes */
  intervalMinutes: number;
  /** days before the judged one that count as its history */
  lookbackDays: readonly number[];
  /** a reading that has not come is missing once its interval ended this long ago, minutes */
  missingAfterMinutes: number;
  /** minutes after the full hour at which a running center judges */
  runAfterMinutes: number;
  /** missing readings are estimated without being asked */
  autoEstimate: boolean;
  /** intervals without supply are written as zero without being asked */
  fillOutages: boolean;
  /** longest gap that is interpolated, minutes */
  interpolateMinutes: number;
  /** meter keys that may export */
  generating: readonly number[];
  /** meter keys that should not measure anything */
  inactive: readonly number[];
  rules: Record<RuleName, RuleSettings>;
}

export const everywhere: RuleScope = { classes: null, feeders: null, meters: null };

export const defaultVeeConfig: VeeConfig = {
  intervalMinutes: 15,
  // a week, and the same weekday of the three before: each like day counts, each weekday four times
  lookbackDays: [1, 2, 3, 7, 14, 21, 28],
  missingAfterMinutes: 120,
  runAfterMinutes: 10,
  autoEstimate: false,
  fillOutages: true,
  interpolateMinutes: 120,
  generating: [],
  inactive: [],
  rules: Object.fromEntries(
    ruleNames.map((rule) => {
      const { on, severity, thresholds } = entryOf(rule);
      const values = Object.fromEntries(Object.entries(thresholds).map(([name, t]) => [name, t.default]));
      return [rule, { on, severity, scope: everywhere, thresholds: values }];
    }),
  ) as Record<RuleName, RuleSettings>,
};

/** 0 is the most severe: the order of the queue. */
export const severityRank = (severity: VeeSeverity): number => veeSeverities.indexOf(severity);
