import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import avro from 'avsc';
import fc from 'fast-check';
import { IdColumn } from '#model/id_column.ts';
import { makeReadingColumns, type ReadingColumns, readingQualities } from '#model/reading.ts';
import { type ReadingFacts, rowsOfIds } from '#sources/records/reading_json.ts';
import { oneReading, rowsOf } from '#sources/records/readings_testbed.ts';
import { type DoorFacts, decodeReading, Refused } from '#sources/records/rules.ts';
import { makeAvroReader, readingSchema } from './avro.ts';
import { avroEncoder } from './encode_readings.ts';
import { takeAvroReading } from './reading_avro.ts';

const ids = IdColumn.from(['M0', 'MTR-000001']);
const facts = {
  nowMs: Date.UTC(2026, 6, 1),
  ...rowsOfIds(ids),
} satisfies DoorFacts & ReadingFacts;
const schemaId = 7;
const reader = makeAvroReader({ schemaOf: async () => JSON.stringify(readingSchema), register: async () => schemaId });

const rowOf = (columns: ReadingColumns): number[] => rowsOf(columns)[0];

function byBytes(message: Buffer): number[] | undefined {
  const bytes = Buffer.concat([Buffer.from('junk'), message, Buffer.from('junk')]);
  const columns = makeReadingColumns(1);
  return takeAvroReading(bytes, 4, bytes.length - 4, facts, columns) ? rowOf(columns) : undefined;
}

function byRules(message: Buffer): number[] | undefined {
  const columns = makeReadingColumns(1);
  try {
    decodeReading(reader.read(message).record, facts, columns);
    return rowOf(columns);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

describe('an Avro reading from its bytes', async () => {
  await reader.load(schemaId);
  const type = avro.Type.forSchema(readingSchema);
  const head = Buffer.from([0, 0, 0, 0, schemaId]);
  const record = fc.record({
    meter_id: fc.constantFrom('M0', 'MTR-000001', 'nobody'),
    reading_time: fc.oneof(
      fc.nat(40_000).map((quarter) => Date.UTC(2025, 6, 1) + quarter * 900_000),
      fc.integer({ min: -1, max: 2 ** 41 }),
      fc.constantFrom('2026-01-01T00:15:00Z', 'yesterday'),
    ),
    interval_minutes: fc.constantFrom(15, 15, 30, 7, 0, -60),
    kwh: fc.oneof(
      fc.integer({ min: -9_000_000, max: 9_000_000 }).map((wh) => wh / 1000),
      fc.double(),
    ),
    voltage: fc.option(
      fc.oneof(
        fc.integer({ min: 0, max: 70_000 }).map((dv) => dv / 10),
        fc.double(),
      ),
    ),
    quality: fc.constantFrom(...readingQualities, 'best', ''),
    source_seq: fc.option(fc.integer({ min: -2, max: 2 ** 50 })),
  });

  test('says the same as the rules, or leaves it to them', () => {
    assert.ok(reader.isOwn(schemaId));
    let taken = 0;
    fc.assert(
      fc.property(record, (given) => {
        const message = Buffer.concat([head, type.toBuffer(given)]);
        const found = byBytes(message);
        if (found === undefined) return;
        taken++;
        assert.deepEqual(found, byRules(message));
      }),
      { numRuns: 10_000 },
    );
    assert.ok(taken > 100, `only ${taken} were taken`);
  });

  test('any mangled message is left to the rules or means the same; what the generator writes is taken', () => {
    const readings = oneReading(Date.UTC(2026, 0, 1), 99);
    const message = Buffer.from(avroEncoder(ids, schemaId)(readings, 0));
    assert.deepEqual(byBytes(message), rowOf(readings));
    assert.deepEqual(byRules(message), rowOf(readings));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 5, max: message.length - 1 }), fc.nat(255)), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.nat(message.length),
        (changes, length) => {
          const mangled = Buffer.from(message);
          for (const [at, byte] of changes) mangled[at] = byte;
          for (const bytes of [mangled, message.subarray(0, length)]) {
            const found = byBytes(bytes);
            if (found !== undefined) assert.deepEqual(found, byRules(bytes));
          }
        },
      ),
      { numRuns: 10_000 },
    );
  });
});
