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
export const defaultPlanSettings: PlanSettings = { kmh: 40, detour: 1.35 };

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
  candidates: CrewProposal[];
  chosen: CrewProposal | null;
}

const minuteMs = 60_000;
/** A position older than this is told beside the estimate. */
const oldPositionMs = 30 * minuteMs;
const listed = 5;

/** Great circle, kilometres. */
export function kmBetween(lonA: number, latA: number, lonB: number, latB: number): number {
  const rad = Math.PI / 180;
  const h =
    Math.sin(((latB - latA) * rad) / 2) ** 2 +
    Math.cos(latA * rad) * Math.cos(latB * rad) * Math.sin(((lonB - lonA) * rad) / 2) ** 2;
  return 12_742 * Math.asin(Math.min(1, Math.sqrt(h)));
}

export function planFor(
  crews: readonly CrewRow[],
  outages: readonly OutageFact[],
  context: PlanContext,
): CrewNeedRow[] {
  const busyOf = new Map(crews.map((crew) => [crew.crew_id, minutesOfWork(crew, context)]));
  const tasks: Task[] = [];
  for (const outage of outages) {
    if (!takesCrew(outage.state)) continue;
    const there = crews.filter((crew) => crew.jobs.some((job) => job.outage_id === outage.id));
    for (const need of needsOf(outage)) {
      if (!context.withServed && there.some((crew) => hasSkills(crew, need))) continue;
      const candidates = crews
        .filter((crew) => !there.includes(crew))
        .map((crew) => proposalOf(crew, outage, need, busyOf.get(crew.crew_id)!, context))
        .filter((proposal) => proposal !== null)
        .sort(byEnd);
      const hours =
        candidates.length > 0 ? (candidates[0].drive_minutes + need.workMinutes) / 60 : need.workMinutes / 60;
      const perCrewHour = outage.customers_out / hours;
      tasks.push({ outage, need, isCritical: outage.critical_out > 0, perCrewHour, candidates, chosen: null });
    }
  }
  tasks.sort(
    (a, b) =>
      Number(b.isCritical) - Number(a.isCritical) ||
      b.perCrewHour - a.perCrewHour ||
      (a.outage.id < b.outage.id ? -1 : a.outage.id > b.outage.id ? 1 : 0),
  );
  chooseInOrder(tasks);
  exchange(tasks);
  return tasks.map((task, i) => rowOf(task, i + 1, crews));
}

const byEnd = (a: CrewProposal, b: CrewProposal): number =>
  Date.parse(a.done_at) - Date.parse(b.done_at) || (a.crew_id < b.crew_id ? -1 : 1);

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

/** Null where the crew can not: skill, status, or the end of its shift. */
function proposalOf(
  crew: CrewRow,
  outage: OutageFact,
  need: WorkNeed,
  busyMinutes: number,
  { settings, nowMs, shiftEndOf }: PlanContext,
): CrewProposal | null {
  if (!canBeAssigned(crew.status) || crew.status === 'on_break' || !hasSkills(crew, need)) return null;
  // a busy crew starts from its last job; near enough to its present place for an estimate
  const [lon, lat] = placeOf(crew);
  const km = kmBetween(lon, lat, outage.lon, outage.lat) * settings.detour;
  const drive = (km * 60) / settings.kmh;
  const arrivesMs = nowMs + (busyMinutes + drive) * minuteMs;
  const doneMs = arrivesMs + need.workMinutes * minuteMs;
  const endMs = shiftEndOf(crew);
  if (endMs !== null && doneMs > endMs) return null;
  const round = (value: number): number => Math.round(value * 10) / 10;
  const spare = endMs === null ? null : round((endMs - doneMs) / minuteMs);
  const reasons = [
    `has ${need.skills.join(' and ')}`,
    `${round(km)} km, about ${Math.round(drive)} min at ${settings.kmh} km/h`,
    busyMinutes > 0
      ? `${crew.jobs.length} job${crew.jobs.length > 1 ? 's' : ''} before, about ${Math.round(busyMinutes)} min`
      : 'free now',
    spare === null
      ? crew.shifts.length === 0
        ? 'no shift on file'
        : 'called in outside its shift'
      : `shift ends ${Math.floor(spare / 60)} h ${Math.floor(spare % 60)} min after`,
  ];
  if (crew.position_at === null) reasons.push('no position: counted from its base');
  else if (nowMs - crew.position_at.getTime() > oldPositionMs)
    reasons.push(`its position is ${Math.round((nowMs - crew.position_at.getTime()) / minuteMs)} min old`);
  return {
    crew_id: crew.crew_id,
    crew_name: crew.name,
    crew_revision: crew.revision,
    km: round(km),
    busy_minutes: round(busyMinutes),
    drive_minutes: round(drive),
    work_minutes: need.workMinutes,
    arrives_at: new Date(arrivesMs).toISOString(),
    done_at: new Date(doneMs).toISOString(),
    spare_minutes: spare,
    reasons,
  };
}

