/**
 * A reading as JSON, read from its bytes straight into columns: no string, no object, about 0.3 us. It takes only what
 * is usual and right by every rule of sources/records/rules.ts; for anything else it takes nothing and says so, and the
 * record goes the ordinary way, which has the last word on what is wrong with it.
 */
import type { IdColumn } from '#model/id_column.ts';
import { type ReadingColumns, readingQualities } from '#model/reading.ts';
import { type DoorFacts, futureToleranceMs, maxKwh, oldestMs } from '#sources/records/rules.ts';

export interface ReadingFacts {
  /** row of the meter id that stands as ASCII from `from` to before `to`, -1 where it is unknown */
  meterRowOfBytes: (bytes: Uint8Array, from: number, to: number) => number;
  nowMs: number;
}

/** Rows of meter ids, as texts and as bytes. */
export const rowsOfIds = (ids: IdColumn): Pick<DoorFacts, 'meterRowOf'> & Pick<ReadingFacts, 'meterRowOfBytes'> => ({
  meterRowOf: (id) => ids.rowOf(id),
  meterRowOfBytes: (bytes, from, to) => ids.rowOfBytes(bytes, from, to),
});

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
/** Fields of a reading; the position is the code below. */
const fieldNames = ['meter_id', 'reading_time', 'interval_minutes', 'kwh', 'voltage', 'quality', 'source_seq'].map(
  (name) => ascii(`"${name}"`),
);
const [meterId, readingTime, intervalMinutes, kwh, voltage, qualityField] = fieldNames.keys();
const neededFields = (1 << meterId) | (1 << readingTime) | (1 << kwh);
const qualityTexts = readingQualities.map((quality) => ascii(`${quality}"`));
const powersOfTen = [1, 10, 100, 1000];

const [quote, comma, colon, minus, dot, zero] = [0x22, 0x2c, 0x3a, 0x2d, 0x2e, 0x30];

/** Where the meter id of the last taken reading stood: the message's key is compared with it. */
export const takenMeterId = { from: 0, to: 0 };

// The last number is mantissa / 10 ** decimals; position behind the last field name: second return values without objects.
let mantissa = 0;
let decimals = 0;
let afterName = 0;
/** Fields of the last reading in their order: a sender keeps to one. */
const order = Int8Array.from(fieldNames.keys());
/** Time of the last reading as it stood, with the quote behind it: most readings of a batch have the same. */
const knownTime = new Uint8Array(40);
let knownTimeLength = 0;
let knownTimeMs = Number.NaN;

/** White space of JSON. */
export function isSpace(byte: number): boolean {
  return byte <= 0x20 && (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
}

function stands(text: Uint8Array, length: number, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

/** Which field's name stands there, first of all the expected one; -1 where it is none of a reading. */
function fieldAt(bytes: Uint8Array, at: number, expected: number): number {
  let field = expected;
  for (let tried = 0; tried < fieldNames.length; tried++) {
    const name = fieldNames[field];
    if (stands(name, name.length, bytes, at)) {
      afterName = at + name.length;
      return field;
    }
    field = field + 1 === fieldNames.length ? 0 : field + 1;
  }
  return -1;
}

/** Plain decimal of at most 15 digits, which an integer holds. @returns position behind it, -1 where it is not one */
function number(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  const isNegative = bytes[at] === minus;
  if (isNegative) at++;
  const first = at;
  let found = 0;
  while (at < end && bytes[at] >= zero && bytes[at] <= 0x39) found = found * 10 + bytes[at++] - zero;
  const whole = at - first;
  if (whole === 0 || (whole > 1 && bytes[first] === zero)) return -1;
  decimals = 0;
  if (at < end && bytes[at] === dot) {
    const fraction = ++at;
    while (at < end && bytes[at] >= zero && bytes[at] <= 0x39) found = found * 10 + bytes[at++] - zero;
    decimals = at - fraction;
    if (decimals === 0) return -1;
  }
  if (whole + decimals > 15) return -1;
  mantissa = isNegative ? -found : found;
  return at;
}

function digits(bytes: Uint8Array, from: number, count: number): number {
  let found = 0;
  for (let i = 0; i < count; i++) {
    const digit = bytes[from + i] - zero;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    found = found * 10 + digit;
  }
  return found;
}

const monthLengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
let knownDay = -1;
let knownDayMs = 0;

/** Midnight UTC of a date, NaN where there is none such. Most readings of a batch are of the same day. */
function dayMs(year: number, month: number, day: number): number {
  const key = year * 10_000 + month * 100 + day;
  if (key === knownDay) return knownDayMs;
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= monthLengths[month - 1])) return Number.NaN;
  const ms = Date.UTC(year, month - 1, day);
  if (new Date(ms).getUTCDate() !== day) return Number.NaN;
  knownDay = key;
  knownDayMs = ms;
  return ms;
}

