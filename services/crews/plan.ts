/**
 * Who goes where: for every need of every open outage the crews that could do it, and one plan over all. Pure.
 *
 * Order of work: critical customers first, then customers per crew-hour. Each need takes in that order the crew that is
 * done first; then crews are exchanged, or one at rest taken instead, as long as customers wait less (sum of customers x
 * minutes until done) and no need of a critical customer waits longer. ADR 0024 says why not an exact assignment.
 */
import type { CrewNeedRow, CrewProposal } from '#model/api/crews.ts';
import { type OutageFact, takesCrew } from './follow.ts';
import { canBeAssigned, hasJobAtHand } from './lifecycle.ts';
import { needsOf, type WorkNeed } from './needs.ts';
import type { CrewRow } from './sql.ts';

export interface PlanSettings {
  /** mean speed on the road */
  kmh: number;
  /** road length over straight line */
  detour: number;
}

export interface PlanContext {
  settings: PlanSettings;
  nowMs: number;
  /** end of the crew's present shift, UTC ms; 0 where it is over; null where none are on file, or it was called in */
  shiftEndOf: (crew: CrewRow) => number | null;
  /** outages that crews have as jobs */
  outageOf: (id: string) => OutageFact | undefined;
  /** true: also needs that a crew takes care of already */
  withServed: boolean;
}

interface Task {
  outage: OutageFact;
  need: WorkNeed;
  isCritical: boolean;
  perCrewHour: number;
  /** by crew number: minutes from now until it would be done, Infinity where it can not go */
  done: Float64Array;
  /** crew number, -1 where none is left */
  chosen: number;
}

const minuteMs = 60_000;
/** A position older than this is told beside the estimate. */
const oldPositionMs = 30 * minuteMs;
const listed = 5;
const nobody: readonly number[] = [];
/** Differences below a customer-second are rounding: they would be exchanged for ever. */
const leastGain = 1 / 60;

/** Great circle, kilometres. */
export function kmBetween(lonA: number, latA: number, lonB: number, latB: number): number {
  const rad = Math.PI / 180;
  const h =
    Math.sin(((latB - latA) * rad) / 2) ** 2 +
    Math.cos(latA * rad) * Math.cos(latB * rad) * Math.sin(((lonB - lonA) * rad) / 2) ** 2;
  return 12_742 * Math.asin(Math.min(1, Math.sqrt(h)));
}

export function planFor(
  given: readonly CrewRow[],
  outages: readonly OutageFact[],
  context: PlanContext,
): CrewNeedRow[] {
  // numbers stand for crews from here on; in order of their ids, so that ties are decided alike every time
  const crews = [...given].sort((a, b) => (a.crew_id < b.crew_id ? -1 : 1));
  const facts = crews.map((crew) => factOf(crew, context));
  const crewsAt = new Map<string, number[]>();
  crews.forEach((crew, c) => {
    for (const { outage_id: id } of crew.jobs) crewsAt.set(id, [...(crewsAt.get(id) ?? nobody), c]);
  });
  const tasks: Task[] = [];
  for (const outage of outages) {
    if (!takesCrew(outage.state)) continue;
    const there = crewsAt.get(outage.id) ?? nobody;
    for (const need of needsOf(outage)) {
      if (!context.withServed && there.some((c) => hasSkills(crews[c], need))) continue;
      const done = new Float64Array(crews.length).fill(Number.POSITIVE_INFINITY);
      for (let c = 0; c < crews.length; c++)
        if (facts[c].isReady && !there.includes(c) && hasSkills(crews[c], need))
          done[c] = doneMinutes(facts[c], outage, need, context.settings);
      const first = best(done);
      const hours = (first < 0 ? need.workMinutes : done[first] - facts[first].busyMinutes) / 60;
      const perCrewHour = outage.customers_out / hours;
      tasks.push({ outage, need, isCritical: outage.critical_out > 0, perCrewHour, done, chosen: -1 });
    }
  }
  tasks.sort(
    (a, b) =>
      Number(b.isCritical) - Number(a.isCritical) ||
      b.perCrewHour - a.perCrewHour ||
      (a.outage.id < b.outage.id ? -1 : a.outage.id > b.outage.id ? 1 : 0),
  );
  const isTaken = new Uint8Array(crews.length);
  // an exchange may leave a crew free that a need without one could use
  while (chooseInOrder(tasks, isTaken))
    exchange(
      tasks.filter((task) => task.chosen >= 0),
      isTaken,
    );
  return tasks.map((task, i) => rowOf(task, i + 1, crews, facts, context));
}

