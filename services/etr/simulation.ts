/**
 * Restoration of everything that is out, with the crews there are: crews take what brings back most, drive, assess and
 * repair; each run draws other durations. Quantiles over the runs are the ETRs, their sum over customers is the curve.
 * Pure: the moment, the crews and the random source are given, the same input gives the same answer.
 */
import { normalAt, normalShare } from './quantiles.ts';
import { type Restoration, summary } from './restoration.ts';

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

export interface Spread {
  /** minutes */
  p50: number;
  p90: number;
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
export interface Visit {
  outage: string;
  crew: string;
  /** its place in the order of that crew, 1 = next */
  turn: number;
  beginsS: number;
  arrivesS: number;
  assessedS: number;
  restoredS: number;
  driveKm: number;
  /** customers brought back per crew-hour when it was chosen, critical ones weighted */
  worth: number;
  /** others it was chosen before */
  waiting: number;
}

/** A number in [0, 1) that belongs to a run, an outage and a stage: the same with more crews, so that curves compare. */
export type Draw = (run: number, outage: string, stage: 'assess' | 'repair') => number;

interface Worker {
  id: string;
  area: string | null;
  lat: number;
  lon: number;
  freeS: number;
  offS: number;
  turns: number;
}

/** So many of the most worthy outages are weighed with their way; the rest wait. */
const lookAhead = 24;

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
  const rows = new Map(jobs.map(({ id }, row) => [id, row]));
  for (let run = 0; run < settings.runs; run++) {
    for (const { outage, restoredS } of oneRun(jobs, crews, nowS, settings, (id, stage) => draw(run, id, stage)))
      ends[rows.get(outage)!][run] = restoredS;
    yield;
  }
  return summary(jobs, ends, nowS, settings);
}

/** The visits of one run, in the order in which they begin. */
export function oneRun(
  jobs: readonly OpenJob[],
  crews: readonly CrewFact[],
  nowS: number,
  settings: SimulationSettings,
  chance: (outage: string, stage: 'assess' | 'repair') => number,
): Visit[] {
  const visits: Visit[] = [];
  const workers = crews.map((crew) => workerOf(crew, nowS, settings));
  const byName = new Map(workers.map((worker) => [worker.id, worker]));
  const waiting: { job: OpenJob; worth: number }[] = [];
  for (const job of jobs) {
    const worker = job.stage === 'waiting' ? undefined : byName.get(job.crew ?? '');
    // where nobody of the roster has it, it is done by whoever does it, from where it stands
    if (job.promisedS !== null || job.stage !== 'waiting')
      visits.push(visitAtHand(job, worker, nowS, settings, chance));
    else waiting.push({ job, worth: worthOf(job, settings, 0) });
  }
  waiting.sort((a, b) => b.worth - a.worth || (a.job.id < b.job.id ? -1 : 1));
  const queue = [...workers];
  while (waiting.length > 0 && queue.length > 0) {
    let next = 0;
    for (let w = 1; w < queue.length; w++) if (queue[w].freeS < queue[next].freeS) next = w;
    const worker = queue[next];
    if (worker.freeS > nowS + settings.horizonH * 3600) break;
    const choice = choose(worker, waiting, settings);
    if (choice < 0) {
      queue.splice(next, 1);
      continue;
    }
    const { job } = waiting[choice];
    const km = distanceKm(worker, job) * settings.detour;
    const driveS = (km / settings.speedKmh) * 3600;
    // Nobody begins what is not expected to end within the duty, unless the duty has only begun.
    const expectedS = driveS + 60 * (settings.assess.p50 + repairOf(job, settings).p50);
    const freshS = worker.offS - settings.shiftH * 3600;
    if (worker.freeS + expectedS > worker.offS && worker.freeS > freshS) {
      worker.freeS = worker.offS + settings.restH * 3600;
      worker.offS = worker.freeS + settings.shiftH * 3600;
      continue;
    }
    waiting.splice(choice, 1);
    const arrivesS = worker.freeS + driveS;
    const assessedS = arrivesS + 60 * minutesDrawn(settings.assess, chance(job.id, 'assess'));
    const restoredS = assessedS + 60 * minutesDrawn(repairOf(job, settings), chance(job.id, 'repair'));
    visits.push({
      outage: job.id,
      crew: worker.id,
      turn: ++worker.turns,
      beginsS: worker.freeS,
      arrivesS,
      assessedS,
      restoredS,
      driveKm: km,
      worth: worthOf(job, settings, driveS),
      waiting: waiting.length,
    });
    finish(worker, job, restoredS, settings);
  }
  return visits;
}

