/**
 * The weights of one island of the device tree (everything below one top): a row for each device above a meter that was
 * heard, in columns that are used again from call to call. Costs the meters heard and the devices above them, never the
 * territory.
 *
 * Each device above a dark meter may be the fault. Out there costs, in natural logarithms, log(1 - loss) per dark meter
 * below, log(loss) per silent one, log(wrongLit) per one that is lit or came back since, and the improbability of one
 * more fault; else the best of its branches, added up. Thresholds, two affected branches and lit branches decide what is allowed at all.
 */
import type { GridView } from './grid_view.ts';
import { type DeviceTree, deaf, planned } from './prediction_devices.ts';
import type { HeardMeters, HeldOutage, IslandEvidence } from './prediction_facts.ts';
import { type AreaSettings, deviceKindOf, type SettingsByArea } from './thresholds.ts';

export const verdicts = ['chosen', 'covered', 'one_branch', 'below_threshold', 'contradicted', 'costlier'] as const;
const [chosen, covered, oneBranch, belowThreshold, contradicted, costlier] = verdicts.map((_, code) => code);

/** A single service point is a little less likely than the transformer that is its only one. */
const servicePointHandicap = 0.5;

export class IslandWeights {
  readonly tree: DeviceTree;
  readonly heard: HeardMeters;
  settings: SettingsByArea;
  /** rows; parents stand before their children */
  count = 0;
  device = new Int32Array(0);
  /** row of the next device above, -1 at the top */
  parent = new Int32Array(0);
  /** customers below that are not accounted for by held outages or restored, and whose silence would say something */
  customers = new Int32Array(0);
  dark = new Int32Array(0);
  /** of the dark ones: known by a call alone; and of those, the ones whose meter should have said so itself */
  calls = new Int32Array(0);
  unsaid = new Int32Array(0);
  lit = new Int32Array(0);
  silent = new Int32Array(0);
  /** log-likelihood of one outage here, and of the best explanation by what lies below */
  scoreHere = new Float64Array(0);
  scoreBelow = new Float64Array(0);
  /** code into `verdicts` */
  verdict = new Uint8Array(0);
  /** when the outage began, were it here: median of the heaviest branch */
  sinceMs = new Float64Array(0);
  /** dark meters with no device between them and this one: `directMeters` from `directStart` on */
  direct = new Int32Array(0);
  directStart = new Int32Array(0);
  directMeters = new Int32Array(0);
  #branches = new Int32Array(0);
  #branchDark = new Int32Array(0);
  /** time of the newest lit branch below, 0 where there is none */
  #litBranchMs = new Float64Array(0);
  #litDirect = new Int32Array(0);
  #litDirectMs = new Float64Array(0);
  /** branches anywhere below that went dark at another time */
  #lateBranches = new Int32Array(0);
  /** of the direct meters, those that came back since */
  #backDirect = new Int32Array(0);
  /** meters below that came back since */
  #back = new Int32Array(0);
  #away = new Int32Array(0);
  /** silent meters of the branches below that have rows, -1 where none has; and what their silence costs */
  #silentSeen = new Int32Array(0);
  #silenceBelow = new Float64Array(0);
  readonly #rowOf: Int32Array;
  #path = new Int32Array(64);
  /** by position in the dark meters weighed: their row, -1 where no device is above */
  rowOfDark = new Int32Array(0);
  #times = new Float64Array(0);

  constructor(tree: DeviceTree, settings: SettingsByArea, heard: HeardMeters) {
    this.tree = tree;
    this.settings = settings;
    this.heard = heard;
    this.#rowOf = new Int32Array(tree.grid.edgeCount).fill(-1);
  }

  /**
   * Weighs every device above the meters heard. The columns hold until the next call.
   * @param phase one phase bit: the network as this phase alone sees it; 0: all of it
   */
  weigh(evidence: IslandEvidence, phase = 0): void {
    for (let i = 0; i < this.count; i++) this.#rowOf[this.device[i]] = -1;
    this.count = 0;
    const toleranceMs = this.settings.thresholds.clockAheadS * 1000;
    this.#placeDark(evidence.dark);
    const litMeters = this.#placeLit(evidence.lit, phase);
    for (let i = this.count - 1; i >= 0; i--) this.#gatherDark(i);
    for (const meter of litMeters) this.#spreadLit(meter, toleranceMs);
    for (const meter of evidence.back) this.#spreadBack(meter, phase);
    for (const outage of evidence.held) this.#spreadHeld(outage, phase);
    for (let i = this.count - 1; i >= 0; i--) this.#weighRow(i, phase, toleranceMs);
    for (let i = 0; i < this.count; i++) {
      const above = this.parent[i] < 0 ? costlier : this.verdict[this.parent[i]];
      if (above === chosen || above === covered) this.verdict[i] = covered;
    }
  }

