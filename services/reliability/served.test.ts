/** Customers served: what was served then divides, and the parts make the whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ServedChange, servedOf } from './served.ts';

const change = (day: string, feederKey: number, customers: number): ServedChange => ({ day, feederKey, customers });
const known = [
  change('2026-01-01', 0, 100),
  change('2026-01-01', 1, 50),
  change('2026-07-01', 0, 300),
  // entered later: served nobody before
  change('2026-07-01', 2, 10),
];

test('N1 a day has the figure that held then; before the first known day its figures hold; a later feeder had none', () => {
  const served = servedOf(known, '2026-12-31');
  assert.deepEqual(
    ['2020-05-05', '2026-01-01', '2026-06-30', '2026-07-01', '2027-01-01'].map((day) => served.on(day, null)),
    [150, 150, 150, 360, 360],
  );
  assert.deepEqual(
    [served.on('2020-05-05', [2]), served.on('2026-07-01', [2]), served.on('2026-07-01', [9])],
    [0, 10, 0],
  );
  assert.equal(served.since, '2026-01-01');
});

test('N1 a period has the average of its days that have been', () => {
  const served = servedOf(known, '2026-07-02');
  assert.equal(served.average({ from: '2026-06-29', to: '2026-07-03' }, null), (150 * 2 + 360 * 2) / 4);
  assert.equal(served.average({ from: '2026-06-30', to: '2027-01-01' }, null), (150 + 360 * 2) / 3, 'up to today');
  assert.equal(served.average({ from: '2030-01-01', to: '2031-01-01' }, null), 360, 'has not begun');
  assert.deepEqual(served.figures({ from: '2026-06-01', to: '2026-07-03' }, [0, 1]), [
    { from: '2026-06-01', customers: 150 },
    { from: '2026-07-01', customers: 350 },
  ]);
  assert.equal(servedOf([], '2026-07-02').average({ from: '2026-01-01', to: '2026-02-01' }, null), 0);
});

test('S1 feeders add up to the system in whole customer-days, whatever the history', () => {
  const day = fc.integer({ min: 1, max: 28 }).map((n) => `2026-02-${String(n).padStart(2, '0')}`);
  const rows = fc.array(fc.record({ day, feederKey: fc.integer({ min: -1, max: 4 }), customers: fc.nat(1000) }));
  const law = (of: (customerDays: number, days: number) => number, numRuns: number) =>
    fc.assert(
      fc.property(rows, day, day, day, (given, today, a, b) => {
        const changes = given.toSorted((one, two) => (one.day < two.day ? -1 : one.day > two.day ? 1 : 0));
        const served = servedOf(changes, today);
        const period = a <= b ? { from: a, to: `${b}` } : { from: b, to: a };
        const feeders = [-1, 0, 1, 2, 3, 4];
        const days = served.days(period);
        assert.equal(
          feeders.reduce((sum, feeder) => sum + of(served.customerDays(period, [feeder]), days), 0),
          of(served.customerDays(period, null), days),
        );
        assert.equal(served.customerDays(period, feeders), served.customerDays(period, null));
        for (const { from, customers } of served.figures(period, null)) assert.equal(served.on(from, null), customers);
      }),
      { numRuns },
    );
  law((customerDays) => customerDays, 100);
  // the planted bug: averages that are rounded before they are added
  assert.throws(() => law((customerDays, days) => Math.round(customerDays / days), 2000));
});
