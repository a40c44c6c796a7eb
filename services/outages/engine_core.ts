/**
 * The state of the engine and the moves it is made of: membership, restoration, prediction of one island. `engine.ts`
 * puts them behind events, time and verbs.
 */
import { OutageBook, type OutageIds } from './engine_book.ts';
import { MeterEvidence, meterBack, meterDark, meterLit, meterUnknown } from './engine_meters.ts';
import { PlannedWork } from './engine_planned.ts';
import type { OutageRecord } from './engine_records.ts';
import { MeterRows } from './engine_rows.ts';
import type { GridView } from './grid_view.ts';
import { engineMayMove, isOut, type OutageEvent } from './lifecycle.ts';
import { type Pick, predict } from './prediction.ts';
import { DeviceTree } from './prediction_devices.ts';
import { type OutageThresholds, settingsOf } from './thresholds.ts';

/** Share of the hold window within which meters count as gone dark together. */
const companionShare = 1 / 3;

interface Island {
  dark: Set<number>;
  lit: Set<number>;
  back: Set<number>;
}

export class EngineCore {
  readonly grid: GridView;
  readonly tree: DeviceTree;
  readonly book: OutageBook;
  readonly meters: MeterEvidence;
  thresholds: OutageThresholds;
  nowMs = 0;
  /** dark meters whose hold window still runs */
  readonly pending = new Set<number>();
  readonly dirty = new Set<number>();
  /** members by slot; valid where `meters.outage` still names the slot */
  readonly members = new Map<number, Set<number>>();
  /** slots of the held outages at each device */
  readonly #heldAt = new Map<number, Set<number>>();
  readonly #slotsOf = new Map<number, Set<number>>();
  readonly #topOfSlot = new Map<number, number>();
  readonly #islands = new Map<number, Island>();
  readonly rows: MeterRows;
  readonly planned: PlannedWork;

  constructor(grid: GridView, thresholds: OutageThresholds, ids: OutageIds) {
    this.grid = grid;
    this.tree = new DeviceTree(grid);
    this.book = new OutageBook(ids);
    this.meters = new MeterEvidence(grid.meterCount);
    this.rows = new MeterRows(this.meters, this.book);
    this.thresholds = thresholds;
    this.planned = new PlannedWork(grid.meterCount);
  }

  /** True while the meter's darkness is the affair of planned work. */
  isPlanned(meter: number): boolean {
    const { state, darkMs } = this.meters;
    const graceMs = this.thresholds.plannedGraceS * 1000;
    return state[meter] === meterDark
      ? this.planned.explains(meter, darkMs[meter], this.nowMs, graceMs)
      : this.planned.lasts(meter, this.nowMs, graceMs);
  }

  holdMs(meter: number): number {
    const edge = this.grid.edgeAboveMeter(meter);
    return settingsOf(this.thresholds, edge < 0 ? -1 : this.grid.areaOfEdge(edge)).holdWindowS * 1000;
  }

  topOfMeter(meter: number): number {
    return this.tree.topOf(this.tree.ofMeter(meter));
  }

  islandAt(top: number): Island {
    let island = this.#islands.get(top);
    if (!island) {
      island = { dark: new Set(), lit: new Set(), back: new Set() };
      this.#islands.set(top, island);
    }
    return island;
  }

  /** Slots in the order of detection: the order of sets is history, and history must not decide. */
  inOrder(slots: Iterable<number>): number[] {
    const { outages } = this.book;
    return [...slots].sort((a, b) => outages[a].number - outages[b].number);
  }

