/**
 * The state of the engine and the moves it is made of: membership, restoration, prediction of one island. `engine.ts`
 * puts them behind events, time and verbs.
 */
import { type Joined, OutageBook, type OutageIds } from './engine_book.ts';
import { Islands } from './engine_islands.ts';
import { MeterEvidence, meterDark, meterUnknown } from './engine_meters.ts';
import { PendingMeters } from './engine_pending.ts';
import { PlannedWork } from './engine_planned.ts';
import { MeasuredRates } from './engine_rates.ts';
import type { OutageRecord } from './engine_records.ts';
import { MeterRows } from './engine_rows.ts';
import { countSince, darkSince } from './engine_since.ts';
import { TouchedMeters } from './engine_touched.ts';
import type { GridView } from './grid_view.ts';
import { engineMayMove, isOut, type OutageEvent } from './lifecycle.ts';
import { DeviceTree, deaf, planned } from './prediction_devices.ts';
import { IslandWeights } from './prediction_weights.ts';
import { type OutageThresholds, SettingsByArea } from './thresholds.ts';

export class EngineCore {
  readonly grid: GridView;
  readonly tree: DeviceTree;
  readonly book: OutageBook;
  readonly meters: MeterEvidence;
  readonly rates = new MeasuredRates();
  readonly weights: IslandWeights;
  settings: SettingsByArea;
  nowMs = 0;
  /** dark meters whose hold window still runs */
  readonly pending: PendingMeters;
  readonly dirty = new Set<number>();
  /** members by slot; valid where `meters.outage` still names the slot, and then once */
  readonly #members: number[][] = [];
  readonly #seen: Int32Array;
  #look = 0;
  /** slots of the held outages at each device */
  readonly heldAt = new Map<number, Set<number>>();
  readonly #slotsOf = new Map<number, Set<number>>();
  readonly #topOfSlot = new Map<number, number>();
  readonly islands: Islands;
  readonly #deaf = new Set<number>();
  readonly touched: TouchedMeters;
  readonly rows: MeterRows;
  readonly planned: PlannedWork;
  /** newest known time of each device that reported its state */
  readonly deviceAtMs = new Map<number, number>();

  constructor(grid: GridView, thresholds: OutageThresholds, ids: OutageIds) {
    this.grid = grid;
    this.tree = new DeviceTree(grid);
    this.book = new OutageBook(ids);
    this.meters = new MeterEvidence(grid.meterCount);
    this.rows = new MeterRows(this.meters, this.book);
    this.settings = this.#settingsFor(thresholds);
    this.weights = new IslandWeights(this.tree, this.settings, this.meters);
    this.planned = new PlannedWork(grid.meterCount);
    this.#seen = new Int32Array(grid.meterCount);
    this.islands = new Islands(grid.meterCount);
    this.pending = new PendingMeters(grid.meterCount);
    this.touched = new TouchedMeters(this.tree);
  }

  get thresholds(): OutageThresholds {
    return this.settings.thresholds;
  }

  setThresholds(thresholds: OutageThresholds): void {
    this.settings = this.#settingsFor(thresholds);
    this.weights.settings = this.settings;
  }

