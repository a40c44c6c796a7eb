/**
 * A reading in Avro by our own schema, read from its bytes straight into columns, as sources/records/reading_json.ts does
 * for JSON: what is unusual or wrong is left to the ordinary way.
 */
import { type ReadingColumns, readingQualities } from '#model/reading.ts';
import { isAligned, type ReadingFacts, takenMeterId } from '#sources/records/reading_json.ts';
import { futureToleranceMs, maxKwh, oldestMs } from '#sources/records/rules.ts';
import { wireHeadBytes } from './avro.ts';

const qualityBytes = readingQualities.map((quality) => Buffer.from(quality));

// Position behind the last number read, -1 where it has no end.
let after = 0;

/** Zigzag long below 2^53. Most have one byte. */
function long(bytes: Buffer, from: number, end: number): number {
  const first = from < end ? bytes[from] : 0x80;
  if (first >= 0x80) return longer(bytes, from, end);
  after = from + 1;
  return (first >>> 1) ^ -(first & 1);
}

/** The low 28 bits are gathered as an integer: few numbers are longer than that. */
function longer(bytes: Buffer, from: number, end: number): number {
  const lowEnd = Math.min(end, from + 4);
  let low = 0;
  let at = from;
  for (let shift = 0; at < lowEnd; shift += 7) {
    const byte = bytes[at++];
    low |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      after = at;
      return (low >>> 1) ^ -(low & 1);
    }
  }
  const highEnd = Math.min(end, from + 8);
  let high = 0;
  for (let shift = 0; at < highEnd; shift += 7) {
    const byte = bytes[at++];
    high |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      after = at;
      const half = high * 2 ** 27 + (low >>> 1);
      return low & 1 ? -half - 1 : half;
    }
  }
  after = -1;
  return Number.NaN;
}

function isQuality(code: number, bytes: Buffer, from: number, to: number): boolean {
  const text = qualityBytes[code];
  if (text.length !== to - from) return false;
  for (let i = 0; i < text.length; i++) if (text[i] !== bytes[from + i]) return false;
  return true;
}

// Most readings of a batch have that of the one before.
let lastQuality = 0;

function qualityOf(bytes: Buffer, from: number, to: number): number {
  if (isQuality(lastQuality, bytes, from, to)) return lastQuality;
  for (let code = 0; code < qualityBytes.length; code++)
    if (isQuality(code, bytes, from, to)) {
      lastQuality = code;
      return code;
    }
  return -1;
}

// The buffer whose numbers were read last: a view of one is much quicker than the buffer's own methods.
let viewed: Buffer | undefined;
let view: DataView;

function doubleAt(bytes: Buffer, at: number): number {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  return view.getFloat64(at, true);
}

/** Whether the column holds all of the number. */
const isWhole = (scaled: number): boolean => Math.abs(scaled - Math.round(scaled)) < 1e-6;

/**
 * Appends the reading whose message stands from `from` to before `to`, of the schema `readingSchema`.
 * @returns false where it is unusual or wrong: nothing is appended then
 */
export function takeAvroReading(
  bytes: Buffer,
  from: number,
  to: number,
  facts: ReadingFacts,
  out: ReadingColumns,
): boolean {
  const idLength = long(bytes, from + wireHeadBytes, to);
  const idFrom = after;
  const idTo = idFrom + idLength;
  if (idFrom < 0 || !(idLength > 0 && idLength <= 128 && idTo < to)) return false;
  const meter = facts.meterRowOfBytes(bytes, idFrom, idTo);
  if (meter < 0 || long(bytes, idTo, to) !== 0) return false;
  const startMs = long(bytes, after, to);
  const minutes = after < 0 ? 0 : long(bytes, after, to);
  if (after < 0 || after + 9 > to || !(minutes >= 1 && minutes <= 60 && 60 % minutes === 0)) return false;
  const kwh = doubleAt(bytes, after);
  const hasVoltage = long(bytes, after + 8, to);
  if (after < 0 || (hasVoltage !== 0 && hasVoltage !== 1) || after + 8 * hasVoltage > to) return false;
  const volts = hasVoltage === 1 ? doubleAt(bytes, after) : 0;
  const qualityLength = long(bytes, after + 8 * hasVoltage, to);
  if (after < 0 || !(qualityLength > 0 && after + qualityLength < to)) return false;
  const quality = qualityOf(bytes, after, after + qualityLength);
  const hasSequence = long(bytes, after + qualityLength, to);
  if (after < 0 || quality < 0 || (hasSequence !== 0 && hasSequence !== 1)) return false;
  const sequence = hasSequence === 1 ? long(bytes, after, to) : -1;
  const isRight =
    after === to &&
    (hasSequence === 0 || (sequence >= 0 && sequence <= Number.MAX_SAFE_INTEGER)) &&
    isAligned(startMs, minutes) &&
    startMs >= oldestMs &&
    startMs <= facts.nowMs + futureToleranceMs &&
    kwh >= -maxKwh &&
    kwh <= maxKwh &&
    isWhole(kwh * 1000) &&
    (hasVoltage === 0 || (volts > 0 && volts <= 6500 && isWhole(volts * 10)));
  if (!isRight) return false;
  const i = out.count++;
  out.meterKey[i] = meter;
  out.intervalStartS[i] = startMs / 1000;
  out.intervalMinutes[i] = minutes;
  out.wh[i] = Math.round(kwh * 1000);
  out.decivolt[i] = Math.round(volts * 10);
  out.quality[i] = quality;
  out.sourceSeq[i] = sequence;
  takenMeterId.from = idFrom;
  takenMeterId.to = idTo;
  return true;
}