/** @returns whether a need without a crew got one */
function chooseInOrder(tasks: readonly Task[], isTaken: Uint8Array): boolean {
  let found = false;
  for (const task of tasks) {
    if (task.chosen >= 0) continue;
    task.chosen = best(task.done, isTaken);
    if (task.chosen < 0) continue;
    isTaken[task.chosen] = 1;
    found = true;
  }
  return found;
}

/** What of a crew is the same for every outage. */
interface CrewFact {
  isReady: boolean;
  lon: number;
  lat: number;
  busyMinutes: number;
  /** minutes from now; null where it has no end */
  endMinutes: number | null;
}

function factOf(crew: CrewRow, context: PlanContext): CrewFact {
  const [lon, lat] = placeOf(crew);
  const endMs = context.shiftEndOf(crew);
  return {
    isReady: canBeAssigned(crew.status) && crew.status !== 'on_break',
    ...{ lon, lat },
    busyMinutes: minutesOfWork(crew, context),
    endMinutes: endMs === null ? null : (endMs - context.nowMs) / minuteMs,
  };
}

/** Infinity where it would be done after the end of its shift. */
function doneMinutes(crew: CrewFact, outage: OutageFact, need: WorkNeed, settings: PlanSettings): number {
  const done = crew.busyMinutes + driveMinutes(crew.lon, crew.lat, outage, settings) + need.workMinutes;
  return crew.endMinutes !== null && done > crew.endMinutes ? Number.POSITIVE_INFINITY : done;
}

/** Number of the crew that is done first, -1 where none can go. */
function best(done: Float64Array, without?: Uint8Array): number {
  let found = -1;
  for (let c = 0; c < done.length; c++)
    if (done[c] < (found < 0 ? Number.POSITIVE_INFINITY : done[found]) && !without?.[c]) found = c;
  return found;
}

function hasSkills(crew: CrewRow, need: WorkNeed): boolean {
  return need.skills.every((skill) => crew.skills.includes(skill));
}

/** Minutes until what a crew has now is done. A job whose outage is not in sight counts as the shortest there is. */
function minutesOfWork(crew: CrewRow, { settings, outageOf }: PlanContext): number {
  let minutes = 0;
  let [lon, lat] = placeOf(crew);
  crew.jobs.forEach((job, i) => {
    const outage = outageOf(job.outage_id);
    if (!outage) {
      minutes += 45;
      return;
    }
    const need = needsOf(outage).find((one) => hasSkills(crew, one)) ?? needsOf(outage)[0];
    const isThere = i === 0 && hasJobAtHand(crew.status) && crew.status === 'on_site';
    // a job that is under way is taken as half done
    minutes += isThere ? need.workMinutes / 2 : driveMinutes(lon, lat, outage, settings) + need.workMinutes;
    [lon, lat] = [outage.lon, outage.lat];
  });
  return minutes;
}

function placeOf(crew: CrewRow): [number, number] {
  return crew.lon !== null && crew.lat !== null ? [crew.lon, crew.lat] : [crew.home_lon, crew.home_lat];
}

function driveMinutes(lon: number, lat: number, to: OutageFact, { kmh, detour }: PlanSettings): number {
  return (kmBetween(lon, lat, to.lon, to.lat) * detour * 60) / kmh;
}

/** What is told of a crew that can go. */
function proposalOf(crew: CrewRow, fact: CrewFact, { outage, need }: Task, context: PlanContext): CrewProposal {
  const { settings, nowMs } = context;
  const drive = driveMinutes(fact.lon, fact.lat, outage, settings);
  const km = (drive * settings.kmh) / 60;
  const done = fact.busyMinutes + drive + need.workMinutes;
  const round = (value: number): number => Math.round(value * 10) / 10;
  const spare = fact.endMinutes === null ? null : round(fact.endMinutes - done);
  const noEnd = crew.shifts.length === 0 ? 'no shift on file' : 'called in outside its shift';
  const reasons = [
    `has ${need.skills.join(' and ')}`,
    `${round(km)} km, about ${Math.round(drive)} min at ${settings.kmh} km/h`,
    fact.busyMinutes > 0
      ? `${crew.jobs.length} job${crew.jobs.length > 1 ? 's' : ''} before, about ${Math.round(fact.busyMinutes)} min`
      : 'free now',
    spare === null ? noEnd : `shift ends ${Math.floor(spare / 60)} h ${Math.floor(spare % 60)} min after`,
  ];
  if (crew.position_at === null) reasons.push('no position: counted from its base');
  else if (nowMs - crew.position_at.getTime() > oldPositionMs)
    reasons.push(`its position is ${Math.round((nowMs - crew.position_at.getTime()) / minuteMs)} min old`);
  return {
    crew_id: crew.crew_id,
    crew_name: crew.name,
    crew_revision: crew.revision,
    km: round(km),
    busy_minutes: round(fact.busyMinutes),
    drive_minutes: round(drive),
    work_minutes: need.workMinutes,
    arrives_at: new Date(nowMs + (fact.busyMinutes + drive) * minuteMs).toISOString(),
    // never later than it is: a shift that ends in this millisecond is not over
    done_at: new Date(Math.floor(nowMs + done * minuteMs)).toISOString(),
    spare_minutes: spare,
    reasons,
  };
}