  darkMeters(): Int32Array<ArrayBuffer> {
    return Int32Array.from([...this.#islands.values()].flatMap((island) => [...island.dark]));
  }

  slotsAt(top: number): Set<number> {
    let slots = this.#slotsOf.get(top);
    if (!slots) {
      slots = new Set();
      this.#slotsOf.set(top, slots);
    }
    return slots;
  }

  /** Files a meter under its top by its state, and its island for prediction. */
  place(meter: number): void {
    const top = this.topOfMeter(meter);
    const island = this.islandAt(top);
    const state = this.meters.state[meter];
    if (state === meterDark) island.dark.add(meter);
    else island.dark.delete(meter);
    if (state === meterLit) island.lit.add(meter);
    else island.lit.delete(meter);
    if (state === meterBack) island.back.add(meter);
    else island.back.delete(meter);
    this.dirty.add(top);
  }

  /** A message changed what is known of the meter. */
  changed(meter: number): void {
    if (this.meters.state[meter] === meterDark) this.pending.add(meter);
    else this.pending.delete(meter);
    this.rows.changed(meter);
    this.place(meter);
  }

  /** After switching: every meter and outage is filed anew under its present top. */
  refile(): void {
    this.tree.forget();
    const known = [...this.#islands.values()].flatMap((island) => [...island.dark, ...island.lit, ...island.back]);
    this.#islands.clear();
    this.#slotsOf.clear();
    this.#topOfSlot.clear();
    for (const meter of known) this.place(meter);
    for (const slot of this.book.active) this.#refileOutage(slot);
  }

  /** A prediction goes where most of its dark meters are now, and lets go of those that are elsewhere. */
  #refileOutage(slot: number): void {
    const outage = this.book.outages[slot];
    if (!engineMayMove(outage.state)) {
      this.file(slot);
      return;
    }
    const members = this.membersOf(slot);
    const shared = new Map<number, number>();
    for (const meter of members) {
      if (this.meters.state[meter] !== meterDark) continue;
      const top = this.topOfMeter(meter);
      shared.set(top, (shared.get(top) ?? 0) + 1);
    }
    const [most] = [...shared].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    const top = most ? most[0] : this.topOfOutage(outage);
    for (const meter of members) if (this.topOfMeter(meter) !== top) this.setOutage(meter, -1);
    this.file(slot, top);
  }

  /** Files an outage under its top; takes it out where nobody is out any more. */
  file(slot: number, top = this.topOfOutage(this.book.outages[slot])): void {
    const outage = this.book.outages[slot];
    const held = isOut(outage.state) && !engineMayMove(outage.state) && outage.meter < 0;
    this.unfile(slot);
    if (isOut(outage.state)) {
      this.slotsAt(top).add(slot);
      this.#topOfSlot.set(slot, top);
    }
    if (held) this.#heldAt.set(outage.device, (this.#heldAt.get(outage.device) ?? new Set()).add(slot));
    this.dirty.add(top);
  }

  /** Before an outage gets another device. */
  unfile(slot: number): void {
    const { device } = this.book.outages[slot];
    this.#slotsOf.get(this.#topOfSlot.get(slot) ?? -1)?.delete(slot);
    this.#heldAt.get(device)?.delete(slot);
  }

  topOfOutage(outage: OutageRecord): number {
    return outage.meter >= 0 ? this.topOfMeter(outage.meter) : this.tree.topOf(outage.device);
  }

  setOutage(meter: number, slot: number): void {
    this.meters.outage[meter] = slot;
    this.rows.moved(meter);
  }

  /** Present members of an outage. */
  membersOf(slot: number): number[] {
    const members: number[] = [];
    for (const meter of this.members.get(slot) ?? []) if (this.meters.outage[meter] === slot) members.push(meter);
    return members;
  }

  /** Takes meters into an outage and counts them. */
  enlist(slot: number, meters: readonly number[]): void {
    const outage = this.book.outages[slot];
    const members = this.members.get(slot) ?? new Set();
    this.members.set(slot, members);
    for (const meter of meters) {
      members.add(meter);
      this.setOutage(meter, slot);
      if (this.meters.state[meter] === meterDark) {
        outage.dark++;
        outage.called += this.meters.called[meter];
      }
      if (this.grid.isCritical(meter)) outage.criticalOut++;
    }
    this.book.setOut(slot, outage.customersOut + meters.length);
  }

  /** Lets all members go, uncounted: nobody is out by this outage any more. */
  disband(slot: number): number[] {
    const outage = this.book.outages[slot];
    const members = this.membersOf(slot);
    for (const meter of members) this.setOutage(meter, -1);
    this.members.delete(slot);
    this.book.setOut(slot, 0);
    outage.dark = 0;
    outage.called = 0;
    outage.criticalOut = 0;
    return members;
  }

  /** Some members leave, uncounted: they are another outage's. */
  letGo(slot: number, leaving: readonly number[]): void {
    const outage = this.book.outages[slot];
    for (const meter of leaving) {
      this.setOutage(meter, -1);
      if (this.meters.state[meter] === meterDark) {
        outage.dark--;
        outage.called -= this.meters.called[meter];
      }
      if (this.grid.isCritical(meter)) outage.criticalOut--;
    }
    this.book.setOut(slot, outage.customersOut - leaving.length);
  }

  /** Meters that an outage at its device takes out. */
  reachOf(outage: OutageRecord): ArrayLike<number> & Iterable<number> {
    return outage.meter >= 0 ? [outage.meter] : this.grid.metersBelow(outage.device);
  }

  /** Predicts one island anew and brings its movable outages in line. */
  resolve(top: number): void {
    if (!this.#islands.has(top) && this.slotsAt(top).size === 0) return;
    const island = this.islandAt(top);
    const { book, meters } = this;
    const slots = this.inOrder(this.slotsAt(top));
    const movable = slots.filter((slot) => engineMayMove(book.outages[slot].state));
    const explain: number[] = [];
    const waiting: number[] = [];
    for (const meter of Int32Array.from(island.dark).sort()) {
      if (this.isPlanned(meter) && meters.outage[meter] < 0) continue;
      if (this.pending.has(meter) && meters.outage[meter] < 0) waiting.push(meter);
      else if (this.#isToExplain(meter)) explain.push(meter);
    }
    for (const meter of this.#companions(explain, waiting)) if (this.#isToExplain(meter)) explain.push(meter);
    explain.sort((a, b) => a - b);
    const held = slots.filter((slot) => !engineMayMove(book.outages[slot].state)).map((slot) => book.outages[slot]);
    const { darkMs, litMs } = meters;
    const evidence = { dark: explain, lit: island.lit, back: island.back, held, darkMs, litMs };
    this.#bringInLine(explain.length > 0 ? predict(this.tree, this.thresholds, evidence) : [], movable);
    if (island.dark.size === 0) {
      // Without a dark meter the answers of before decide nothing any more; their times stay.
      for (const answers of [island.lit, island.back]) {
        for (const meter of answers) {
          meters.state[meter] = meterUnknown;
          this.rows.changed(meter);
        }
        answers.clear();
      }
      if (this.slotsAt(top).size === 0) this.#islands.delete(top);
    }
  }

  #isToExplain(meter: number): boolean {
    const slot = this.meters.outage[meter];
    return slot >= 0 ? engineMayMove(this.book.outages[slot].state) : !this.#joinHeld(meter);
  }

  /**
   * Meters still in their hold window that went dark with those that have ended theirs: one fault is explained once, by
   * all it put out, instead of meter by meter as the windows end. Asked for where a meter without an outage has ended
   * its window, so that messages that are still arriving do not each make a prediction of their own.
   */
  #companions(explain: number[], waiting: number[]): number[] {
    const { darkMs, outage, called } = this.meters;
    let newestMs = Number.NEGATIVE_INFINITY;
    // A caller does not wait, and does not shorten what the meters wait for.
    for (const meter of explain)
      if (outage[meter] < 0 && called[meter] === 0) newestMs = Math.max(newestMs, darkMs[meter]);
    return waiting.filter((meter) => darkMs[meter] <= newestMs + this.holdMs(meter) * companionShare);
  }

  /** A meter below a held outage that has not been heard lit since it began belongs to it. */
  #joinHeld(meter: number): boolean {
    for (let device = this.tree.ofMeter(meter); device >= 0; device = this.tree.above(device)) {
      let slot = -1;
      for (const held of this.#heldAt.get(device) ?? []) {
        const began = this.book.outages[held].startedMs;
        const older = slot < 0 || this.book.outages[held].number < this.book.outages[slot].number;
        if (older && this.meters.litMs[meter] < began) slot = held;
      }
      if (slot < 0) continue;
      this.enlist(slot, [meter]);
      return true;
    }
    return false;
  }

  /** The oldest outage that shares dark meters with a pick goes on as that pick; others are merged into it. */
  #bringInLine(picks: Pick[], movable: number[]): void {
    const pickOf = new Map<number, number>();
    for (const [i, pick] of picks.entries()) for (const meter of pick.dark) pickOf.set(meter, i);
    const claims: number[][] = picks.map(() => []);
    const withdrawn: number[] = [];
    for (const slot of movable) {
      const shared = new Map<number, number>();
      for (const meter of this.membersOf(slot)) {
        const pick = pickOf.get(meter);
        if (pick !== undefined) shared.set(pick, (shared.get(pick) ?? 0) + 1);
      }
      const [best] = [...shared].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
      if (best) claims[best[0]].push(slot);
      else withdrawn.push(slot);
    }
    for (const slot of movable) this.disband(slot);
    for (const slot of withdrawn) this.withdraw(slot, 'no dark meter speaks for it any more');
    for (const [i, pick] of picks.entries()) {
      const [survivor, ...others] = claims[i];
      const slot = survivor ?? this.#open(pick);
      for (const other of others) this.merge(other, slot);
      this.#shape(slot, pick);
    }
  }

  withdraw(slot: number, reason: string): void {
    this.disband(slot);
    this.endSteps(slot);
    this.book.advance(slot, 'withdrawn', this.nowMs, 'engine', reason);
    this.file(slot);
  }

  merge(slot: number, into: number, event: OutageEvent = 'absorbed', actor = 'engine', reason?: string): void {
    const outage = this.book.outages[slot];
    const survivor = this.book.outages[into];
    this.disband(slot);
    this.endSteps(slot);
    outage.mergedInto = survivor.id;
    if (outage.startedMs < survivor.startedMs && survivor.steps.length === 1) this.#startAt(into, outage.startedMs);
    this.book.advance(slot, event, this.nowMs, actor, reason ?? `the same outage as ${survivor.id}`);
    this.file(slot);
  }

  #startAt(slot: number, startedMs: number): void {
    const outage = this.book.outages[slot];
    const [first] = outage.steps;
    outage.startedMs = startedMs;
    first.fromMs = startedMs;
    if (first.toMs !== null) first.customerMinutes = (first.customersOut * (first.toMs - startedMs)) / 60_000;
  }

