/** Record batches (format v2) written straight into bytes: the other half of record_batch.ts. */
import zlib from 'node:zlib';
import { compressionsAlgorithms, crc32c } from '@platformatic/kafka';

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
const kinds: Record<Compression, number> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };

export interface BatchHead {
  compression: Compression;
  /** -1 for a producer that is not idempotent */
  producerId: bigint;
  producerEpoch: number;
  /** number of the batch's first record among all this producer sent to the partition */
  firstSequence: number;
  /** 0x10 in a transaction, 0x20 for a marker */
  attributes?: number;
  /** where a broker put it; a producer does not know */
  baseOffset?: number;
}

export interface BatchWriter {
  readonly count: number;
  readonly bytes: number;
  /** @param offsetDelta only a compacted log leaves some out */
  add(
    timeMs: number,
    key: Uint8Array | undefined,
    value: Uint8Array | undefined,
    headers?: readonly (readonly [string, string | null])[],
    offsetDelta?: number,
  ): void;
  /** The batch; the writer is empty after it. */
  finish(head: BatchHead): Buffer;
}

const headBytes = 61;
const firstCapacity = 256 * 1024;

/** Bytes of a zigzag varint. */
function sizeOf(value: number): number {
  let zigzag = value < 0 ? -2 * value - 1 : 2 * value;
  let size = 1;
  while (zigzag >= 128) {
    zigzag = Math.floor(zigzag / 128);
    size++;
  }
  return size;
}

function put(bytes: Buffer, from: number, value: number): number {
  let zigzag = value < 0 ? -2 * value - 1 : 2 * value;
  let at = from;
  while (zigzag >= 128) {
    bytes[at++] = (zigzag % 128) | 0x80;
    zigzag = Math.floor(zigzag / 128);
  }
  bytes[at++] = zigzag;
  return at;
}

function packed(plain: Buffer, compression: Compression): Buffer {
  if (compression === 'none') return plain;
  // the fastest level: a broker and a consumer have other work
  if (compression === 'zstd')
    return zlib.zstdCompressSync(plain, { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } });
  return compressionsAlgorithms[compression].compressSync(plain);
}

export function makeBatchWriter(): BatchWriter {
  let bytes = Buffer.allocUnsafe(firstCapacity);
  let at = headBytes;
  let count = 0;
  let lastDelta = -1;
  let firstMs = 0;
  let maxMs = 0;

  function reserve(more: number): void {
    if (at + more <= bytes.length) return;
    const wider = Buffer.allocUnsafe(Math.max(bytes.length * 2, at + more));
    bytes.copy(wider, 0, 0, at);
    bytes = wider;
  }

  function putBytes(part: Uint8Array | undefined): void {
    if (part === undefined) {
      at = put(bytes, at, -1);
      return;
    }
    at = put(bytes, at, part.length);
    bytes.set(part, at);
    at += part.length;
  }

  const sized = (part: Uint8Array | undefined): number => (part === undefined ? 1 : sizeOf(part.length) + part.length);

  return {
    get count() {
      return count;
    },
    get bytes() {
      return at;
    },
    add: (timeMs, key, value, headers = [], offsetDelta = lastDelta + 1) => {
      if (count === 0) {
        firstMs = timeMs;
        maxMs = timeMs;
      }
      maxMs = Math.max(maxMs, timeMs);
      const pairs = headers.map(([name, text]) => [Buffer.from(name), text === null ? undefined : Buffer.from(text)]);
      let length =
        1 + sizeOf(timeMs - firstMs) + sizeOf(offsetDelta) + sized(key) + sized(value) + sizeOf(pairs.length);
      for (const [name, text] of pairs) length += sized(name) + sized(text);
      reserve(length + 10);
      at = put(bytes, at, length);
      bytes[at++] = 0;
      at = put(bytes, at, timeMs - firstMs);
      at = put(bytes, at, offsetDelta);
      putBytes(key);
      putBytes(value);
      at = put(bytes, at, pairs.length);
      for (const [name, text] of pairs) {
        putBytes(name);
        putBytes(text);
      }
      lastDelta = offsetDelta;
      count++;
    },
    finish: (head) => {
      const body = packed(bytes.subarray(headBytes, at), head.compression);
      const batch = Buffer.allocUnsafe(headBytes + body.length);
      batch.writeBigInt64BE(BigInt(head.baseOffset ?? 0), 0);
      batch.writeInt32BE(headBytes - 12 + body.length, 8);
      batch.writeInt32BE(0, 12);
      batch[16] = 2;
      batch.writeInt16BE((head.attributes ?? 0) | kinds[head.compression], 21);
      batch.writeInt32BE(lastDelta, 23);
      batch.writeBigInt64BE(BigInt(firstMs), 27);
      batch.writeBigInt64BE(BigInt(maxMs), 35);
      batch.writeBigInt64BE(head.producerId, 43);
      batch.writeInt16BE(head.producerEpoch, 51);
      batch.writeInt32BE(head.firstSequence, 53);
      batch.writeInt32BE(count, 57);
      body.copy(batch, headBytes);
      batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
      at = headBytes;
      count = 0;
      lastDelta = -1;
      return batch;
    },
  };
}
