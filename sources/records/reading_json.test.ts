import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { IdColumn } from '#model/id_column.ts';
import { makeReadingColumns, type ReadingColumns, readingQualities } from '#model/reading.ts';
import { jsonEncoder } from '#sources/kafka/encode_readings.ts';
import { type DoorFacts, decodeReading, Refused } from '#sources/records/rules.ts';
import { type ReadingFacts, rowsOfIds, takeReading } from './reading_json.ts';
import { rowsOf } from './readings_testbed.ts';

const ids = IdColumn.from(['M0', 'MTR-000001', 'x'.repeat(128)]);
const facts = {
  nowMs: Date.UTC(2026, 6, 1),
  ...rowsOfIds(ids),
} satisfies DoorFacts & ReadingFacts;

const rowOf = (columns: ReadingColumns): number[] => [columns.count, ...rowsOf(columns)[0]];

function byBytes(text: string): number[] | undefined {
  const bytes = Buffer.from(`junk${text}junk`);
  const columns = makeReadingColumns(1);
  return takeReading(bytes, 4, bytes.length - 4, facts, columns) ? rowOf(columns) : undefined;
}

function byRules(text: string): number[] | undefined {
  const columns = makeReadingColumns(1);
  try {
    decodeReading(JSON.parse(text), facts, columns);
    return rowOf(columns);
  } catch (error) {
    if (error instanceof Refused || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const two = (value: number): string => String(value).padStart(2, '0');
const time = fc
  .tuple(
    fc.integer({ min: 1995, max: 2030 }),
    fc.integer({ min: 0, max: 13 }),
    fc.integer({ min: 0, max: 32 }),
    fc.integer({ min: 0, max: 25 }),
    fc.constantFrom(0, 15, 30, 45, 7, 60),
    fc.constantFrom(
      'Z',
      '.000Z',
      ':00Z',
      ':00.000Z',
      ':15Z',
      ':00-05:00',
      ':00+05:30',
      ':00+0530',
      ':00',
      ':00.250Z',
      '',
    ),
  )
  .map(
    ([year, month, day, hour, minute, rest]) => `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}${rest}`,
  );
const goodTime = fc.nat(30_000).map((quarter) => new Date(Date.UTC(2025, 5, 1) + quarter * 900_000).toISOString());
const goodNumber = fc.integer({ min: -20_000_000, max: 20_000_000 }).map((n) => String(n / 1000));
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer({ min: -30_000_000, max: 30_000_000 }).map((n) => String(n / 1000)),
  fc.constantFrom(
    '0',
    '-0',
    '1',
    '1.',
    '.5',
    '01',
    '1e3',
    '15',
    '60',
    '7',
    '240.1',
    '0.0005',
    '99999999999999999',
    '+1',
    'null',
    '"1"',
    'true',
    '[]',
  ),
);
const field = fc.oneof(
  fc.tuple(
    fc.constant('meter_id'),
    fc.constantFrom('"M0"', '"MTR-000001"', '"nobody"', '""', '"M\\u0030"', `"${'x'.repeat(128)}"`, '7'),
  ),
  fc.tuple(
    fc.constant('reading_time'),
    time.map((text) => JSON.stringify(text)),
  ),
  fc.tuple(fc.constantFrom('kwh', 'voltage', 'interval_minutes', 'source_seq', 'other', 'KWH'), number),
  fc.tuple(fc.constant('quality'), fc.constantFrom(...readingQualities.map((q) => `"${q}"`), '"best"', 'null')),
);

describe('a reading from its bytes', () => {
  test('says the same as the rules, or leaves it to them', () => {
    let taken = 0;
    const named = (name: string, good: fc.Arbitrary<string>, any: fc.Arbitrary<string>) =>
      fc
        .oneof({ weight: 5, arbitrary: good }, { weight: 1, arbitrary: any })
        .map((text): [string, string] => [name, text]);
    const asText = (arbitrary: fc.Arbitrary<string>) => arbitrary.map((text) => JSON.stringify(text));
    const usual = fc.tuple(
      fc.constant(['meter_id', '"M0"'] as [string, string]),
      named('reading_time', asText(goodTime), asText(time)),
      named('kwh', goodNumber, number),
    );
    fc.assert(
      fc.property(
        fc
          .tuple(usual, fc.array(field, { maxLength: 3 }))
          .map(([some, more]) => [...some, ...more])
          .chain((all) => fc.shuffledSubarray(all, { minLength: all.length - 1 })),
        fc.constantFrom('', ' ', '\n\t'),
        (fields, space) => {
          const text = `{${space}${fields.map(([name, value]) => `"${name}"${space}:${space}${value}`).join(`${space},${space}`)}${space}}`;
          const found = byBytes(text);
          if (found === undefined) return;
          taken++;
          assert.deepEqual(found, byRules(text), text);
        },
      ),
      { numRuns: 20_000 },
    );
    assert.ok(taken > 2000, `only ${taken} were taken`);
  });

  test('what follows all seven fields is left to the rules', () => {
    const seven =
      '"meter_id":"M0","reading_time":"2026-03-01T00:15:00Z","interval_minutes":15,"kwh":1.2,"voltage":240.1,"quality":"actual","source_seq":1';
    assert.ok(byBytes(`{${seven}}`));
    for (const more of [',', ',"firmware":"7.1"', ',"kwh":1.2', ',"":0'])
      assert.equal(byBytes(`{${seven}${more}}`), undefined, more);
  });

  test('any mangled message is left to the rules or means the same', () => {
    const text =
      '{"meter_id":"M0","reading_time":"2026-03-01T00:15:00.000Z","interval_minutes":15,"kwh":1.234,"voltage":240.1,"quality":"actual","source_seq":12}';
    assert.deepEqual(byBytes(text), [1, 0, Date.UTC(2026, 2, 1, 0, 15) / 1000, 15, 1234, 2401, 1, 12]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 0, max: 127 })), { minLength: 1, maxLength: 3 }),
        fc.nat(text.length),
        (changes, length) => {
          const bytes = Buffer.from(text);
          for (const [at, byte] of changes) bytes[at] = byte;
          for (const mangled of [bytes.toString('latin1'), text.slice(0, length)]) {
            const found = byBytes(mangled);
            if (found !== undefined) assert.deepEqual(found, byRules(mangled), mangled);
          }
        },
      ),
      { numRuns: 20_000 },
    );
  });

  test('everything the generator writes is taken from the bytes', () => {
    const encode = jsonEncoder(ids);
    fc.assert(
      fc.property(
        fc.nat(2),
        fc.integer({ min: 0, max: 18_000_000 }),
        fc.integer({ min: -20_000_000, max: 20_000_000 }),
        fc.nat(65_000),
        fc.nat(readingQualities.length - 1),
        fc.integer({ min: -1, max: 2 ** 40 }),
        (meter, quarter, wh, decivolt, quality, sequence) => {
          const readings = makeReadingColumns(1);
          readings.count = 1;
          readings.meterKey[0] = meter;
          readings.intervalStartS[0] = Date.UTC(2000, 0, 1) / 1000 + (quarter % 928_000) * 900;
          readings.intervalMinutes[0] = 15;
          readings.wh[0] = wh;
          readings.decivolt[0] = decivolt;
          readings.quality[0] = quality;
          readings.sourceSeq[0] = sequence;
          assert.deepEqual(byBytes(Buffer.from(encode(readings, 0)).toString()), rowOf(readings));
        },
      ),
      { numRuns: 3000 },
    );
  });
});