  /** The running step goes; closed steps are history and stay. */
  endSteps(slot: number): void {
    const { steps } = this.book.outages[slot];
    if (steps.at(-1)?.toMs === null) steps.pop();
  }

  #open(pick: Pick): number {
    const origins = pick.dark.map((meter) => this.meters.leftoverOf.get(meter));
    const origin = origins.find(
      (id) => id !== undefined && origins.filter((other) => other === id).length * 2 > origins.length,
    );
    const parent =
      origin !== undefined && this.book.has(origin) ? this.book.outages[this.book.slotOf(origin)] : undefined;
    // Up to the parent's restoration these customers are counted there.
    const startedMs = Math.max(pick.sinceMs, parent?.restoredMs ?? 0, this.#plannedUntil(pick.dark));
    const heard = pick.dark.some((meter) => this.meters.called[meter] === 0);
    const slot = this.book.open(pick.device, pick.meter, heard ? 'last_gasp' : 'call', startedMs, this.nowMs);
    this.book.outages[slot].nestedIn = origin ?? null;
    const reason = `${pick.dark.length} dark meters${origin ? `, left over from ${origin}` : ''}`;
    this.book.write(slot, 'opened', null, 'predicted', this.nowMs, 'engine', reason);
    return slot;
  }

  /** Up to the end of planned work most of these meters went dark in, their darkness was planned. */
  #plannedUntil(dark: readonly number[]): number {
    const graceMs = this.thresholds.plannedGraceS * 1000;
    const ends = dark.map((meter) => this.planned.plannedUntil(meter, this.meters.darkMs[meter], this.nowMs, graceMs));
    return ends.sort((a, b) => a - b)[ends.length >> 1];
  }

  /** Gives a movable outage the device and the members of a pick. */
  #shape(slot: number, pick: Pick): void {
    const outage = this.book.outages[slot];
    if (outage.device !== pick.device || outage.meter !== pick.meter) {
      outage.device = pick.device;
      outage.meter = pick.meter;
      this.book.note(slot, 'moved');
      this.book.advance(slot, 'moved', this.nowMs, 'engine', `${pick.dark.length} dark meters point to another device`);
    }
    const below = this.reachOf(outage);
    // A leftover starts with its parent's restoration; what its neighbours answered just before that counts as well.
    this.fill(slot, below, Math.min(outage.startedMs, pick.sinceMs));
    this.file(slot);
  }

  /** Everyone below who is not in another outage and has not answered lit since `fromMs` is taken to be out. */
  fill(slot: number, below: Iterable<number>, fromMs: number): void {
    const outage = this.book.outages[slot];
    const { state, litMs } = this.meters;
    const members: number[] = [];
    outage.lit = 0;
    for (const meter of below) {
      if (state[meter] !== meterDark && litMs[meter] > fromMs) outage.lit++;
      else if (this.meters.outage[meter] < 0 && !this.isPlanned(meter)) members.push(meter);
    }
    this.enlist(slot, members);
  }
}
