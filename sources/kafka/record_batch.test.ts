import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FluxError } from '#model/errors.ts';
import { type BatchHead, type Compression, makeBatchWriter } from './batch_writer.ts';
import { crc32c } from './plain_bytes.ts';
import { type AbortedTransaction, headersOf, offsetAfter, readBatches } from './record_batch.ts';

interface Told {
  offset: number;
  timeMs: number;
  key: string | null;
  value: string | null;
  headers: [string, string | null][];
}

const place = { topic: 'ami', partition: 3 };
const plain: BatchHead = { compression: 'none', producerId: -1n, producerEpoch: -1, firstSequence: -1 };

function read(bytes: Buffer, from: number, aborted: AbortedTransaction[] = []): { told: Told[]; next: number } {
  const told: Told[] = [];
  const text = (all: Buffer, a: number, b: number): string | null => (a < 0 ? null : all.toString('utf8', a, b));
  const next = readBatches(
    bytes,
    from,
    place,
    {
      record: (all, offset, timeMs, keyFrom, keyTo, valueFrom, valueTo, headersFrom, headerCount) =>
        told.push({
          offset,
          timeMs,
          key: text(all, keyFrom, keyTo),
          value: text(all, valueFrom, valueTo),
          headers: headersOf(all, headersFrom, headerCount),
        }),
    },
    aborted,
  );
  return { told, next };
}

function batchOf(baseOffset: number, values: string[], head: Partial<BatchHead> = {}, deltas?: number[]): Buffer {
  const writer = makeBatchWriter();
  values.forEach((value, i) => {
    writer.add(1_700_000_000_000 + i, Buffer.from(`k${i}`), Buffer.from(value), [], deltas?.[i]);
  });
  return writer.finish({ ...plain, ...head, baseOffset });
}

const record = fc.record({
  timeMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  key: fc.option(fc.string({ unit: 'binary', maxLength: 40 })),
  value: fc.option(fc.string({ unit: 'binary', maxLength: 400 })),
  headers: fc.array(fc.tuple(fc.string({ maxLength: 10 }), fc.option(fc.string({ maxLength: 10 }))), { maxLength: 3 }),
  gap: fc.integer({ min: 1, max: 5 }),
});

