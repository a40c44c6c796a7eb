/** A run of the generator in words that the command, the page and the job share. Shares in [0, 1], times in seconds. */
import { type CustomerClass, customerClasses } from '#model/network.ts';

/** Where a run delivers. Append a word here, a maker in bin/generator/targets.ts, and every door offers it. */
export const generatorTargets = ['store', 'files', 'http', 'kafka'] as const;
export type GeneratorTarget = (typeof generatorTargets)[number];

export const weatherModes = ['normal', 'mild', 'heat_wave', 'winter_storm'] as const;
export type WeatherMode = (typeof weatherModes)[number];

export interface GeneratorOptions {
  /** a feeder or substation by id; null = the whole territory */
  within: string | null;
  /** the first so many meters of it; null = all */
  meters: number | null;
  /** first interval, ISO 8601, on a quarter of an hour */
  start: string;
  days: number;
  /** true: intervals are delivered as they end, by the clock; false: as fast as the target takes them */
  live: boolean;
  seed: number;
  /** load over the model's, by customer class; 1 where a class is left out */
  mix: Partial<Record<CustomerClass, number>>;
  weather: WeatherMode;
  /** meter events (last gasps, restorations, sags, ...) as well as readings */
  events: boolean;
  /** device faults per 1,000 meters and day */
  faults: number;
  loss: number;
  duplicates: number;
  disorder: number;
  lateness: number;
  /** device clocks are off by up to this either way; beyond half an interval a reading is stamped with a neighbour's */
  skew: number;
  /** readings a second at most; null = no cap */
  rate: number | null;
  target: GeneratorTarget;
  format: GeneratorFormat;
}

/** Of files: Parquet or JSON-lines; of messages: Avro, or JSON where anything else is said. */
export const generatorFormats = ['parquet', 'jsonl', 'avro'] as const;
export type GeneratorFormat = (typeof generatorFormats)[number];

export const intervalS = 900;
export const intervalsPerDay = 96;

/** One day that ended at the last midnight (UTC), into the center's own store. */
export function generatorDefaults(nowMs: number): GeneratorOptions {
  return {
    within: null,
    meters: null,
    start: new Date((Math.floor(nowMs / 86_400_000) - 1) * 86_400_000).toISOString(),
    days: 1,
    live: false,
    seed: 1,
    mix: {},
    weather: 'normal',
    events: false,
    faults: 0.2,
    loss: 0,
    duplicates: 0,
    disorder: 0,
    lateness: 0,
    skew: 0,
    rate: null,
    target: 'store',
    format: 'parquet',
  };
}

export type GeneratorField = keyof GeneratorOptions;

const ranges: Partial<Record<GeneratorField, [low: number, high: number, whole: boolean]>> = {
  meters: [1, 2_700_000, true],
  days: [0, 3660, false],
  seed: [0, 2 ** 31 - 1, true],
  faults: [0, 1000, false],
  loss: [0, 1, false],
  duplicates: [0, 1, false],
  disorder: [0, 86_400, false],
  lateness: [0, 604_800, false],
  skew: [0, 86_400, false],
  rate: [1, 10_000_000, false],
};
const mostMix = 20;

/** What is wrong, by field, as the end of a sentence that begins with `must`; empty where a run can begin. */
export function problemsOf(options: GeneratorOptions, nowMs: number): Partial<Record<GeneratorField, string>> {
  const problems: Partial<Record<GeneratorField, string>> = {};
  for (const [name, [low, high, whole]] of Object.entries(ranges)) {
    const value = options[name as GeneratorField] as number | null;
    if (value === null) continue;
    if (!Number.isFinite(value) || value < low || value > high || (whole && !Number.isInteger(value)))
      problems[name as GeneratorField] =
        `be a ${whole ? 'whole ' : ''}number from ${low.toLocaleString('en-US')} to ${high.toLocaleString('en-US')}`;
  }
  if (!problems.days && Math.round(options.days * intervalsPerDay) < 1) problems.days = 'hold an interval at least';
  const startMs = Date.parse(options.start);
  if (Number.isNaN(startMs) || startMs % (intervalS * 1000) !== 0)
    problems.start = 'be ISO 8601 on a quarter of an hour';
  for (const [name, factor] of Object.entries(options.mix))
    if (!(customerClasses as readonly string[]).includes(name) || !(factor >= 0 && factor <= mostMix))
      problems.mix = `name customer classes (${customerClasses.join(', ')}) with factors from 0 to ${mostMix}`;
  if (options.format === 'avro' && options.target !== 'kafka') problems.format = 'be parquet or jsonl but for kafka';
  if (!problems.start && !problems.days && !options.live && options.target !== 'files') {
    if (startMs + options.days * 86_400_000 > nowMs + intervalS * 1000)
      problems.days = 'end before now: a backfill holds what was measured; choose live for what comes';
  }
  return problems;
}

/** Readings a run delivers, on average exactly: 96 per meter and day, less the lost, more the repeated. */
export function expectedReadings(options: GeneratorOptions, meters: number): number {
  const sent = Math.round(options.days * intervalsPerDay) * meters;
  return Math.round(sent * (1 - options.loss) * (1 + options.duplicates));
}

/** The run as a command line; a territory that was imported or changed is told by its data folder. */
export function commandOf(options: GeneratorOptions, dataFolder: string): string {
  const plain = generatorDefaults(0);
  const parts = ['npx flux generate', `--data ${dataFolder}`];
  const add = (flag: string, value: unknown, otherwise: unknown): void => {
    if (value !== otherwise && value !== null) parts.push(`--${flag} ${String(value)}`);
  };
  add('within', options.within, null);
  add('meters', options.meters, null);
  parts.push(`--start ${options.start}`, `--days ${options.days}`);
  if (options.live) parts.push('--live');
  add('seed', options.seed, 1);
  const mix = Object.entries(options.mix).filter(([, factor]) => factor !== 1);
  if (mix.length > 0) parts.push(`--mix ${mix.map(([name, factor]) => `${name}=${factor}`).join(',')}`);
  for (const name of ['weather', 'loss', 'duplicates', 'disorder', 'lateness', 'skew', 'rate'] as const)
    add(name, options[name], plain[name]);
  if (options.events) add('faults', options.faults, plain.faults);
  else parts.push('--no-events');
  if (options.target === 'files') parts.push('--out ./generated');
  else parts.push(`--to ${options.target}`);
  if (options.target === 'files' || options.format === 'avro') add('format', options.format, 'parquet');
  return parts.join(' ');
}
