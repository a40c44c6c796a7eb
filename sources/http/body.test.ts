import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { IdColumn } from '#model/id_column.ts';
import type { RecordsBody } from '#model/route.ts';
import { decodeReadings } from '#sources/records/decode.ts';
import { rowsOfIds } from '#sources/records/reading_json.ts';
import { rowsOf } from '#sources/records/readings_testbed.ts';
import { readingsOf } from './body.ts';

const ids = IdColumn.from(['M0', 'M}1', 'M2']);
const facts = {
  nowMs: Date.UTC(2026, 6, 1),
  ...rowsOfIds(ids),
};

/** A body that counts how often it was read as JSON. */
function bodyOf(text: string): RecordsBody & { reads: number } {
  const body = {
    bytes: Buffer.from(text),
    reads: 0,
    read: () => {
      body.reads++;
      return JSON.parse(text) as unknown;
    },
  };
  return body;
}

const usual = (k: number): string =>
  `{"meter_id":"M${k % 2 === 0 ? '0' : '2'}","reading_time":"2026-03-01T00:15:00Z","kwh":${k}.5}`;

describe('the body of a post of readings', () => {
  test('usual readings are taken without being read as JSON, more than one stretch of them too', async () => {
    const body = bodyOf(` [${Array.from({ length: 4501 }, (_, k) => usual(k)).join(' ,\n')} ]\n`);
    const { readings, setAside } = await readingsOf(body, facts);
    assert.deepEqual([readings.count, setAside.length, body.reads], [4501, 0, 0]);
    assert.deepEqual(rowsOf(readings), rowsOf(decodeReadings(JSON.parse(body.bytes.toString()), facts).readings));
  });

  test('an unusual one is judged by the rules, with its place in the body, and those beside it land', async () => {
    const records = Array.from({ length: 1600 }, (_, k) => (k % 700 === 3 ? '{"kwh":1}' : usual(k)));
    const body = bodyOf(`[${records.join(',')}]`);
    const { readings, setAside } = await readingsOf(body, facts);
    assert.deepEqual(
      setAside.map(({ index, code }) => [index, code]),
      [3, 703, 1403].map((index) => [index, 'bad_meter_id']),
    );
    assert.equal(readings.count, 1597);
    assert.equal(body.reads, 1);
  });

  test('what is no array of records is refused as a whole', async () => {
    for (const text of ['', '{}', '7', usual(1)]) await assert.rejects(readingsOf(bodyOf(text), facts), text);
    for (const behind of ['', ']]', ',]', '] x', `]${usual(1)}`])
      await assert.rejects(readingsOf(bodyOf(`[${usual(1)}${behind}`), facts), SyntaxError, behind);
    assert.equal((await readingsOf(bodyOf('[]'), facts)).readings.count, 0);
  });

  test('whatever stands there, it says the same as read as JSON and judged by the rules', async () => {
    const record = fc.oneof(
      { weight: 6, arbitrary: fc.nat(9).map(usual) },
      fc.constantFrom(
        '{"meter_id":"M}1","reading_time":"2026-03-01T00:15:00Z","kwh":1}',
        '{"kwh":{"a":"}"}}',
        '[]',
        '7',
      ),
      fc.constantFrom('{}', '{"meter_id":"nobody","reading_time":"2026-03-01T00:15:00Z","kwh":1}', 'null', '"}"'),
    );
    const noise = fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom('', '}', '{', ',', ']', '"', ' '),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { maxLength: 8 }),
        fc.constantFrom(',', ' , ', ',\n'),
        fc.array(noise, { maxLength: 1 }),
        async (records, between, changes) => {
          let text = `[${records.join(between)}]`;
          for (const [share, put] of changes) {
            const at = Math.floor(share * text.length);
            text = text.slice(0, at) + put + text.slice(at + 1);
          }
          let expected: unknown;
          try {
            expected = JSON.parse(text);
          } catch {
            await assert.rejects(readingsOf(bodyOf(text), facts));
            return;
          }
          if (!Array.isArray(expected)) return;
          const found = await readingsOf(bodyOf(text), facts);
          const right = decodeReadings(expected, facts);
          assert.deepEqual(rowsOf(found.readings), rowsOf(right.readings));
          assert.deepEqual(found.setAside, right.setAside);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