/** Whole-second ISO time with a zone, e.g. 2026-01-01T00:15:00.000Z. @returns UTC epoch milliseconds, NaN where it is unusual */
function instant(bytes: Uint8Array, from: number, to: number): number {
  if (to - from < 20) return Number.NaN;
  if (bytes[from + 4] !== minus || bytes[from + 7] !== minus || bytes[from + 10] !== 0x54) return Number.NaN;
  if (bytes[from + 13] !== colon || bytes[from + 16] !== colon) return Number.NaN;
  const day = dayMs(digits(bytes, from, 4), digits(bytes, from + 5, 2), digits(bytes, from + 8, 2));
  const hour = digits(bytes, from + 11, 2);
  const minute = digits(bytes, from + 14, 2);
  const second = digits(bytes, from + 17, 2);
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
  let at = from + 19;
  if (bytes[at] === dot) {
    // a fraction that is not zero is no start of an interval
    const fraction = ++at;
    while (at < to && bytes[at] === zero) at++;
    if (at === fraction || at - fraction > 9) return Number.NaN;
  }
  const ms = day + hour * 3_600_000 + minute * 60_000 + second * 1000;
  if (at === to - 1 && bytes[at] === 0x5a) return ms;
  if (at !== to - 6 || bytes[at + 3] !== colon || (bytes[at] !== minus && bytes[at] !== 0x2b)) return Number.NaN;
  const zoneHours = digits(bytes, at + 1, 2);
  const zoneMinutes = digits(bytes, at + 4, 2);
  if (!(zoneHours <= 23 && zoneMinutes <= 59)) return Number.NaN;
  return ms - (bytes[at] === minus ? -1 : 1) * (zoneHours * 60 + zoneMinutes) * 60_000;
}

let alignedMs = Number.NaN;
let alignedMinutes = 0;

/** Whether an interval of so many minutes may begin then. Most readings of a batch begin as the one before. */
export function isAligned(startMs: number, minutes: number): boolean {
  if (startMs === alignedMs && minutes === alignedMinutes) return true;
  if (startMs % (minutes * 60_000) !== 0) return false;
  alignedMs = startMs;
  alignedMinutes = minutes;
  return true;
}

/** Position of the quote that ends the text beginning there, -1 where it is none, has escapes or does not end. */
function textEnd(bytes: Uint8Array, from: number, end: number): number {
  if (bytes[from] !== quote) return -1;
  for (let at = from + 1; at < end; at++) {
    const byte = bytes[at];
    if (byte === quote) return at;
    if (byte === 0x5c || byte < 0x20 || byte > 0x7e) return -1;
  }
  return -1;
}

/** Takes the time that stands there as a text into `knownTimeMs`. @returns position behind it, -1 where it is unusual */
function timeAt(bytes: Uint8Array, from: number, end: number): number {
  const textFrom = from + 1;
  if (knownTimeLength > 0 && bytes[from] === quote && stands(knownTime, knownTimeLength, bytes, textFrom))
    return textFrom + knownTimeLength;
  const to = textEnd(bytes, from, end);
  const ms = to < 0 || to - textFrom >= knownTime.length ? Number.NaN : instant(bytes, textFrom, to);
  if (Number.isNaN(ms)) return -1;
  knownTimeMs = ms;
  knownTimeLength = to + 1 - textFrom;
  for (let i = 0; i < knownTimeLength; i++) knownTime[i] = bytes[textFrom + i];
  return to + 1;
}

