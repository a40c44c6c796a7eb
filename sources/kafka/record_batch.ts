/**
 * Record batches (format v2) as a broker stores and sends them, walked without an object per message: each record is
 * told to a visitor as positions in its bytes. Checked here: CRC-32C, lengths, compression. A broker may cut the last
 * batch of an answer off in the middle; what is whole is taken, the rest is fetched again.
 */
import { FluxError, messageOf } from '#model/errors.ts';
import { crc32c, plainBytes } from './plain_bytes.ts';

export interface PartitionPlace {
  topic: string;
  partition: number;
}

/** Told of each record; positions are in `bytes`, which are there during the call alone; -1 where there is no key or value. */
export interface RecordVisitor {
  record(
    bytes: Buffer,
    offset: number,
    createTimeMs: number,
    keyFrom: number,
    keyTo: number,
    valueFrom: number,
    valueTo: number,
    headersFrom: number,
    headerCount: number,
  ): void;
}

/** A transaction that was given up: its records from `firstOffset` on do not count. */
export interface AbortedTransaction {
  producerId: bigint;
  firstOffset: bigint;
}

/** Bytes before the records of a batch, from its base offset on. */
const headBytes = 61;
/** Base offset and length: not part of the length. */
const logOverhead = 12;

const isTransactional = 0x10;
const isControl = 0x20;
const isLogAppendTime = 0x08;

/** @throws FluxError always: names topic, partition and offset */
function damaged(place: PartitionPlace, offset: number, what: string, cause?: unknown): never {
  throw new FluxError(
    'kafka_damaged_batch',
    `topic ${place.topic} partition ${place.partition} offset ${offset}: ${what}; nothing behind it is read until the broker sends it whole`,
    { cause, canRetry: true, details: { ...place, offset } },
  );
}

/** A 64-bit integer that is below 2^53, as every offset and time is. */
function int64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 4_294_967_296 + bytes.readUInt32BE(at + 4);
}

/** First offset behind the whole batches of an answer, without reading their records; `from` where there is none. */
export function offsetAfter(bytes: Buffer, from: number): number {
  let next = from;
  for (let at = 0; at + headBytes <= bytes.length; ) {
    const length = bytes.readInt32BE(at + 8);
    if (length < headBytes - logOverhead || at + logOverhead + length > bytes.length) break;
    next = int64(bytes, at) + bytes.readInt32BE(at + 23) + 1;
    at += logOverhead + length;
  }
  return next;
}

/**
 * Tells the visitor every record from offset `from` on that counts: not of control batches, not of given-up transactions.
 * @returns the first offset that was not read, which is where to fetch next
 * @throws FluxError `kafka_damaged_batch`, with topic, partition and offset
 */
export function readBatches(
  bytes: Buffer,
  from: number,
  place: PartitionPlace,
  visitor: RecordVisitor,
  aborted: readonly AbortedTransaction[] = [],
): number {
  const open = new Set<bigint>();
  const pending = [...aborted].sort((a, b) => Number(a.firstOffset - b.firstOffset));
  let next = from;
  let at = 0;
  while (at + logOverhead <= bytes.length) {
    const base = int64(bytes, at);
    const length = bytes.readInt32BE(at + 8);
    if (base < 0 || length < headBytes - logOverhead) damaged(place, next, `a batch says it is ${length} bytes long`);
    const end = at + logOverhead + length;
    if (end > bytes.length) break;
    if (bytes[at + 16] !== 2)
      damaged(place, base, `a batch of format ${bytes[at + 16]}, which brokers before 0.11 wrote`);
    if (crc32c(bytes.subarray(at + 21, end)) !== bytes.readUInt32BE(at + 17))
      damaged(place, base, 'the checksum of a batch is wrong');
    const attributes = bytes.readInt16BE(at + 21);
    const lastOffset = base + bytes.readInt32BE(at + 23);
    if (lastOffset < base) damaged(place, base, 'a batch ends before it begins');
    const producerId = bytes.readBigInt64BE(at + 43);
    while (pending.length > 0 && pending[0].firstOffset <= BigInt(lastOffset)) open.add(pending.shift()!.producerId);
    if (attributes & isControl) {
      // the marker that ends a transaction, committed or given up
      open.delete(producerId);
    } else if (lastOffset >= from && !(attributes & isTransactional && open.has(producerId))) {
      readRecords(bytes, at, end, attributes, base, from, place, visitor);
    }
    if (lastOffset >= next) next = lastOffset + 1;
    at = end;
  }
  if (next === from && bytes.length > 0 && at === 0)
    damaged(place, from, `the broker sent ${bytes.length} bytes that hold no whole batch`);
  return next;
}

function unpacked(packed: Buffer, kind: number, place: PartitionPlace, base: number): Buffer {
  try {
    const bytes = plainBytes(packed, kind);
    if (bytes) return bytes;
  } catch (cause) {
    damaged(place, base, `a batch can not be decompressed (${messageOf(cause)})`, cause);
  }
  return damaged(place, base, `a batch is compressed in a way (${kind}) that nobody has defined`);
}

