/** A model of restoration times: what a file of it holds, how one is fitted, how it is read back. */
import { createHash } from 'node:crypto';
import { FluxError } from '#model/errors.ts';
import {
  type Deviation,
  type DeviationTable,
  deviationOf,
  deviationTable,
  sizeClasses,
  tablesBySize,
  toLog,
} from './calibration.ts';
import { effectsOf, type FeatureEffect } from './effects.ts';
import { type FeatureGroup, features, localClock, minutesOf, type Replayed, replay } from './features.ts';
import { asOf, type PastOutage } from './history.ts';
import { makeSituation, type SituationMemory } from './situation.ts';
import { boostDefaults, boostQuantile, type Forest, forestValue, type Targets } from './trees.ts';

export interface EtrModel {
  format: 'flux-etr-model';
  format_version: 1;
  /** from its content: the same input gives the same id */
  id: string;
  fitted: {
    source: string;
    licence: string | null;
    time_zone: string;
    /** first sights from, up to (UTC) */
    from: string;
    to: string;
    outages: number;
    used: number;
    /** present in the first snapshot: left out, the moment of first sight is not known */
    left_censored: number;
    /** lasting at the end: their weight went to those that were seen to end after them */
    right_censored: number;
    groups: FeatureGroup[];
  };
  features: string[];
  /** minutes from first sight, the plain opponents of every report */
  baseline: { constant_min: number; hourly_min: number[] };
  /** a day with more customers newly out than this is a storm day */
  storm_day_customers: number;
  p50: Forest;
  p90: Forest;
  /** of small outages, of large ones */
  deviations: DeviationTable[];
  effects: FeatureEffect[];
  memory: SituationMemory;
}

export interface FitOptions {
  source: string;
  licence?: string | null;
  timeZone: string;
  /** groups of features that are not used: `published` and `place` for a model that other utilities may use */
  without?: readonly FeatureGroup[];
  /** what came after is unknown to the fit */
  untilS?: number;
  seed?: number;
  trees?: number;
  progress?: (share: number, what: string) => void;
}

/** Share of the history, the newest, that is kept from a first fit to learn how far it is off. */
const calibrationShare = 0.25;
const leastOutages = 300;
/** The table of all outages counts as so many of each size class. */
const overallStrength = 100;

/** @throws FluxError `bad_history` where there is too little */
export function fitModel(outages: readonly PastOutage[], options: FitOptions): EtrModel {
  const known = options.untilS === undefined ? outages : asOf(outages, options.untilS);
  const situation = makeSituation();
  const replayed = [...replay(known, localClock(options.timeZone), undefined, situation)];
  const fresh = replayed.filter(({ outage }) => !outage.leftCensored);
  if (fresh.length < leastOutages)
    throw new FluxError(
      'bad_history',
      `${fresh.length} outages can be used, a model needs ${leastOutages}; give a longer history`,
    );
  const progress = options.progress ?? (() => undefined);
  const groups = [...new Set(features.map(({ group }) => group))].filter((g) => !options.without?.includes(g));
  const columns = features.flatMap(({ group }, i) => (groups.includes(group) ? [i] : []));
  const seed = options.seed ?? 1;
  const grow = (rows: readonly Replayed[], say: (share: number) => void): { p50: Forest; p90: Forest } => {
    const targets = targetsOf(rows);
    const trees = options.trees ?? boostDefaults.trees;
    const p50 = boostQuantile(targets, 0.5, { ...boostDefaults, trees, columns }, lehmer(seed));
    say(0.6);
    const fewer = Math.ceil(trees * 0.6);
    const p90 = boostQuantile(targets, 0.9, { ...boostDefaults, trees: fewer, leaves: 16, columns }, lehmer(seed + 1));
    say(1);
    return { p50, p90 };
  };
  progress(0.05, 'outages in order');
  const lastS = fresh[fresh.length - 1].outage.firstSeenS;
  const splitS = fresh[Math.floor(fresh.length * (1 - calibrationShare))].outage.firstSeenS;
  // The first fit may not know how outages went on after the split.
  const early = fresh
    .filter(({ outage }) => outage.firstSeenS < splitS)
    .map((one) => ({ ...one, outage: asOf([one.outage], splitS)[0] }));
  const trial = grow(early, (share) => progress(0.05 + 0.4 * share, 'first fit, without the newest quarter'));
  const unseen = fresh
    .filter(({ outage }) => outage.firstSeenS >= splitS)
    .map(({ outage, row }) => ({ ...deviationIn(trial, outage, row), customers: outage.customers }));
  const overall = deviationTable(unseen);
  const deviations = tablesBySize(unseen, Array(sizeClasses).fill(overall), overallStrength);
  const { p50, p90 } = grow(fresh, (share) => progress(0.45 + 0.45 * share, 'fit on everything'));
  progress(0.92, 'effects');
  const ended = fresh.filter(({ outage }) => outage.goneS !== null);
  const clock = localClock(options.timeZone);
  const content: Omit<EtrModel, 'id'> = {
    format: 'flux-etr-model',
    format_version: 1,
    fitted: {
      source: options.source,
      licence: options.licence ?? null,
      time_zone: options.timeZone,
      from: isoOf(known[0].firstSeenS),
      to: isoOf(lastS),
      outages: known.length,
      used: fresh.length,
      left_censored: replayed.length - fresh.length,
      right_censored: fresh.length - ended.length,
      groups,
    },
    features: features.map(({ name }) => name),
    baseline: {
      constant_min: median(ended.map(({ outage }) => minutesOf(outage).middle)),
      hourly_min: Array.from({ length: 24 }, (_, hour) =>
        median(
          ended
            .filter(({ outage }) => Math.floor(clock(outage.firstSeenS).hour) === hour)
            .map(({ outage }) => minutesOf(outage).middle),
        ),
      ),
    },
    storm_day_customers: stormDayCustomers(known),
    p50: compact(p50),
    p90: compact(p90),
    deviations: deviations.map((table) => table.map((z) => Number(z.toFixed(4)))),
    effects: effectsOf(
      p50,
      columns,
      fresh.map(({ row }) => row),
    ),
    // a model for other utilities keeps no places of this one
    memory: groups.includes('place')
      ? situation.memory()
      : { overall: situation.memory().overall, regions: {}, places: {} },
  };
  const id = `etr-${createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 10)}`;
  progress(1, 'done');
  return { ...content, id };
}

