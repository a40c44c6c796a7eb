/** Planned work: its meters raise no prediction while a window lasts, and none for their grace after it. */
import type { PlannedWindow } from './engine_records.ts';

export class PlannedWork {
  #windows: readonly PlannedWindow[] = [];
  readonly #of = new Map<number, PlannedWindow[]>();
  /** 1 where a meter is named by any window: asked first, for every dark meter */
  readonly #named: Uint8Array;

  constructor(meterCount: number) {
    this.#named = new Uint8Array(meterCount);
  }

  /**
   * Replaces all windows; answers the meters of those that are new, other or gone. Costs these: one window more among
   * thousands is one window's work. Meters outside the network are passed over.
   */
  replace(windows: readonly PlannedWindow[]): Set<number> {
    const concerned = new Set<number>();
    const gone = new Set(this.#windows);
    const known = new Map(this.#windows.map((window) => [window.id, window]));
    const added: PlannedWindow[] = [];
    this.#windows = windows.map((window) => {
      const before = known.get(window.id);
      if (before && isSame(before, window) && gone.delete(before)) return before;
      added.push({ ...window, meters: [...window.meters] });
      return added[added.length - 1];
    });
    for (const window of gone)
      for (const meter of this.#metersIn(window)) {
        concerned.add(meter);
        const left = this.#of.get(meter)!.filter((one) => one !== window);
        if (left.length > 0) this.#of.set(meter, left);
        else {
          this.#of.delete(meter);
          this.#named[meter] = 0;
        }
      }
    for (const window of added)
      for (const meter of this.#metersIn(window)) {
        concerned.add(meter);
        this.#named[meter] = 1;
        const list = this.#of.get(meter);
        if (list) list.push(window);
        else this.#of.set(meter, [window]);
      }
    return concerned;
  }

  #metersIn({ meters }: PlannedWindow): number[] {
    return [...new Set(meters)].filter((meter) => meter >= 0 && meter < this.#named.length);
  }

  windows(): PlannedWindow[] {
    return this.#windows.map((window) => ({ ...window, meters: [...window.meters] }));
  }

  get isEmpty(): boolean {
    return this.#of.size === 0;
  }

  meters(): Iterable<number> {
    return this.#of.keys();
  }

  /** Meters of the windows that begin, end or end their grace after `fromMs` and until `toMs`. */
  turning(fromMs: number, toMs: number, graceMs: number): number[] {
    const passes = (ms: number): boolean => ms > fromMs && ms <= toMs;
    return this.#metersOf((window) => passes(window.fromMs) || passes(window.toMs) || passes(window.toMs + graceMs));
  }

  /** Meters of the windows that end their grace after `fromMs` and until `toMs`. */
  over(fromMs: number, toMs: number, graceMs: number): number[] {
    return this.#metersOf((window) => window.toMs + graceMs > fromMs && window.toMs + graceMs <= toMs);
  }

  #metersOf(chosen: (window: PlannedWindow) => boolean): number[] {
    return this.#windows
      .filter(chosen)
      .flatMap((window) => window.meters)
      .filter((meter) => this.#named[meter] === 1);
  }

  /** True while a window of the meter lasts, its grace included. */
  lasts(meter: number, nowMs: number, graceMs: number): boolean {
    if (this.#named[meter] === 0) return false;
    return this.#of.get(meter)!.some((window) => window.fromMs <= nowMs && nowMs < window.toMs + graceMs);
  }

  /** True where the window that lasts explains a meter that is dark since `darkMs`: not what was dark long before it. */
  explains(meter: number, darkMs: number, nowMs: number, graceMs: number): boolean {
    if (this.#named[meter] === 0) return false;
    return this.#of
      .get(meter)!
      .some((window) => window.fromMs <= nowMs && nowMs < window.toMs + graceMs && darkMs >= window.fromMs - graceMs);
  }

  /** End of the newest window that is over and that the meter (or its device) went dark in: up to then it was planned. */
  plannedUntil(meter: number, darkMs: number, nowMs: number, graceMs: number): number {
    let untilMs = 0;
    if (this.#named[meter] === 0) return untilMs;
    for (const window of this.#of.get(meter)!) {
      if (window.toMs <= nowMs && darkMs >= window.fromMs - graceMs && darkMs < window.toMs)
        untilMs = Math.max(untilMs, window.toMs);
    }
    return untilMs;
  }
}

const isSame = (a: PlannedWindow, b: PlannedWindow): boolean =>
  a.fromMs === b.fromMs &&
  a.toMs === b.toMs &&
  a.meters.length === b.meters.length &&
  a.meters.every((meter, i) => meter === b.meters[i]);
