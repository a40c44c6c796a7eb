import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { FluxError } from '#model/errors.ts';
import { IdColumn } from '#model/id_column.ts';
import { makeBatchWriter } from './batch_writer.ts';
import { startDecoder } from './decode_thread.ts';
import type { FetchedPartition } from './fetch.ts';
import { recordsOf } from './records_memory.ts';

const place = { topic: 'ami', partition: 3 };
const messageOf = (meterId: string, kwh = 1.5): string =>
  JSON.stringify({ meter_id: meterId, reading_time: '2026-07-01T00:15:00Z', kwh });

function fetchedOf(values: string[], baseOffset = 0): FetchedPartition {
  const writer = makeBatchWriter();
  for (const value of values) writer.add(1_782_864_900_000, undefined, Buffer.from(value));
  const head = { compression: 'lz4', producerId: -1n, producerEpoch: -1, firstSequence: -1, baseOffset } as const;
  const records = recordsOf([writer.finish(head)]);
  return { topicId: 't', partition: 3, error: undefined, highWatermark: 0, logStart: 0, aborted: [], records };
}

describe('decoding thread', () => {
  let ids = IdColumn.from(['M0', 'M1']);
  const decoder = startDecoder({ meterIds: () => ids, schemaRegistry: undefined });
  after(() => decoder.stop());

  test('good and refused records come back as they would on this thread, answers in their order', async () => {
    const answers = await Promise.all(
      [0, 1, 2].map((i) =>
        decoder.decode(place, i * 3, fetchedOf([messageOf('M1', i), 'nonsense', messageOf('M7')], i * 3)),
      ),
    );
    for (const [i, { readings, offsets, setAside, nextOffset, landing }] of answers.entries()) {
      assert.deepEqual([readings.count, readings.meterKey[0], readings.wh[0]], [1, 1, i * 1000]);
      assert.equal(offsets[0], i * 3);
      assert.equal(nextOffset, i * 3 + 3);
      assert.deepEqual(
        setAside.map(({ code, offset }) => [code, offset]),
        [
          ['not_json', i * 3 + 1],
          ['unknown_meter', i * 3 + 2],
        ],
      );
      assert.equal(landing.key.get(0), '');
    }
  });

  test('a network that replaces the former one counts from the next batch on', async () => {
    ids = IdColumn.from(['M0', 'M1', 'M7']);
    const { readings } = await decoder.decode(place, 0, fetchedOf([messageOf('M7')]));
    assert.deepEqual([readings.count, readings.meterKey[0]], [1, 2]);
  });

  test('a damaged batch is told with its code and whether to try again, and the next batch is decoded', async () => {
    const damaged = fetchedOf([messageOf('M1')]);
    damaged.records[damaged.records.length - 1] ^= 1;
    await assert.rejects(
      decoder.decode(place, 0, damaged),
      (error: FluxError) => error.code === 'kafka_damaged_batch' && error.canRetry && error.details.partition === 3,
    );
    assert.equal((await decoder.decode(place, 0, fetchedOf([messageOf('M1')]))).readings.count, 1);
  });

  test('what a thread held that ended is fetched again: the next batch starts a new one', async () => {
    const own = startDecoder({ meterIds: () => ids, schemaRegistry: 'not an address' });
    for (let attempt = 0; attempt < 2; attempt++)
      await assert.rejects(
        own.decode(place, 0, fetchedOf([messageOf('M1')])),
        (error: FluxError) => error instanceof FluxError && error.code === 'kafka_decoder_lost' && error.canRetry,
      );
    await own.stop();
  });
});
