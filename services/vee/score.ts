/**
 * How well the rules find what people flagged: an hourly series with labels, judged as if it were one meter. The rules
 * see the judged day and days before it, never a later one. Thresholds are chosen on the first half of the flags.
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FluxError } from '#model/errors.ts';
import { type Engine, startEngine } from '#stores/columnar/engine.ts';
import { prepareCatalogue } from '#stores/columnar/layers.ts';
import { type LocalDay, localDay } from './days.ts';
import { defaultVeeConfig, type RuleName, ruleNames, type VeeConfig } from './rules.ts';
import { findingsOf } from './scan.ts';

export interface Labelled {
  /** UTC epoch seconds of the hours, consecutive */
  timeS: Float64Array;
  /** MWh of the hour; NaN where missing */
  value: Float64Array;
  /** `OKAY`, or what is wrong */
  category: string[];
}

const okay = 'OKAY';

/** @throws FluxError `bad_file` */
export function parseLabelled(text: string): Labelled {
  const [head, ...lines] = text.trim().split(/\r?\n/);
  if (!/^date_time,raw demand/.test(head ?? ''))
    throw new FluxError('bad_file', 'the first line must begin with "date_time,raw demand (MW),category"');
  const timeS = new Float64Array(lines.length);
  const value = new Float64Array(lines.length);
  const category = lines.map((line, i) => {
    const [at, raw, kind] = line.split(',');
    timeS[i] = Date.parse(`${at.replace(' ', 'T')}Z`) / 1000;
    value[i] = raw.trim() === '' ? Number.NaN : Number(raw);
    if (!Number.isFinite(timeS[i]) || !kind)
      throw new FluxError('bad_file', `line ${i + 2} has no time or no category`);
    return kind;
  });
  return { timeS, value, category };
}

export interface MethodScore {
  method: string;
  half: 'first' | 'second';
  flagged: number;
  raised: number;
  hit: number;
  precision: number;
  recall: number;
  f1: number;
}
export interface FlagScore {
  said: string;
  methods: MethodScore[];
  rules: { rule: string; raised: number; hit: number; precision: number }[];
  categories: {
    category: string;
    flagged: number;
    found: number;
    found_by_z_score: number;
    found_by_seasonal_naive: number;
  }[];
}

const share = (part: number, whole: number): number => (whole > 0 ? Number((part / whole).toFixed(3)) : 0);

function scoreOf(
  method: string,
  half: 'first' | 'second',
  raised: Uint8Array,
  labels: Uint8Array,
  from: number,
  to: number,
): MethodScore {
  let [flagged, up, hit] = [0, 0, 0];
  for (let i = from; i < to; i++) {
    flagged += labels[i];
    up += raised[i];
    hit += raised[i] & labels[i];
  }
  const [precision, recall] = [share(hit, up), share(hit, flagged)];
  const f1 = precision + recall > 0 ? Number(((2 * precision * recall) / (precision + recall)).toFixed(3)) : 0;
  return { method, half, flagged, raised: up, hit, precision, recall, f1 };
}

/** Farther than `sigmas` from the mean of everything before. */
function zScore({ value }: Labelled, sigmas: number): Uint8Array {
  const raised = new Uint8Array(value.length);
  let [n, mean, squares] = [0, 0, 0];
  for (let i = 0; i < value.length; i++) {
    const x = value[i];
    if (Number.isNaN(x)) {
      raised[i] = 1;
      continue;
    }
    if (n > 168 && Math.abs(x - mean) > sigmas * Math.sqrt(squares / (n - 1))) raised[i] = 1;
    n++;
    const delta = x - mean;
    mean += delta / n;
    squares += delta * (x - mean);
  }
  return raised;
}

/** Residual against the same hour a week before, farther than `sigmas` of the residuals so far. */
function seasonalNaive({ value }: Labelled, sigmas: number): Uint8Array {
  const raised = new Uint8Array(value.length);
  let [n, squares] = [0, 0];
  for (let i = 0; i < value.length; i++) {
    if (Number.isNaN(value[i])) {
      raised[i] = 1;
      continue;
    }
    const before = value[i - 168];
    if (before === undefined || Number.isNaN(before)) continue;
    const residual = value[i] - before;
    if (n > 168 && Math.abs(residual) > sigmas * Math.sqrt(squares / n)) raised[i] = 1;
    n++;
    squares += residual * residual;
  }
  return raised;
}