  isChosen(row: number): boolean {
    return this.verdict[row] === chosen;
  }

  isCovered(row: number): boolean {
    return this.verdict[row] === covered;
  }

  /** Share `share` of the meters went dark at this time or before. */
  quantile(meters: ArrayLike<number>, share: number): number {
    const { darkMs } = this.heard;
    const first = darkMs[meters[0]];
    let same = true;
    for (let i = 1; same && i < meters.length; i++) same = darkMs[meters[i]] === first;
    if (same) return first;
    if (this.#times.length < meters.length) this.#times = new Float64Array(meters.length * 2);
    for (let i = 0; i < meters.length; i++) this.#times[i] = darkMs[meters[i]];
    return this.#times.subarray(0, meters.length).sort()[Math.floor((meters.length - 1) * share)];
  }

  /** What it costs to explain a dark meter by its own service point, or a call by the house: a negative logarithm. */
  aloneScore(meter: number, settings: AreaSettings): number {
    const fault = settings.faultImprobability + servicePointHandicap;
    if (this.heard.called[meter] === 0) return -fault;
    return Math.max(-fault, settings.logWrongCall);
  }

  settingsAt(device: number): AreaSettings {
    return this.settings.of(this.tree.grid.areaOfEdge(device));
  }

  /** The row of a device, made together with those above it. */
  #touch(device: number): number {
    const known = this.#rowOf[device];
    if (known >= 0) return known;
    let depth = 0;
    let at = device;
    while (at >= 0 && this.#rowOf[at] < 0) {
      if (depth === this.#path.length) this.#path = grown(this.#path, depth * 2);
      this.#path[depth++] = at;
      at = this.tree.above(at);
    }
    let parent = at < 0 ? -1 : this.#rowOf[at];
    if (this.count + depth > this.device.length) this.#grow((this.count + depth) * 2);
    while (depth > 0) parent = this.#addRow(this.#path[--depth], parent);
    return parent;
  }

  #addRow(device: number, parent: number): number {
    const row = this.count++;
    this.#rowOf[device] = row;
    this.device[row] = device;
    this.parent[row] = parent;
    this.dark[row] = 0;
    this.calls[row] = 0;
    this.unsaid[row] = 0;
    this.lit[row] = 0;
    this.scoreBelow[row] = 0;
    this.sinceMs[row] = Number.POSITIVE_INFINITY;
    this.direct[row] = 0;
    this.#branches[row] = 0;
    this.#branchDark[row] = 0;
    this.#litBranchMs[row] = 0;
    this.#litDirect[row] = 0;
    this.#litDirectMs[row] = 0;
    this.#backDirect[row] = 0;
    this.#back[row] = 0;
    this.#lateBranches[row] = 0;
    this.#away[row] = 0;
    this.#silentSeen[row] = -1;
    this.#silenceBelow[row] = 0;
    return row;
  }

