/**
 * Outages of who was left over from another one: by the record two outages, for the customer one interruption. The cohorts
 * of both are tied together, so that its length is that of the whole darkness and it is counted once. Pure.
 */
import { type Cohort, cohortsOf, momentaryMs, type StepSpan, tidySteps } from './cohorts.ts';

export interface Nestable {
  id: string;
  /** the outage this one is left over from */
  nestedIn: string | null;
  planned: boolean;
  day: string;
  steps: readonly StepSpan[];
}

export interface Continued<T> {
  outage: T;
  steps: StepSpan[];
  cohorts: Cohort[];
  /** the outage whose interruption of customers goes on in this one */
  continues: string | null;
  /** the local day the interruption began in */
  day: string;
}

/** The engine lets returns that follow closely end with the step before them: steps may end that much before the restoration. */
const latestStartMs = momentaryMs;

interface Part {
  cohort: Cohort;
  /** the parts of its outage */
  among: Part[];
  before: Part | null;
  after: Part | null;
}

interface Tied<T> extends Omit<Continued<T>, 'cohorts'> {
  parts: Part[];
}

/** Whole families: an outage given without the one it is left over from stands for itself. */
export function continuedOutages<T extends Nestable>(outages: readonly T[], nowMs: number): Continued<T>[] {
  const byId = new Map(outages.map((outage) => [outage.id, outage]));
  const tied = new Map<string, Tied<T>>();
  const tie = (outage: T): Tied<T> => {
    const known = tied.get(outage.id);
    if (known) return known;
    const steps = tidySteps(outage.steps, nowMs);
    const parts: Part[] = [];
    for (const cohort of cohortsOf(steps, nowMs)) parts.push({ cohort, among: parts, before: null, after: null });
    const made: Tied<T> = { outage, steps, continues: null, day: outage.day, parts };
    tied.set(outage.id, made);
    const parent = outage.nestedIn === null ? undefined : byId.get(outage.nestedIn);
    if (parent && parent.planned === outage.planned && steps.length > 0) {
      const from = tie(parent);
      if (goOn(from.parts, parts, steps[0].fromMs)) {
        made.continues = parent.id;
        made.day = from.day;
      }
    }
    return made;
  };
  // of several that are left over from one outage the first takes first
  for (const outage of outages.toSorted((a, b) => (a.id < b.id ? -1 : 1))) tie(outage);
  return outages.map(({ id }) => {
    const { parts, ...one } = tied.get(id)!;
    return { ...one, cohorts: parts.map(wholeOf) };
  });
}

/** Who was out at the end of the one is out at the begin of the other: as many as both have. @returns whether there are any */
function goOn(parent: readonly Part[], child: readonly Part[], beginMs: number): boolean {
  // what came back first was out longest: left over is who went dark last
  const left = parent
    .filter(({ cohort, after }) => !after && cohort.toMs <= beginMs && beginMs - cohort.toMs <= latestStartMs)
    .toSorted((a, b) => b.cohort.toMs - a.cohort.toMs || beganMs(b) - beganMs(a));
  const begun = child
    .filter(({ cohort }) => cohort.fromMs === beginMs)
    .toSorted((a, b) => a.cohort.toMs - b.cohort.toMs);
  let found = false;
  for (let [one, other] = [left.shift(), begun.shift()]; one && other; [one, other] = [left.shift(), begun.shift()]) {
    const customers = Math.min(one.cohort.customers, other.cohort.customers);
    for (const [part, queue] of [
      [one, left],
      [other, begun],
    ] as const)
      if (part.cohort.customers > customers) queue.unshift(splitOff(part, customers));
    one.after = other;
    other.before = one;
    found = true;
  }
  return found;
}

const beganMs = ({ before, cohort }: Part): number => (before ? beganMs(before) : cohort.fromMs);

/** Leaves so many customers in the part, and in what it continues; the others become a part of their own. */
function splitOff(part: Part, customers: number): Part {
  const { cohort, among } = part;
  const before = part.before && splitOff(part.before, customers);
  const rest: Part = { cohort: { ...cohort, customers: cohort.customers - customers }, among, before, after: null };
  if (before) before.after = rest;
  part.cohort = { ...cohort, customers };
  among.push(rest);
  return rest;
}

function wholeOf(part: Part): Cohort {
  if (!part.before && !part.after) return part.cohort;
  let last = part;
  while (last.after) last = last.after;
  const darkness = { fromMs: beganMs(part), toMs: last.cohort.toMs };
  return { ...part.cohort, lasts: last.cohort.lasts, darkness };
}
