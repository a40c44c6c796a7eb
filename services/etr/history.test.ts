import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHistory } from './history.ts';

const heading =
  'outage_number,outage_start,first_seen,last_seen,first_snapshot_without,left_censored,right_censored,customers_first,etr_first,etr_first_published,cause_last,lat,lon,region';
const row = (change: Partial<Record<string, string>> = {}): string => {
  const cells: Record<string, string> = {
    outage_number: '7',
    outage_start: '2019-08-01T00:00:00Z',
    first_seen: '2019-08-01T00:10:00Z',
    last_seen: '2019-08-01T01:00:00Z',
    first_snapshot_without: '2019-08-01T01:10:00Z',
    left_censored: '0',
    right_censored: '0',
    customers_first: '12',
    etr_first: '2019-08-01T03:00:00Z',
    etr_first_published: '2019-08-01T00:10:00Z',
    cause_last: '"a car, that ""hit"" a pole"',
    lat: '38.1',
    lon: '-121.2',
    region: 'Stockton',
    ...change,
  };
  return heading
    .split(',')
    .map((name) => cells[name])
    .join(',');
};

test('a row is read with its quoted cells; a start that never was (1970) is the first sight', () => {
  const { outages, read } = parseHistory(
    `${heading}\r\n${row()}\n${row({ outage_start: '1970-01-01T00:00:00Z' })}\n`,
    'h.csv',
  );
  assert.equal(read, 2);
  assert.equal(outages[0].cause, 'a car, that "hit" a pole');
  assert.equal(outages[0].customers, 12);
  assert.equal(outages[1].startS, outages[1].firstSeenS);
});

test('a bad row is named by line and field; the good ones beside it land', () => {
  const bad = [
    row({ outage_start: '19-08-12T18:00:00Z' }),
    row({ last_seen: '2019-07-31T00:00:00Z' }),
    row({ first_snapshot_without: '' }),
    row({ customers_first: 'many' }),
    row({ lat: '138' }),
    row({ first_seen: '' }),
  ];
  const { outages, setAside, setAsideCount } = parseHistory([heading, row(), ...bad].join('\n'), 'h.csv');
  assert.equal(outages.length, 1);
  assert.equal(setAsideCount, bad.length);
  assert.deepEqual(
    setAside.map(({ line, field }) => [line, field]),
    [
      [3, 'outage_start'],
      [4, 'last_seen'],
      [5, 'first_snapshot_without'],
      [6, 'customers_first'],
      [7, 'lat'],
      [8, 'first_seen'],
    ],
  );
});

test('a lasting outage has no end; a file without columns or rows is refused with what it lacks', () => {
  const { outages } = parseHistory([heading, row({ right_censored: '1' })].join('\n'), 'h.csv');
  assert.equal(outages[0].goneS, null);
  assert.throws(() => parseHistory('a,b\n1,2', 'h.csv'), {
    code: 'bad_file',
    message: /h\.csv, line 1: no column outage_start/,
  });
  assert.throws(() => parseHistory(`${heading}\n${row({ lat: '' })}`, 'h.csv'), {
    code: 'bad_file',
    message: /none of 1 rows.*line 2, lat/,
  });
});
