/**
 * Identifiers as one packed byte column with a hash index: 600,000 ids cost about 15 MB and load from a file without
 * making one string. Ids are ASCII (checked on the way in), 1 to 128 characters.
 */

const emptySlot = -1;
const longestId = 128;
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

interface Packed {
  bytes: Uint8Array;
  /** at least one more than there are ids */
  offsets: Uint32Array;
}

/** At most half full: chains of occupied slots stay short. */
function slotsFor(count: number): number {
  let size = 16;
  while (size < count * 2) size *= 2;
  return size;
}

function slotsOf({ bytes, offsets }: Packed, count: number, size: number): Int32Array {
  const slots = new Int32Array(size).fill(emptySlot);
  const mask = size - 1;
  for (let row = 0; row < count; row++) {
    let slot = hashBytes(bytes, offsets[row], offsets[row + 1]) & mask;
    while (slots[slot] !== emptySlot) slot = (slot + 1) & mask;
    slots[slot] = row;
  }
  return slots;
}

function isIdOf({ bytes, offsets }: Packed, row: number, id: string): boolean {
  const start = offsets[row];
  if (offsets[row + 1] - start !== id.length) return false;
  for (let i = 0; i < id.length; i++) if (bytes[start + i] !== id.charCodeAt(i)) return false;
  return true;
}

/** @returns where the next id begins; @throws RangeError where the id is none */
function writeId(bytes: Uint8Array, at: number, id: string, row: number): number {
  if (id.length === 0 || id.length > longestId)
    throw new RangeError(`id ${JSON.stringify(id.slice(0, 140))} of row ${row} must have 1 to ${longestId} characters`);
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    if (code < 0x20 || code > 0x7e)
      throw new RangeError(`id ${JSON.stringify(id)} of row ${row} is not printable ASCII`);
    bytes[at + i] = code;
  }
  return at + id.length;
}

export class IdColumn {
  readonly bytes: Uint8Array;
  /** count + 1 offsets into `bytes` */
  readonly offsets: Uint32Array;
  #slots: Int32Array | undefined;
  /** row found last by its bytes */
  #near = -1;
  /** rows it was behind the one found before it, where that was near */
  #stride = 1;

  /** @param slots the hash index, where it is made already */
  constructor(bytes: Uint8Array, offsets: Uint32Array, slots?: Int32Array) {
    this.bytes = bytes;
    this.offsets = offsets;
    this.#slots = slots;
  }

  /** @throws RangeError where an id is empty, longer than 128 characters or not printable ASCII. */
  static from(ids: readonly string[]): IdColumn {
    let length = 0;
    for (const id of ids) length += id.length;
    const bytes = new Uint8Array(length);
    const offsets = new Uint32Array(ids.length + 1);
    for (let row = 0; row < ids.length; row++) offsets[row + 1] = writeId(bytes, offsets[row], ids[row], row);
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
    this.#slots ??= slotsOf(this, this.count, slotsFor(this.count));
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hashString(id) & mask; slots[slot] !== emptySlot; slot = (slot + 1) & mask) {
      if (isIdOf(this, slots[slot], id)) return slots[slot];
    }
    return -1;
  }

  /** The row of an id that stands as ASCII in `bytes` from `from` to before `to`, or -1. */
  rowOfBytes(bytes: Uint8Array, from: number, to: number): number {
    const expected = this.#near + this.#stride;
    const isExpected = expected < this.count && this.#equalsBytes(expected, bytes, from, to);
    const row = isExpected ? expected : this.#rowAround(bytes, from, to);
    if (row >= 0) this.#near = row;
    return row;
  }

  /** Head-ends send meters in their order, a partition's share of them: a few rows on costs no cache miss, a hash does. */
  #rowAround(bytes: Uint8Array, from: number, to: number): number {
    const last = Math.min(this.#near + nearRows, this.count - 1);
    for (let row = this.#near + 1; row <= last; row++)
      if (this.#equalsBytes(row, bytes, from, to)) {
        this.#stride = row - this.#near;
        return row;
      }
    return this.#rowByHash(bytes, from, to);
  }

  #rowByHash(bytes: Uint8Array, from: number, to: number): number {
    this.#slots ??= slotsOf(this, this.count, slotsFor(this.count));
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

  /** From its end on: that is where neighbouring ids differ. */
  #equalsBytes(row: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.offsets[row];
    const shift = from - start;
    if (this.offsets[row + 1] + shift !== to) return false;
    for (let i = to - 1 - shift; i >= start; i--) if (this.bytes[i] !== bytes[i + shift]) return false;
    return true;
  }
}

/**
 * Ids as they come, each kept once. The column and its index grow with them: nothing is left to do at the end that others
 * would wait for.
 */
export class IdColumnBuilder {
  #bytes: Uint8Array<ArrayBuffer>;
  #offsets: Uint32Array<ArrayBuffer>;
  #slots: Int32Array;
  #count = 0;

  /** @param expected about how many ids come; more cost a pause where everything is copied */
  constructor(expected: number) {
    this.#bytes = new Uint8Array(expected * 16);
    this.#offsets = new Uint32Array(expected + 1);
    this.#slots = new Int32Array(slotsFor(expected)).fill(emptySlot);
  }

  /** The row of an id, a new one at its first time. @throws RangeError as `IdColumn.from` does */
  rowFor(id: string): number {
    this.#makeRoom(id.length);
    const packed = { bytes: this.#bytes, offsets: this.#offsets };
    const mask = this.#slots.length - 1;
    let slot = hashString(id) & mask;
    for (; this.#slots[slot] !== emptySlot; slot = (slot + 1) & mask)
      if (isIdOf(packed, this.#slots[slot], id)) return this.#slots[slot];
    const row = this.#count;
    this.#offsets[row + 1] = writeId(this.#bytes, this.#offsets[row], id, row);
    this.#slots[slot] = row;
    this.#count++;
    return row;
  }

  /** What came so far. The builder is not used any more. */
  build(): IdColumn {
    const offsets = this.#offsets.slice(0, this.#count + 1);
    return new IdColumn(this.#bytes.slice(0, offsets[this.#count]), offsets, this.#slots);
  }

  #makeRoom(length: number): void {
    const end = this.#offsets[this.#count] + length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    if (this.#count + 2 > this.#offsets.length) {
      const larger = new Uint32Array(this.#offsets.length * 2 + 2);
      larger.set(this.#offsets);
      this.#offsets = larger;
    }
    const size = slotsFor(this.#count + 1);
    if (size > this.#slots.length)
      this.#slots = slotsOf({ bytes: this.#bytes, offsets: this.#offsets }, this.#count, size);
  }
}
