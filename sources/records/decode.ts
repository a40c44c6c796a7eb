/** Records with named fields become columns: each is checked once; a bad one is set aside, the good ones beside it go on. */
import {
  type MeterEventColumns,
  makeMeterEventColumns,
  makeReadingColumns,
  type ReadingColumns,
  type SetAside,
} from '#model/reading.ts';
import { type DoorFacts, decodeEvent, decodeReading, setAside } from '#sources/records/rules.ts';

function eachChecked(
  records: readonly unknown[],
  from: number,
  to: number,
  take: (record: unknown) => void,
): SetAside[] {
  const refused: SetAside[] = [];
  for (let i = from; i < to; i++) {
    try {
      take(records[i]);
    } catch (error) {
      refused.push(setAside(i, error, records[i]));
    }
  }
  return refused;
}

/** Appends records `from` to before `to`. @returns those that were refused, with their place in `records` */
export function appendRecords(
  records: readonly unknown[],
  from: number,
  to: number,
  facts: DoorFacts,
  out: ReadingColumns,
): SetAside[] {
  return eachChecked(records, from, to, (record) => decodeReading(record, facts, out));
}

export function decodeReadings(
  records: readonly unknown[],
  facts: DoorFacts,
): { readings: ReadingColumns; setAside: SetAside[] } {
  const readings = makeReadingColumns(records.length);
  return { setAside: appendRecords(records, 0, records.length, facts, readings), readings };
}

export function decodeEvents(
  records: readonly unknown[],
  facts: DoorFacts,
): { events: MeterEventColumns; setAside: SetAside[] } {
  const events = makeMeterEventColumns(records.length);
  return { setAside: eachChecked(records, 0, records.length, (record) => decodeEvent(record, facts, events)), events };
}