describe('record batches', () => {
  test('what is written is read again, whatever it is, in every compression, with the gaps of a compacted log', () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 0, max: 2 ** 50 }),
        fc.constantFrom<Compression>('none', 'gzip', 'snappy', 'lz4', 'zstd'),
        (records, baseOffset, compression) => {
          const writer = makeBatchWriter();
          let delta = -1;
          const expected = records.map(({ timeMs, key, value, headers, gap }) => {
            delta += gap;
            const bytes = (text: string | null): Buffer | undefined => (text === null ? undefined : Buffer.from(text));
            writer.add(timeMs, bytes(key), bytes(value), headers, delta);
            return { offset: baseOffset + delta, timeMs, key, value, headers };
          });
          const { told, next } = read(writer.finish({ ...plain, compression, baseOffset }), baseOffset);
          assert.deepEqual(told, expected);
          assert.equal(next, baseOffset + delta + 1);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('from the offset that was asked for, though the batch begins before it', () => {
    const { told, next } = read(batchOf(100, ['a', 'b', 'c', 'd']), 102);
    assert.deepEqual(
      told.map(({ offset, value }) => [offset, value]),
      [
        [102, 'c'],
        [103, 'd'],
      ],
    );
    assert.equal(next, 104);
  });

  test('a last batch that is cut off is left for the next fetch, wherever it is cut', () => {
    const [first, second] = [batchOf(0, ['a', 'b']), batchOf(2, ['c', 'd'])];
    for (let cut = 0; cut < second.length; cut++) {
      const bytes = Buffer.concat([first, second.subarray(0, cut)]);
      assert.equal(read(bytes, 0).next, 2);
      assert.equal(offsetAfter(bytes, 0), 2);
    }
    assert.equal(offsetAfter(Buffer.concat([first, second]), 0), 4);
  });

  test('one flipped bit, anywhere, is noticed or changes nothing; the error names topic, partition and offset', () => {
    const whole = batchOf(7, ['{"kwh":1.5}', '{"kwh":2.5}']);
    const expected = read(whole, 7);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const bytes = Buffer.from(whole);
      bytes[bit >> 3] ^= 1 << (bit & 7);
      try {
        const { told, next } = read(bytes, 7);
        // base offset and leader epoch are the broker's and not under the checksum
        if (bit < 64) continue;
        if (told.length > 0) assert.deepEqual({ told, next }, expected);
      } catch (error) {
        assert.ok(error instanceof FluxError, String(error));
        assert.equal(error.code, 'kafka_damaged_batch');
        assert.match(error.message, /^topic ami partition 3 offset \d+: /);
      }
    }
  });

  test('lengths that lie under a right checksum, and any bytes at all: an error that says where, nothing else', async () => {
    const whole = batchOf(0, ['aaaa', 'bbbb', 'cccc']);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 21, max: whole.length - 1 }), fc.integer({ min: 0, max: 255 })), {
          maxLength: 6,
        }),
        (changes) => {
          const bytes = Buffer.from(whole);
          for (const [at, byte] of changes) bytes[at] = byte;
          bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
          readOrDamaged(bytes);
        },
      ),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => readOrDamaged(Buffer.from(bytes))),
      { numRuns: 3000 },
    );
  });

  test('an answer that holds no whole batch is an error, never an endless wait', () => {
    assert.throws(() => read(batchOf(5, ['a']).subarray(0, 40), 5), { code: 'kafka_damaged_batch' });
  });

  test('a bomb is not inflated', async () => {
    const { gzipSync } = await import('node:zlib');
    const writer = makeBatchWriter();
    writer.add(0, undefined, Buffer.from('x'));
    const head = writer.finish(plain).subarray(0, 61);
    const { crc32c } = await import('@platformatic/kafka');
    const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024), { level: 1 });
    const bytes = Buffer.concat([head, bomb]);
    bytes.writeInt32BE(bytes.length - 12, 8);
    bytes.writeInt16BE(1, 21);
    bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
    assert.throws(() => read(bytes, 0), /can not be decompressed/);
  });

  test('a damaged or a very large batch leaves those behind it right', () => {
    for (const compression of ['lz4', 'snappy'] as const) {
      const good = batchOf(7, ['a', 'b'], { compression });
      const bad = Buffer.from(good);
      bad.fill(0x5a, 61);
      bad.writeUInt32BE(crc32c(bad.subarray(21)), 17);
      assert.throws(() => read(bad, 7), { code: 'kafka_damaged_batch' });
      const large = batchOf(3, ['x'.repeat(70 * 1024 * 1024)], { compression });
      const { told } = read(Buffer.concat([large, good]), 3);
      assert.deepEqual(
        told.map(({ offset, value }) => [offset, value?.slice(0, 1), value?.length]),
        [
          [3, 'x', 70 * 1024 * 1024],
          [7, 'a', 1],
          [8, 'b', 1],
        ],
      );
    }
  });

  test('given-up transactions do not count, markers leave no hole', () => {
    const marker = (base: number, producerId: bigint): Buffer =>
      batchOf(base, ['marker'], { attributes: 0x30, producerId });
    const of = (base: number, value: string, producerId: bigint): Buffer =>
      batchOf(base, [value], { attributes: 0x10, producerId });
    const log = Buffer.concat([
      of(0, 'kept', 1n),
      of(1, 'given up', 2n),
      marker(2, 2n),
      of(3, 'kept too', 2n),
      marker(4, 1n),
      marker(5, 2n),
    ]);
    const { told, next } = read(log, 0, [{ producerId: 2n, firstOffset: 1n }]);
    assert.deepEqual(
      told.map(({ value }) => value),
      ['kept', 'kept too'],
    );
    assert.equal(next, 6);
  });
});

function readOrDamaged(bytes: Buffer): void {
  try {
    read(bytes, 0);
  } catch (error) {
    if (!(error instanceof FluxError && error.code === 'kafka_damaged_batch')) throw error;
  }
}
