/** What an operator does to an outage. SPEC.md, V1 to V7. Everything is checked before anything changes. */
import type { MoveDirection, OutageVerb } from '#model/api/outages.ts';
import { FluxError } from '#model/errors.ts';
import type { EngineCore } from './engine_core.ts';
import { meterBack, meterDark, meterUnknown } from './engine_meters.ts';
import { moveTo } from './engine_place.ts';
import { type Return, restoreAll, takeReturns } from './engine_return.ts';
import { isOut } from './lifecycle.ts';
import { servicePointOf } from './prediction_picks.ts';

export interface ActOptions {
  actor: string;
  reason?: string;
  crew?: string;
  cause?: string;
  /** `restore_part`: the meters that have power again; `split`: those that go */
  meters?: readonly number[];
  /** `merge`: id of the outage this one goes into */
  into?: string;
  /** `move`, `split`: edge row of the other device */
  edge?: number;
  /** `move` without an edge: to the next device up, or down to the branch with the most dark meters */
  direction?: MoveDirection;
}

/** The life cycle allows the verb. @throws FluxError where what it names does not fit; then nothing has changed. */
export function act(core: EngineCore, slot: number, verb: OutageVerb, options: ActOptions): void {
  const { book } = core;
  const outage = book.outages[slot];
  const reason = options.reason ?? null;
  if (verb === 'merge') {
    mergeByHand(core, slot, options);
    return;
  }
  if (verb === 'split') {
    splitOff(core, slot, options);
    return;
  }
  if (verb === 'restore_part' && !options.meters?.some((meter) => core.meters.outage[meter] === slot))
    throw new FluxError(
      'bad_part',
      `none of these meters is out by ${outage.id}; name some that are, or a device above them`,
    );
  if (verb === 'move') moveTo(core, slot, targetOf(core, slot, options));
  if (options.crew !== undefined) outage.crew = options.crew;
  if (options.cause !== undefined) outage.cause = options.cause;
  if (verb === 'unassign') outage.crew = null;
  if (verb === 'restore') {
    restoreAll(core, slot, core.nowMs, verb, options.actor, reason);
    return;
  }
  book.advance(slot, verb, core.nowMs, options.actor, reason);
  if (verb === 'restore_part') returnByHand(core, slot, options.meters ?? []);
  if (verb === 'reject') disbelieve(core, slot);
  if (verb === 'reopen') {
    outage.restoredMs = null;
    outage.steps.push({ fromMs: core.nowMs, toMs: null, customersOut: 0, customerMinutes: 0 });
    core.fill(slot, core.reachOf(outage), outage.startedMs, core.nowMs);
    outage.customersRestored = Math.max(0, outage.customersRestored - outage.customersOut);
  }
  core.file(slot);
}

/** The messages are disbelieved: the same ones must not raise the same outage again. */
function disbelieve(core: EngineCore, slot: number): void {
  const { meters } = core;
  for (const meter of core.disband(slot)) {
    if (meters.state[meter] !== meterDark) continue;
    meters.state[meter] = meterUnknown;
    meters.called[meter] = 0;
    core.changed(meter);
  }
  core.endSteps(slot);
}

/** Its members go into another outage, which a person has thereby taken up. */
function mergeByHand(core: EngineCore, slot: number, options: ActOptions): void {
  const { book, tree } = core;
  const { id } = book.outages[slot];
  if (options.into === undefined)
    throw new FluxError('bad_merge', `name the outage that ${id} is to be merged into ("into")`);
  const into = book.slotOf(options.into);
  const survivor = book.outages[into];
  if (into === slot) throw new FluxError('bad_merge', `${id} can not be merged into itself; name another outage`);
  if (!isOut(survivor.state)) {
    const remedy = 'merge into one with customers out, or reopen it first';
    throw new FluxError('bad_merge', `${survivor.id} is ${survivor.state} and takes no customers; ${remedy}`);
  }
  const members = core.membersOf(slot);
  core.merge(slot, into, 'merge', options.actor, options.reason ?? `merged into ${survivor.id}`);
  if (survivor.meter >= 0) {
    core.unfile(into);
    survivor.device = commonDevice(core, [survivor.meter, ...members]) ?? tree.ofMeter(survivor.meter);
    survivor.meter = -1;
    book.note(into, 'moved');
  }
  if (survivor.state === 'predicted' || survivor.state === 'probable')
    book.advance(into, 'confirm', core.nowMs, options.actor, `took in ${id}`);
  core.file(into);
}

