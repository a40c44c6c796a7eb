/** Declared history: good lines land, bad ones are named, nothing counts twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FluxError } from '#model/errors.ts';
import { parseCsv, sayBadField, toCsv } from './csv.ts';
import { readHistory } from './history.ts';

const zone = 'America/Chicago';
const read = (
  lines: string[],
  header = 'start,end,customers,feeder,device,cause,planned,id',
  ownSinceMs: number | null = Date.parse('2026-01-01T00:00:00Z'),
) =>
  readHistory('past.csv', [header, ...lines].join('\n'), {
    zone,
    feederRowOf: (id) => ['F1', 'F2'].indexOf(id),
    deviceRowOf: (id) => ['D1'].indexOf(id),
    feederOfDevice: () => 1,
    ownSinceMs,
    nowMs: Date.parse('2026-06-01T00:00:00Z'),
  });

test('local times, offsets, device and feeder, planned and momentary', () => {
  const { rows, bad } = read([
    '2025-07-04 18:15,2025-07-04 19:15,100,F1,,tree,,',
    '2025-07-05T03:00:00Z,2025-07-05T03:05:00Z,7,,D1,"wind, strong",,',
    '2025-07-06 10:00,2025-07-06 11:00,5,,old pole 7,Planned work,,',
    '2025-07-06 10:00,2025-07-06 11:00,5,,,,yes,',
  ]);
  assert.deepEqual(bad, []);
  assert.deepEqual(
    rows.map((r) => [
      r.day,
      r.feederKey,
      r.deviceKey,
      r.planned,
      r.customersInterrupted,
      r.customerMs / 60_000,
      r.momentaryCustomers,
    ]),
    [
      ['2025-07-04', 0, -1, false, 100, 6000, 0],
      ['2025-07-04', 1, 0, false, 0, 0, 7],
      ['2025-07-06', -1, -1, true, 5, 300, 0],
      ['2025-07-06', -1, -1, true, 5, 300, 0],
    ],
  );
  assert.equal(new Date(rows[0].startedMs).toISOString(), '2025-07-04T23:15:00.000Z');
  assert.deepEqual(
    [rows[1].cause, rows[2].device, rows[0].sourceFile, rows[0].sourceLine],
    ['wind, strong', 'old pole 7', 'past.csv', 2],
  );
});

test('an offset counts however it is written: as PostgreSQL, pandas and ISO 8601 do', () => {
  const begins = [
    '2025-07-04 18:15:00-05',
    '2025-07-04 23:15:00+00',
    '2025-07-04T18:15:00-0500',
    '2025-07-04T23:15:00.000Z',
    '2025-07-04T18:15:00-05:00[America/Chicago]',
    '2025-07-04 18:15:00.0',
  ];
  const { rows, bad } = read(begins.map((begin, i) => `${begin},2025-07-05 19:15,1,,,,,${i}`));
  assert.deepEqual(bad, []);
  for (const { startedMs } of rows) assert.equal(new Date(startedMs).toISOString(), '2025-07-04T23:15:00.000Z');
  // a zone without an offset is not the utility's clock
  assert.equal(read(['2025-07-04T18:15[Asia/Tokyo],2025-07-05 19:15,1,,,,,']).bad[0].field, 'start');
});

test('each fault is named with line, field and remedy; the good line beside it lands', () => {
  const faults: [line: string, field: string, says: RegExp][] = [
    ['yesterday,2025-07-04 19:15,1,,,,,', 'start', /is no time/],
    ['2025-07-04 18:15,,1,,,,,', 'end', /is no time/],
    ['2025-02-30 18:15,2025-03-01 19:15,1,,,,,', 'start', /is no time/],
    ['2025-07-04 18:15,2025-07-04 18:15,1,,,,,', 'end', /not later/],
    ['2025-01-04 18:15,2025-07-04 18:15,1,,,,,', 'end', /60 days/],
    ['2025-12-31 12:00,2027-01-01 18:15,1,,,,,', 'end', /60 days|future/],
    ['2026-02-04 18:15,2026-02-04 19:15,1,,,,,', 'start', /a record of its own/],
    ['2025-07-04 18:15,2025-07-04 19:15,many,,,,,', 'customers', /no whole number/],
    ['2025-07-04 18:15,2025-07-04 19:15,0,,,,,', 'customers', /no whole number/],
    ['2025-07-04 18:15,2025-07-04 19:15,1,F9,,,,', 'feeder', /no feeder F9/],
    ['2025-07-04 18:15,2025-07-04 19:15,1,,,,maybe,', 'planned', /neither yes nor no/],
    ['2025-11-02 01:30,2025-11-02 05:30,1,,,,,', 'start', /was there twice/],
    ['2025-03-09 02:30,2025-03-09 05:30,1,,,,,', 'start', /was not there/],
  ];
  const { rows, bad } = read([...faults.map(([line]) => line), '2025-07-04 18:15,2025-07-04 19:15,1,,,,,']);
  assert.equal(rows.length, 1);
  assert.deepEqual(
    bad.map(({ line, field }) => [line, field]),
    faults.map(([, field], i) => [i + 2, field]),
  );
  for (const [i, [, , says]] of faults.entries()) assert.match(sayBadField(bad[i]), says);
  for (const { remedy } of bad) assert.ok(remedy.length > 10);
});

test('C7 it ends where the own record begins, to the moment; what is not over is not declared', () => {
  const line = (start: string, end: string): string => `${start},${end},1,,,,,`;
  const since = line('2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z');
  assert.match(read([since]).bad[0].problem, /a record of its own/);
  assert.equal(read([line('2025-12-31T23:59:59Z', '2026-01-01T01:00:00Z')]).rows.length, 1);
  assert.equal(read([since], undefined, null).rows.length, 1);
  const lasts = line('2026-05-31T00:00:00Z', '2026-06-01T00:00:01Z');
  assert.match(read([lasts], undefined, null).bad[0].problem, /in the future/);
});

test('the same line twice counts once, by its id or by its content; ids are the same at every import', () => {
  const line = '2025-07-04 18:15,2025-07-04 19:15,10,F1,,tree,,';
  const first = read([line, line, '2025-07-04 18:15,2025-07-04 19:15,11,F1,,tree,,', `${line}A7`, `${line}A7`]);
  assert.deepEqual([first.rows.length, first.repeated], [3, 2]);
  assert.deepEqual(read([line]).rows[0].id, first.rows[0].id);
});

test('a file without the columns is refused and says which', () => {
  const is = (error: unknown): boolean =>
    (error as FluxError).code === 'bad_file' && /no column customers/.test(String(error));
  assert.throws(() => read([], 'start,end'), is);
});

test('a quote that is not closed refuses the file and says where: the lines after it would be lost in its cell', () => {
  const is = (error: unknown): boolean =>
    (error as FluxError).code === 'bad_file' && /line 3: a cell/.test(String(error));
  const line = '2025-07-04 18:15,2025-07-04 19:15,10,F1,,tree,,';
  assert.throws(() => read([line, line.replace('tree', '"tree'), line, line]), is);
});

test('CSV: what was written is read; a formula stays text', () => {
  const rows = [
    { a: 'x,"y"\nz', b: 1 },
    { a: '=1+1', b: -2 },
  ];
  const text = toCsv(rows);
  assert.deepEqual(
    parseCsv('f.csv', text).map(({ line, cells }) => [line, ...cells]),
    [
      [1, 'a', 'b'],
      [2, 'x,"y"\nz', '1'],
      [4, "'=1+1", '-2'],
    ],
  );
});