function chooseInOrder(tasks: readonly Task[]): void {
  const taken = new Set<string>();
  for (const task of tasks) {
    task.chosen = task.candidates.find(({ crew_id }) => !taken.has(crew_id)) ?? null;
    if (task.chosen) taken.add(task.chosen.crew_id);
  }
}

const cost = (task: Task, proposal: CrewProposal): number =>
  Math.max(1, task.outage.customers_out) * (Date.parse(proposal.done_at) / minuteMs);

/** Each exchange makes the sum smaller, so it ends. */
function exchange(tasks: readonly Task[]): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const task of tasks) {
      for (const other of tasks) {
        if (other === task || !task.chosen || !other.chosen) continue;
        const mine = task.candidates.find(({ crew_id }) => crew_id === other.chosen!.crew_id);
        const theirs = other.candidates.find(({ crew_id }) => crew_id === task.chosen!.crew_id);
        if (!mine || !theirs || isLaterForCritical(task, mine) || isLaterForCritical(other, theirs)) continue;
        const gain = cost(task, task.chosen) + cost(other, other.chosen) - cost(task, mine) - cost(other, theirs);
        // differences below a customer-second are rounding: they would swap for ever
        if (gain < 1 / 60) continue;
        [task.chosen, other.chosen] = [mine, theirs];
        changed = true;
      }
      const taken = new Set(tasks.map(({ chosen }) => chosen?.crew_id));
      const better = task.chosen && task.candidates.find(({ crew_id }) => !taken.has(crew_id));
      if (better && cost(task, task.chosen!) - cost(task, better) >= 1 / 60) {
        task.chosen = better;
        changed = true;
      }
    }
  }
}

function isLaterForCritical(task: Task, proposal: CrewProposal): boolean {
  return task.isCritical && Date.parse(proposal.done_at) > Date.parse(task.chosen!.done_at);
}

function rowOf(
  { outage, need, isCritical, perCrewHour, candidates, chosen }: Task,
  priority: number,
  crews: readonly CrewRow[],
): CrewNeedRow {
  const rate = `${perCrewHour.toFixed(perCrewHour < 10 ? 1 : 0)} customers per crew-hour`;
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
    chosen,
    none: chosen ? null : whyNone(need, candidates, crews),
    others: candidates.filter((one) => one.crew_id !== chosen?.crew_id).slice(0, listed),
  };
}

function whyNone(need: WorkNeed, candidates: readonly CrewProposal[], crews: readonly CrewRow[]): string {
  if (candidates.length > 0)
    return `all ${candidates.length} crews that could go are planned for work that comes first`;
  const skilled = crews.filter((crew) => hasSkills(crew, need));
  if (skilled.length === 0) return `no crew has ${need.skills.join(' and ')}`;
  const ready = skilled.filter((crew) => canBeAssigned(crew.status) && crew.status !== 'on_break');
  if (ready.length === 0)
    return `all ${skilled.length} crews with ${need.skills.join(' and ')} are off shift, on break or out of service`;
  return `no crew with ${need.skills.join(' and ')} would be done before its shift ends`;
}