/** Some of its members become an outage of their own, confirmed, that began with the step that runs. */
function splitOff(core: EngineCore, slot: number, options: ActOptions): void {
  const { book, tree, grid } = core;
  const outage = book.outages[slot];
  const { meters, edge } = options;
  if (meters === undefined && edge === undefined)
    throw new FluxError('bad_split', `name the device ("device_id") or the meters that leave ${outage.id}`);
  const wanted = new Set(meters ?? grid.metersBelow(edge!));
  const members = core.membersOf(slot);
  const leaving = members.filter((meter) => wanted.has(meter));
  if (leaving.length === 0) throw new FluxError('bad_split', `none of these meters is out by ${outage.id}`);
  if (leaving.length === members.length)
    throw new FluxError('bad_split', `nothing would be left of ${outage.id}; move it instead`);
  const alone = leaving.length === 1 && edge === undefined;
  const device = edge ?? (alone ? servicePointOf(tree, leaving[0]) : (commonDevice(core, leaving) ?? outage.device));
  core.letGo(slot, leaving);
  const fromMs = outage.steps.at(-1)!.fromMs;
  const part = book.open(device, alone ? leaving[0] : -1, 'operator', fromMs, core.nowMs);
  book.outages[part].splitFrom = outage.id;
  book.write(part, 'opened', null, 'predicted', core.nowMs, options.actor, `split off ${outage.id}`);
  book.advance(part, 'confirm', core.nowMs, options.actor, options.reason ?? null);
  core.admit(part, leaving);
  book.join(part, leaving.length, fromMs, 0);
  book.advance(slot, 'split', core.nowMs, options.actor, options.reason ?? `${leaving.length} customers are another`);
  core.file(part);
  core.file(slot);
}

function targetOf(core: EngineCore, slot: number, options: ActOptions): number {
  const { tree, book } = core;
  const outage = book.outages[slot];
  if (options.edge !== undefined) return options.edge;
  if (options.direction === 'up') {
    const above = outage.meter >= 0 ? tree.ofMeter(outage.meter) : tree.above(outage.device);
    if (above >= 0) return above;
    throw new FluxError('bad_move', `${outage.id} stands at the topmost device; it can not move up`);
  }
  if (options.direction !== 'down')
    throw new FluxError('bad_move', `say where ${outage.id} goes: "direction" up or down, or the device ("device_id")`);
  const dark = new Map<number, number>();
  for (const meter of outage.meter >= 0 ? [] : core.membersOf(slot)) {
    if (core.meters.state[meter] !== meterDark) continue;
    const branch = branchTowards(core, meter, outage.device);
    if (branch >= 0) dark.set(branch, (dark.get(branch) ?? 0) + 1);
  }
  const [most] = [...dark].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  if (most) return most[0];
  throw new FluxError('bad_move', `no device below that of ${outage.id} has a dark meter; name the device`);
}

/** The device right below `device` on the way to a meter; -1 where there is none. */
function branchTowards(core: EngineCore, meter: number, device: number): number {
  let branch = -1;
  for (let at = core.tree.ofMeter(meter); at >= 0; at = core.tree.above(at)) {
    if (at === device) return branch;
    branch = at;
  }
  return -1;
}

/** Lowest device with all of the meters below it; undefined where they hang on different islands. */
function commonDevice(core: EngineCore, meters: readonly number[]): number | undefined {
  let common: number[] | undefined;
  for (const meter of meters) {
    const way = new Set<number>();
    for (let at = core.tree.ofMeter(meter); at >= 0; at = core.tree.above(at)) way.add(at);
    common = common === undefined ? [...way] : common.filter((device) => way.has(device));
  }
  return common?.[0];
}

/** A person says these meters have power: they answer as if they had said so themselves. */
function returnByHand(core: EngineCore, slot: number, named: readonly number[]): void {
  const { meters } = core;
  const returns: Return[] = [];
  for (const meter of new Set(named)) {
    if (meters.outage[meter] !== slot) continue;
    const wasDark = meters.state[meter] === meterDark;
    returns.push({ meter, wasDark, wasCalled: wasDark && meters.called[meter] === 1, momentary: false });
    meters.state[meter] = meterBack;
    meters.called[meter] = 0;
    meters.litMs[meter] = core.nowMs;
    core.changed(meter);
  }
  if (returns.length > 0) takeReturns(core, slot, returns);
}