const scoredRules: readonly RuleName[] = [
  'interval_gap',
  'negative_use',
  'zero_run',
  'flat_run',
  'spike',
  'dynamic_comparison',
];
/** The rules of a large load read by the hour; 1 MWh stands as 1 Wh, which no rule notices. */
export function scoringConfig(given: {
  sigmas: number;
  floorPercent: number;
  flatIntervals: number;
  spikeFactor: number;
}): VeeConfig {
  const base = defaultVeeConfig.rules;
  const thresholds: Partial<Record<RuleName, Record<string, number>>> = {
    // a load is known not to generate, however often the data says so
    negative_use: { minIntervals: 1, historyPercent: 101 },
    zero_run: { minHours: 1, minWh: 0 },
    flat_run: { minIntervals: given.flatIntervals, minWh: 1 },
    spike: { factor: given.spikeFactor, minWh: 0 },
    dynamic_comparison: { sigmas: given.sigmas, floorPercent: given.floorPercent, minWh: 0, minDays: 3 },
  };
  return {
    ...defaultVeeConfig,
    intervalMinutes: 60,
    missingAfterMinutes: 0,
    lookbackDays: [1, 2, 3, 4, 5, 6, 7, 14, 21, 28],
    rules: Object.fromEntries(
      ruleNames.map((rule) => [
        rule,
        {
          ...base[rule],
          on: scoredRules.includes(rule),
          thresholds: { ...base[rule].thresholds, ...thresholds[rule] },
        },
      ]),
    ) as VeeConfig['rules'],
  };
}

interface Raised {
  any: Uint8Array;
  /** without the hours that an exception spans from its first to its last interval although nothing is wrong in them */
  exact: Uint8Array;
  byRule: Map<RuleName, Uint8Array>;
}

/** Every hour a rule's finding lies over, for all days of the series. */
async function raisedBy(engine: Engine, series: Labelled, config: VeeConfig): Promise<Raised> {
  const count = series.timeS.length;
  const firstS = series.timeS[0];
  const zoneDay = (number: number): LocalDay => localDay(number, 'UTC');
  const first = Math.ceil(firstS / 86_400);
  const last = Math.floor(series.timeS[count - 1] / 86_400);
  const any = new Uint8Array(count);
  const exact = new Uint8Array(count);
  const byRule = new Map(scoredRules.map((rule) => [rule, new Uint8Array(count)]));
  const findings = await findingsOf(engine, {
    days: Array.from({ length: last - first + 1 }, (_, i) => zoneDay(first + i)),
    untilS: (last + 1) * 86_400,
    reachedS: (last + 1) * 86_400,
    zoneDay,
    config,
    meterFrom: 0,
    meterTo: 1,
    meters: null,
    dark: [],
    registers: [],
  });
  for (const { rule, fromS, toS } of findings) {
    for (let i = Math.max(0, (fromS - firstS) / 3600); i < Math.min(count, (toS - firstS) / 3600); i++) {
      any[i] = 1;
      if (rule !== 'negative_use' || series.value[i] < 0) exact[i] = 1;
      byRule.get(rule)![i] = 1;
    }
  }
  return { any, exact, byRule };
}

async function load(engine: Engine, series: Labelled): Promise<void> {
  const kept = Array.from(series.timeS.keys()).filter((i) => !Number.isNaN(series.value[i]));
  const constant = (value: number): Float64Array => new Float64Array(kept.length).fill(value);
  await engine.script([
    'insert into meter_dimension values (0, -1, 0, 0, 3)',
    'create table loaded (start_s integer, wh integer)',
  ]);
  await engine.load(
    'loaded',
    [
      { name: 'start_s', type: 'integer', values: Int32Array.from(kept, (i) => series.timeS[i]) },
      { name: 'wh', type: 'integer', values: Int32Array.from(kept, (i) => series.value[i]) },
    ],
    constant(0).length,
  );
  await engine.script(["insert into silver_reading select 0, start_s, 60, wh, 0, 1, 0, 0, 'flags', 0 from loaded"]);
}

