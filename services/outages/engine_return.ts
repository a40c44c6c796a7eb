/** Power comes back: members leave, steps close, what stays dark is left over. SPEC.md, R1 to R7. */
import type { EngineCore } from './engine_core.ts';
import { meterBack, meterDark } from './engine_meters.ts';
import { engineMayMove, isOut, mayBeAbsorbed, type OutageEvent } from './lifecycle.ts';

export interface Return {
  meter: number;
  wasDark: boolean;
  /** of the dark: known by a call alone */
  wasCalled: boolean;
  /** back within the hold window: it was never out in the sense of this outage */
  momentary: boolean;
}

/** Members of one outage reported power. */
export function takeReturns(core: EngineCore, slot: number, returns: readonly Return[]): void {
  const { book, meters, grid, tree } = core;
  const outage = book.outages[slot];
  let back = 0;
  let momentary = 0;
  let atMs = outage.startedMs;
  const leaves = new Set<number>();
  const leave = (meter: number): void => {
    core.setOutage(meter, -1);
    if (grid.isCritical(meter)) outage.criticalOut--;
  };
  for (const one of returns) {
    if (one.wasDark) outage.dark--;
    if (one.wasCalled) outage.called--;
    if (meters.outage[one.meter] !== slot) continue;
    leave(one.meter);
    // Dark again within the same batch: counted once more on the way in, and now the affair of a new prediction.
    if (meters.state[one.meter] === meterDark) outage.dark--;
    if (one.momentary) {
      momentary++;
      continue;
    }
    if (meters.state[one.meter] === meterBack && tree.muted[one.meter] === 0)
      core.rates.gasp(grid.areaOfEdge(outage.device), one.wasDark && !one.wasCalled);
    back++;
    outage.back++;
    outage.lit++;
    atMs = Math.max(atMs, meters.litMs[one.meter]);
    leaves.add(tree.ofMeter(one.meter));
  }
  if (momentary > 0) book.setOut(slot, outage.customersOut - momentary);
  // A transformer that has power again and no dark meter has power for its silent ones, too.
  for (const leaf of leaves) {
    if (leaf < 0) continue;
    const silent: number[] = [];
    let dark = false;
    for (const meter of grid.metersBelow(leaf)) {
      if (meters.outage[meter] !== slot) continue;
      if (meters.state[meter] === meterDark) dark = true;
      else silent.push(meter);
    }
    if (dark) continue;
    for (const meter of silent) leave(meter);
    back += silent.length;
  }
  if (back > 0) book.closeStep(slot, back, atMs, core.mergeMs);
  judgeReturn(core, slot, atMs);
}

function judgeReturn(core: EngineCore, slot: number, atMs: number): void {
  const { book, thresholds } = core;
  const outage = book.outages[slot];
  if (outage.customersOut === 0 && outage.customersRestored === 0) {
    if (engineMayMove(outage.state)) core.withdraw(slot, 'momentary: power was back within the hold window');
    else restoreAll(core, slot, atMs, 'all_back', 'engine', 'momentary: power was back within the hold window');
    return;
  }
  const affected = outage.customersOut + outage.customersRestored;
  const enough = outage.back >= Math.min(affected, Math.max(2, affected * 0.05));
  const fewDark = outage.dark * 100 <= (outage.dark + outage.back) * thresholds.leftoverPercent;
  // While the device is known to be open, its silent customers are out, whoever else is fed another way.
  const mayBeWhole = outage.meter >= 0 || !core.grid.isOpen(outage.device);
  if (outage.customersOut === 0 || (enough && fewDark && mayBeWhole)) {
    restoreAll(core, slot, atMs, 'all_back', 'engine', `${outage.back} meters report power, ${outage.dark} stay dark`);
  } else if (
    outage.state !== 'partly_restored' &&
    outage.customersRestored * 100 >= affected * thresholds.partlyPercent
  ) {
    const reason = `${outage.customersRestored} of ${affected} customers are back`;
    book.advance(slot, 'part_back', core.nowMs, 'engine', reason);
    core.file(slot);
  }
  if (isOut(outage.state)) goOnBelow(core, slot, atMs);
}

/**
 * The sound part has power again through the outage's own device, and what remains hangs below another one that is known
 * to be open, as a crew switches it: the outage goes on there, whoever holds it. SPEC.md, R8.
 */
export function goOnBelow(core: EngineCore, slot: number, atMs: number): void {
  const { book, grid, thresholds } = core;
  const outage = book.outages[slot];
  if (engineMayMove(outage.state) || outage.meter >= 0 || outage.customersRestored === 0) return;
  if (grid.isOpen(outage.device)) return;
  const members = core.membersOf(slot);
  const byTop = Map.groupBy(members, (meter) => core.topOfMeter(meter));
  const [device, remain] = [...byTop].sort((a, b) => b[1].length - a[1].length || a[0] - b[0])[0] ?? [-1, []];
  if (device < 0 || !grid.isOpen(device)) return;
  const elsewhere = members.filter((meter) => core.topOfMeter(meter) !== device);
  if (elsewhere.length * 100 > members.length * thresholds.leftoverPercent) return;
  const standing = core.inOrder(core.heldAt.get(device) ?? []);
  // What has steps of its own stays (L6).
  if (standing.some((other) => book.outages[other].state === 'partly_restored')) return;
  leaveOver(core, slot, elsewhere);
  for (const meter of elsewhere) core.setOutage(meter, -1);
  if (elsewhere.length > 0) book.closeStep(slot, elsewhere.length, atMs, core.mergeMs);
  outage.dark = remain.filter((meter) => core.meters.state[meter] === meterDark).length;
  outage.called = remain.filter((meter) => core.meters.called[meter] === 1).length;
  outage.criticalOut = remain.filter((meter) => grid.isCritical(meter)).length;
  for (const other of standing)
    core.merge(other, slot, mayBeAbsorbed(book.outages[other].state) ? 'absorbed' : 'merge');
  core.unfile(slot);
  outage.device = device;
  outage.phases = 0;
  // It ends when that device reports closed.
  outage.source = 'grid_event';
  book.note(slot, 'moved');
  book.advance(slot, 'device_open', core.nowMs, 'engine', 'the rest has power again; this device keeps them out');
  core.file(slot);
}

/** The whole outage is restored at `atMs`; members that stay dark get their grace, then become outages of their own. */
export function restoreAll(
  core: EngineCore,
  slot: number,
  atMs: number,
  event: OutageEvent,
  actor: string,
  reason: string | null,
): void {
  const { book } = core;
  const outage = book.outages[slot];
  const endMs = Math.max(atMs, outage.startedMs);
  const stillOut = outage.customersOut;
  book.advance(slot, event, core.nowMs, actor, reason);
  leaveOver(core, slot, core.membersOf(slot));
  if (stillOut > 0) book.closeStep(slot, stillOut, endMs, core.mergeMs);
  core.disband(slot);
  core.endSteps(slot);
  outage.restoredMs = endMs;
  core.file(slot);
}

/** Those still dark get their grace. */
function leaveOver(core: EngineCore, slot: number, members: readonly number[]): void {
  const { meters, book } = core;
  for (const meter of members) {
    if (meters.state[meter] !== meterDark) continue;
    meters.ripeMs[meter] = core.nowMs + core.thresholds.leftoverGraceS * 1000;
    meters.leftoverOf.set(meter, book.outages[slot].id);
    core.changed(meter);
  }
}