/** Code of the quality that stands there, first of all the expected one; -1 where it is none. */
function qualityAt(bytes: Uint8Array, at: number, expected: number): number {
  const isExpected = stands(qualityTexts[expected], qualityTexts[expected].length, bytes, at);
  return isExpected ? expected : qualityTexts.findIndex((text) => stands(text, text.length, bytes, at));
}

/**
 * Appends the reading that stands as JSON from `from` to before `to`.
 * @returns false where it is unusual or wrong: nothing is appended then
 */
export function takeReading(
  bytes: Uint8Array,
  from: number,
  to: number,
  facts: ReadingFacts,
  out: ReadingColumns,
): boolean {
  if (to - from < 2 || bytes[from] !== 0x7b || bytes[to - 1] !== 0x7d) return false;
  const end = to - 1;
  let at = from + 1;
  let [seen, meter, startMs, minutes, wh, decivolt, quality, sequence] = [0, -1, Number.NaN, 15, 0, 0, 1, -1];
  let [idFrom, idTo] = [0, 0];
  for (let k = 0; ; k++) {
    // an eighth field is none of ours
    if (k === fieldNames.length) return false;
    while (isSpace(bytes[at])) at++;
    const field = fieldAt(bytes, at, order[k]);
    // a name that is none of ours, or stands twice
    if (field < 0 || seen & (1 << field)) return false;
    seen |= 1 << field;
    order[k] = field;
    at = afterName;
    while (isSpace(bytes[at])) at++;
    if (bytes[at++] !== colon) return false;
    while (isSpace(bytes[at])) at++;
    if (field === meterId) {
      idFrom = at + 1;
      idTo = textEnd(bytes, at, end);
      if (idTo < 0 || idTo - idFrom > 128) return false;
      meter = facts.meterRowOfBytes(bytes, idFrom, idTo);
      if (meter < 0) return false;
      at = idTo + 1;
    } else if (field === readingTime) {
      const behind = timeAt(bytes, at, end);
      if (behind < 0) return false;
      startMs = knownTimeMs;
      at = behind;
    } else if (field === qualityField) {
      if (bytes[at++] !== quote) return false;
      quality = qualityAt(bytes, at, 1);
      if (quality < 0) return false;
      at += qualityTexts[quality].length;
    } else {
      at = number(bytes, at, end);
      if (at < 0) return false;
      if (field === kwh) {
        // more than the column holds: the ordinary way keeps the message beside it
        if (decimals > 3) return false;
        wh = mantissa * powersOfTen[3 - decimals];
        if (wh < -maxKwh * 1000 || wh > maxKwh * 1000) return false;
      } else if (field === voltage) {
        // 0 would be taken for none
        if (decimals > 1) return false;
        decivolt = mantissa * powersOfTen[1 - decimals];
        if (decivolt <= 0 || decivolt > 65_000) return false;
      } else if (field === intervalMinutes) {
        if (decimals > 0 || !(mantissa >= 1 && mantissa <= 60) || 60 % mantissa !== 0) return false;
        minutes = mantissa;
      } else {
        if (decimals > 0 || mantissa < 0) return false;
        sequence = mantissa;
      }
    }
    while (isSpace(bytes[at])) at++;
    if (at === end) break;
    if (bytes[at++] !== comma) return false;
  }
  const isRight =
    (seen & neededFields) === neededFields &&
    isAligned(startMs, minutes) &&
    startMs <= facts.nowMs + futureToleranceMs &&
    startMs >= oldestMs;
  if (!isRight) return false;
  const i = out.count++;
  out.meterKey[i] = meter;
  out.intervalStartS[i] = startMs / 1000;
  out.intervalMinutes[i] = minutes;
  out.wh[i] = wh;
  out.decivolt[i] = decivolt;
  out.quality[i] = quality;
  out.sourceSeq[i] = sequence;
  takenMeterId.from = idFrom;
  takenMeterId.to = idTo;
  return true;
}
