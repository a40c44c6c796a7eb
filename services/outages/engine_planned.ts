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

  /** Replaces all windows; answers the meters of the old and the new ones. Meters outside the network are passed over. */
  replace(windows: readonly PlannedWindow[]): Set<number> {
    const concerned = new Set(this.#of.keys());
    this.#named.fill(0);
    this.#of.clear();
    this.#windows = windows.map((window) => ({ ...window, meters: [...window.meters] }));
    for (const window of this.#windows) {
      for (const meter of new Set(window.meters)) {
        if (!(meter >= 0 && meter < this.#named.length)) continue;
        concerned.add(meter);
        this.#named[meter] = 1;
        this.#of.set(meter, [...(this.#of.get(meter) ?? []), window]);
      }
    }
    return concerned;
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
