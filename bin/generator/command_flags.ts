/** Flags of `flux generate` as the options every run has. */
import type { Command } from 'commander';
import { FluxError } from '#model/errors.ts';
import {
  type GeneratorField,
  type GeneratorFormat,
  type GeneratorOptions,
  type GeneratorTarget,
  generatorDefaults,
  generatorFormats,
  generatorTargets,
  problemsOf,
  type WeatherMode,
  weatherModes,
} from '#model/generator.ts';
import { scaleFrom } from '../config.ts';

export interface GenerateFlags {
  meters?: string;
  data?: string;
  within?: string;
  days?: string;
  start: string;
  live?: boolean;
  seed: string;
  mix?: string;
  weather: string;
  format: string;
  out?: string;
  to?: string;
  url: string;
  token?: string;
  brokers?: string;
  topic?: string;
  eventsTopic?: string;
  compression: string;
  rate?: string;
  events: boolean;
  faults: string;
  loss: string;
  duplicates: string;
  disorder: string;
  lateness: string;
  skew: string;
  resume?: boolean;
  json?: boolean;
}

export function generateFlags(command: Command): Command {
  return command
    .option('--meters <number>', 'meters of a generated territory (or demo, poc); with --data the first so many')
    .option('--data <folder>', 'the meters of the network in this data folder')
    .option('--within <id>', 'only those of a feeder or substation')
    .option('--days <number>', 'days of 96 intervals')
    .option('--start <time>', 'first interval, ISO 8601', '2026-01-01T00:00:00Z')
    .option('--live', 'deliver intervals as they end, by the clock')
    .option('--seed <number>', 'seed', '1')
    .option('--mix <class=factor,...>', 'load by customer class, e.g. residential=1.2,industrial=0.5')
    .option('--weather <mode>', weatherModes.join(', '), 'normal')
    .option('--format <format>', 'parquet or jsonl; json or avro with --to kafka', 'parquet')
    .option('--out <folder>', 'folder to write to')
    .option('--no-events', 'interval readings only, no meter events')
    .option('--faults <number>', 'device faults per 1,000 meters and day', '0.2')
    .option('--loss <share>', 'share of readings and events that never arrive', '0')
    .option('--duplicates <share>', 'share that arrives twice', '0')
    .option('--disorder <seconds>', 'deliveries overtake each other by up to this', '0')
    .option('--lateness <seconds>', 'a few deliveries are late by up to this', '0')
    .option('--skew <seconds>', 'meter clocks are off by up to this', '0')
    .option('--rate <number>', 'readings a second at most')
    .option(
      '--to <target>',
      'http: a running center; kafka: topics; store: the ledger of --data; history: parts, in bulk, --data of a stopped center',
    )
    .option('--url <address>', 'the center, with --to http', 'http://localhost:8080')
    .option('--token <token>', 'its token (`flux token`), with --to http')
    .option('--brokers <list>', 'host:port, several with commas, with --to kafka (default: FLUX_KAFKA)')
    .option('--topic <name>', 'topic of readings, with --to kafka (default: ami_readings)')
    .option('--events-topic <name>', 'topic of events, with --to kafka (default: grid_events)')
    .option('--compression <kind>', 'none, lz4 or zstd, with --to kafka', 'lz4')
    .option('--resume', 'go on with the unfinished run in --out')
    .option('--json', 'one JSON document');
}

function bad(message: string): FluxError {
  return new FluxError('bad_usage', message);
}

/** @throws FluxError `bad_usage` that names the flag */
export function optionsFrom(flags: GenerateFlags, nowMs: number): GeneratorOptions {
  if (flags.days === undefined) throw bad('say how many days: --days NUMBER');
  if (flags.meters === undefined && flags.data === undefined)
    throw bad('say whose readings: --meters NUMBER for a generated territory, or --data FOLDER');
  const number = (name: keyof GenerateFlags): number => {
    const text = String(flags[name]);
    return text.trim() === '' ? Number.NaN : Number(text);
  };
  const options: GeneratorOptions = {
    ...generatorDefaults(nowMs),
    within: flags.within ?? null,
    meters: flags.data !== undefined && flags.meters !== undefined ? number('meters') : null,
    start: flags.start,
    days: number('days'),
    live: flags.live === true,
    seed: number('seed'),
    mix: mixFrom(flags.mix),
    weather: flags.weather as WeatherMode,
    events: flags.events,
    faults: number('faults'),
    loss: number('loss'),
    duplicates: number('duplicates'),
    disorder: number('disorder'),
    lateness: number('lateness'),
    skew: number('skew'),
    rate: flags.rate === undefined ? null : number('rate'),
    target: targetFrom(flags),
    format: (flags.format === 'json' ? 'jsonl' : flags.format) as GeneratorFormat,
  };
  if (!weatherModes.includes(options.weather))
    throw bad(`--weather must be one of ${weatherModes.join(', ')}, not ${flags.weather}`);
  if (!generatorFormats.includes(options.format))
    throw bad(`--format must be one of ${generatorFormats.join(', ')}, not ${flags.format}`);
  const [problem] = Object.entries(problemsOf(options, nowMs));
  if (problem)
    throw bad(
      `--${problem[0]} must ${problem[1]}, not ${String(flags[problem[0] as GeneratorField & keyof GenerateFlags])}`,
    );
  return options;
}

function targetFrom({ to, out, data }: GenerateFlags): GeneratorTarget {
  if (to === undefined) {
    if (!out) throw bad('say where the readings go: --out FOLDER, or --to http');
    return 'files';
  }
  const target = generatorTargets.find((known) => known === to);
  if (!target) throw bad(`--to ${to} is not known; this version delivers to ${generatorTargets.join(', ')}`);
  if (target === 'store' && data === undefined) throw bad('say whose store: --to store needs --data FOLDER');
  if (target === 'files' && !out) throw bad('say where the readings go: --out FOLDER');
  return target;
}

function mixFrom(text: string | undefined): GeneratorOptions['mix'] {
  if (text === undefined) return {};
  return Object.fromEntries(
    text.split(',').map((part) => {
      const [name, factor] = part.split('=');
      return [name.trim(), factor === undefined ? Number.NaN : Number(factor)];
    }),
  );
}

/** Scale of a territory that the run makes for itself. */
export const territoryScale = (flags: GenerateFlags): number | 'demo' | 'poc' =>
  scaleFrom(flags.meters === 'poc' || flags.meters === 'demo' ? flags.meters : Number(flags.meters));