function deviationIn(trees: { p50: Forest; p90: Forest }, outage: PastOutage, row: Float64Array): Deviation {
  const z = deviationOf(forestValue(trees.p50, row), forestValue(trees.p90, row), minutesOf(outage).middle);
  return { z, censored: outage.goneS === null };
}

/**
 * Log minutes as intervals; the weight of a censored outage goes to those that ended later (inverse probability of
 * censoring, by the product-limit estimate of the time to censoring).
 */
function targetsOf(rows: readonly Replayed[]): Targets {
  const spans = rows.map(({ outage }) => ({ ...minutesOf(outage), censored: outage.goneS === null }));
  const order = spans.map((_, i) => i).sort((a, b) => spans[a].middle - spans[b].middle);
  const weight = new Float64Array(rows.length);
  let uncensored = 1;
  for (let k = 0; k < order.length; k++) {
    const i = order[k];
    if (spans[i].censored) uncensored *= 1 - 1 / (order.length - k);
    else weight[i] = Math.min(10, 1 / Math.max(1e-9, uncensored));
  }
  return {
    rows: rows.map(({ row }) => row),
    least: Float64Array.from(spans, (span) => toLog(span.least)),
    most: Float64Array.from(spans, (span) => (span.censored ? Number.POSITIVE_INFINITY : toLog(span.most))),
    weight,
  };
}

/** exp(mean + 1.5 standard deviations) of the logs of customers newly out a day: about one day in fifteen. */
function stormDayCustomers(outages: readonly PastOutage[]): number {
  const days = new Map<number, number>();
  for (const { firstSeenS, customers, leftCensored } of outages)
    if (!leftCensored)
      days.set(Math.floor(firstSeenS / 86_400), (days.get(Math.floor(firstSeenS / 86_400)) ?? 0) + customers);
  const logs = [...days.values()].filter((count) => count > 0).map(Math.log);
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / logs.length;
  return Math.round(Math.exp(mean + 1.5 * Math.sqrt(variance)));
}

/** Numbers as short as the arithmetic needs them. */
function compact(forest: Forest): Forest {
  const short = (value: number, digits: number): number => Number(value.toPrecision(digits));
  return {
    quantile: forest.quantile,
    base: short(forest.base, 7),
    trees: forest.trees.map((tree) => ({
      ...tree,
      value: tree.value.map((value) => short(value, 4)),
      gain: tree.gain.map(() => 0),
    })),
  };
}

/** A model as text; gains are in the effects, not in the file. */
export const modelText = (model: EtrModel): string =>
  `${JSON.stringify(model, (key, value: unknown) => (key === 'gain' ? undefined : value))}\n`;

/** @throws FluxError `bad_model` where it is not one, or one of another make */
export function parseModel(text: string, file: string): EtrModel {
  const wrong = (what: string) =>
    new FluxError('bad_model', `${file}: ${what}; fit one with flux etr fit --history FILE --model ${file}`);
  let model: Partial<EtrModel>;
  try {
    model = JSON.parse(text) as Partial<EtrModel>;
  } catch {
    throw wrong('is not JSON');
  }
  if (model?.format !== 'flux-etr-model') throw wrong('is not a model of restoration times');
  if (model.format_version !== 1) throw wrong(`has format version ${model.format_version}, this program reads 1`);
  const names = features.map(({ name }) => name);
  if (model.features?.join() !== names.join()) throw wrong('was made from other features than this program has');
  for (const part of ['p50', 'p90'] as const)
    if (!Array.isArray(model[part]?.trees) || !model[part].trees.every(isTree)) throw wrong(`has no usable ${part}`);
  const isTable = (table: unknown): boolean =>
    Array.isArray(table) && table.length === 99 && table.every((z) => Number.isFinite(z));
  if (model.deviations?.length !== sizeClasses || !model.deviations.every(isTable))
    throw wrong(`has no ${sizeClasses} tables of 99 deviations`);
  if (!model.memory || !model.baseline || !model.fitted || typeof model.id !== 'string') throw wrong('is incomplete');
  return model as EtrModel;
}

/** Children lie behind their parents: a walk ends. */
function isTree(tree: Forest['trees'][number]): boolean {
  return (
    tree.feature.length > 0 &&
    [tree.threshold, tree.missingLeft, tree.left, tree.right, tree.value].every(
      (l) => l?.length === tree.feature.length,
    ) &&
    tree.feature.every(
      (feature, node) =>
        feature === -1 ||
        (feature >= 0 &&
          feature < features.length &&
          tree.left[node] > node &&
          tree.right[node] > node &&
          tree.left[node] < tree.feature.length &&
          tree.right[node] < tree.feature.length),
    )
  );
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const isoOf = (atS: number): string => new Date(atS * 1000).toISOString();

/** Minimal standard generator: a fit with the same seed gives the same model. */
export function lehmer(seed: number): () => number {
  let state = (seed * 7919) % 2147483647 || 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