function workerOf(crew: CrewFact, nowS: number, settings: SimulationSettings): Worker {
  let [onS, offS] = [crew.onDutyS, crew.offDutyS];
  while (offS <= nowS) {
    onS = offS + settings.restH * 3600;
    offS = onS + settings.shiftH * 3600;
  }
  return { ...crew, freeS: Math.max(nowS, onS), offS, turns: 0 };
}

/** What a crew or a person is at already: its stages go on, those behind it are over. */
function visitAtHand(
  job: OpenJob,
  worker: Worker | undefined,
  nowS: number,
  settings: SimulationSettings,
  chance: (outage: string, stage: 'assess' | 'repair') => number,
): Visit {
  const km = worker && job.stage === 'en_route' ? distanceKm(worker, job) * settings.detour : 0;
  const arrivesS = job.stage === 'on_site' ? job.stageSinceS : nowS + (km / settings.speedKmh) * 3600;
  const assessMin =
    job.stage === 'on_site' ? settings.assess.p50 : minutesDrawn(settings.assess, chance(job.id, 'assess'));
  const assessedS = arrivesS + 60 * assessMin;
  const workedMin = Math.max(0, (nowS - assessedS) / 60);
  const drawnS = assessedS + 60 * minutesDrawn(repairOf(job, settings), chance(job.id, 'repair'), workedMin);
  const restoredS = Math.max(nowS + 60, job.promisedS !== null ? Math.max(job.promisedS, nowS + 60) : drawnS);
  if (worker) {
    worker.turns++;
    finish(worker, job, restoredS, settings);
  }
  return {
    outage: job.id,
    crew: worker?.id ?? job.crew ?? '',
    turn: worker?.turns ?? 1,
    beginsS: Math.min(nowS, job.stageSinceS),
    arrivesS,
    assessedS,
    restoredS,
    driveKm: km,
    worth: worthOf(job, settings, 0),
    waiting: 0,
  };
}

/** Work that has begun is finished; a crew beyond its duty then rests. */
function finish(worker: Worker, job: OpenJob, atS: number, settings: SimulationSettings): void {
  worker.lat = job.lat;
  worker.lon = job.lon;
  worker.freeS = atS;
  if (atS >= worker.offS) {
    worker.freeS = atS + settings.restH * 3600;
    worker.offS = worker.freeS + settings.shiftH * 3600;
  }
}

/** The most worthy of those it may take, its way counted; -1 where there is none. */
function choose(
  worker: Worker,
  waiting: readonly { job: OpenJob; worth: number }[],
  settings: SimulationSettings,
): number {
  let [best, bestWorth, seen] = [-1, -1, 0];
  for (let pass = 0; pass < (settings.mutualAid && worker.area !== null ? 2 : 1) && best < 0; pass++)
    for (let i = 0; i < waiting.length && seen < lookAhead; i++) {
      const { job } = waiting[i];
      if (pass === 0 && worker.area !== null && job.area !== worker.area) continue;
      seen++;
      const driveS = ((distanceKm(worker, job) * settings.detour) / settings.speedKmh) * 3600;
      const worth = worthOf(job, settings, driveS);
      if (worth > bestWorth) [best, bestWorth] = [i, worth];
    }
  return best;
}

/** Customers brought back per crew-hour, critical ones weighted. */
function worthOf(job: OpenJob, settings: SimulationSettings, driveS: number): number {
  const hours = driveS / 3600 + (settings.assess.p50 + repairOf(job, settings).p50) / 60;
  return (Math.max(1, job.customers) + settings.criticalWeight * job.critical) / hours;
}

const repairOf = ({ kind }: OpenJob, { repair }: SimulationSettings): Spread => repair[kind] ?? repair.other;

/** Log-normal through its P50 and P90, given that it lasts since `workedMin`. */
export function minutesDrawn({ p50, p90 }: Spread, chance: number, workedMin = 0): number {
  const sigma = Math.log(p90 / p50) / normalAt(0.9);
  const outlived = workedMin <= 0 ? 0 : Math.min(0.998, normalShare(Math.log(workedMin / p50) / sigma));
  const probability = outlived + (1 - outlived) * chance;
  return Math.max(workedMin, p50 * Math.exp(sigma * normalAt(Math.max(0.001, Math.min(0.999, probability)))));
}

/** Kilometres on the sphere, flat enough for a territory. */
export function distanceKm(a: { lat: number; lon: number }, b: { lat: number; lon: number }): number {
  const north = (b.lat - a.lat) * 111.2;
  const east = (b.lon - a.lon) * 111.2 * Math.cos(((a.lat + b.lat) / 2) * (Math.PI / 180));
  return Math.hypot(north, east);
}
