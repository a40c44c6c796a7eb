/** Which meters are not as they were when their island was predicted last: outages above others need not look again. */
import type { DeviceTree } from './prediction_devices.ts';

export class TouchedMeters {
  readonly #tree: DeviceTree;
  readonly #meters: Uint8Array;
  readonly #devices: Uint8Array;
  /** devices; meters as -1 - key */
  readonly #touched: number[] = [];
  #all = false;

  constructor(tree: DeviceTree) {
    this.#tree = tree;
    this.#meters = new Uint8Array(tree.grid.meterCount);
    this.#devices = new Uint8Array(tree.grid.edgeCount);
  }

  touch(meter: number): void {
    if (this.#meters[meter] === 0) {
      this.#meters[meter] = 1;
      this.#touched.push(-1 - meter);
    }
    for (let at = this.#tree.ofMeter(meter); at >= 0 && this.#devices[at] === 0; at = this.#tree.above(at)) {
      this.#devices[at] = 1;
      this.#touched.push(at);
    }
  }

  /** The grid was switched: nothing is as it was, until the next `forget`. */
  all(): void {
    this.#all = true;
  }

  /** True where a meter below the device (or the one meter) was touched since its island was forgotten. */
  has(device: number, meter: number): boolean {
    return this.#all || (meter >= 0 ? this.#meters[meter] : this.#devices[device]) === 1;
  }

  /** These islands have been looked at. What was touched in others stays so. */
  forget(tops: ReadonlySet<number>): void {
    this.#all = false;
    let kept = 0;
    for (const at of this.#touched) {
      const top = this.#tree.topOf(at >= 0 ? at : this.#tree.ofMeter(-1 - at));
      if (!tops.has(top)) this.#touched[kept++] = at;
      else if (at >= 0) this.#devices[at] = 0;
      else this.#meters[-1 - at] = 0;
    }
    this.#touched.length = kept;
  }
}
