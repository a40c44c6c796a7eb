/** Outages at devices that are known: by telemetry, or because a person names them. SPEC.md, P9, V3. */
import { FluxError } from '#model/errors.ts';
import type { Joined } from './engine_book.ts';
import type { EngineCore } from './engine_core.ts';
import { goOnBelow, restoreAll } from './engine_return.ts';
import { darkSince } from './engine_since.ts';
import { engineMayMove, isOut, mayBeAbsorbed } from './lifecycle.ts';

/**
 * One outage at a device that is known to be open, or that a person names.
 * @returns its slot, undefined where a report concerns nobody @throws FluxError `nothing_below`
 */
export function placeAt(
  core: EngineCore,
  edge: number,
  atMs: number,
  source: 'grid_event' | 'operator',
  reason: string | null,
  actor = 'engine',
): number | undefined {
  const { book } = core;
  const event = source === 'operator' ? 'confirm' : 'device_open';
  if (source === 'grid_event') for (const held of heldAbove(core, edge)) goOnBelow(core, held, core.nowMs);
  const standing = standingAt(core, edge);
  if (standing !== undefined) {
    if (source === 'grid_event' || book.outages[standing].state === 'probable') {
      book.advance(standing, event, core.nowMs, actor, reason);
      core.file(standing);
    }
    return standing;
  }
  const below = customersAt(core, edge);
  if (below.length === 0) {
    if (source === 'grid_event') return undefined;
    throw nothingBelow();
  }
  const { absorbed, moved } = claim(core, below, -1);
  const [oldest, ...others] = absorbed;
  const slot = oldest ?? book.open(edge, -1, source, atMs, core.nowMs);
  const outage = book.outages[slot];
  if (oldest === undefined) book.write(slot, 'opened', null, 'predicted', core.nowMs, actor, reason);
  else if (outage.device !== edge || outage.meter >= 0) book.note(slot, 'moved');
  for (const other of others) core.merge(other, slot);
  outage.source = source;
  seat(core, slot, edge, below, atMs, moved);
  book.advance(slot, event, core.nowMs, actor, reason);
  core.file(slot);
  return slot;
}

/** A person moves an outage: it stands at `edge` from now on, and takes in the predictions below it. */
export function moveTo(core: EngineCore, slot: number, edge: number): void {
  const { book } = core;
  const outage = book.outages[slot];
  const below = customersAt(core, edge);
  if (below.length === 0) throw nothingBelow();
  const standing = standingAt(core, edge);
  if (standing !== undefined) {
    const { id } = book.outages[standing];
    throw new FluxError('already_there', `${id} stands at that device already; merge ${outage.id} into it instead`);
  }
  const { absorbed, moved } = claim(core, below, slot);
  for (const other of absorbed) core.merge(other, slot);
  book.note(slot, 'moved');
  seat(core, slot, edge, below, outage.startedMs, moved);
}

/** The outage that stays at this device whatever the engine thinks, if there is one. */
function standingAt(core: EngineCore, edge: number): number | undefined {
  return core.inOrder(core.slotsAt(core.tree.topOf(edge))).find((slot) => {
    const outage = core.book.outages[slot];
    return outage.device === edge && outage.meter < 0 && !engineMayMove(outage.state);
  });
}

function heldAbove(core: EngineCore, edge: number): number[] {
  const slots: number[] = [];
  for (let at = core.grid.edgeAbove(edge); at >= 0; at = core.grid.edgeAbove(at))
    slots.push(...core.inOrder(core.heldAt.get(at) ?? []));
  return slots;
}

/** Meters below that a device takes out now; those of planned work are accounted for by their window. */
function customersAt(core: EngineCore, edge: number): Int32Array {
  return core.grid.metersBelow(edge).filter((meter) => !core.isPlanned(meter));
}

/** Meters that leave predictions which stay, with what was counted of them there. */
interface Moved {
  meters: number[];
  joined: Joined[];
}

/**
 * Frees the meters below a device for an outage that will stand there. Answers the predictions that lie wholly below, to
 * be merged; those that reach beyond stay, and are predicted anew without what is explained here.
 */
function claim(core: EngineCore, below: Int32Array, forSlot: number): { absorbed: number[]; moved: Moved } {
  const { book, meters } = core;
  const inside = new Set(below);
  const taken = Map.groupBy(below, (meter) => meters.outage[meter]);
  taken.delete(-1);
  taken.delete(forSlot);
  const absorbed = core.inOrder(taken.keys()).filter((slot) => {
    const outage = book.outages[slot];
    return mayBeAbsorbed(outage.state) && core.membersOf(slot).every((meter) => inside.has(meter));
  });
  const moved: Moved = { meters: [], joined: [] };
  for (const [at, leaving] of taken) {
    if (absorbed.includes(at) || !engineMayMove(book.outages[at].state)) continue;
    core.dirty.add(core.topOfOutage(book.outages[at]));
    for (const meter of leaving) moved.meters.push(meter);
    moved.joined.push(...core.dismiss(at, leaving));
  }
  return { absorbed, moved };
}

function seat(core: EngineCore, slot: number, edge: number, below: Int32Array, fromMs: number, moved: Moved): void {
  const { book } = core;
  const outage = book.outages[slot];
  core.unfile(slot);
  outage.device = edge;
  outage.meter = -1;
  outage.phases = 0;
  core.admit(slot, moved.meters);
  for (const { customers, fromMs: sinceMs } of moved.joined) book.join(slot, customers, sinceMs, core.mergeMs);
  core.fill(slot, below, fromMs, Math.min(fromMs, darkBefore(core, below)));
}

/** Since when those are dark that no outage has: a switch that opens below a fault takes them over. One clock dates nothing. */
function darkBefore(core: EngineCore, below: Int32Array): number {
  const since = darkSince(
    core,
    below.filter((meter) => core.meters.outage[meter] < 0),
  );
  return since.length === 0 ? Number.POSITIVE_INFINITY : since[since.length >> 2];
}

export function closeAt(core: EngineCore, edge: number, atMs: number): void {
  const standing = core.inOrder(core.book.active).filter((slot) => {
    const outage = core.book.outages[slot];
    return outage.device === edge && outage.meter < 0 && outage.source === 'grid_event' && isOut(outage.state);
  });
  for (const slot of standing) restoreAll(core, slot, atMs, 'all_back', 'engine', 'device reports closed');
}

/** Time passes over planned windows. A device that the work has opened and that is open after it is an outage like any. */
export function passPlanned(core: EngineCore, beforeMs: number): void {
  const { planned, nowMs, tree, grid } = core;
  const graceMs = core.thresholds.plannedGraceS * 1000;
  core.replan(planned.turning(beforeMs, nowMs, graceMs));
  const still = new Map<number, number>();
  for (const meter of planned.over(beforeMs, nowMs, graceMs)) {
    const top = tree.topOf(tree.ofMeter(meter));
    const openedMs = core.deviceAtMs.get(top);
    if (openedMs === undefined || !grid.isOpen(top)) continue;
    still.set(top, Math.max(openedMs, planned.plannedUntil(meter, openedMs, nowMs, graceMs)));
  }
  for (const [edge, atMs] of [...still].sort((a, b) => a[0] - b[0]))
    if (standingAt(core, edge) === undefined)
      placeAt(core, edge, atMs, 'grid_event', 'device still open after planned work');
}

function nothingBelow(): FluxError {
  return new FluxError(
    'nothing_below',
    'no customer loses supply with this device alone; place the outage at another one',
  );
}
