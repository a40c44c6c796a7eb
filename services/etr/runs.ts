/**
 * The runs of a simulation, as columns: two hundred of them over thousands of outages and hundreds of crews are made
 * every half minute of a storm. What does not depend on the draws is made once. No object per outage and run.
 */
import { minutesOf, repairOf, sigmaOf } from './durations.ts';
import type { CrewFact, OpenJob, SimulationSettings } from './simulation.ts';

/** One stay of a crew at an outage: rows of the jobs and the crews given; -1 where nobody of the roster has it. */
export interface RunVisit {
  job: number;
  worker: number;
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

export interface Runs {
  run(chance: (job: number, stage: 'assess' | 'repair') => number, visited: (visit: RunVisit) => void): void;
}

/** So many of the most worthy outages are weighed with their way; the rest wait. */
const lookAhead = 24;
const none = -1;

export function makeRuns(
  jobs: readonly OpenJob[],
  crews: readonly CrewFact[],
  nowS: number,
  settings: SimulationSettings,
): Runs {
  const { assess, detour, speedKmh, shiftH, restH, horizonH, mutualAid } = settings;
  const assessSigma = sigmaOf(assess);
  const repairP50 = Float64Array.from(jobs, (job) => repairOf(job, settings).p50);
  const repairSigma = Float64Array.from(jobs, (job) => sigmaOf(repairOf(job, settings)));
  const weight = Float64Array.from(
    jobs,
    ({ customers, critical }) => Math.max(1, customers) + settings.criticalWeight * critical,
  );
  const workHours = repairP50.map((minutes) => (assess.p50 + minutes) / 60);
  /** Customers brought back per crew-hour, critical ones weighted. */
  const worthOf = (job: number, driveS: number): number => weight[job] / (driveS / 3600 + workHours[job]);
  const worthAtOnce = weight.map((_, job) => worthOf(job, 0));
  const placeOfJob = placesOf(jobs);
  const placeOfCrew = placesOf(crews);

  const crewRow = new Map(crews.map(({ id }, row) => [id, row]));
  const atHand: { job: number; worker: number }[] = [];
  const waitingAtFirst: number[] = [];
  jobs.forEach(({ stage, crew, promisedS }, job) => {
    // where nobody of the roster has it, it is done by whoever does it, from where it stands
    if (promisedS !== null || stage !== 'waiting')
      atHand.push({ job, worker: stage === 'waiting' ? none : (crewRow.get(crew ?? '') ?? none) });
    else waitingAtFirst.push(job);
  });
  waitingAtFirst.sort((a, b) => worthAtOnce[b] - worthAtOnce[a] || (jobs[a].id < jobs[b].id ? -1 : 1));
  // One chain over all that wait, one for each area, the most worthy first: taking one out touches its neighbours only.
  const areas = [...new Set(jobs.map(({ area }) => area))];
  const areaRow = new Map(areas.map((area, row) => [area, row]));
  const areaOfJob = jobs.map(({ area }) => areaRow.get(area)!);
  const everybody = makeChain(jobs.length, waitingAtFirst);
  const chains = areas.map((_, row) =>
    makeChain(
      jobs.length,
      waitingAtFirst.filter((job) => areaOfJob[job] === row),
    ),
  );
  const nobody = makeChain(0, []);
  const chainOf = crews.map(({ area }) => (area === null ? everybody : (chains[areaRow.get(area) ?? none] ?? nobody)));
  const ready = crews.map((crew) => dutyOf(crew, nowS, settings));

  // Of the run that is made.
  const freeS = new Float64Array(crews.length);
  const offS = new Float64Array(crews.length);
  const turns = new Int32Array(crews.length);
  /** job it stands at; -1 where it still is at its own place */
  const at = new Int32Array(crews.length);

  function kmTo(worker: number, job: number): number {
    return at[worker] < 0
      ? kmBetween(placeOfCrew, worker, placeOfJob, job)
      : kmBetween(placeOfJob, at[worker], placeOfJob, job);
  }

  /** Work that has begun is finished; a crew beyond its duty then rests. */
  function finish(worker: number, job: number, atS: number): void {
    at[worker] = job;
    if (atS >= offS[worker]) rest(worker, atS);
    else freeS[worker] = atS;
  }
  function rest(worker: number, fromS: number): void {
    freeS[worker] = fromS + restH * 3600;
    offS[worker] = freeS[worker] + shiftH * 3600;
  }

  /** What a crew or a person is at already: its stages go on, those behind it are over. */
  function goOn(job: number, worker: number, chance: (job: number, stage: 'assess' | 'repair') => number): RunVisit {
    const { stage, stageSinceS, promisedS } = jobs[job];
    const driveKm = worker >= 0 && stage === 'en_route' ? kmTo(worker, job) * detour : 0;
    const arrivesS = stage === 'on_site' ? stageSinceS : nowS + (driveKm / speedKmh) * 3600;
    const assessMin = stage === 'on_site' ? assess.p50 : minutesOf(assess.p50, assessSigma, chance(job, 'assess'), 0);
    const assessedS = arrivesS + 60 * assessMin;
    const workedMin = Math.max(0, (nowS - assessedS) / 60);
    const drawnS = assessedS + 60 * minutesOf(repairP50[job], repairSigma[job], chance(job, 'repair'), workedMin);
    // a promise: the work is over then, whatever the draw says
    const restoredS = Math.max(nowS + 60, promisedS ?? drawnS);
    const turn = worker < 0 ? 1 : ++turns[worker];
    if (worker >= 0) finish(worker, job, restoredS);
    const beginsS = Math.min(nowS, stageSinceS);
    return {
      ...{ job, worker, turn, beginsS, arrivesS, assessedS, restoredS, driveKm },
      ...{ worth: worthAtOnce[job], waiting: 0 },
    };
  }

  /** A heap: the crew that is free first on top, the first of the roster where two are. */
  const queue = Int32Array.from(crews, (_, worker) => worker);
  const isSooner = (a: number, b: number): boolean => freeS[a] < freeS[b] || (freeS[a] === freeS[b] && a < b);
  function sink(from: number): void {
    const worker = queue[from];
    let place = from;
    for (let child = 2 * place + 1; child < queue.length; child = 2 * place + 1) {
      if (child + 1 < queue.length && isSooner(queue[child + 1], queue[child])) child++;
      if (!isSooner(queue[child], worker)) break;
      queue[place] = queue[child];
      place = child;
    }
    queue[place] = worker;
  }

  /** The most worthy of those it may take, its way counted; -1 where there is none. */
  function choose(worker: number): number {
    const first = chosenOf(worker, chainOf[worker]);
    return first < 0 && mutualAid && chainOf[worker] !== everybody ? chosenOf(worker, everybody) : first;
  }
  function chosenOf(worker: number, { next }: Chain): number {
    let [best, bestWorth] = [none, -1];
    let job = next[next.length - 1];
    for (let seen = 0; job >= 0 && seen < lookAhead; seen++, job = next[job]) {
      // no way makes one worth more, nor any of those behind it
      if (worthAtOnce[job] <= bestWorth) break;
      const worth = worthOf(job, ((kmTo(worker, job) * detour) / speedKmh) * 3600);
      if (worth > bestWorth) [best, bestWorth] = [job, worth];
    }
    return best;
  }

  return {
    run: (chance, visited) => {
      ready.forEach((duty, worker) => {
        freeS[worker] = duty.freeS;
        offS[worker] = duty.offS;
      });
      turns.fill(0);
      at.fill(none);
      for (const chain of [everybody, ...chains]) chain.begin();
      for (const { job, worker } of atHand) visited(goOn(job, worker, chance));
      for (let place = (queue.length >> 1) - 1; place >= 0; place--) sink(place);
      for (let waiting = waitingAtFirst.length; waiting > 0 && queue.length > 0; sink(0)) {
        const worker = queue[0];
        if (freeS[worker] > nowS + horizonH * 3600) return;
        const job = choose(worker);
        if (job < 0) {
          freeS[worker] = Number.POSITIVE_INFINITY;
          continue;
        }
        const driveKm = kmTo(worker, job) * detour;
        const driveS = (driveKm / speedKmh) * 3600;
        // Nobody begins what is not expected to end within the duty, unless the duty has only begun.
        const expectedS = driveS + 60 * (assess.p50 + repairP50[job]);
        if (freeS[worker] + expectedS > offS[worker] && freeS[worker] > offS[worker] - shiftH * 3600) {
          rest(worker, offS[worker]);
          continue;
        }
        everybody.remove(job);
        chains[areaOfJob[job]].remove(job);
        waiting--;
        const beginsS = freeS[worker];
        const arrivesS = beginsS + driveS;
        const assessedS = arrivesS + 60 * minutesOf(assess.p50, assessSigma, chance(job, 'assess'), 0);
        const restoredS = assessedS + 60 * minutesOf(repairP50[job], repairSigma[job], chance(job, 'repair'), 0);
        const worth = worthOf(job, driveS);
        const turn = ++turns[worker];
        visited({ job, worker, turn, beginsS, arrivesS, assessedS, restoredS, driveKm, worth, waiting });
        finish(worker, job, restoredS);
      }
    },
  };
}

/** When the crew is free for the first time, and until when its duty lasts then. */
function dutyOf(crew: CrewFact, nowS: number, { shiftH, restH }: SimulationSettings): { freeS: number; offS: number } {
  let [onS, offS] = [crew.onDutyS, crew.offDutyS];
  while (offS <= nowS) {
    onS = offS + restH * 3600;
    offS = onS + shiftH * 3600;
  }
  return { freeS: Math.max(nowS, onS), offS };
}

interface Chain {
  /** job behind each job, -1 behind the last; the first is at the end of the column */
  next: Int32Array;
  begin(): void;
  remove(job: number): void;
}

function makeChain(count: number, order: readonly number[]): Chain {
  const nextAtFirst = new Int32Array(count + 1).fill(none);
  const beforeAtFirst = new Int32Array(count + 1).fill(none);
  let last = count;
  for (const job of order) {
    nextAtFirst[last] = job;
    beforeAtFirst[job] = last;
    last = job;
  }
  const next = nextAtFirst.slice();
  const before = beforeAtFirst.slice();
  return {
    next,
    begin: () => {
      next.set(nextAtFirst);
      before.set(beforeAtFirst);
    },
    remove: (job) => {
      next[before[job]] = next[job];
      if (next[job] >= 0) before[next[job]] = before[job];
    },
  };
}

/** Places with the sine and cosine of half their latitude, from which that of a mean latitude is two products. */
interface Places {
  lat: Float64Array;
  lon: Float64Array;
  halfCos: Float64Array;
  halfSin: Float64Array;
}

const radians = Math.PI / 180;

function placesOf(places: readonly { lat: number; lon: number }[]): Places {
  return {
    lat: Float64Array.from(places, ({ lat }) => lat),
    lon: Float64Array.from(places, ({ lon }) => lon),
    halfCos: Float64Array.from(places, ({ lat }) => Math.cos((lat / 2) * radians)),
    halfSin: Float64Array.from(places, ({ lat }) => Math.sin((lat / 2) * radians)),
  };
}

/** Kilometres on the sphere, flat enough for a territory. */
function kmBetween(a: Places, i: number, b: Places, j: number): number {
  const north = (b.lat[j] - a.lat[i]) * 111.2;
  const east = (b.lon[j] - a.lon[i]) * 111.2 * (a.halfCos[i] * b.halfCos[j] - a.halfSin[i] * b.halfSin[j]);
  return Math.sqrt(north * north + east * east);
}

export const distanceKm = (a: { lat: number; lon: number }, b: { lat: number; lon: number }): number =>
  kmBetween(placesOf([a]), 0, placesOf([b]), 0);
