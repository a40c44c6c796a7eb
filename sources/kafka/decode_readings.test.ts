import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { IdColumn } from '#model/id_column.ts';
import { rowsOfIds } from '#sources/records/reading_json.ts';
import { oneReading } from '#sources/records/readings_testbed.ts';
import { makeAvroReader, readingSchema, SchemaMissing } from './avro.ts';
import { makeBatchWriter } from './batch_writer.ts';
import { decodeEvents } from './decode_events.ts';
import { type DecodedReadings, decodeReadings } from './decode_readings.ts';
import { avroEncoder, jsonEncoder } from './encode_readings.ts';

const place = { topic: 'ami', partition: 3 };
const ids = IdColumn.from(['M0', 'MTR-000001']);
const schemaId = 7;
const avro = makeAvroReader({
  schemaOf: async (id) => (id === schemaId ? JSON.stringify(readingSchema) : undefined),
  register: async () => schemaId,
});
const facts = {
  nowMs: Date.UTC(2026, 6, 1),
  ...rowsOfIds(ids),
  isDevice: (id: string) => id === 'F-1',
  avro,
};

const reading = oneReading(Date.UTC(2026, 2, 1), 12);
const readingMessages = [
  Buffer.from(jsonEncoder(ids)(reading, 0)),
  Buffer.from(avroEncoder(ids, schemaId)(reading, 0)),
  Buffer.from('{"meter_id":"M0","reading_time":"2026-03-01T00:15:00Z","kwh":1}'),
];
const eventMessages = [
  Buffer.from('{"meter_id":"M0","event_time":"2026-03-01T00:15:07Z","type":"last_gasp"}'),
  Buffer.from('{"device_id":"F-1","event_time":"2026-03-01T00:15:07Z","state":"open"}'),
];

/** A message with bytes put in, taken out or changed anywhere but in the head that names its schema. */
const mangled = (messages: Buffer[]): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      fc.constantFrom(...messages),
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(2), fc.uint8Array({ maxLength: 3 })), {
        maxLength: 3,
      }),
    )
    .map(([message, changes]) => {
      let bytes = message;
      for (const [share, removed, added] of changes) {
        const head = bytes[0] === 0 ? 5 : 0;
        const at = head + Math.floor(share * Math.max(bytes.length - head, 0));
        bytes = Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
      }
      return bytes;
    });

function batchOf(values: Buffer[]): Buffer {
  const writer = makeBatchWriter();
  for (const value of values) writer.add(1_782_864_900_000, undefined, value);
  return writer.finish({
    compression: 'none',
    producerId: -1n,
    producerEpoch: -1,
    firstSequence: -1,
    baseOffset: 100,
  });
}

/** A schema that a message names is asked for, as the decoding thread does. */
async function decoded(values: Buffer[]): Promise<DecodedReadings> {
  const batch = batchOf(values);
  for (;;) {
    try {
      return decodeReadings(batch, 100, place, facts);
    } catch (error) {
      if (!(error instanceof SchemaMissing)) throw error;
      await avro.load(error.id);
    }
  }
}

describe('whatever messages a topic holds', async () => {
  await avro.load(schemaId);

  test('each is a reading or set aside, none stops the batch', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(mangled(readingMessages), { minLength: 1, maxLength: 8 }), async (values) => {
        const { readings, offsets, setAside, nextOffset } = await decoded(values);
        taken += readings.count;
        const told = [...offsets.subarray(0, readings.count), ...setAside.map(({ offset = -1 }) => offset)];
        told.sort((a, b) => a - b);
        assert.deepEqual(
          told,
          values.map((_, i) => 100 + i),
        );
        assert.equal(nextOffset, 100 + values.length);
      }),
      { numRuns: 3000 },
    );
    assert.ok(taken > 1000, `only ${taken} were taken`);
  });

  test('a field of a newer head-end behind all that is known is kept beside the reading', async () => {
    const message = readingMessages[0].toString().replace(/\}$/, ',"firmware":"7.1"}');
    const { readings, setAside, landing } = await decoded([Buffer.from(message)]);
    assert.deepEqual([readings.count, readings.wh[0], setAside.length], [1, 1234, 0]);
    assert.equal(landing.content.get(0), message);
  });

  test('an answer of many thousand events is taken whole', () => {
    const many = Array.from({ length: 5000 }, () => eventMessages[0]);
    const { events, setAside } = decodeEvents(batchOf(many), 100, place, facts);
    assert.deepEqual(
      [events.count, setAside.length, events.eventTimeMs[4999]],
      [5000, 0, Date.UTC(2026, 2, 1, 0, 15, 7)],
    );
  });

  test('each is an event, the state of a device or set aside, none stops the batch', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.array(mangled(eventMessages), { minLength: 1, maxLength: 8 }), (values) => {
        const { events, devices, setAside, nextOffset } = decodeEvents(batchOf(values), 100, place, facts);
        taken += events.count;
        assert.equal(events.count + devices.state.length + setAside.length, values.length);
        assert.equal(nextOffset, 100 + values.length);
      }),
      { numRuns: 3000 },
    );
    assert.ok(taken > 1000, `only ${taken} were taken`);
  });
});