const weightOf = (task: Task): number => Math.max(1, task.outage.customers_out);

/** Each exchange makes the sum smaller, so it ends. */
function exchange(tasks: readonly Task[], isTaken: Uint8Array): void {
  const mayGo = (task: Task, crew: number): boolean =>
    task.done[crew] < Number.POSITIVE_INFINITY && !(task.isCritical && task.done[crew] > task.done[task.chosen]);
  for (let changed = true; changed; ) {
    changed = false;
    for (const [i, task] of tasks.entries()) {
      for (let k = i + 1; k < tasks.length; k++) {
        const other = tasks[k];
        if (!mayGo(task, other.chosen) || !mayGo(other, task.chosen)) continue;
        const gain =
          weightOf(task) * (task.done[task.chosen] - task.done[other.chosen]) +
          weightOf(other) * (other.done[other.chosen] - other.done[task.chosen]);
        if (gain < leastGain) continue;
        [task.chosen, other.chosen] = [other.chosen, task.chosen];
        changed = true;
      }
      const rested = best(task.done, isTaken);
      if (rested < 0 || weightOf(task) * (task.done[task.chosen] - task.done[rested]) < leastGain) continue;
      isTaken[task.chosen] = 0;
      isTaken[rested] = 1;
      task.chosen = rested;
      changed = true;
    }
  }
}

function rowOf(
  task: Task,
  priority: number,
  crews: readonly CrewRow[],
  facts: readonly CrewFact[],
  context: PlanContext,
): CrewNeedRow {
  const { outage, need, isCritical, perCrewHour, done, chosen } = task;
  const rate = `${perCrewHour.toFixed(perCrewHour < 10 ? 1 : 0)} customers per crew-hour`;
  const proposal = (c: number): CrewProposal => proposalOf(crews[c], facts[c], task, context);
  const others: number[] = [];
  const isListed = new Uint8Array(crews.length);
  if (chosen >= 0) isListed[chosen] = 1;
  for (let c = best(done, isListed); c >= 0 && others.length < listed; c = best(done, isListed)) {
    others.push(c);
    isListed[c] = 1;
  }
  return {
    outage_id: outage.id,
    area_id: outage.area_id,
    device_id: outage.device_id,
    device_kind: outage.device_kind,
    customers_out: outage.customers_out,
    critical_out: outage.critical_out,
    need: need.name,
    skills: need.skills,
    priority,
    why: isCritical ? `${outage.critical_out} critical customer${outage.critical_out === 1 ? '' : 's'}; ${rate}` : rate,
    chosen: chosen < 0 ? null : proposal(chosen),
    none: chosen < 0 ? whyNone(need, done, crews) : null,
    others: others.map(proposal),
  };
}

function whyNone(need: WorkNeed, done: Float64Array, crews: readonly CrewRow[]): string {
  let able = 0;
  for (const minutes of done) if (minutes < Number.POSITIVE_INFINITY) able++;
  if (able > 0) return `all ${able} crews that could go are planned for work that comes first`;
  const skilled = crews.filter((crew) => hasSkills(crew, need));
  if (skilled.length === 0) return `no crew has ${need.skills.join(' and ')}`;
  const ready = skilled.filter((crew) => canBeAssigned(crew.status) && crew.status !== 'on_break');
  if (ready.length === 0)
    return `all ${skilled.length} crews with ${need.skills.join(' and ')} are off shift, on break or out of service`;
  return `no crew with ${need.skills.join(' and ')} would be done before its shift ends`;
}
