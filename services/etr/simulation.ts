/**
 * Restoration of everything that is out, with the crews there are: crews take what brings back most, drive, assess and
 * repair; each run draws other durations. Quantiles over the runs are the ETRs, their sum over customers is the curve.
 * Pure: the moment, the crews and the random source are given, the same input gives the same answer.
 */
import type { Spread } from './durations.ts';
import { type Restoration, summary } from './restoration.ts';
import { makeRuns, type RunVisit } from './runs.ts';

/** An outage as the simulation needs it. Times are UTC epoch seconds. */
export interface OpenJob {
  id: string;
  area: string;
  lat: number;
  lon: number;
  customers: number;
  critical: number;
  /** of the device: names the repair times */
  kind: string;
  /** a crew's or an operator's promise: the work is over then, whatever the draw says */
  promisedS: number | null;
  /** crew that has it, and how far it is */
  crew: string | null;
  stage: 'waiting' | 'en_route' | 'on_site';
  stageSinceS: number;
}

export interface CrewFact {
  id: string;
  /** works there; null = everywhere */
  area: string | null;
  lat: number;
  lon: number;
  /** on duty from, until; the next duty begins `restH` later and is as long again as `shiftH` */
  onDutyS: number;
  offDutyS: number;
}

export interface SimulationSettings {
  speedKmh: number;
  /** roads are longer than the air line */
  detour: number;
  assess: Spread;
  /** by kind of device; `other` for the rest */
  repair: Record<string, Spread>;
  shiftH: number;
  restH: number;
  /** a critical customer counts as so many */
  criticalWeight: number;
  /** area whose own crews are all busy may be served by others */
  mutualAid: boolean;
  runs: number;
  /** curve points */
  stepMin: number;
  horizonH: number;
}

/** Assumptions to start with; a center with history of its own replaces `repair` by what its crews took. */
export const simulationDefaults: SimulationSettings = {
  speedKmh: 40,
  detour: 1.3,
  assess: { p50: 20, p90: 50 },
  repair: {
    service_point: { p50: 35, p90: 110 },
    power_transformer: { p50: 110, p90: 260 },
    fuse: { p50: 50, p90: 150 },
    switch: { p50: 60, p90: 170 },
    sectionalizer: { p50: 60, p90: 180 },
    recloser: { p50: 75, p90: 210 },
    breaker: { p50: 90, p90: 260 },
    line_segment: { p50: 130, p90: 360 },
    other: { p50: 75, p90: 220 },
  },
  shiftH: 16,
  restH: 8,
  criticalWeight: 200,
  mutualAid: false,
  runs: 200,
  stepMin: 15,
  horizonH: 120,
};

/** One stay of a crew at an outage, in one run. */
export interface Visit extends Omit<RunVisit, 'job' | 'worker'> {
  outage: string;
  crew: string;
}

/** Numbers in [0, 1) that belong to an outage, a run and a stage: the same with more crews, so that curves compare. */
export type Draw = (outage: string) => Chance;
export type Chance = (run: number, stage: 'assess' | 'repair') => number;

export function simulate(
  jobs: readonly OpenJob[],
  crews: readonly CrewFact[],
  nowS: number,
  settings: SimulationSettings,
  draw: Draw,
): Restoration {
  const running = simulating(jobs, crews, nowS, settings, draw);
  for (;;) {
    const step = running.next();
    if (step.done) return step.value;
  }
}

/** The same, a run at a time: whoever drives it decides what else gets a turn between them. */
export function* simulating(
  jobs: readonly OpenJob[],
  crews: readonly CrewFact[],
  nowS: number,
  settings: SimulationSettings,
  draw: Draw,
): Generator<void, Restoration> {
  const ends = jobs.map(() => new Float64Array(settings.runs).fill(Number.POSITIVE_INFINITY));
  const chances = jobs.map(({ id }) => draw(id));
  const runs = makeRuns(jobs, crews, nowS, settings);
  for (let run = 0; run < settings.runs; run++) {
    runs.run(
      (job, stage) => chances[job](run, stage),
      (visit) => {
        ends[visit.job][run] = visit.restoredS;
      },
    );
    yield;
  }
  return summary(jobs, ends, nowS, settings);
}

/** The visits of one run: of what crews are at already, then in the order in which they begin. */
export function oneRun(
  jobs: readonly OpenJob[],
  crews: readonly CrewFact[],
  nowS: number,
  settings: SimulationSettings,
  chance: (outage: string, stage: 'assess' | 'repair') => number,
): Visit[] {
  const visits: Visit[] = [];
  makeRuns(jobs, crews, nowS, settings).run(
    (job, stage) => chance(jobs[job].id, stage),
    ({ job, worker, ...visit }) =>
      visits.push({ outage: jobs[job].id, crew: worker < 0 ? (jobs[job].crew ?? '') : crews[worker].id, ...visit }),
  );
  return visits;
}
