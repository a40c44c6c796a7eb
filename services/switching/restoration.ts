/**
 * A proposed order for a faulted section: cut it out, tag it, and feed the healthy parts another way, through the tie that
 * carries them best. Pure but for the study's grid.
 */
import type { LookAhead, PlannedStep } from '#model/api/switching.ts';
import { type StudyState, studyStep } from './study.ts';

/** What isolates a fault; services/network finds it. */
export interface FaultIsolation {
  /** closed switching devices around the faulted section */
  open: Int32Array;
  /** open ones around it, to be kept so */
  keepOpen: Int32Array;
  section: { nodes: Int32Array; customers: number };
  /** no switching device stands between the fault and a source */
  reachesSource: boolean;
  healthy: { nodes: Int32Array; customers: number; feeds: { edge: number; normallyOpen: boolean }[] }[];
}

export interface Restoration {
  steps: PlannedStep[];
  ahead: LookAhead[];
  notFed: { customers: number; why: string }[];
}

export function proposeRestoration(state: StudyState, isolation: FaultIsolation): Restoration {
  const { grid } = state;
  const idOf = (edge: number): string => grid.network.edge.id.at(edge);
  const steps: PlannedStep[] = [];
  const ahead: LookAhead[] = [];
  const notFed: Restoration['notFed'] = [];
  const add = (step: PlannedStep): void => {
    steps.push(step);
    ahead.push(studyStep(state, step));
  };
  if (isolation.reachesSource)
    notFed.push({ customers: 0, why: 'no switching device stands between the fault and the source bus' });
  // the device that feeds the section first: after it the others are opened without load
  const feedsSection = new Set(Array.from(isolation.section.nodes, (node) => grid.upEdge(node)));
  // behind it lies only what nobody else can feed: it stays dark with the section and comes back with it
  const hangsOn = new Set(
    isolation.healthy.filter((part) => part.feeds.length === 0).flatMap((part) => [...part.nodes]),
  );
  const { from, to } = grid.network.edge;
  const matters = (edge: number): boolean => !hangsOn.has(from[edge]) && !hangsOn.has(to[edge]);
  const toOpen = [...isolation.open]
    .filter(matters)
    .sort((a, b) => Number(feedsSection.has(b)) - Number(feedsSection.has(a)) || a - b);
  for (const edge of toOpen) {
    add({ device_id: idOf(edge), operation: 'open', note: 'isolate the fault' });
    add({ device_id: idOf(edge), operation: 'tag', note: 'isolation point' });
  }
  for (const edge of isolation.keepOpen)
    if (!toOpen.includes(edge)) add({ device_id: idOf(edge), operation: 'tag', note: 'keep open: isolation point' });
  for (const part of [...isolation.healthy].sort((a, b) => b.customers - a.customers)) {
    const tries = part.feeds
      .filter(({ edge }) => !isolation.keepOpen.includes(edge))
      // the way it is fed on other days before a tie
      .sort((a, b) => Number(a.normallyOpen) - Number(b.normallyOpen) || a.edge - b.edge)
      .map(({ edge }) => tryFeed(state, idOf(edge)));
    const good = tries.find((one) => one.why === null);
    if (good)
      add({ device_id: good.id, operation: 'close', note: `feed ${part.customers} customers of the healthy part` });
    else if (part.customers > 0)
      notFed.push({
        customers: part.customers,
        why:
          tries.length === 0
            ? 'no switch leads to a part that stays energised'
            : tries.map((one) => one.why).join('; '),
      });
  }
  return { steps, ahead, notFed: together(notFed) };
}

/** Parts that wait for the same reason, as one. */
function together(parts: Restoration['notFed']): Restoration['notFed'] {
  return [...Map.groupBy(parts, ({ why }) => why)].map(([why, same]) => ({
    customers: same.reduce((sum, { customers }) => sum + customers, 0),
    why,
  }));
}

/** Closes a tie in the study, looks, and opens it again. */
function tryFeed(state: StudyState, id: string): { id: string; why: string | null } {
  const look = studyStep(state, { device_id: id, operation: 'close' });
  if (look.blocked !== null) return { id, why: look.blocked };
  studyStep(state, { device_id: id, operation: 'open' });
  const [worst] = look.overloads;
  if (worst) return { id, why: `closing ${id} would load ${worst.device_id} to ${worst.percent} %` };
  if (look.loops.length > 0) return { id, why: `closing ${id} would make a ${look.loops[0].kind}` };
  return { id, why: null };
}