  #placeDark(dark: ArrayLike<number>): void {
    const { tree, heard } = this;
    if (this.rowOfDark.length < dark.length) this.rowOfDark = new Int32Array(dark.length * 2);
    for (let i = 0; i < dark.length; i++) {
      const meter = dark[i];
      const device = tree.ofMeter(meter);
      const row = device < 0 ? -1 : this.#touch(device);
      this.rowOfDark[i] = row;
      if (row < 0) continue;
      this.direct[row]++;
      const muted = tree.muted[meter] !== 0;
      if (heard.called[meter] === 1) {
        this.calls[row]++;
        if (!muted) this.unsaid[row]++;
      }
      // Whoever speaks is counted, whatever was thought of its silence.
      if (muted) for (let at = row; at >= 0; at = this.parent[at]) this.#away[at]--;
    }
    let start = 0;
    for (let row = 0; row < this.count; row++) {
      this.directStart[row] = start;
      start += this.direct[row];
    }
    if (this.directMeters.length < start) this.directMeters = new Int32Array(start * 2);
    const next = this.directStart.slice(0, this.count);
    for (let i = 0; i < dark.length; i++)
      if (this.rowOfDark[i] >= 0) this.directMeters[next[this.rowOfDark[i]]++] = dark[i];
  }

  #placeLit(lit: Iterable<number>, phase: number): number[] {
    const placed: number[] = [];
    for (const meter of lit) {
      const device = this.tree.ofMeter(meter);
      if (device < 0 || !this.#speaks(meter, phase)) continue;
      const row = this.#touch(device);
      placed.push(meter);
      this.#litDirect[row]++;
      this.#litDirectMs[row] = Math.max(this.#litDirectMs[row], this.heard.litMs[meter]);
    }
    return placed;
  }

  #speaks(meter: number, phase: number): boolean {
    if ((this.tree.muted[meter] & planned) !== 0) return false;
    return phase === 0 || this.tree.grid.meterPhases[meter] === phase;
  }

  /** Dark meters upwards; the time of the outage is that of the heaviest branch: one stray dark meter does not set it. */
  #gatherDark(row: number): void {
    const direct = this.direct[row];
    // One lit answer among many dark ones is that meter's own affair; a branch that is mostly lit is not out.
    if (this.#litDirect[row] > 0 && this.#litDirect[row] >= direct)
      this.#litBranchMs[row] = Math.max(this.#litBranchMs[row], this.#litDirectMs[row]);
    this.dark[row] += direct;
    if (direct > this.#branchDark[row]) {
      this.#branchDark[row] = direct;
      const start = this.directStart[row];
      this.sinceMs[row] = this.quantile(this.directMeters.subarray(start, start + direct), 0.5);
    }
    const parent = this.parent[row];
    if (parent < 0) return;
    this.dark[parent] += this.dark[row];
    this.calls[parent] += this.calls[row];
    this.unsaid[parent] += this.unsaid[row];
    if (this.dark[row] > this.#branchDark[parent]) {
      this.#branchDark[parent] = this.dark[row];
      this.sinceMs[parent] = this.sinceMs[row];
    }
    this.#litBranchMs[parent] = Math.max(this.#litBranchMs[parent], this.#litBranchMs[row]);
  }

  #spreadLit(meter: number, toleranceMs: number): void {
    const back = (this.tree.muted[meter] & deaf) !== 0 ? 1 : 0;
    const litMs = this.heard.litMs[meter];
    for (let row = this.#rowOf[this.tree.ofMeter(meter)]; row >= 0; row = this.parent[row]) {
      if (litMs <= this.sinceMs[row] + toleranceMs) continue;
      this.lit[row]++;
      this.#away[row] -= back;
    }
  }

  #spreadBack(meter: number, phase: number): void {
    if (!this.#speaks(meter, phase)) return;
    const leaf = this.tree.ofMeter(meter);
    const counted = (this.tree.muted[meter] & deaf) !== 0 ? 0 : 1;
    for (let row = this.#firstKnown(leaf); row >= 0; row = this.parent[row]) {
      if (this.heard.litMs[meter] <= this.sinceMs[row]) continue;
      this.#away[row] += counted;
      this.#back[row]++;
      if (this.device[row] === leaf) this.#backDirect[row]++;
    }
  }

  #spreadHeld(outage: HeldOutage, phase: number): void {
    const { tree } = this;
    const isMeter = outage.meter >= 0;
    const start = isMeter ? tree.ofMeter(outage.meter) : outage.device;
    let away = outage.customersOut;
    if (isMeter) away = tree.muted[outage.meter] === 0 && (phase === 0 || this.#speaks(outage.meter, phase)) ? away : 0;
    else if (phase === 0) away = Math.min(away, tree.audibleBelow(outage.device));
    else if (outage.phases === 0) away = Math.min(away, tree.audibleOnPhase(outage.device, phase));
    else if ((outage.phases & phase) === 0) away = 0;
    for (let row = this.#firstKnown(start); row >= 0; row = this.parent[row]) this.#away[row] += away;
  }

  /** Row of the lowest device at or above this one that has a row, -1. */
  #firstKnown(device: number): number {
    let at = device;
    while (at >= 0 && this.#rowOf[at] < 0) at = this.tree.above(at);
    return at < 0 ? -1 : this.#rowOf[at];
  }

  /** Weighs one device once all below it are weighed, and hands the better score up. */
  #weighRow(row: number, phase: number, toleranceMs: number): void {
    const { tree } = this;
    const { grid } = tree;
    const device = this.device[row];
    const settings = this.settingsAt(device);
    const below = phase === 0 ? tree.audibleBelow(device) : tree.audibleOnPhase(device, phase);
    const dark = this.dark[row];
    const customers = Math.max(dark, below - this.#away[row]);
    this.customers[row] = customers;
    this.silent[row] = Math.max(0, customers - dark - this.lit[row]);
    this.#branches[row] += this.direct[row];
    this.scoreHere[row] =
      (dark - this.calls[row]) * settings.logHeard +
      this.unsaid[row] * settings.logLost +
      (phase === 0 ? this.#weighSilence(row, settings) : this.silent[row] * settings.logLost) +
      (this.lit[row] + this.#back[row]) * settings.logWrongLit -
      settings.faultImprobability -
      this.#lateBranches[row] * settings.lateBranchImprobability -
      (phase !== 0 && grid.edgePhases[device] !== phase ? settings.partialImprobability : 0);
    const start = this.directStart[row];
    for (let i = 0; i < this.direct[row]; i++)
      this.scoreBelow[row] += this.aloneScore(this.directMeters[start + i], settings);
    this.verdict[row] = dark === 0 ? oneBranch : this.#judge(row, grid, settings, toleranceMs);
    const parent = this.parent[row];
    if (parent < 0) return;
    this.scoreBelow[parent] += this.verdict[row] === chosen ? this.scoreHere[row] : this.scoreBelow[row];
    if (dark > 0 && dark * 100 >= customers * settings.branchPercent) this.#branches[parent]++;
    this.#lateBranches[parent] += this.#lateBranches[row];
    // Callers tell the time of their call.
    const apartMs = Math.abs(this.sinceMs[row] - this.sinceMs[parent]);
    if (dark > this.calls[row] && apartMs > settings.simultaneousS * 1000) this.#lateBranches[parent]++;
  }

  /**
   * What the silence below a device costs. The meters of one transformer are heard by one collector: that it is deaf is
   * no less probable than one more fault. SPEC.md, P18.
   */
  #weighSilence(row: number, { logLost, faultImprobability }: AreaSettings): number {
    const silent = this.silent[row];
    const seen = this.#silentSeen[row];
    const unseen = Math.max(0, silent - Math.max(0, seen));
    const leaves = seen < 0 ? 1 : Math.ceil(unseen / this.tree.metersPerLeaf());
    const score = this.#silenceBelow[row] + Math.max(unseen * logLost, -leaves * faultImprobability);
    const parent = this.parent[row];
    if (parent < 0) return score;
    this.#silentSeen[parent] = Math.max(0, this.#silentSeen[parent]) + silent;
    this.#silenceBelow[parent] += score;
    return score;
  }

  #judge(row: number, grid: GridView, settings: AreaSettings, toleranceMs: number): number {
    const device = this.device[row];
    if (grid.isOpen(device)) return chosen;
    if (this.#litBranchMs[row] > this.sinceMs[row] + toleranceMs) return contradicted;
    // A transformer that most of its meters came back by has power; a fuse may feed again one branch of several.
    if (this.#backDirect[row] > 0 && this.#backDirect[row] >= this.direct[row]) return contradicted;
    const dark = this.dark[row];
    const customers = this.customers[row];
    const { minPercent, minCount, minCalls, need } = settings.device[deviceKindOf(grid.edgeKind[device])!];
    if (dark === this.calls[row] && dark > 1 && dark < minCalls) return belowThreshold;
    const wholeByItself = this.direct[row] === dark && dark === customers;
    if (!wholeByItself) {
      if (this.#branches[row] < 2) return oneBranch;
      const percent = dark * 100 >= customers * minPercent;
      const count = dark >= minCount;
      if (need === 'both' ? !(percent && count) : !(percent || count)) return belowThreshold;
    }
    return settings.rule === 'thresholds' || this.scoreHere[row] > this.scoreBelow[row] ? chosen : costlier;
  }

  #grow(rows: number): void {
    for (const name of [
      'device',
      'parent',
      'customers',
      'dark',
      'calls',
      'unsaid',
      'lit',
      'silent',
      'direct',
      'directStart',
    ] as const)
      this[name] = grown(this[name], rows);
    for (const name of ['scoreHere', 'scoreBelow', 'sinceMs'] as const) this[name] = grown(this[name], rows);
    this.verdict = grown(this.verdict, rows);
    this.#branches = grown(this.#branches, rows);
    this.#branchDark = grown(this.#branchDark, rows);
    this.#litDirect = grown(this.#litDirect, rows);
    this.#backDirect = grown(this.#backDirect, rows);
    this.#back = grown(this.#back, rows);
    this.#lateBranches = grown(this.#lateBranches, rows);
    this.#away = grown(this.#away, rows);
    this.#silentSeen = grown(this.#silentSeen, rows);
    this.#silenceBelow = grown(this.#silenceBelow, rows);
    this.#litBranchMs = grown(this.#litBranchMs, rows);
    this.#litDirectMs = grown(this.#litDirectMs, rows);
  }
}

/** The same column with room for more. */
function grown<Column extends Int32Array | Float64Array | Uint8Array>(column: Column, length: number): Column {
  const more = new (column.constructor as new (length: number) => Column)(length);
  more.set(column);
  return more;
}
