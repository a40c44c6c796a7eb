/**
 * Identifiers as one packed byte column with a hash index: 600,000 ids cost about 15 MB and load from a file without
 * making one string. Ids are ASCII (checked on the way in), 1 to 128 characters.
 */

const emptySlot = -1;
/** With six partitions a meter's neighbour in its partition is six rows on. */
const nearRows = 16;

/** Stable 32-bit FNV-1a over char codes; the same for a string and for its ASCII bytes. */
function hashString(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function hashBytes(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash >>> 0;
}

export class IdColumn {
  readonly bytes: Uint8Array;
  /** count + 1 offsets into `bytes` */
  readonly offsets: Uint32Array;
  #slots: Int32Array | undefined;
  /** row found last by its bytes */
  #near = -1;

  constructor(bytes: Uint8Array, offsets: Uint32Array) {
    this.bytes = bytes;
    this.offsets = offsets;
  }

  /** @throws RangeError where an id is empty, longer than 128 characters or not printable ASCII. */
  static from(ids: readonly string[]): IdColumn {
    let length = 0;
    for (const id of ids) length += id.length;
    const bytes = new Uint8Array(length);
    const offsets = new Uint32Array(ids.length + 1);
    let at = 0;
    for (let row = 0; row < ids.length; row++) {
      const id = ids[row];
      if (id.length === 0 || id.length > 128) {
        throw new RangeError(`id ${JSON.stringify(id.slice(0, 140))} of row ${row} must have 1 to 128 characters`);
      }
      for (let i = 0; i < id.length; i++) {
        const code = id.charCodeAt(i);
        if (code < 0x20 || code > 0x7e)
          throw new RangeError(`id ${JSON.stringify(id)} of row ${row} is not printable ASCII`);
        bytes[at++] = code;
      }
      offsets[row + 1] = at;
    }
    return new IdColumn(bytes, offsets);
  }

  get count(): number {
    return this.offsets.length - 1;
  }

  /** The id of a row. */
  at(row: number): string {
    let id = '';
    for (let i = this.offsets[row]; i < this.offsets[row + 1]; i++) id += String.fromCharCode(this.bytes[i]);
    return id;
  }

  /** The row of an id, or -1. The index is built at the first look-up (about 60 ns a row). */
  rowOf(id: string): number {
    this.#slots ??= this.#buildSlots();
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hashString(id) & mask; slots[slot] !== emptySlot; slot = (slot + 1) & mask) {
      if (this.#equals(slots[slot], id)) return slots[slot];
    }
    return -1;
  }

  /** The row of an id that stands as ASCII in `bytes` from `from` to before `to`, or -1. */
  rowOfBytes(bytes: Uint8Array, from: number, to: number): number {
    // Head-ends send meters in their order, a partition's share of them: a few rows on costs no cache miss, a hash does.
    const last = Math.min(this.#near + nearRows, this.count - 1);
    for (let row = this.#near + 1; row <= last; row++)
      if (this.#equalsBytes(row, bytes, from, to)) {
        this.#near = row;
        return row;
      }
    const row = this.#rowByHash(bytes, from, to);
    if (row >= 0) this.#near = row;
    return row;
  }

  #rowByHash(bytes: Uint8Array, from: number, to: number): number {
    this.#slots ??= this.#buildSlots();
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hashBytes(bytes, from, to) & mask; slots[slot] !== emptySlot; slot = (slot + 1) & mask)
      if (this.#equalsBytes(slots[slot], bytes, from, to)) return slots[slot];
    return -1;
  }

  /** Rows whose id stands more than once: the first repeated row of each. Empty in a valid network. */
  duplicateRows(): number[] {
    const duplicates: number[] = [];
    for (let row = 0; row < this.count; row++) if (this.rowOf(this.at(row)) !== row) duplicates.push(row);
    return duplicates;
  }

  #buildSlots(): Int32Array {
    let size = 16;
    while (size < this.count * 2) size *= 2;
    const slots = new Int32Array(size).fill(emptySlot);
    const mask = size - 1;
    for (let row = 0; row < this.count; row++) {
      let slot = hashBytes(this.bytes, this.offsets[row], this.offsets[row + 1]) & mask;
      while (slots[slot] !== emptySlot) slot = (slot + 1) & mask;
      slots[slot] = row;
    }
    return slots;
  }

  /** From its end on: that is where neighbouring ids differ. */
  #equalsBytes(row: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.offsets[row];
    const shift = from - start;
    if (this.offsets[row + 1] + shift !== to) return false;
    for (let i = to - 1 - shift; i >= start; i--) if (this.bytes[i] !== bytes[i + shift]) return false;
    return true;
  }

  #equals(row: number, id: string): boolean {
    const start = this.offsets[row];
    if (this.offsets[row + 1] - start !== id.length) return false;
    for (let i = 0; i < id.length; i++) if (this.bytes[start + i] !== id.charCodeAt(i)) return false;
    return true;
  }
}
