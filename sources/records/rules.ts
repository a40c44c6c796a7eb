/** The rules of a reading and of a meter event as a record with named fields, whatever way it came. */
import {
  type MeterEventColumns,
  type MeterEventType,
  meterEventCode,
  type ReadingColumns,
  type ReadingQuality,
  readingQualities,
  type SetAside,
} from '#model/reading.ts';

/** What a record is checked against. */
export interface DoorFacts {
  /** row of a meter id, -1 where it is unknown */
  meterRowOf: (meterId: string) => number;
  nowMs: number;
}

/** A reading that begins later than this is refused: a meter clock may be wrong, the future can not be measured. */
export const futureToleranceMs = 15 * 60_000;
/** Older than this is not a late reading but a wrong clock. */
export const oldestMs = Date.UTC(2000, 0, 1);
/** characters of a refused record that are kept */
export const maxContent = 2000;

/** A record that breaks a rule; `code` is stable. */
export class Refused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export type Record = { [field: string]: unknown };

/** What is kept of a refused record; @throws what is no refusal */
export function setAside(index: number, error: unknown, record: unknown): SetAside {
  if (!(error instanceof Refused)) throw error;
  return {
    index,
    code: error.code,
    reason: error.message,
    content: (JSON.stringify(record) ?? 'undefined').slice(0, maxContent),
  };
}

export function asRecord(record: unknown): Record {
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw new Refused('not_an_object', 'a record must be an object with named fields');
  return record as Record;
}

function meterRow(record: Record, facts: DoorFacts): number {
  const id = record.meter_id;
  if (typeof id !== 'string' || id === '')
    throw new Refused('bad_meter_id', 'meter_id must be a text that is not empty');
  const row = id.length <= 128 ? facts.meterRowOf(id) : -1;
  if (row < 0)
    throw new Refused(
      'unknown_meter',
      `meter_id ${id.slice(0, 128)} is not in the network; import it with the network, then send again`,
    );
  return row;
}

/** ISO 8601 with a zone: a local time without one would be a guess. */
const isoWithZone = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;

/** Date.parse takes the 30th of February for the 2nd of March. */
function isDayOfMonth(text: string): boolean {
  const day = Number(text.slice(8, 10));
  return day <= 28 || day <= new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
}

export function instantMs(record: Record, field: string, facts: DoorFacts): number {
  const given = record[field];
  // a schema with a type for time gives one; JSON never does
  if (given instanceof Date) return withinTime(given.getTime(), field, given.toJSON(), facts);
  if (typeof given !== 'string' || !isoWithZone.test(given)) {
    throw new Refused('bad_time', `${field} must be ISO 8601 with a zone, e.g. 2026-07-04T18:15:00-05:00`);
  }
  const ms = Date.parse(given);
  if (Number.isNaN(ms) || !isDayOfMonth(given))
    throw new Refused('bad_time', `${field} ${given} is not a time that exists`);
  return withinTime(ms, field, given, facts);
}

function withinTime(ms: number, field: string, text: string | null, facts: DoorFacts): number {
  if (Number.isNaN(ms)) throw new Refused('bad_time', `${field} is not a time that exists`);
  if (ms > facts.nowMs + futureToleranceMs)
    throw new Refused(
      'future_time',
      `${field} ${text} lies in the future; check the clock of the meter or the head-end`,
    );
  if (ms < oldestMs) throw new Refused('bad_time', `${field} ${text} lies before 2000; check the clock of the meter`);
  return ms;
}

function numberIn(record: Record, field: string, low: number, high: number): number {
  const value = record[field];
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new Refused(`bad_${field}`, `${field} must be a finite number`);
  if (value < low || value > high) throw new Refused(`bad_${field}`, `${field} ${value} is outside ${low} to ${high}`);
  return value;
}

/** Largest energy of one interval a distribution meter can see: 20 MW for an hour. */
export const maxKwh = 20_000;

/** Appends a reading. @throws Refused where the record breaks a rule: nothing is appended then */
export function decodeReading(value: unknown, facts: DoorFacts, out: ReadingColumns): void {
  const record = asRecord(value);
  const row = meterRow(record, facts);
  const startMs = instantMs(record, 'reading_time', facts);
  const minutes = record.interval_minutes === undefined ? 15 : numberIn(record, 'interval_minutes', 1, 60);
  if (!Number.isInteger(minutes) || 60 % minutes !== 0)
    throw new Refused('bad_interval_minutes', `interval_minutes ${minutes} does not divide an hour`);
  if (startMs % (minutes * 60_000) !== 0) {
    throw new Refused(
      'unaligned_time',
      `reading_time ${String(record.reading_time)} is not the start of a ${minutes}-minute interval`,
    );
  }
  const kwh = numberIn(record, 'kwh', -maxKwh, maxKwh);
  const volts = record.voltage === undefined || record.voltage === null ? 0 : numberIn(record, 'voltage', 0, 6500);
  const quality = record.quality === undefined ? 1 : readingQualities.indexOf(record.quality as ReadingQuality);
  if (quality < 0) throw new Refused('bad_quality', `quality must be one of ${readingQualities.join(', ')}`);
  const sequence =
    record.source_seq === undefined || record.source_seq === null
      ? -1
      : numberIn(record, 'source_seq', 0, Number.MAX_SAFE_INTEGER);

  const i = out.count++;
  out.meterKey[i] = row;
  out.intervalStartS[i] = startMs / 1000;
  out.intervalMinutes[i] = minutes;
  out.wh[i] = Math.round(kwh * 1000);
  out.decivolt[i] = Math.round(volts * 10);
  out.quality[i] = quality;
  out.sourceSeq[i] = Math.floor(sequence);
}

/** Appends a meter event. @throws Refused where the record breaks a rule: nothing is appended then */
export function decodeEvent(value: unknown, facts: DoorFacts, out: MeterEventColumns): void {
  const record = asRecord(value);
  const row = meterRow(record, facts);
  const eventMs = instantMs(record, 'event_time', facts);
  // hasOwn: `constructor` and the like are no types
  if (typeof record.type !== 'string' || !Object.hasOwn(meterEventCode, record.type))
    throw new Refused('bad_type', `type must be one of ${Object.keys(meterEventCode).join(', ')}`);
  const i = out.count++;
  out.meterKey[i] = row;
  out.eventTimeMs[i] = eventMs;
  out.type[i] = meterEventCode[record.type as MeterEventType];
}
