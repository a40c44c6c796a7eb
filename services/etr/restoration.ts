/** What the runs of a simulation say together: quantiles of every outage, and the curve of customers without supply. */
import { quantileOf } from './quantiles.ts';
import type { OpenJob, SimulationSettings } from './simulation.ts';

export interface OutageForecast {
  id: string;
  /** UTC epoch seconds; null where no crew serves the area */
  p50S: number | null;
  p90S: number | null;
}

export interface Restoration {
  nowS: number;
  outages: OutageForecast[];
  /** customers without supply over time: the median run of each moment, and the tenth and ninetieth */
  curve: { time_s: number[]; p10: number[]; p50: number[]; p90: number[] };
  /** mean over the runs, within the horizon */
  customer_minutes: number;
  /** when the last customer is back; null beyond the horizon or where somebody is not served */
  all_back_p50_s: number | null;
  all_back_p90_s: number | null;
  not_served: string[];
}

/** @param ends of each outage in each run, UTC epoch seconds; infinite where it is not served */
export function summary(
  jobs: readonly OpenJob[],
  ends: readonly Float64Array[],
  nowS: number,
  settings: SimulationSettings,
): Restoration {
  const { runs, stepMin, horizonH } = settings;
  const horizonS = nowS + horizonH * 3600;
  const outages = jobs.map(({ id }, row): OutageForecast => {
    const sorted = ends[row].toSorted();
    const at = (q: number): number | null => {
      const value = quantileOf(sorted, q);
      return Number.isFinite(value) ? Math.round(value) : null;
    };
    return { id, p50S: at(0.5), p90S: at(0.9) };
  });
  const last = new Float64Array(runs);
  let minutes = 0;
  for (let run = 0; run < runs; run++)
    for (let row = 0; row < jobs.length; row++) {
      last[run] = Math.max(last[run], ends[row][run]);
      minutes += (jobs[row].customers * (Math.min(ends[row][run], horizonS) - nowS)) / 60 / runs;
    }
  last.sort();
  const allBack = (q: number): number | null =>
    jobs.length > 0 && Number.isFinite(quantileOf(last, q)) ? Math.round(quantileOf(last, q)) : null;
  return {
    nowS,
    outages,
    curve: curveOf(
      jobs,
      ends,
      nowS,
      stepMin * 60,
      Math.min(horizonS, Number.isFinite(quantileOf(last, 0.92)) ? quantileOf(last, 0.92) : horizonS),
      runs,
    ),
    customer_minutes: Math.round(minutes),
    all_back_p50_s: allBack(0.5),
    all_back_p90_s: allBack(0.9),
    not_served: jobs.filter((_, row) => !ends[row].some(Number.isFinite)).map(({ id }) => id),
  };
}

function curveOf(
  jobs: readonly OpenJob[],
  ends: readonly Float64Array[],
  nowS: number,
  stepS: number,
  untilS: number,
  runs: number,
): Restoration['curve'] {
  const steps = Math.min(600, Math.ceil((untilS - nowS) / stepS) + 1);
  const back = Array.from({ length: steps }, () => new Float64Array(runs));
  for (let row = 0; row < jobs.length; row++)
    for (let run = 0; run < runs; run++) {
      const step = Math.ceil((ends[row][run] - nowS) / stepS);
      if (step < steps) back[Math.max(0, step)][run] += jobs[row].customers;
    }
  const out = new Float64Array(runs).fill(jobs.reduce((sum, { customers }) => sum + customers, 0));
  const curve: Restoration['curve'] = { time_s: [], p10: [], p50: [], p90: [] };
  for (let step = 0; step < steps; step++) {
    for (let run = 0; run < runs; run++) out[run] -= back[step][run];
    const sorted = out.toSorted();
    curve.time_s.push(nowS + step * stepS);
    curve.p10.push(quantileOf(sorted, 0.1));
    curve.p50.push(quantileOf(sorted, 0.5));
    curve.p90.push(quantileOf(sorted, 0.9));
  }
  return curve;
}
