import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MajorEventDays } from '#model/api/reliability.ts';
import { byMonth, countdown, dailySeries, daysOf, isPeriod } from './period.ts';

const day = (date: string, minutes: number, isMajor = false): MajorEventDays['days'][number] => ({
  ...{ day: date, interruptions: 1, customers_interrupted: 100, customer_minutes: minutes, momentary_customers: 0 },
  ...{ saidi: minutes / 1000, is_major: isMajor },
});
const facts: MajorEventDays = {
  ...{ time_zone: 'America/Chicago', from: '2025-12-30', to: '2026-03-02', customers_served: 1000, known_since: null },
  ...{ served_known_since: '2025-12-30', served: [{ from: '2025-12-30', customers: 1000 }] },
  ...{ own: 0, declared: 0, declared_from: null, declared_to: null },
  thresholds: [
    { year: 2025, t_med: null, alpha: null, beta: null, days: 0, from: null, to: null },
    { year: 2026, t_med: 5, alpha: 0, beta: 1, days: 40, from: '2025-01-01', to: '2025-12-31' },
  ],
  days: [day('2025-12-31', 2000), day('2026-02-01', 9000, true), day('2026-02-02', 500), day('2026-03-02', 0)],
};

test('presets are whole days up to today', () => {
  assert.deepEqual(daysOf('month', '2026-03-01'), { from: '2026-01-31', to: '2026-03-01' });
  assert.deepEqual(daysOf('last_year', '2026-03-01'), { from: '2025-01-01', to: '2025-12-31' });
  assert.deepEqual(daysOf('five_years', '2026-03-01'), { from: '2022-01-01', to: '2026-03-01' });
  assert.deepEqual(
    [
      isPeriod({ from: '2026-01-02', to: '2026-01-01' }),
      isPeriod({ from: '', to: '2026-01-01' }),
      isPeriod({ from: '0202-01-01', to: '2026-01-01' }),
    ],
    [false, false, false],
  );
});

test('a plot has every day; zero is left out of a log scale; each year has its own threshold', () => {
  const { times, usual, major, tMed } = dailySeries(facts, true);
  assert.equal(times.length, 63);
  assert.deepEqual(
    usual.filter((value) => value !== null),
    [2, 0.5],
  );
  assert.deepEqual(
    major.filter((value) => value !== null),
    [9],
  );
  assert.deepEqual([tMed[0], tMed[1], tMed[2], tMed[62]], [null, null, 5, 5]);
  assert.ok(dailySeries(facts, false).tMed.every((value) => value === null));
});

test('months add up to the period, with and without major event days, empty ones included', () => {
  const months = byMonth(facts);
  assert.deepEqual(
    months.map(({ month, saidi, saidiWithoutMajor }) => [month, saidi, saidiWithoutMajor]),
    [
      ['2025-12', 2, 2],
      ['2026-01', 0, 0],
      ['2026-02', 9.5, 0.5],
      ['2026-03', 0, 0],
    ],
  );
});

test('a month divides by who was served in it', () => {
  const served = [
    { from: '2025-12-30', customers: 1000 },
    // the last ten of 28 days of February
    { from: '2026-02-19', customers: 2000 },
  ];
  const months = byMonth({ ...facts, served });
  const february = (1000 * 18 + 2000 * 10) / 28;
  assert.deepEqual(
    months.map(({ saidi }) => saidi),
    [2, 0, 9000 / february + 500 / february, 0],
  );
});

test('a countdown says what is left, and what is past', () => {
  const now = Date.parse('2026-07-08T12:00:00Z');
  assert.deepEqual(countdown('2026-07-08T14:14:00Z', now), { text: '2 h 14 min', isPast: false });
  assert.deepEqual(countdown('2026-07-08T11:30:00Z', now), { text: '30 min', isPast: true });
});
