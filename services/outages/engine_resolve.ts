/**
 * One island predicted anew, and its movable outages brought in line with that. Outages whose members stay the same are
 * only read: in a storm most of what is predicted again comes out as it was.
 */
import type { EngineCore } from './engine_core.ts';
import { meterDark } from './engine_meters.ts';
import type { OutageRecord } from './engine_records.ts';
import { countSince, darkSince } from './engine_since.ts';
import { engineMayMove } from './lifecycle.ts';
import { predict } from './prediction.ts';
import type { Pick } from './prediction_picks.ts';

/** Share of the hold window within which meters count as gone dark together. */
const companionShare = 1 / 3;

/** Room for the prediction of one island after the other. */
export class Resolver {
  readonly #core: EngineCore;
  /** by meter: position of the pick that explains it, -1 */
  readonly #pickOf: Int32Array;
  /** by meter: the round in which an outage took it in */
  readonly #claimed: Int32Array;
  #round = 0;
  /** by slot: the time its members were last judged from */
  readonly #fromMs: number[] = [];

  constructor(core: EngineCore) {
    this.#core = core;
    this.#pickOf = new Int32Array(core.grid.meterCount).fill(-1);
    this.#claimed = new Int32Array(core.grid.meterCount);
  }

  /** Predicts one island anew and brings its movable outages in line. */
  resolve(top: number): void {
    const core = this.#core;
    const island = core.islands.get(top);
    if (!island && core.slotsAt(top).size === 0) return;
    const { book } = core;
    const movable: number[] = [];
    const held: OutageRecord[] = [];
    for (const slot of core.inOrder(core.slotsAt(top))) {
      const outage = book.outages[slot];
      if (engineMayMove(outage.state)) movable.push(slot);
      else held.push(outage);
    }
    const dark = island ? this.#toExplain(island.dark) : [];
    const evidence = { dark, lit: island?.lit ?? [], back: island?.back ?? [], held };
    this.#bringInLine(dark.length > 0 ? predict(core.weights, evidence) : [], movable);
    if (!island || island.dark.size > 0) return;
    // Without a dark meter the answers of before decide nothing any more.
    for (const answers of [island.lit, island.back]) {
      for (const meter of answers) core.settleMeter(meter);
      answers.clear();
    }
    if (core.slotsAt(top).size === 0) core.islands.delete(top);
  }

  /** Dark meters of no held outage whose hold window is over, and their companions, ascending. */
  #toExplain(dark: Set<number>): Int32Array {
    const core = this.#core;
    const { outage } = core.meters;
    const all = new Int32Array(dark.size);
    let count = 0;
    for (const meter of dark) all[count++] = meter;
    all.sort();
    const waiting: number[] = [];
    let explained = 0;
    for (const meter of all) {
      // Planned work that is only now known takes its meters out of a prediction, not out of what a person holds.
      if (core.isPlanned(meter)) continue;
      if (outage[meter] < 0 && core.pending.has(meter)) {
        waiting.push(meter);
        continue;
      }
      if (this.#isToExplain(meter)) all[explained++] = meter;
    }
    const explain = all.subarray(0, explained);
    if (waiting.length === 0) return explain;
    const companions = this.#companions(explain, waiting).filter((meter) => this.#isToExplain(meter));
    if (companions.length === 0) return explain;
    const joint = new Int32Array(explained + companions.length);
    joint.set(explain);
    joint.set(companions, explained);
    return joint.sort();
  }

  #isToExplain(meter: number): boolean {
    const slot = this.#core.meters.outage[meter];
    return slot >= 0 ? engineMayMove(this.#core.book.outages[slot].state) : !this.#joinHeld(meter);
  }

  /**
   * Meters still in their hold window that went dark with those that have ended theirs: one fault is explained once, by
   * all it put out, instead of meter by meter as the windows end. Asked for where a meter without an outage has ended
   * its window, so that messages that are still arriving do not each make a prediction of their own.
   */
  #companions(explain: Int32Array, waiting: number[]): number[] {
    const { darkMs, outage, called } = this.#core.meters;
    let newestMs = Number.NEGATIVE_INFINITY;
    for (const meter of explain) {
      // A caller does not wait, and does not shorten what the meters wait for.
      if (outage[meter] < 0 && called[meter] === 0) newestMs = Math.max(newestMs, darkMs[meter]);
    }
    return waiting.filter((meter) => darkMs[meter] <= newestMs + this.#core.holdMs(meter) * companionShare);
  }

