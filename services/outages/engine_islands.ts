/** The meters that were heard, by island and by what they said. */
import { meterBack, meterDark, meterLit, meterUnknown } from './engine_meters.ts';

export interface Island {
  dark: Set<number>;
  lit: Set<number>;
  back: Set<number>;
}

export class Islands {
  readonly #of = new Map<number, Island>();
  /** the state each meter is filed under */
  readonly #filed: Uint8Array;

  constructor(meterCount: number) {
    this.#filed = new Uint8Array(meterCount);
  }

  /** The island below a topmost device; undefined where no meter was heard. */
  get(top: number): Island | undefined {
    return this.#of.get(top);
  }

  tops(): Iterable<number> {
    return this.#of.keys();
  }

  delete(top: number): void {
    this.#of.delete(top);
  }

  file(meter: number, top: number, state: number): void {
    let island = this.#of.get(top);
    if (!island) {
      island = { dark: new Set(), lit: new Set(), back: new Set() };
      this.#of.set(top, island);
    }
    const before = this.#filed[meter];
    if (state === before) return;
    listOf(island, before)?.delete(meter);
    listOf(island, state)?.add(meter);
    this.#filed[meter] = state;
  }

  /** The meter stands in no list any more; its caller empties the lists. */
  unfile(meter: number): void {
    this.#filed[meter] = meterUnknown;
  }

  /** Forgets all of it. Answers the meters that were filed. */
  clear(): number[] {
    const known = [...this.#of.values()].flatMap((island) => [...island.dark, ...island.lit, ...island.back]);
    for (const meter of known) this.#filed[meter] = meterUnknown;
    this.#of.clear();
    return known;
  }

  /** Keys of all dark meters, in no order. */
  dark(): Int32Array<ArrayBuffer> {
    return Int32Array.from([...this.#of.values()].flatMap((island) => [...island.dark]));
  }
}

function listOf(island: Island, state: number): Set<number> | undefined {
  if (state === meterDark) return island.dark;
  if (state === meterLit) return island.lit;
  return state === meterBack ? island.back : undefined;
}
