/** Dark meters whose hold window still runs. */
export class PendingMeters {
  /** 1 waits, 2 stands in the list: a meter may stand there that waits no more */
  readonly #flags: Uint8Array;
  readonly #list: number[] = [];
  #firstRipeMs = Number.POSITIVE_INFINITY;

  constructor(meterCount: number) {
    this.#flags = new Uint8Array(meterCount);
  }

  has(meter: number): boolean {
    return (this.#flags[meter] & 1) !== 0;
  }

  add(meter: number, ripeMs: number): void {
    if (this.#flags[meter] < 2) this.#list.push(meter);
    this.#flags[meter] = 3;
    this.#firstRipeMs = Math.min(this.#firstRipeMs, ripeMs);
  }

  delete(meter: number): void {
    this.#flags[meter] &= 2;
  }

  /** Those that wait no more at `nowMs`: they leave. */
  ripe(nowMs: number, ripeMs: Float64Array): number[] {
    const ripe: number[] = [];
    if (nowMs < this.#firstRipeMs) return ripe;
    this.#firstRipeMs = Number.POSITIVE_INFINITY;
    let kept = 0;
    for (const meter of this.#list) {
      if (this.has(meter) && ripeMs[meter] > nowMs) {
        this.#firstRipeMs = Math.min(this.#firstRipeMs, ripeMs[meter]);
        this.#list[kept++] = meter;
        continue;
      }
      if (this.has(meter)) ripe.push(meter);
      this.#flags[meter] = 0;
    }
    this.#list.length = kept;
    return ripe;
  }
}
