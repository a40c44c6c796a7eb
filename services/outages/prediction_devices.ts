/** The device tree over the grid: only equipment an outage can be placed at, found by walking up, remembered. */
import type { GridView } from './grid_view.ts';
import { deviceKindOf } from './thresholds.ts';

const unknown = -2;
const warmAtOnce = 4096;
/** why the silence of a meter says nothing: bits of `muted` */
export const deaf = 1;
export const planned = 2;

export class DeviceTree {
  readonly grid: GridView;
  /** by meter: `deaf` where it has no communication, `planned` while its planned work lasts */
  readonly muted: Uint8Array;
  /** nearest device at or above each edge */
  readonly #nearest: Int32Array;
  readonly #top: Int32Array;
  readonly #above: Int32Array;
  readonly #leaf: Int32Array;
  readonly #customers: Int32Array;
  /** muted meters below each device */
  readonly #mutedBelow: Int32Array;
  readonly #mutedMeters = new Set<number>();
  #metersPerLeaf: number | undefined;
  /** meters on one phase alone below each device, three to a device; counted when an island is first asked about */
  #onPhase: Int32Array | undefined;
  readonly #phasesCounted = new Set<number>();

  constructor(grid: GridView) {
    this.grid = grid;
    this.muted = new Uint8Array(grid.meterCount);
    this.#nearest = new Int32Array(grid.edgeCount).fill(unknown);
    this.#top = new Int32Array(grid.edgeCount).fill(unknown);
    this.#above = new Int32Array(grid.edgeCount).fill(unknown);
    this.#leaf = new Int32Array(grid.meterCount).fill(unknown);
    this.#customers = new Int32Array(grid.edgeCount).fill(unknown);
    this.#mutedBelow = new Int32Array(grid.edgeCount);
  }