// Position behind the last varint read: a second return value without an object per number.
let after = 0;

/** Zigzag varint of at most 64 bits, as a number. */
function varint(bytes: Buffer, from: number, end: number): number {
  let at = from;
  if (at < end) {
    const first = bytes[at++];
    if (first < 0x80) {
      after = at;
      return first & 1 ? -((first + 1) >> 1) : first >> 1;
    }
    let value = first & 0x7f;
    for (let scale = 128; at < end && at - from < 10; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        after = at;
        return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
      }
    }
  }
  after = -1;
  return Number.NaN;
}

function readRecords(
  batch: Buffer,
  start: number,
  batchEnd: number,
  attributes: number,
  base: number,
  from: number,
  place: PartitionPlace,
  visitor: RecordVisitor,
): void {
  const firstTimeMs = int64(batch, start + 27);
  const maxTimeMs = int64(batch, start + 35);
  const count = batch.readInt32BE(start + 57);
  const kind = attributes & 7;
  const bytes = kind === 0 ? batch : unpacked(batch.subarray(start + headBytes, batchEnd), kind, place, base);
  const end = kind === 0 ? batchEnd : bytes.length;
  let at = kind === 0 ? start + headBytes : 0;
  const lastDelta = batch.readInt32BE(start + 23);
  let before = -1;
  for (let i = 0; i < count; i++) {
    const length = varint(bytes, at, end);
    const recordEnd = after + length;
    if (after < 0 || !(length > 0 && recordEnd <= end)) damaged(place, base, `record ${i} of a batch has no end`);
    // attributes of a record: none are defined
    const timeDelta = varint(bytes, after + 1, recordEnd);
    const offsetDelta = after < 0 ? Number.NaN : varint(bytes, after, recordEnd);
    if (!(offsetDelta > before && offsetDelta <= lastDelta))
      damaged(place, base, `record ${i} of a batch has an offset out of order`);
    before = offsetDelta;
    const keyLength = varint(bytes, after, recordEnd);
    const keyFrom = keyLength < 0 ? -1 : after;
    if (after < 0 || (keyLength >= 0 && after + keyLength > recordEnd)) badField(place, base + offsetDelta, 'key');
    const keyTo = keyLength < 0 ? -1 : after + keyLength;
    const valueLength = varint(bytes, keyLength < 0 ? after : keyTo, recordEnd);
    const valueFrom = valueLength < 0 ? -1 : after;
    if (after < 0 || (valueLength >= 0 && after + valueLength > recordEnd))
      badField(place, base + offsetDelta, 'value');
    const valueTo = valueLength < 0 ? -1 : after + valueLength;
    const headerCount = varint(bytes, valueLength < 0 ? after : valueTo, recordEnd);
    const headersFrom = after;
    if (after < 0 || !(headerCount >= 0 && headerCount <= recordEnd - after))
      badField(place, base + offsetDelta, 'headers');
    if (headerCount > 0) walkHeaders(bytes, headersFrom, headerCount, recordEnd, place, base + offsetDelta);
    const offset = base + offsetDelta;
    // a broker sends the whole batch that holds the offset it was asked for
    if (offset >= from) {
      const timeMs = attributes & isLogAppendTime ? maxTimeMs : firstTimeMs + timeDelta;
      visitor.record(bytes, offset, timeMs, keyFrom, keyTo, valueFrom, valueTo, headersFrom, headerCount);
    }
    at = recordEnd;
  }
}

function badField(place: PartitionPlace, offset: number, field: string): never {
  return damaged(place, offset, `the ${field} of a record goes beyond its end`);
}

/** Header names and values, UTF-8; null where a header has no value. `bytes` were walked once before. */
export function headersOf(bytes: Buffer, from: number, count: number): [string, string | null][] {
  const headers: [string, string | null][] = [];
  let at = from;
  for (let i = 0; i < count; i++) {
    const nameLength = varint(bytes, at, bytes.length);
    const name = bytes.toString('utf8', after, after + nameLength);
    const valueLength = varint(bytes, after + nameLength, bytes.length);
    headers.push([name, valueLength < 0 ? null : bytes.toString('utf8', after, after + valueLength)]);
    at = valueLength < 0 ? after : after + valueLength;
  }
  return headers;
}

function walkHeaders(
  bytes: Buffer,
  from: number,
  count: number,
  end: number,
  place: PartitionPlace,
  offset: number,
): void {
  let at = from;
  for (let i = 0; i < count; i++) {
    const nameLength = varint(bytes, at, end);
    if (after < 0 || nameLength < 0 || after + nameLength > end) badField(place, offset, 'headers');
    const valueLength = varint(bytes, after + nameLength, end);
    if (after < 0 || (valueLength >= 0 && after + valueLength > end)) badField(place, offset, 'headers');
    at = valueLength < 0 ? after : after + valueLength;
  }
}
