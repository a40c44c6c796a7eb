/** Messages of a readings topic become columns: JSON and Avro, told apart by their first byte. */
import { isUtf8 } from 'node:buffer';
import { appendReadings, makeReadingColumns, type ReadingColumns, type SetAside } from '#model/reading.ts';
import type { Landing } from '#model/stream.ts';
import { takenMeterId, takeReading } from '#sources/records/reading_json.ts';
import { type DoorFacts, decodeReading, maxContent, Refused } from '#sources/records/rules.ts';
import { type AvroReader, wireHeadBytes } from './avro.ts';
import { takeAvroReading } from './reading_avro.ts';
import { type AbortedTransaction, headersOf, type PartitionPlace, readBatches } from './record_batch.ts';

export interface DecodeFacts extends DoorFacts {
  meterRowOfBytes: (bytes: Uint8Array, from: number, to: number) => number;
  avro: AvroReader;
}

/**
 * The large arrays of a batch, in memory that threads share and that is used again: 55 bytes of a reading that are handed
 * over instead are new memory to both heaps, and make them be collected all the time.
 */
export interface BatchArrays {
  readings: ReadingColumns;
  offsets: Float64Array;
  createTimeMs: Float64Array;
}

export interface DecodedReadings {
  readings: ReadingColumns;
  /** offset of each reading at its source */
  offsets: Float64Array;
  landing: Landing;
  setAside: SetAside[];
  /** the first offset that was not read */
  nextOffset: number;
}

const firstCapacity = 16_384;
export const makeBatchArrays = (): BatchArrays => ({
  readings: makeReadingColumns(firstCapacity, SharedArrayBuffer),
  offsets: sharedNumbers(firstCapacity),
  createTimeMs: sharedNumbers(firstCapacity),
});

const sharedNumbers = (count: number): Float64Array => new Float64Array(new SharedArrayBuffer(count * 8));

function widened(readings: ReadingColumns): ReadingColumns {
  const wider = makeReadingColumns(readings.meterKey.length * 2, SharedArrayBuffer);
  appendReadings(wider, readings);
  return wider;
}

function widenedNumbers(values: Float64Array): Float64Array {
  const wider = sharedNumbers(values.length * 2);
  wider.set(values);
  return wider;
}

/** What is kept of a refused message: text where it is text, else base64. */
export function contentOf(bytes: Buffer, from: number, to: number): string {
  if (from < 0) return '';
  const part = bytes.subarray(from, Math.min(to, from + maxContent * 4));
  const isText = isUtf8(bytes.subarray(from, to)) && bytes[from] !== 0;
  return (isText ? part.toString('utf8') : `base64:${part.toString('base64')}`).slice(0, maxContent);
}

/** A message as JSON. @throws Refused `no_value`, `not_json` */
export function jsonOf(bytes: Buffer, from: number, to: number): unknown {
  if (from < 0)
    throw new Refused('no_value', 'a message without a value; only messages with one can be readings or events');
  try {
    return JSON.parse(bytes.toString('utf8', from, to));
  } catch {
    throw new Refused('not_json', 'the message is neither JSON nor Avro in the wire format of a schema registry');
  }
}

/**
 * Decodes the record batches of one partition from an offset on, into `arrays` as long as they have room.
 * @throws FluxError `kafka_damaged_batch`; SchemaMissing: nothing is taken then
 */
export function decodeReadings(
  records: Buffer,
  from: number,
  place: PartitionPlace,
  facts: DecodeFacts,
  aborted: readonly AbortedTransaction[] = [],
  arrays = makeBatchArrays(),
): DecodedReadings {
  let { readings, offsets, createTimeMs } = arrays;
  readings.count = 0;
  const key = new Map<number, string>();
  const headers = new Map<number, string>();
  const content = new Map<number, string>();
  const setAside: SetAside[] = [];

  // The schema of the message before: the others of a batch have it, too.
  let schema = -1;
  let isOwn = false;
  function takeUsual(bytes: Buffer, valueFrom: number, valueTo: number): boolean {
    if (bytes[valueFrom] !== 0) return takeReading(bytes, valueFrom, valueTo, facts, readings);
    if (valueTo - valueFrom <= wireHeadBytes) return false;
    const id = bytes.readInt32BE(valueFrom + 1);
    if (id !== schema) {
      schema = id;
      isOwn = facts.avro.isOwn(id);
    }
    return isOwn && takeAvroReading(bytes, valueFrom, valueTo, facts, readings);
  }

  /** The ordinary way: as an object by the rules of every door. The message stays beside the columns. */
  function takeUnusual(bytes: Buffer, valueFrom: number, valueTo: number): void {
    const isAvro = valueFrom >= 0 && valueTo > valueFrom && bytes[valueFrom] === 0;
    if (isAvro) {
      const { record, keepsContent } = facts.avro.read(bytes.subarray(valueFrom, valueTo));
      decodeReading(record, facts, readings);
      if (keepsContent || facts.avro.isOwn(bytes.readInt32BE(valueFrom + 1)))
        content.set(readings.count - 1, JSON.stringify(record));
      return;
    }
    decodeReading(jsonOf(bytes, valueFrom, valueTo), facts, readings);
    content.set(readings.count - 1, bytes.toString('utf8', valueFrom, valueTo));
  }

  const nextOffset = readBatches(
    records,
    from,
    place,
    {
      record: (bytes, offset, timeMs, keyFrom, keyTo, valueFrom, valueTo, headersFrom, headerCount) => {
        if (readings.count === offsets.length) {
          readings = widened(readings);
          offsets = widenedNumbers(offsets);
          createTimeMs = widenedNumbers(createTimeMs);
        }
        const row = readings.count;
        const isUsual = valueFrom >= 0 && takeUsual(bytes, valueFrom, valueTo);
        if (!isUsual) {
          try {
            takeUnusual(bytes, valueFrom, valueTo);
          } catch (error) {
            if (!(error instanceof Refused)) throw error;
            const index = row + setAside.length;
            setAside.push({
              index,
              offset,
              code: error.code,
              reason: error.message,
              content: contentOf(bytes, valueFrom, valueTo),
            });
            return;
          }
        }
        offsets[row] = offset;
        createTimeMs[row] = timeMs;
        const keyIsMeter = isUsual
          ? sameBytes(bytes, keyFrom, keyTo, takenMeterId.from, takenMeterId.to)
          : keyFrom >= 0 && facts.meterRowOfBytes(bytes, keyFrom, keyTo) === readings.meterKey[row];
        if (!keyIsMeter && keyFrom >= 0) key.set(row, contentOf(bytes, keyFrom, keyTo));
        if (keyFrom < 0) key.set(row, '');
        if (headerCount > 0) headers.set(row, JSON.stringify(headersOf(bytes, headersFrom, headerCount)));
      },
    },
    aborted,
  );
  return { readings, offsets, landing: { createTimeMs, key, headers, content }, setAside, nextOffset };
}

function sameBytes(bytes: Buffer, aFrom: number, aTo: number, bFrom: number, bTo: number): boolean {
  if (aFrom < 0 || aTo - aFrom !== bTo - bFrom) return false;
  for (let i = aFrom, j = bFrom; i < aTo; i++, j++) if (bytes[i] !== bytes[j]) return false;
  return true;
}
