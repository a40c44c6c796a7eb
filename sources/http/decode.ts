/**
 * The HTTP door: JSON records become columns. Each record is checked once, here; a bad one is set aside with its reason
 * and the good ones beside it go on.
 */
import { FluxError } from '#model/errors.ts';
import {
  type MeterEventColumns,
  makeMeterEventColumns,
  makeReadingColumns,
  type ReadingColumns,
  type SetAside,
} from '#model/reading.ts';
import { type DoorFacts, decodeEvent, decodeReading, setAside } from '#sources/records/rules.ts';

/** @throws FluxError `bad_request` where the body is no array */
function recordsOf(body: unknown): unknown[] {
  if (Array.isArray(body)) return body;
  throw new FluxError('bad_request', 'send a JSON array of records, also for a single one');
}

export function decodeReadings(body: unknown, facts: DoorFacts): { readings: ReadingColumns; setAside: SetAside[] } {
  const records = recordsOf(body);
  const readings = makeReadingColumns(records.length);
  const refused: SetAside[] = [];
  for (let i = 0; i < records.length; i++) {
    try {
      decodeReading(records[i], facts, readings);
    } catch (error) {
      refused.push(setAside(i, error, records[i]));
    }
  }
  return { readings, setAside: refused };
}

export function decodeEvents(body: unknown, facts: DoorFacts): { events: MeterEventColumns; setAside: SetAside[] } {
  const records = recordsOf(body);
  const events = makeMeterEventColumns(records.length);
  const refused: SetAside[] = [];
  for (let i = 0; i < records.length; i++) {
    try {
      decodeEvent(records[i], facts, events);
    } catch (error) {
      refused.push(setAside(i, error, records[i]));
    }
  }
  return { events, setAside: refused };
}
