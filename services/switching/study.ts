/**
 * Study mode: steps carried out on a grid of their own, each with what it does. Pure but for that grid, which the caller
 * gives and throws away; the live one is never touched.
 */
import type { LookAhead, PlannedStep, StepOperation } from '#model/api/switching.ts';
import { FluxError } from '#model/errors.ts';
import { isSwitchable } from '#model/network.ts';
import { type Loading, loadingOf, newOverloads } from './loading.ts';
import type { HangingTag, PresentLoad, StudyGrid } from './study_grid.ts';

export interface StudyState {
  grid: StudyGrid;
  tags: HangingTag[];
  load: PresentLoad;
  /** order whose steps are studied: its own tags may be removed by it */
  orderId: number;
}

const listedMeters = 10;

const nothingHappens = (blocked: string | null = null): LookAhead => ({
  customers_dropped: 0,
  customers_picked_up: 0,
  critical_dropped: 0,
  critical_meters: [],
  kw_dropped: 0,
  kw_picked_up: 0,
  loops: [],
  overloads: [],
  load_unknown: null,
  blocked,
});

/** Edge row of a device. @throws FluxError `unknown_asset` */
export function deviceRow(grid: StudyGrid, id: string): number {
  const row = grid.network.edge.id.rowOf(id);
  if (row < 0) throw new FluxError('unknown_asset', `there is no device ${id} in the network`);
  return row;
}

/**
 * Carries one step out in the study. A blocked step changes nothing.
 * @throws FluxError `unknown_asset`
 */
export function studyStep(state: StudyState, step: PlannedStep): LookAhead {
  const edge = deviceRow(state.grid, step.device_id);
  const blocked = whyBlocked(state, edge, step.device_id, step.operation);
  if (blocked !== null) return nothingHappens(blocked);
  if (step.operation === 'open' || step.operation === 'close') return operate(state, edge, step.operation === 'open');
  state.tags = tagsAfter(state, edge, step.operation);
  return nothingHappens();
}

export function studySteps(state: StudyState, steps: readonly PlannedStep[]): LookAhead[] {
  return steps.map((step) => studyStep(state, step));
}

/** The tags after a step that hangs one up or takes one down. */
function tagsAfter({ grid, tags, orderId }: StudyState, edge: number, operation: StepOperation): HangingTag[] {
  const kind = operation === 'tag' || operation === 'untag' ? 'tag' : 'ground';
  if (operation === 'untag' || operation === 'unground')
    return tags.filter((tag) => !(tag.device === edge && tag.kind === kind && (tag.orderId === orderId || tag.isLeft)));
  return [...tags, { device: edge, kind, orderId, isLeft: false, node: kind === 'ground' ? deadEnd(grid, edge) : -1 }];
}

/** The de-energised end of a device, -1 where both are alive. */
function deadEnd(grid: StudyGrid, edge: number): number {
  const { from, to } = grid.network.edge;
  if (!grid.isEnergised(to[edge])) return to[edge];
  return grid.isEnergised(from[edge]) ? -1 : from[edge];
}

function whyBlocked(
  { grid, tags, orderId }: StudyState,
  edge: number,
  id: string,
  operation: StepOperation,
): string | null {
  const here = tags.filter((tag) => tag.device === edge);
  const own = (kind: HangingTag['kind']): boolean => here.some((tag) => tag.kind === kind && tag.orderId === orderId);
  if (operation === 'tag') return own('tag') ? `${id} carries the tag of this order already` : null;
  const removable = (kind: HangingTag['kind']): boolean =>
    own(kind) || here.some((tag) => tag.kind === kind && tag.isLeft);
  if (operation === 'untag') return removable('tag') ? null : `${id} carries no tag that this order may take down`;
  if (operation === 'unground')
    return removable('ground') ? null : `there is no ground at ${id} that this order may take away`;
  if (operation === 'ground') {
    if (own('ground')) return `${id} is grounded by this order already`;
    return deadEnd(grid, edge) < 0 ? `${id} is energised on both sides: a ground would be a short circuit` : null;
  }
  if (!isSwitchable(grid.network.edge.kind[edge])) return `${id} is no switching device`;
  const isOpening = operation === 'open';
  if (grid.isOpen(edge) === isOpening) return `${id} is ${isOpening ? 'open' : 'closed'} already`;
  return whyHeld(grid, tags, edge, id, isOpening);
}

/** A tag on the device, or a ground that closing it would make alive; null where neither is in the way. */
export function whyHeld(
  grid: StudyGrid,
  tags: readonly HangingTag[],
  edge: number,
  id: string,
  isOpening: boolean,
): string | null {
  const tag = tags.find((one) => one.device === edge && one.kind === 'tag');
  if (tag) return `${id} is tagged by switching order ${tag.orderId}`;
  if (isOpening) return null;
  const ground = groundMadeAlive(grid, tags, edge);
  return ground
    ? `closing ${id} would energise the ground at ${grid.network.edge.id.at(ground.device)} (switching order ${ground.orderId})`
    : null;
}