  /** A meter below a held outage that has not been heard lit since it began belongs to it. */
  #joinHeld(meter: number): boolean {
    const core = this.#core;
    if (core.heldAt.size === 0) return false;
    const { outages } = core.book;
    const litMs = core.meters.litMs[meter];
    for (let device = core.tree.ofMeter(meter); device >= 0; device = core.tree.above(device)) {
      let slot = -1;
      for (const held of core.heldAt.get(device) ?? []) {
        const outage = outages[held];
        if (slot >= 0 && outage.number > outages[slot].number) continue;
        if (litMs < outage.startedMs && core.suffers(meter, outage.phases)) slot = held;
      }
      if (slot < 0) continue;
      this.#takeLeftOver(slot, meter);
      core.enlist(slot, [meter], outages[slot].startedMs);
      return true;
    }
    return false;
  }

  /** An outage that stood there without customers begins with those another one left over, and names it. SPEC.md, R6 */
  #takeLeftOver(slot: number, meter: number): void {
    const { book, meters } = this.#core;
    const outage = book.outages[slot];
    const origin = meters.leftoverOf.get(meter);
    if (outage.customersOut > 0 || outage.steps.length !== 1 || origin === undefined || !book.has(origin)) return;
    const restoredMs = book.outages[book.slotOf(origin)].restoredMs ?? 0;
    if (restoredMs < outage.startedMs) return;
    book.startAt(slot, restoredMs);
    outage.nestedIn = origin;
  }

  /** The oldest outage that shares dark meters with a pick goes on as that pick; others are merged into it. */
  #bringInLine(picks: Pick[], movable: number[]): void {
    const core = this.#core;
    for (const [i, pick] of picks.entries()) for (const meter of pick.dark) this.#pickOf[meter] = i;
    const claims: number[][] = picks.map(() => []);
    const shared = this.#sharedMost(picks);
    for (const slot of movable) {
      const best = shared.get(slot);
      if (best) claims[best.pick].push(slot);
      else core.withdraw(slot, 'no dark meter speaks for it any more');
    }
    this.#round++;
    const mayStay = standApart(picks);
    for (const [i, pick] of picks.entries()) {
      const [survivor, ...others] = claims[i];
      const slot = survivor ?? this.#open(pick);
      for (const other of others) core.merge(other, slot);
      this.#shape(slot, pick, i, mayStay && survivor !== undefined && others.length === 0);
    }
    for (const pick of picks) for (const meter of pick.dark) this.#pickOf[meter] = -1;
  }

  /** By slot: the pick that has most of its dark meters, the first of equals. */
  #sharedMost(picks: Pick[]): Map<number, { pick: number; count: number }> {
    const { outage } = this.#core.meters;
    const most = new Map<number, { pick: number; count: number }>();
    for (const [i, pick] of picks.entries()) {
      const counts = new Map<number, number>();
      let [slot, run] = [-1, 0];
      for (const meter of pick.dark) {
        if (outage[meter] === slot) {
          run++;
          continue;
        }
        if (slot >= 0) counts.set(slot, (counts.get(slot) ?? 0) + run);
        [slot, run] = [outage[meter], 1];
      }
      if (slot >= 0) counts.set(slot, (counts.get(slot) ?? 0) + run);
      for (const [at, count] of counts) if (count > (most.get(at)?.count ?? 0)) most.set(at, { pick: i, count });
    }
    return most;
  }

  #open(pick: Pick): number {
    const { book, meters, nowMs } = this.#core;
    const origin = this.#originOf(pick);
    // Up to the parent's restoration these customers are counted there.
    const since = darkSince(this.#core, pick.dark);
    const startedMs = Math.max(pick.sinceMs, since[since.length >> 2]);
    const heard = pick.dark.some((meter) => meters.called[meter] === 0);
    const slot = book.open(pick.device, pick.meter, heard ? 'last_gasp' : 'call', startedMs, nowMs);
    book.outages[slot].phases = pick.phases;
    book.outages[slot].nestedIn = origin ?? null;
    const reason = `${pick.dark.length} dark meters${origin ? `, left over from ${origin}` : ''}`;
    book.write(slot, 'opened', null, 'predicted', nowMs, 'engine', reason);
    this.#core.file(slot);
    return slot;
  }

  /** The restored outage that most of the meters are left over from. */
  #originOf(pick: Pick): string | undefined {
    const { leftoverOf } = this.#core.meters;
    if (leftoverOf.size === 0) return undefined;
    const origins = Array.from(pick.dark, (meter) => leftoverOf.get(meter));
    return origins.find(
      (id) => id !== undefined && origins.filter((other) => other === id).length * 2 > origins.length,
    );
  }

  /** Up to the end of planned work most of these meters went dark in, their darkness was planned. */
  #plannedUntil(dark: Int32Array): number {
    const { planned, meters, nowMs, thresholds } = this.#core;
    if (planned.isEmpty) return 0;
    const graceMs = thresholds.plannedGraceS * 1000;
    const ends = Float64Array.from(dark, (meter) => planned.plannedUntil(meter, meters.darkMs[meter], nowMs, graceMs));
    return ends.sort()[ends.length >> 1];
  }

  /** Gives a movable outage the device and the members of a pick. */
  #shape(slot: number, pick: Pick, position: number, mayStay: boolean): void {
    const core = this.#core;
    const { book } = core;
    const outage = book.outages[slot];
    const moves = outage.device !== pick.device || outage.meter !== pick.meter || outage.phases !== pick.phases;
    if (moves) {
      outage.device = pick.device;
      outage.meter = pick.meter;
      outage.phases = pick.phases;
      book.note(slot, 'moved');
      book.advance(slot, 'moved', core.nowMs, 'engine', `${pick.dark.length} dark meters point to another device`);
      core.file(slot);
    }
    // A customer calls minutes after the meters knew.
    if (outage.source === 'call' && outage.steps.length === 1 && outage.nestedIn === null) {
      const sinceMs = Math.max(pick.sinceMs, this.#plannedUntil(pick.dark));
      if (sinceMs < outage.startedMs) book.startAt(slot, sinceMs);
    }
    // A leftover starts with its parent's restoration; what its neighbours answered just before that counts as well.
    const fromMs = Math.min(outage.startedMs, pick.sinceMs);
    // Nothing was heard below, and nobody moved: who is a member stays one.
    const stays = mayStay && !moves && this.#fromMs[slot] === fromMs && !core.touched.has(pick.device, pick.meter);
    if (stays) return;
    // Strays hang where no touch of theirs is seen from here.
    this.#fromMs[slot] = pick.strays.length > 0 ? Number.NaN : fromMs;
    this.#takeIn(slot, pick, position, fromMs);
  }

  /** Everyone below who is in no other outage and has not answered lit since `fromMs`, and the strays; read, then changed. */
  #takeIn(slot: number, pick: Pick, position: number, fromMs: number): void {
    const core = this.#core;
    const { meters, book, grid } = core;
    const { state, litMs, outage: outageOf, called } = meters;
    const outage = book.outages[slot];
    const before = core.membersOf(slot);
    const members: number[] = [];
    const joining: number[] = [];
    const from = new Map<number, number[]>();
    let [lit, dark, callers, critical] = [0, 0, 0, 0];
    const below = pick.meter >= 0 ? [pick.meter] : grid.metersBelow(pick.device);
    const reach = below.length + pick.strays.length;
    for (let i = 0; i < reach; i++) {
      const meter = i < below.length ? below[i] : pick.strays[i - below.length];
      const isDark = state[meter] === meterDark;
      if (isDark && this.#pickOf[meter] >= 0 && this.#pickOf[meter] !== position) continue;
      if (this.#claimed[meter] === this.#round) continue;
      const isExplained = isDark && this.#pickOf[meter] === position;
      if (!isExplained && !core.suffers(meter, pick.phases)) continue;
      if (!isDark && litMs[meter] > fromMs) {
        lit++;
        continue;
      }
      const at = outageOf[meter];
      if (at >= 0 && at !== slot && !engineMayMove(book.outages[at].state)) continue;
      if (core.isPlanned(meter)) continue;
      this.#claimed[meter] = this.#round;
      members.push(meter);
      if (isDark) {
        dark++;
        callers += called[meter];
      }
      if (grid.isCritical(meter)) critical++;
      if (at < 0) joining.push(meter);
      else if (at !== slot) from.getOrInsertComputed(at, () => []).push(meter);
    }
    core.dismiss(
      slot,
      before.filter((meter) => this.#claimed[meter] !== this.#round),
    );
    for (const [other, moved] of from)
      for (const { customers, fromMs: sinceMs } of core.dismiss(other, moved))
        book.join(slot, customers, sinceMs, core.mergeMs);
    for (const meter of members) if (outageOf[meter] !== slot) core.setOutage(meter, slot);
    core.setMembers(slot, members);
    countSince(core, slot, joining, outage.startedMs);
    if (outage.dark !== dark || outage.lit !== lit || outage.called !== callers || outage.criticalOut !== critical)
      book.note(slot, 'updated');
    outage.dark = dark;
    outage.lit = lit;
    outage.called = callers;
    outage.criticalOut = critical;
  }
}

/** True where no two picks can want the same customer: whole devices, none above another, nobody from elsewhere. */
function standApart(picks: Pick[]): boolean {
  return picks.every((pick) => pick.phases === 0 && pick.strays.length === 0 && !pick.isLater);
}
