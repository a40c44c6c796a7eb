/**
 * How the crews of an outage and the outage itself stay of one mind: from what both are now, what has to happen. Pure and
 * convergent: done and asked again, nothing is left (tests).
 */
import type { CrewSkill, CrewStatus } from '#model/api/crews.ts';
import type { Outage, OutageVerb } from '#model/api/outages.ts';

export type OutageFact = Pick<
  Outage,
  | 'id'
  | 'device_id'
  | 'device_kind'
  | 'area_id'
  | 'lon'
  | 'lat'
  | 'customers_out'
  | 'critical_out'
  | 'crew'
  | 'cause'
  | 'merged_into'
> & { state: string; underground: boolean };

export interface CrewOn {
  crewId: string;
  status: CrewStatus;
  isAtHand: boolean;
  /** device the crew was told */
  deviceId: string;
  skills: readonly CrewSkill[];
  /** the outage was of one mind with this job before */
  isTold: boolean;
}

export type FollowStep =
  /** the job is taken away, whatever the crew does; told to everybody */
  | { kind: 'free'; crewId: string; why: string }
  /** the job stays, its place is another */
  | { kind: 'moved'; crewId: string; deviceId: string; why: string }
  /** an operator moved the outage by hand: its first crew is where the outage says it is */
  | { kind: 'catch_up'; crewId: string; event: 'depart' | 'arrive' }
  | { kind: 'act'; verb: OutageVerb; crewId: string }
  /** the crew it names left, and no other is there */
  | { kind: 'unassign'; crewId: string };

const rankOfStatus: Partial<Record<CrewStatus, number>> = { assigned: 1, en_route: 2, on_site: 3 };
const rankOfState: Record<string, number> = {
  predicted: 0,
  probable: 0,
  confirmed: 0,
  assigned: 1,
  en_route: 2,
  on_site: 3,
};
const verbTo: Record<number, OutageVerb> = { 1: 'assign', 2: 'depart', 3: 'arrive' };

/** True where a crew can be sent: customers are out. */
export function takesCrew(state: string): boolean {
  return state in rankOfState || state === 'partly_restored';
}

/** What takes the job from every crew, and what only from those that are not there yet. */
function whyOver(outage: OutageFact | null): { why: string; alsoOnSite: boolean } | null {
  if (!outage) return { why: 'the outage is not known any more', alsoOnSite: true };
  const { id, state } = outage;
  if (state === 'merged')
    return { why: `${id} was merged into ${outage.merged_into ?? 'another outage'}`, alsoOnSite: true };
  if (state === 'rejected') return { why: `${id} was rejected`, alsoOnSite: true };
  if (state === 'closed') return { why: `${id} was closed`, alsoOnSite: true };
  if (!takesCrew(state)) return { why: `${id} is ${state}`, alsoOnSite: false };
  return null;
}

/** @param left crews that gave their job back since the outage was told */
export function follow(
  outage: OutageFact | null,
  crews: readonly CrewOn[],
  skillsNeeded: readonly (readonly CrewSkill[])[],
  left: readonly string[] = [],
): FollowStep[] {
  const over = whyOver(outage);
  if (over)
    return crews
      .filter((crew) => over.alsoOnSite || !(crew.isAtHand && crew.status === 'on_site'))
      .map(({ crewId }) => ({ kind: 'free', crewId, why: over.why }));
  const { id, state, device_id: deviceId } = outage!;
  const steps: FollowStep[] = [];
  const staying: CrewOn[] = [];
  for (const crew of crews) {
    if (crew.isTold && outage!.crew === null) {
      steps.push({ kind: 'free', crewId: crew.crewId, why: `${id} was unassigned` });
      continue;
    }
    if (crew.deviceId === deviceId) {
      staying.push(crew);
      continue;
    }
    const where = `${id} was moved from ${crew.deviceId} to ${deviceId}`;
    const canDoIt = skillsNeeded.some((need) => need.every((skill) => crew.skills.includes(skill)));
    if (canDoIt || (crew.isAtHand && crew.status === 'on_site')) {
      steps.push({ kind: 'moved', crewId: crew.crewId, deviceId, why: where });
      staying.push(crew);
    } else
      steps.push({ kind: 'free', crewId: crew.crewId, why: `${where}, which needs ${skillsNeeded[0]?.join(' and ')}` });
  }
  if (staying.length === 0) {
    const hasCrew = state === 'partly_restored' || rankOfState[state] > 0;
    const named = outage!.crew;
    // where crews are set free now, their leaving is told when it has happened
    if (steps.length === 0 && hasCrew && named !== null && left.includes(named))
      steps.push({ kind: 'unassign', crewId: named });
    return steps;
  }
  const rankOf = (crew: CrewOn): number => (crew.isAtHand ? (rankOfStatus[crew.status] ?? 1) : 1);
  const [first] = staying;
  const furthest = staying.reduce((best, crew) => (rankOf(crew) > rankOf(best) ? crew : best), first);
  const isNamed = staying.some(({ crewId }) => crewId === outage!.crew);
  if (state === 'partly_restored') {
    if (!isNamed) steps.push({ kind: 'act', verb: 'assign', crewId: furthest.crewId });
    return steps;
  }
  const wanted = rankOf(furthest);
  const has = rankOfState[state];
  if (isNamed && has > wanted && first.isAtHand) {
    steps.push({ kind: 'catch_up', crewId: first.crewId, event: has === 3 ? 'arrive' : 'depart' });
    return steps;
  }
  // a name that is not one of its crews, or a state no crew has reached: said anew from the beginning
  const isAnew = !isNamed || has > wanted || has === 0;
  if (isAnew) steps.push({ kind: 'act', verb: 'assign', crewId: furthest.crewId });
  if (wanted > Math.max(1, isAnew ? 1 : has))
    steps.push({ kind: 'act', verb: verbTo[wanted], crewId: furthest.crewId });
  return steps;
}
