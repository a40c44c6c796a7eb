/** The device tree over the grid: only equipment an outage can be placed at, found by walking up, remembered. */
import type { GridView } from './grid_view.ts';
import { deviceKindOf } from './thresholds.ts';

const unknown = -2;

export class DeviceTree {
  readonly grid: GridView;
  /** nearest device at or above each edge */
  readonly #nearest: Int32Array;
  readonly #top: Int32Array;

  constructor(grid: GridView) {
    this.grid = grid;
    this.#nearest = new Int32Array(grid.edgeCount).fill(unknown);
    this.#top = new Int32Array(grid.edgeCount).fill(unknown);
  }

  /** After switching: what was found may no longer hold. */
  forget(): void {
    this.#nearest.fill(unknown);
    this.#top.fill(unknown);
  }

  /** Device nearest above a meter, -1 where there is none. */
  ofMeter(meter: number): number {
    return this.#nearestFrom(this.grid.edgeAboveMeter(meter));
  }

  /** Next device above; -1 at the top. A known open device is a top: it explains all that is dark below it. */
  above(device: number): number {
    return this.grid.isOpen(device) ? -1 : this.#nearestFrom(this.grid.edgeAbove(device));
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
