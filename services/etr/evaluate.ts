/**
 * Scores a model on outages it has not seen: each predicted at its first sight from what was known then, beside the
 * constant, the hourly median and the utility's own estimate. Errors are of the restoration time, minutes.
 */
import { type Deviation, type DeviationTable, deviationOf, sizeClassOf, tablesBySize } from './calibration.ts';
import { localClock, minutesOf, replay, sightOf } from './features.ts';
import type { PastOutage } from './history.ts';
import { type EtrModel, median } from './model.ts';
import { type Opinion, opinionOf, predictMinutes } from './predict.ts';

export interface Score {
  who: string;
  n: number;
  mae_min: number;
  median_abs_min: number;
  /** mean of predicted less actual: negative is too early a promise */
  bias_min: number;
  /** restored later than promised */
  late_share: number;
  pinball_p50_min: number;
}

export interface Slice {
  slice: string;
  scores: Score[];
  /** restored by the P90 */
  p90_coverage: number;
  pinball_p90_min: number;
  /** mean minutes from P50 to P90 */
  p90_margin_min: number;
}

export interface Evaluation {
  model: string;
  trained_to: string;
  from: string;
  to: string;
  n: number;
  left_censored_left_out: number;
  right_censored: number;
  /** first seen before the end of what the model was fitted on: no fair test where this is not 0 */
  seen_by_the_fit: number;
  storm_day_customers: number;
  storm_days: string[];
  /** P90 by the table in the file alone, and with what ended meanwhile */
  p90_coverage_without_recalibration: number;
  slices: Slice[];
}

export interface EvaluateOptions {
  fromS?: number;
  toS?: number;
  /** learn from outages that end meanwhile how far the model is off; on unless false */
  recalibrate?: boolean;
}

/** Outages of so many days tell how far the model is off now; the file's table counts as so many of them. */
const lookBackS = 14 * 86_400;
const priorStrength = 400;
const recalibrateEveryS = 3600;

export interface Predicted {
  outage: PastOutage;
  /** minutes from first sight */
  p50: number;
  p90: number;
  p90Fixed: number;
}

/** Every outage of a history as the model would have told it at first sight, in order. */
export function predictHistory(
  model: EtrModel,
  outages: readonly PastOutage[],
  options: EvaluateOptions = {},
): Predicted[] {
  const clock = localClock(model.fitted.time_zone);
  const past: { outage: PastOutage; opinion: Opinion }[] = [];
  let tables: readonly DeviationTable[] = model.deviations;
  let tableAtS = Number.NEGATIVE_INFINITY;
  let oldest = 0;
  const predicted: Predicted[] = [];
  for (const { outage, row } of replay(outages, clock, model.memory)) {
    const atS = outage.firstSeenS;
    if (options.recalibrate !== false && atS - tableAtS >= recalibrateEveryS) {
      while (oldest < past.length && past[oldest].outage.firstSeenS < atS - lookBackS) oldest++;
      tables = tablesBySize(
        past
          .slice(oldest)
          .map(({ outage: one, opinion }) => ({ ...deviationBy(one, opinion, atS), customers: one.customers })),
        model.deviations,
        priorStrength,
      );
      tableAtS = atS;
    }
    const opinion = opinionOf(model, row);
    // what the fit has seen fits too well to tell how far the model is off
    if (!outage.leftCensored && !seenByFit(model, outage)) past.push({ outage, opinion });
    const size = sizeClassOf(outage.customers);
    const { p50, p90 } = predictMinutes(opinion, tables[size]);
    predicted.push({ outage, p50, p90, p90Fixed: predictMinutes(opinion, model.deviations[size]).p90 });
  }
  return predicted;
}

const seenByFit = ({ fitted }: EtrModel, { firstSeenS }: PastOutage): boolean =>
  firstSeenS * 1000 >= Date.parse(fitted.from) && firstSeenS * 1000 <= Date.parse(fitted.to);

/** What is known of an outage's deviation at a moment. */
function deviationBy(outage: PastOutage, { log50, log90 }: Opinion, atS: number): Deviation {
  if (outage.goneS !== null && outage.goneS <= atS)
    return { z: deviationOf(log50, log90, minutesOf(outage).middle), censored: false };
  return { z: deviationOf(log50, log90, (atS - outage.firstSeenS) / 60), censored: true };
}