  /** After switching: what was found may no longer hold. */
  forget(): void {
    this.#nearest.fill(unknown);
    this.#top.fill(unknown);
    this.#above.fill(unknown);
    this.#leaf.fill(unknown);
    this.#customers.fill(unknown);
    this.#phasesCounted.clear();
    this.#onPhase?.fill(0);
    this.#mutedBelow.fill(0);
    for (const meter of this.#mutedMeters) this.#countMuted(meter, 1);
  }

  /**
   * Looks everything up once, so that the first second of a storm does not pay for it. Costs the whole territory: a
   * few milliseconds a step. What is asked for before is looked up then.
   */
  *warm(): Generator<void> {
    const tops = new Set<number>();
    for (let meter = 0; meter < this.grid.meterCount; meter++) {
      for (let at = this.ofMeter(meter); at >= 0 && this.#customers[at] === unknown; at = this.above(at))
        this.audibleBelow(at);
      tops.add(this.topOf(this.ofMeter(meter)));
      if (meter % warmAtOnce === 0) yield;
    }
    this.metersPerLeaf();
    for (const top of tops) {
      if (top >= 0) this.audibleOnPhase(top, 1);
      yield;
    }
  }

  /** Mean number of meters right below a device that has any. Switching changes nothing of it. */
  metersPerLeaf(): number {
    if (this.#metersPerLeaf !== undefined) return this.#metersPerLeaf;
    const isLeaf = new Uint8Array(this.grid.edgeCount);
    let leaves = 0;
    for (let meter = 0; meter < this.grid.meterCount; meter++) {
      const leaf = this.ofMeter(meter);
      if (leaf < 0 || isLeaf[leaf] === 1) continue;
      isLeaf[leaf] = 1;
      leaves++;
    }
    this.#metersPerLeaf = Math.max(1, this.grid.meterCount / Math.max(1, leaves));
    return this.#metersPerLeaf;
  }

  /** Device nearest above a meter, -1 where there is none. */
  ofMeter(meter: number): number {
    const known = this.#leaf[meter];
    if (known !== unknown) return known;
    const found = this.#nearestFrom(this.grid.edgeAboveMeter(meter));
    this.#leaf[meter] = found;
    return found;
  }

  /** Next device above; -1 at the top. A known open device is a top: it explains all that is dark below it. */
  above(device: number): number {
    const known = this.#above[device];
    if (known !== unknown) return known;
    const found = this.grid.isOpen(device) ? -1 : this.#nearestFrom(this.grid.edgeAbove(device));
    this.#above[device] = found;
    return found;
  }

  /** Topmost device over a device: evidence below different tops is never weighed together. */
  topOf(device: number): number {
    if (device < 0) return -1;
    if (this.#top[device] !== unknown) return this.#top[device];
    const up = this.above(device);
    const top = up < 0 ? device : this.topOf(up);
    this.#top[device] = top;
    return top;
  }

  /** Says whether the silence of a meter counts. */
  mute(meter: number, why: typeof deaf | typeof planned, isMuted: boolean): void {
    const before = this.muted[meter];
    const after = isMuted ? before | why : before & ~why;
    if (before === after) return;
    this.muted[meter] = after;
    if (before !== 0 && after !== 0) return;
    if (after === 0) this.#mutedMeters.delete(meter);
    else this.#mutedMeters.add(meter);
    this.#countMuted(meter, after === 0 ? -1 : 1);
    if (this.#onPhase && this.#phasesCounted.has(this.topOf(this.ofMeter(meter))))
      this.#countPhase(meter, after === 0 ? 1 : -1, this.#onPhase);
  }

  /** Meters below a device whose silence counts. */
  audibleBelow(device: number): number {
    if (this.#customers[device] === unknown) this.#customers[device] = this.grid.customersBelow(device);
    return this.#customers[device] - this.#mutedBelow[device];
  }

  /** Of those, the ones that are on this phase alone. @param phase one phase bit */
  audibleOnPhase(device: number, phase: number): number {
    this.#onPhase ??= new Int32Array(this.grid.edgeCount * 3);
    const top = this.topOf(device);
    if (!this.#phasesCounted.has(top)) this.#countPhases(top, this.#onPhase);
    return this.#onPhase[device * 3 + (phase >> 1)];
  }

  /** By transformer first, so that the way up is gone once for each of them and not for each meter. */
  #countPhases(top: number, onPhase: Int32Array): void {
    const { meterPhases } = this.grid;
    const leaves: number[] = [];
    let last = -1;
    for (const meter of this.grid.metersBelow(top)) {
      const phase = meterPhases[meter];
      if (this.muted[meter] !== 0 || (phase !== 1 && phase !== 2 && phase !== 4)) continue;
      const leaf = this.ofMeter(meter);
      if (leaf < 0) continue;
      if (leaf !== last) leaves.push(leaf);
      last = leaf;
      onPhase[leaf * 3 + (phase >> 1)]++;
    }
    // What hangs on each directly, before any of it goes up.
    const own = new Map<number, [number, number, number]>();
    for (const leaf of leaves) own.set(leaf, [onPhase[leaf * 3], onPhase[leaf * 3 + 1], onPhase[leaf * 3 + 2]]);
    for (const [leaf, [a, b, c]] of own) {
      for (let at = this.above(leaf); at >= 0; at = this.above(at)) {
        onPhase[at * 3] += a;
        onPhase[at * 3 + 1] += b;
        onPhase[at * 3 + 2] += c;
      }
    }
    this.#phasesCounted.add(top);
  }

  #countPhase(meter: number, by: number, onPhase: Int32Array): void {
    const phase = this.grid.meterPhases[meter];
    if (phase !== 1 && phase !== 2 && phase !== 4) return;
    for (let at = this.ofMeter(meter); at >= 0; at = this.above(at)) onPhase[at * 3 + (phase >> 1)] += by;
  }

  #countMuted(meter: number, by: number): void {
    for (let at = this.ofMeter(meter); at >= 0; at = this.above(at)) this.#mutedBelow[at] += by;
  }

  #nearestFrom(edge: number): number {
    const start = edge;
    let at = edge;
    while (at >= 0 && this.#nearest[at] === unknown && !this.#isDevice(at)) at = this.grid.edgeAbove(at);
    const found = at < 0 ? -1 : this.#nearest[at] === unknown ? at : this.#nearest[at];
    for (let walk = start; walk !== at; walk = this.grid.edgeAbove(walk)) this.#nearest[walk] = found;
    if (at >= 0) this.#nearest[at] = found;
    return found;
  }

  /**
   * In a loop nothing hangs on a device alone: no outage is placed there. Whatever is known to be open counts, even a
   * line that is cut: it is what the part below waits for.
   */
  #isDevice(edge: number): boolean {
    const kind = deviceKindOf(this.grid.edgeKind[edge]);
    if (!this.grid.isOpen(edge) && (kind === undefined || kind === 'switch')) return false;
    return this.grid.customersBelow(edge) > 0;
  }
}
