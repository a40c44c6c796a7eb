/** The rows of the meters the engine knows something about: which changed in the running call, and all of them. */
import type { OutageBook } from './engine_book.ts';
import { type MeterEvidence, meterUnknown } from './engine_meters.ts';
import type { MeterRow } from './engine_records.ts';

export class MeterRows {
  readonly #meters: MeterEvidence;
  readonly #book: OutageBook;
  #changed: number[] = [];
  /** 1 where a meter stands in `#changed` */
  readonly #isChanged: Uint8Array;
  #moved: number[] = [];
  /** the outage each meter had when its row was last given out */
  readonly #toldOutage: Int32Array;

  constructor(meters: MeterEvidence, book: OutageBook) {
    this.#meters = meters;
    this.#book = book;
    this.#isChanged = new Uint8Array(meters.state.length);
    this.#toldOutage = new Int32Array(meters.state.length).fill(-1);
  }

  /** What is known of the meter changed. */
  changed(meter: number): void {
    if (this.#isChanged[meter] === 1) return;
    this.#isChanged[meter] = 1;
    this.#changed.push(meter);
  }

  /** The meter may have changed its outage: most are taken out and put back by the same prediction. */
  moved(meter: number): void {
    this.#moved.push(meter);
  }

  /** Rows of the meters that changed since the last call. */
  take(): MeterRow[] {
    const { outage } = this.#meters;
    for (const meter of this.#moved) {
      if (outage[meter] !== this.#toldOutage[meter]) this.changed(meter);
      this.#toldOutage[meter] = outage[meter];
    }
    const meters = Int32Array.from(this.#changed).sort();
    const rows: MeterRow[] = [];
    for (const meter of meters) {
      this.#isChanged[meter] = 0;
      rows.push(this.of(meter));
    }
    this.#changed = [];
    this.#moved = [];
    return rows;
  }

  of(meter: number): MeterRow {
    const { darkMs, litMs, ripeMs, outage, leftoverOf } = this.#meters;
    return {
      meter,
      state: this.#meters.rowState(meter),
      darkMs: darkMs[meter],
      litMs: litMs[meter],
      ripeMs: ripeMs[meter],
      outageId: outage[meter] < 0 ? null : this.#book.outages[outage[meter]].id,
      leftoverOf: leftoverOf.get(meter) ?? null,
    };
  }

  /** Rows of all meters that were ever heard or are members now. Costs the whole territory. */
  all(): MeterRow[] {
    const { state, outage, litMs, darkMs } = this.#meters;
    const rows: MeterRow[] = [];
    for (let meter = 0; meter < state.length; meter++) {
      const known = state[meter] !== meterUnknown || outage[meter] >= 0 || litMs[meter] >= 0 || darkMs[meter] >= 0;
      if (known) rows.push(this.of(meter));
    }
    return rows;
  }
}
