import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byFeeder } from './shares.ts';

const row = (feeder: string, hour: number, missing: number, area = 'A') => ({
  feeder_id: feeder,
  feeder_name: feeder,
  area_id: area,
  hour: new Date(hour * 3_600_000).toISOString(),
  expected: 40,
  validated: 40 - missing,
  unvalidated: 0,
  estimated: 0,
  missing,
});

test('hours add up to feeders, feeders to the total; the worst feeder comes first', () => {
  const { total, feeders } = byFeeder([row('F1', 0, 0), row('F1', 1, 1), row('F2', 0, 5), row('F2', 1, 5)], null);
  assert.deepEqual(
    feeders.map((f) => [f.feederId, f.expected, f.missing, f.hours.length]),
    [
      ['F2', 80, 10, 2],
      ['F1', 80, 1, 2],
    ],
  );
  assert.deepEqual([total.expected, total.validated, total.missing], [160, 149, 11]);
});

test('an area leaves the others out', () => {
  const { total, feeders } = byFeeder([row('F1', 0, 0, 'A'), row('F2', 0, 5, 'B')], 'A');
  assert.deepEqual([feeders.map((f) => f.feederId), total.missing], [['F1'], 0]);
});