/** First hour of the second half: half of the flagged hours lie before it, at a border of days. */
function middleOf({ category, timeS }: Labelled): number {
  const flagged = category.flatMap((kind, i) => (kind === okay ? [] : [i]));
  const at = flagged[Math.floor(flagged.length / 2)] ?? Math.floor(timeS.length / 2);
  return at - (at % 24);
}

/** Choices of the first half, coarse on purpose: a finer grid would fit the flags rather than the fault. */
const grid = [4, 6, 8].flatMap((sigmas) =>
  [5, 8, 12].flatMap((floorPercent) =>
    [2, 3].flatMap((flatIntervals) =>
      [1.3, 2].map((spikeFactor) => ({ sigmas, floorPercent, flatIntervals, spikeFactor })),
    ),
  ),
);

export async function scoreFlags(file: string): Promise<FlagScore> {
  const bytes = await fs.readFile(file).catch((cause: unknown) => {
    throw new FluxError('bad_file', `${file} can not be read`, { cause });
  });
  const series = parseLabelled((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-score-'));
  const engine = startEngine({ name: 'score', path: ':memory:', temporaryFolder: folder, onOpen: prepareCatalogue });
  try {
    await load(engine, series);
    return await compare(engine, series);
  } finally {
    await engine.stop();
    await fs.rm(folder, { recursive: true, force: true });
  }
}

async function compare(engine: Engine, series: Labelled): Promise<FlagScore> {
  const labels = Uint8Array.from(series.category, (kind) => (kind === okay ? 0 : 1));
  const middle = middleOf(series);
  const end = labels.length;
  const of = (name: string, raised: Uint8Array): MethodScore[] => [
    scoreOf(name, 'first', raised, labels, 0, middle),
    scoreOf(name, 'second', raised, labels, middle, end),
  ];
  let best: { choice: (typeof grid)[number]; raised: Raised; f1: number } | undefined;
  for (const choice of grid) {
    const raised = await raisedBy(engine, series, scoringConfig(choice));
    const { f1 } = scoreOf('', 'first', raised.any, labels, 0, middle);
    if (!best || f1 > best.f1) best = { choice, raised, f1 };
  }
  const { choice, raised } = best!;
  const bySigmas = (rule: (series: Labelled, sigmas: number) => Uint8Array): [Uint8Array, number] => {
    const tried = [2, 2.5, 3, 4, 5].map((sigmas) => [rule(series, sigmas), sigmas] as [Uint8Array, number]);
    const f1 = ([found]: [Uint8Array, number]): number => scoreOf('', 'first', found, labels, 0, middle).f1;
    return tried.reduce((a, b) => (f1(b) > f1(a) ? b : a));
  };
  const z = zScore(series, 3);
  const [naive, naiveSigmas] = bySigmas(seasonalNaive);
  const within = (raisedHours: Uint8Array, kind: string): number => {
    let found = 0;
    for (let i = middle; i < end; i++) if (series.category[i] === kind) found += raisedHours[i];
    return found;
  };
  const kinds = [...new Set(series.category.slice(middle))].filter((kind) => kind !== okay).sort();
  return {
    said: `${end.toLocaleString('en-US')} hours, ${labels.reduce((a, b) => a + b, 0).toLocaleString('en-US')} flagged; second half from ${new Date(
      series.timeS[middle] * 1000,
    ).toISOString()}. Chosen on the first half of the flags: ${Object.entries(choice)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}; seasonal naive at ${naiveSigmas} sigmas. Missing hours count as raised for every method.`,
    methods: [
      ...of('rules', raised.any),
      ...of('rules, bare hours', raised.exact),
      ...of('z-score > 3', z),
      ...of('seasonal naive', naive),
    ],
    rules: scoredRules.map((rule) => {
      const { raised: up, hit, precision } = scoreOf(rule, 'second', raised.byRule.get(rule)!, labels, middle, end);
      return { rule, raised: up, hit, precision };
    }),
    categories: kinds.map((category) => ({
      category,
      flagged: series.category.slice(middle).filter((kind) => kind === category).length,
      found: within(raised.any, category),
      found_by_z_score: within(z, category),
      found_by_seasonal_naive: within(naive, category),
    })),
  };
}