  #settingsFor(thresholds: OutageThresholds): SettingsByArea {
    return new SettingsByArea(thresholds, (area, settings) => this.rates.estimate(area, settings));
  }

  areaOfMeter(meter: number): number {
    const edge = this.grid.edgeAboveMeter(meter);
    return edge < 0 ? -1 : this.grid.areaOfEdge(edge);
  }

  /** Replaces the meters without communication; answers those that became such or are no longer. */
  setDeaf(meters: Iterable<number>): number[] {
    const next = new Set<number>();
    for (const meter of meters) if (meter >= 0 && meter < this.grid.meterCount) next.add(meter);
    const turned = [
      ...[...this.#deaf].filter((meter) => !next.has(meter)),
      ...[...next].filter((meter) => !this.#deaf.has(meter)),
    ];
    this.#deaf.clear();
    for (const meter of next) this.#deaf.add(meter);
    for (const meter of turned) this.tree.mute(meter, deaf, next.has(meter));
    return turned;
  }

  deafMeters(): number[] {
    return [...this.#deaf].sort((a, b) => a - b);
  }

  /** The windows of these meters began, ended, or are others now. */
  replan(meters: Iterable<number>): void {
    const graceMs = this.thresholds.plannedGraceS * 1000;
    for (const meter of meters) {
      this.tree.mute(meter, planned, this.planned.lasts(meter, this.nowMs, graceMs));
      this.touched.touch(meter);
      this.dirty.add(this.topOfMeter(meter));
    }
  }

  /** Everything is judged anew, as by other thresholds. */
  reviewAll(): void {
    this.replan(this.planned.meters());
    for (const top of this.islands.tops()) this.dirty.add(top);
    for (const slot of this.book.active) this.dirty.add(this.topOfOutage(this.book.outages[slot]));
  }

  /** True while the meter's darkness is the affair of planned work. */
  isPlanned(meter: number): boolean {
    if (this.planned.isEmpty) return false;
    const { state, darkMs } = this.meters;
    const graceMs = this.thresholds.plannedGraceS * 1000;
    return state[meter] === meterDark
      ? this.planned.explains(meter, darkMs[meter], this.nowMs, graceMs)
      : this.planned.lasts(meter, this.nowMs, graceMs);
  }

  holdMs(meter: number): number {
    return this.settings.of(this.areaOfMeter(meter)).holdWindowS * 1000;
  }

  topOfMeter(meter: number): number {
    return this.tree.topOf(this.tree.ofMeter(meter));
  }

  /** Slots in the order of detection: the order of sets is history, and history must not decide. */
  inOrder(slots: Iterable<number>): number[] {
    const { outages } = this.book;
    return [...slots].sort((a, b) => outages[a].number - outages[b].number);
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
  #place(meter: number): void {
    const top = this.topOfMeter(meter);
    this.islands.file(meter, top, this.meters.state[meter]);
    this.dirty.add(top);
  }

  /** What the meter said decides nothing any more; its times stay. */
  settleMeter(meter: number): void {
    this.meters.state[meter] = meterUnknown;
    this.islands.unfile(meter);
    this.rows.changed(meter);
  }

  /** A message changed what is known of the meter. */
  changed(meter: number): void {
    this.touched.touch(meter);
    if (this.meters.state[meter] === meterDark) this.pending.add(meter, this.meters.ripeMs[meter]);
    else this.pending.delete(meter);
    this.rows.changed(meter);
    this.#place(meter);
  }

  /** Hold windows that are over: their islands are predicted. */
  ripen(): void {
    for (const meter of this.pending.ripe(this.nowMs, this.meters.ripeMs)) this.dirty.add(this.topOfMeter(meter));
  }

  /** After switching: every meter and outage is filed anew under its present top. */
  refile(): void {
    this.tree.forget();
    this.touched.all();
    const known = this.islands.clear();
    this.#slotsOf.clear();
    this.#topOfSlot.clear();
    for (const meter of known) this.#place(meter);
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
    this.dismiss(
      slot,
      members.filter((meter) => this.topOfMeter(meter) !== top),
    );
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
    if (held) this.heldAt.set(outage.device, (this.heldAt.get(outage.device) ?? new Set()).add(slot));
    this.dirty.add(top);
  }

  /** Before an outage gets another device. */
  unfile(slot: number): void {
    const { device } = this.book.outages[slot];
    this.#slotsOf.get(this.#topOfSlot.get(slot) ?? -1)?.delete(slot);
    this.heldAt.get(device)?.delete(slot);
  }

  topOfOutage(outage: OutageRecord): number {
    return outage.meter >= 0 ? this.topOfMeter(outage.meter) : this.tree.topOf(outage.device);
  }

  setOutage(meter: number, slot: number): void {
    this.meters.outage[meter] = slot;
    this.touched.touch(meter);
    this.rows.moved(meter);
  }

  /** Present members of an outage. */
  membersOf(slot: number): readonly number[] {
    const look = ++this.#look;
    const members: number[] = [];
    for (const meter of this.#members[slot] ?? []) {
      if (this.meters.outage[meter] !== slot || this.#seen[meter] === look) continue;
      this.#seen[meter] = look;
      members.push(meter);
    }
    this.#members[slot] = members;
    return members;
  }

  /** Members as they are, each once: in place of what was kept. */
  setMembers(slot: number, members: number[]): void {
    this.#members[slot] = members;
  }

  /** A member that is counted already, as after a restart. */
  addMember(slot: number, meter: number): void {
    this.setOutage(meter, slot);
    const members = this.#members[slot];
    if (members) members.push(meter);
    else this.#members[slot] = [meter];
  }

  get mergeMs(): number {
    return this.thresholds.stepMergeS * 1000;
  }

  /** Takes meters of no outage into one; they count as `countSince` says. */
  enlist(slot: number, meters: readonly number[], fromMs: number, silentMs = fromMs): void {
    this.admit(slot, meters);
    countSince(this, slot, meters, fromMs, silentMs);
  }

  /** Members whose steps are another matter. */
  admit(slot: number, meters: readonly number[]): void {
    const outage = this.book.outages[slot];
    for (const meter of meters) {
      this.addMember(slot, meter);
      if (this.meters.state[meter] === meterDark) {
        outage.dark++;
        outage.called += this.meters.called[meter];
      }
      if (this.grid.isCritical(meter)) outage.criticalOut++;
    }
  }

  /** Lets all members go, uncounted: nobody is out by this outage any more. */
  disband(slot: number): readonly number[] {
    const outage = this.book.outages[slot];
    const members = this.membersOf(slot);
    for (const meter of members) this.setOutage(meter, -1);
    this.#members[slot] = [];
    this.book.setOut(slot, 0);
    outage.dark = 0;
    outage.called = 0;
    outage.criticalOut = 0;
    return members;
  }

  /** Some members leave, uncounted since the running step began: they are another outage's. */
  letGo(slot: number, leaving: readonly number[]): void {
    this.#release(slot, leaving);
    this.book.setOut(slot, this.book.outages[slot].customersOut - leaving.length);
  }

  /** Some members were not out by it, or are another's now. Answers from when on how many of them had counted. */
  dismiss(slot: number, leaving: readonly number[]): Joined[] {
    if (leaving.length === 0) return [];
    this.#release(slot, leaving);
    const since = darkSince(this, leaving);
    return this.book.leave(slot, since, leaving.length - since.length, this.mergeMs);
  }

  #release(slot: number, leaving: readonly number[]): void {
    const outage = this.book.outages[slot];
    for (const meter of leaving) {
      this.setOutage(meter, -1);
      if (this.meters.state[meter] === meterDark) {
        outage.dark--;
        outage.called -= this.meters.called[meter];
      }
      if (this.grid.isCritical(meter)) outage.criticalOut--;
    }
  }

  /** Meters that an outage at its device takes out. */
  reachOf(outage: OutageRecord): ArrayLike<number> & Iterable<number> {
    return outage.meter >= 0 ? [outage.meter] : this.grid.metersBelow(outage.device);
  }

  withdraw(slot: number, reason: string): void {
    this.disband(slot);
    this.endSteps(slot);
    this.book.advance(slot, 'withdrawn', this.nowMs, 'engine', reason);
    this.file(slot);
  }

  /** Its members and all that it counted go into another outage. */
  merge(slot: number, into: number, event: OutageEvent = 'absorbed', actor = 'engine', reason?: string): void {
    const outage = this.book.outages[slot];
    const survivor = this.book.outages[into];
    this.book.joinAll(into, outage, this.mergeMs);
    this.admit(into, this.disband(slot));
    this.endSteps(slot);
    outage.mergedInto = survivor.id;
    this.book.advance(slot, event, this.nowMs, actor, reason ?? `the same outage as ${survivor.id}`);
    this.file(slot);
  }

  /** The running step goes; closed steps are history and stay. */
  endSteps(slot: number): void {
    const { steps } = this.book.outages[slot];
    if (steps.at(-1)?.toMs === null) steps.pop();
  }

  /**
   * Everyone below who is not in another outage and has not answered lit since `litFromMs` is taken to be out; members who
   * are not below, or have answered, leave. Who joins counts from `fromMs` on at the soonest.
   */
  fill(slot: number, below: Iterable<number>, litFromMs: number, fromMs: number): void {
    const outage = this.book.outages[slot];
    const { state, litMs, outage: outageOf } = this.meters;
    const joining: number[] = [];
    const staying = new Set<number>();
    outage.lit = 0;
    for (const meter of below) {
      if (outage.phases !== 0 && !this.suffers(meter, outage.phases)) continue;
      if (state[meter] !== meterDark && litMs[meter] > litFromMs) outage.lit++;
      else if (this.isPlanned(meter)) continue;
      else if (outageOf[meter] === slot) staying.add(meter);
      else if (outageOf[meter] < 0) joining.push(meter);
    }
    const leaving = this.membersOf(slot).filter((meter) => !staying.has(meter));
    for (const meter of leaving) this.dirty.add(this.topOfMeter(meter));
    this.dismiss(slot, leaving);
    this.enlist(slot, joining, fromMs, Math.max(fromMs, litFromMs));
  }

  /** True where the model has a meter on these phases alone; all of them at 0. */
  fedBy(meter: number, phases: number): boolean {
    const on = this.grid.meterPhases[meter];
    return phases === 0 || on === 0 || (on & ~phases) === 0;
  }

  /** True where a meter is out when these phases are: one on several of them only when it says so. */
  suffers(meter: number, phases: number): boolean {
    if (this.fedBy(meter, phases)) return true;
    return (this.grid.meterPhases[meter] & phases) !== 0 && this.meters.state[meter] === meterDark;
  }
}