export function evaluate(model: EtrModel, outages: readonly PastOutage[], options: EvaluateOptions = {}): Evaluation {
  const clock = localClock(model.fitted.time_zone);
  const within = ({ outage }: Predicted): boolean =>
    outage.firstSeenS >= (options.fromS ?? -Infinity) && outage.firstSeenS < (options.toS ?? Infinity);
  const inSpan = predictHistory(model, outages, options).filter(within);
  const fresh = inSpan.filter(({ outage }) => !outage.leftCensored);
  // A lasting outage has no error yet; those that are late already are counted late.
  const ended = fresh.filter(({ outage }) => outage.goneS !== null);
  const stormDays = stormDaysOf(ended, model.storm_day_customers);
  const isStorm = ({ outage }: Predicted): boolean => stormDays.has(dayOf(outage.firstSeenS));
  const sizes: [string, number, number][] = [
    ['1 customer', 0, 1],
    ['2-10 customers', 2, 10],
    ['11-100 customers', 11, 100],
    ['101-1,000 customers', 101, 1000],
    ['over 1,000 customers', 1001, Infinity],
  ];
  const hourly = ({ outage }: Predicted): number =>
    orElse(model.baseline.hourly_min[Math.floor(clock(outage.firstSeenS).hour)], model.baseline.constant_min);
  const slice = (name: string, rows: Predicted[]): Slice => sliceOf(name, rows, model.baseline.constant_min, hourly);
  return {
    model: model.id,
    trained_to: model.fitted.to,
    from: isoOf(Math.min(...fresh.map(({ outage }) => outage.firstSeenS))),
    to: isoOf(Math.max(...fresh.map(({ outage }) => outage.firstSeenS))),
    n: ended.length,
    left_censored_left_out: inSpan.length - fresh.length,
    right_censored: fresh.length - ended.length,
    seen_by_the_fit: fresh.filter(({ outage }) => seenByFit(model, outage)).length,
    storm_day_customers: model.storm_day_customers,
    storm_days: [...stormDays].sort(),
    p90_coverage_without_recalibration: mean(ended, (p) => (minutesOf(p.outage).middle <= p.p90Fixed ? 1 : 0)),
    slices: [
      slice('all', ended),
      slice(
        'blue sky',
        ended.filter((p) => !isStorm(p)),
      ),
      slice('storm days', ended.filter(isStorm)),
      ...sizes.map(([name, least, most]) =>
        slice(
          name,
          ended.filter(({ outage }) => outage.customers >= least && outage.customers <= most),
        ),
      ),
    ].filter(({ scores }) => scores[0].n > 0),
  };
}

function sliceOf(name: string, rows: Predicted[], constant: number, hourly: (one: Predicted) => number): Slice {
  const own = rows.filter(({ outage }) => sightOf(outage).publishedEtrS !== null);
  const published = ({ outage }: Predicted): number => (sightOf(outage).publishedEtrS! - outage.firstSeenS) / 60;
  return {
    slice: name,
    scores: [
      scoreOf('model', rows, (p) => p.p50),
      scoreOf('constant', rows, () => constant),
      scoreOf('hourly median', rows, hourly),
      ...(own.length > 0
        ? [scoreOf('published', own, published), scoreOf('model where published', own, (p) => p.p50)]
        : []),
    ],
    p90_coverage: mean(rows, (p) => (minutesOf(p.outage).middle <= p.p90 ? 1 : 0)),
    pinball_p90_min: mean(rows, (p) => pinball(minutesOf(p.outage).middle - p.p90, 0.9)),
    p90_margin_min: mean(rows, (p) => p.p90 - p.p50),
  };
}

const pinball = (late: number, quantile: number): number => (late > 0 ? quantile * late : (quantile - 1) * late);

function scoreOf(who: string, rows: Predicted[], promise: (one: Predicted) => number): Score {
  const off = rows.map((one) => promise(one) - minutesOf(one.outage).middle);
  return {
    who,
    n: rows.length,
    mae_min: mean(off, Math.abs),
    median_abs_min: round(median(off.map(Math.abs))),
    bias_min: mean(off, (error) => error),
    late_share: mean(off, (error) => (error < 0 ? 1 : 0)),
    pinball_p50_min: mean(off, (error) => pinball(-error, 0.5)),
  };
}

/** Days (UTC) with more customers newly out than the threshold the model learned. */
function stormDaysOf(rows: readonly Predicted[], customers: number): Set<string> {
  const days = new Map<string, number>();
  for (const { outage } of rows) {
    const day = dayOf(outage.firstSeenS);
    days.set(day, (days.get(day) ?? 0) + outage.customers);
  }
  return new Set([...days].filter(([, count]) => count > customers).map(([day]) => day));
}

const dayOf = (atS: number): string => new Date(atS * 1000).toISOString().slice(0, 10);
const isoOf = (atS: number): string => (Number.isFinite(atS) ? new Date(atS * 1000).toISOString() : '-');
const orElse = (value: number | null, other: number): number =>
  value !== null && Number.isFinite(value) ? value : other;
const round = (value: number): number => Math.round(value * 10_000) / 10_000;
function mean<T>(rows: readonly T[], of: (row: T) => number): number {
  return rows.length === 0 ? 0 : round(rows.reduce((sum, row) => sum + of(row), 0) / rows.length);
}