function groundMadeAlive(grid: StudyGrid, tags: readonly HangingTag[], edge: number): HangingTag | undefined {
  const grounds = tags.filter((tag) => tag.kind === 'ground' && tag.node >= 0);
  if (grounds.length === 0) return undefined;
  grid.setOpen(edge, false);
  const found = grounds.find((ground) => grid.isEnergised(ground.node));
  grid.setOpen(edge, true);
  return found;
}

function operate({ grid, load }: StudyState, edge: number, open: boolean): LookAhead {
  const { network } = grid;
  const ends = [network.edge.from[edge], network.edge.to[edge]];
  const before = loadingAround(grid, ends, load);
  const { deEnergised, energised } = grid.setOpen(edge, open);
  const dropped = countMeters(grid, deEnergised, load);
  const picked = countMeters(grid, energised, load);
  const loop = open ? null : grid.loopThrough(edge);
  const after = loadingAround(grid, ends, load);
  return {
    customers_dropped: dropped.customers,
    customers_picked_up: picked.customers,
    critical_dropped: dropped.critical.length,
    critical_meters: dropped.critical.slice(0, listedMeters),
    kw_dropped: Math.round(dropped.kw * 10) / 10,
    kw_picked_up: Math.round(picked.kw * 10) / 10,
    loops: loop
      ? [{ kind: loop.kind, edges: loop.edges, closed_ties: loop.closedTies.map((tie) => network.edge.id.at(tie)) }]
      : [],
    overloads: after === null ? [] : newOverloads(grid, before ?? new Map(), after),
    load_unknown:
      after === null
        ? 'the part is in a loop or has two feeds: who carries what is not known'
        : after.size === 0
          ? 'nothing around it has a rating on file'
          : null,
    blocked: null,
  };
}

/**
 * Load of the islands at both ends; null where one of them is meshed. A dead one counts with what it would carry: a
 * transformer that is too small for its customers is so whichever way it is fed, and no consequence of the step.
 */
function loadingAround(grid: StudyGrid, ends: readonly number[], load: PresentLoad): Loading | null {
  const all: Loading = new Map();
  for (const end of ends) {
    // a source bus has no island of its own
    if (grid.islandOf(end).length === 0) continue;
    if (grid.isEnergised(end) && grid.isMeshed(end)) return null;
    if (grid.isMeshed(end)) continue;
    for (const [edge, entry] of loadingOf(grid, end, load)) all.set(edge, entry);
  }
  return all;
}

function countMeters(grid: StudyGrid, nodes: Int32Array, load: PresentLoad) {
  const { meter } = grid.network;
  const found = { customers: 0, kw: 0, critical: [] as string[] };
  for (const node of nodes)
    for (const key of grid.metersAt(node)) {
      found.customers++;
      found.kw += load.kwOf[key];
      if (meter.critical[key] > 0) found.critical.push(meter.id.at(key));
    }
  return found;
}

/** Customers without supply: by the topology alone. */
export function customersOut(grid: StudyGrid): number {
  const { node, meter } = grid.network;
  let out = 0;
  for (let key = 0; key < meter.count; key++)
    if (meter.node[key] < node.count && !grid.isEnergised(meter.node[key])) out++;
  return out;
}

/**
 * What differs between what was foreseen and what would happen now, in words; null where nothing that matters does. Loads
 * breathe: a percent more or less is no difference, another overloaded device is.
 */
export function differenceOf(foreseen: LookAhead, now: LookAhead): string | null {
  const says: string[] = [];
  const number = (what: string, then: number, at: number): void => {
    if (then !== at) says.push(`${what}: ${at} now, ${then} when it was checked`);
  };
  if (now.blocked !== null) says.push(now.blocked);
  number('customers dropped', foreseen.customers_dropped, now.customers_dropped);
  number('customers picked up', foreseen.customers_picked_up, now.customers_picked_up);
  number('critical customers dropped', foreseen.critical_dropped, now.critical_dropped);
  const kinds = (ahead: LookAhead): string => ahead.loops.map((loop) => loop.kind).join(', ') || 'none';
  if (kinds(foreseen) !== kinds(now)) says.push(`loops: ${kinds(now)} now, ${kinds(foreseen)} when it was checked`);
  const known = new Set(foreseen.overloads.map((one) => one.device_id));
  const fresh = now.overloads.filter((one) => !known.has(one.device_id));
  if (fresh.length > 0)
    says.push(`overloaded now: ${fresh.map((one) => `${one.device_id} ${one.percent} %`).join(', ')}`);
  return says.length > 0 ? says.join('; ') : null;
}
