/**
 * A reading as JSON, read from its bytes straight into columns: no string, no object, about 0.3 us. It takes only what
 * is usual and right by every rule of sources/records/rules.ts; for anything else it takes nothing and says so, and the
 * record goes the ordinary way, which has the last word on what is wrong with it.
 */
import { type ReadingColumns, readingQualities } from '#model/reading.ts';
import { futureToleranceMs, maxKwh, oldestMs } from '#sources/records/rules.ts';

export interface ReadingFacts {
  /** row of the meter id that stands as ASCII from `from` to before `to`, -1 where it is unknown */
  meterRowOfBytes: (bytes: Uint8Array, from: number, to: number) => number;
  nowMs: number;
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const names = {
  meterId: ascii('meter_id'),
  readingTime: ascii('reading_time'),
  intervalMinutes: ascii('interval_minutes'),
  kwh: ascii('kwh'),
  voltage: ascii('voltage'),
  quality: ascii('quality'),
  sourceSeq: ascii('source_seq'),
};
const qualityBytes = readingQualities.map(ascii);
const powersOfTen = Array.from({ length: 16 }, (_, n) => 10 ** n);

const [quote, comma, colon, minus, dot, zero] = [0x22, 0x2c, 0x3a, 0x2d, 0x2e, 0x30];

/** Where the meter id of the last taken reading stood: the message's key is compared with it. */
export const takenMeterId = { from: 0, to: 0 };

// Value of the last number and the position behind it: a second return value without an object per number.
let value = 0;
let decimals = 0;

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function matches(bytes: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  if (to - from !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text[i]) return false;
  return true;
}

/** Plain decimal of at most 15 digits: exact as a number, and the same number JSON.parse makes. @returns position behind it, -1 where it is not one */
function number(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  const isNegative = bytes[at] === minus;
  if (isNegative) at++;
  const first = at;
  let mantissa = 0;
  while (at < end && bytes[at] >= zero && bytes[at] <= 0x39) mantissa = mantissa * 10 + bytes[at++] - zero;
  const whole = at - first;
  if (whole === 0 || (whole > 1 && bytes[first] === zero)) return -1;
  decimals = 0;
  if (at < end && bytes[at] === dot) {
    const fraction = ++at;
    while (at < end && bytes[at] >= zero && bytes[at] <= 0x39) mantissa = mantissa * 10 + bytes[at++] - zero;
    decimals = at - fraction;
    if (decimals === 0) return -1;
  }
  if (whole + decimals > 15) return -1;
  const size = decimals === 0 ? mantissa : mantissa / powersOfTen[decimals];
  value = isNegative ? -size : size;
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

/** Position of the quote that ends a text without escapes, -1 where it has some or does not end. */
function textEnd(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const byte = bytes[at];
    if (byte === quote) return at;
    if (byte === 0x5c || byte < 0x20 || byte > 0x7e) return -1;
  }
  return -1;
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
  for (;;) {
    while (isSpace(bytes[at])) at++;
    if (bytes[at] !== quote) return false;
    const nameFrom = at + 1;
    const nameTo = textEnd(bytes, nameFrom, end);
    if (nameTo < 0) return false;
    at = nameTo + 1;
    while (isSpace(bytes[at])) at++;
    if (bytes[at++] !== colon) return false;
    while (isSpace(bytes[at])) at++;
    let bit: number;
    if (bytes[at] === quote) {
      const textFrom = at + 1;
      const textTo = textEnd(bytes, textFrom, end);
      if (textTo < 0) return false;
      if (matches(bytes, nameFrom, nameTo, names.meterId)) {
        bit = 1;
        idFrom = textFrom;
        idTo = textTo;
        if (textTo - textFrom > 128) return false;
        meter = facts.meterRowOfBytes(bytes, textFrom, textTo);
        if (meter < 0) return false;
      } else if (matches(bytes, nameFrom, nameTo, names.readingTime)) {
        bit = 2;
        startMs = instant(bytes, textFrom, textTo);
      } else if (matches(bytes, nameFrom, nameTo, names.quality)) {
        bit = 4;
        quality = -1;
        for (let code = 0; code < qualityBytes.length && quality < 0; code++)
          if (matches(bytes, textFrom, textTo, qualityBytes[code])) quality = code;
        if (quality < 0) return false;
      } else return false;
      at = textTo + 1;
    } else {
      const behind = number(bytes, at, end);
      if (behind < 0) return false;
      if (matches(bytes, nameFrom, nameTo, names.kwh)) {
        bit = 8;
        // more than the column holds: the ordinary way keeps the message beside it
        if (decimals > 3 || value < -maxKwh || value > maxKwh) return false;
        wh = Math.round(value * 1000);
      } else if (matches(bytes, nameFrom, nameTo, names.voltage)) {
        bit = 16;
        // 0 would be taken for none
        if (decimals > 1 || value <= 0 || value > 6500) return false;
        decivolt = Math.round(value * 10);
      } else if (matches(bytes, nameFrom, nameTo, names.intervalMinutes)) {
        bit = 32;
        if (decimals > 0 || !(value >= 1 && value <= 60) || 60 % value !== 0) return false;
        minutes = value;
      } else if (matches(bytes, nameFrom, nameTo, names.sourceSeq)) {
        bit = 64;
        if (decimals > 0 || value < 0) return false;
        sequence = value;
      } else return false;
      at = behind;
    }
    // a field that stands twice
    if (seen & bit) return false;
    seen |= bit;
    while (isSpace(bytes[at])) at++;
    if (at === end) break;
    if (bytes[at++] !== comma) return false;
  }
  const isRight =
    (seen & 11) === 11 &&
    startMs % (minutes * 60_000) === 0 &&
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
