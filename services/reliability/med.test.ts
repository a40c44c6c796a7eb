/** Major event days: the published figures of a known series, the rules of the method, and files with faults. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { FluxError } from '#model/errors.ts';
import { sayBadField } from './csv.ts';
import { readDailyFile } from './daily_file.ts';
import {
  type DailySaidi,
  leastMedDays,
  localDate,
  majorEventDays,
  majorEventDaysByYear,
  medThreshold,
  thresholdForYear,
} from './med.ts';

const known = path.join(import.meta.dirname, '../../../shared/data/outages/pge_daily_customer_minutes.csv');
const skip = !fs.existsSync(known) && process.env.CI === undefined ? `the known series (${known}) is not there` : false;
const read = (text: string, customers: number | undefined = 1000, leastCoverage = 0.95) =>
  readDailyFile('days.csv', text, { customers, leastCoverage });
const dayOf = (n: number): string => new Date(n * 86_400_000).toISOString().slice(0, 10);

describe('the 2.5 beta method', () => {
  test('known series: alpha -0.3495, beta 1.1139, T_MED 11.418, 15 days', { skip }, () => {
    const file = readDailyFile('pge', fs.readFileSync(known, 'utf8'), { customers: 5_400_000, leastCoverage: 0.95 });
    assert.deepEqual([file.days.length, file.bad], [440, []]);
    const found = medThreshold(file.days)!;
    assert.deepEqual(
      [found.alpha.toFixed(4), found.beta.toFixed(4), found.tMed.toFixed(3)],
      ['-0.3495', '1.1139', '11.418'],
    );
    assert.equal(majorEventDays(file.days, found.tMed).length, 15);
    // the standard deviation of a population gives another threshold, and another number of days
    const beta = found.beta * Math.sqrt((440 - 1) / 440);
    assert.notEqual(Math.exp(found.alpha + 2.5 * beta).toFixed(3), '11.418');
    assert.notEqual(majorEventDays(file.days, Math.exp(found.alpha + 2.5 * beta)).length, 15);
  });

  test('a fixed series by hand: ln is 0 and 2 in turn, zero days say nothing', () => {
    const days = Array.from({ length: 60 }, (_, i) => ({ day: dayOf(i), saidi: [1, Math.E ** 2, 0][i % 3] }));
    const found = medThreshold(days)!;
    assert.deepEqual([found.days, found.zeroDays], [40, 20]);
    assert.ok(Math.abs(found.alpha - 1) < 1e-12);
    assert.ok(Math.abs(found.beta - Math.sqrt(40 / 39)) < 1e-12);
    assert.ok(Math.abs(found.tMed - Math.exp(1 + 2.5 * Math.sqrt(40 / 39))) < 1e-9);
  });

  test('fewer than thirty days with interruptions give no threshold, and none is made up', () => {
    const days = Array.from({ length: leastMedDays - 1 }, (_, i) => ({ day: dayOf(i), saidi: 1 + i }));
    assert.equal(medThreshold(days), undefined);
    assert.ok(medThreshold([...days, { day: dayOf(99), saidi: 1 }]));
  });

  test('a year is judged by the five years before it, never by itself, never by older ones', () => {
    const year = (y: number, saidi: (i: number) => number): DailySaidi[] =>
      Array.from({ length: 40 }, (_, i) => ({
        day: `${y}-0${1 + Math.floor(i / 20)}-${String(1 + (i % 20)).padStart(2, '0')}`,
        saidi: saidi(i),
      }));
    const quiet = [2020, 2021, 2022, 2023, 2024].flatMap((y) => year(y, (i) => 1 + (i % 4)));
    const before = thresholdForYear(quiet, 2025)!;
    assert.deepEqual([before.days, before.from, before.to], [200, '2020-01-01', '2024-02-20']);
    const storm = [...year(2019, () => 900), ...quiet, ...year(2025, (i) => (i === 7 ? 800 : 2))];
    assert.deepEqual(thresholdForYear(storm, 2025), before);
    const { thresholds, majorDays } = majorEventDaysByYear(storm, 2019, 2026);
    assert.deepEqual([...majorDays], ['2025-01-08']);
    assert.equal(thresholds.get(2019), undefined);
    // also of a year that has had no interruption yet
    assert.deepEqual(thresholds.get(2026), thresholdForYear(storm, 2026));
    // the storm year raises the threshold of the year after it
    assert.ok(thresholdForYear(storm, 2026)!.tMed > before.tMed);
  });

  test('a day at the threshold is no major event day, one above it is', () => {
    const even = Array.from({ length: 40 }, (_, i) => ({ day: dayOf(i), saidi: 1 }));
    const judged = [
      { day: '1971-03-01', saidi: 1 },
      { day: '1971-03-02', saidi: 1.0001 },
    ];
    const { thresholds, majorDays } = majorEventDaysByYear([...even, ...judged], 1971, 1971);
    assert.deepEqual([thresholds.get(1971)!.tMed, [...majorDays]], [1, ['1971-03-02']]);
  });

  test('the threshold scales with the unit and does not care for order', () => {
    const value = fc.double({ min: 0.001, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 30, maxLength: 80 }),
        fc.double({ min: 0.1, max: 9, noNaN: true }),
        (values, factor) => {
          const days = values.map((saidi, i) => ({ day: dayOf(i), saidi }));
          const one = medThreshold(days)!;
          const other = medThreshold(days.toReversed().map(({ day, saidi }) => ({ day, saidi: saidi * factor })))!;
          assert.ok(Math.abs(other.tMed / (one.tMed * factor) - 1) < 1e-9);
        },
      ),
    );
  });
});

test('an interruption belongs to the local day it began in, also where clocks change', () => {
  const zone = 'America/Chicago';
  const at = (iso: string) => localDate(Date.parse(iso), zone);
  assert.equal(at('2026-07-05T04:59:59Z'), '2026-07-04');
  assert.equal(at('2026-07-05T05:00:00Z'), '2026-07-05');
  // 8 March 2026 has 23 hours, 1 November 25
  assert.deepEqual(['2026-03-08T06:00:00Z', '2026-03-09T04:59:59Z', '2026-03-09T05:00:00Z'].map(at), [
    '2026-03-08',
    '2026-03-08',
    '2026-03-09',
  ]);
  assert.deepEqual(['2026-11-01T05:00:00Z', '2026-11-02T05:59:59Z', '2026-11-02T06:00:00Z'].map(at), [
    '2026-11-01',
    '2026-11-01',
    '2026-11-02',
  ]);
});

describe('a file of days', () => {
  test('bad lines say file, line, field and remedy; good ones beside them count', () => {
    const { days, bad, uncovered } = read(
      'date,customer_minutes,coverage\n2026-01-01,5000,1\n2026-02-30,5,1\n2026-01-02,-3,1\n2026-01-03,,1\n2026-01-01,7,1\n2026-01-04,100,0.3\n2026-01-05,9,x\n2026-01-06,1000,1\n',
    );
    assert.deepEqual(days, [
      { day: '2026-01-01', saidi: 5 },
      { day: '2026-01-06', saidi: 1 },
    ]);
    assert.equal(uncovered, 1);
    assert.deepEqual(
      bad.map(({ line, field }) => [line, field]),
      [
        [3, 'date'],
        [4, 'customer_minutes'],
        [5, 'customer_minutes'],
        [6, 'date'],
        [8, 'coverage'],
      ],
    );
    assert.equal(sayBadField(bad[0]), 'days.csv, line 3, date: "2026-02-30" is no date; write it like 2026-07-04');
    for (const one of bad) assert.ok(one.remedy.length > 10);
  });

  test('a file of SAIDI needs no customers; one of customer-minutes does; others are refused', () => {
    assert.deepEqual(read('day,saidi\n2026-01-01,1.5\n', undefined).days, [{ day: '2026-01-01', saidi: 1.5 }]);
    const code = (of: string) => (error: unknown) => (error as FluxError).code === of;
    assert.throws(
      () => readDailyFile('f', 'date,customer_minutes\n', { customers: undefined, leastCoverage: 1 }),
      code('bad_usage'),
    );
    assert.throws(() => read('when,what\n'), code('bad_file'));
    assert.throws(() => read('date,what\n'), code('bad_file'));
    assert.throws(() => read(''), code('bad_file'));
  });
});
