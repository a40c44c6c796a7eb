/**
 * Bodies of the HTTP door. Readings as almost all senders write them are taken from their bytes, without an object each;
 * from the first unusual one on the body is read as JSON and goes the ordinary way. The thread that answers everyone is
 * let go in between: nobody waits for a large body.
 */
import { setImmediate as breath } from 'node:timers/promises';
import { FluxError } from '#model/errors.ts';
import {
  appendReadings,
  type MeterEventColumns,
  makeReadingColumns,
  type ReadingColumns,
  type SetAside,
} from '#model/reading.ts';
import type { RecordsBody } from '#model/route.ts';
import { appendRecords, decodeEvents } from '#sources/records/decode.ts';
import { isSpace, type ReadingFacts, takeReading } from '#sources/records/reading_json.ts';
import type { DoorFacts } from '#sources/records/rules.ts';

/** Records at a stretch: about 1 ms of the ordinary way. */
const stretch = 500;
/** No reading that is taken from its bytes is shorter: its three needed fields with a comma. */
const shortestBytes = 60;

const [openArray, closeArray, closeObject, comma] = [0x5b, 0x5d, 0x7d, 0x2c];

function spaceEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && isSpace(bytes[at])) at++;
  return at;
}

/**
 * Readings of a JSON array.
 * @throws FluxError `bad_request` where the body is no array, and what `body.read` throws where it is no JSON: nothing of
 *   it is taken then
 */
export async function readingsOf(
  body: RecordsBody,
  facts: DoorFacts & ReadingFacts,
): Promise<{ readings: ReadingColumns; setAside: SetAside[] }> {
  const { bytes } = body;
  const usual = makeReadingColumns(Math.ceil(bytes.length / shortestBytes));
  if (await takeUsual(bytes, facts, usual)) return { readings: usual, setAside: [] };
  const records = arrayOf(body.read());
  const readings = makeReadingColumns(records.length);
  appendReadings(readings, usual);
  const refused: SetAside[] = [];
  for (let from = usual.count; from < records.length; from += stretch) {
    for (const one of appendRecords(records, from, Math.min(from + stretch, records.length), facts, readings))
      refused.push(one);
    await breath();
  }
  return { readings, setAside: refused };
}

/** Takes records up to the first unusual one. @returns whether that was the whole body */
async function takeUsual(bytes: Uint8Array, facts: ReadingFacts, out: ReadingColumns): Promise<boolean> {
  let at = spaceEnd(bytes, 0);
  if (bytes[at] !== openArray) return false;
  do {
    const from = spaceEnd(bytes, at + 1);
    // a brace in a text makes the record unusual: what ends there is none
    const to = bytes.indexOf(closeObject, from) + 1;
    if (to === 0 || !takeReading(bytes, from, to, facts, out)) return false;
    at = spaceEnd(bytes, to);
    if (out.count % (stretch * 4) === 0) await breath();
  } while (bytes[at] === comma);
  return bytes[at] === closeArray && spaceEnd(bytes, at + 1) === bytes.length;
}

/** Meter events of a JSON array. @throws as `readingsOf` */
export function eventsOf(body: RecordsBody, facts: DoorFacts): { events: MeterEventColumns; setAside: SetAside[] } {
  return decodeEvents(arrayOf(body.read()), facts);
}

function arrayOf(body: unknown): unknown[] {
  if (Array.isArray(body)) return body;
  throw new FluxError('bad_request', 'send a JSON array of records, also for a single one');
}
