import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RestorationCurve } from '#model/api/etr.ts';
import { curveColumns, signed } from './columns.ts';

const ahead = (time_s: number[]): RestorationCurve => ({
  ...{ crews: 1, time_s, p10: time_s.map(() => 1), p50: time_s.map(() => 2), p90: time_s.map(() => 3.4) },
  ...{ customer_minutes: 0, all_back_p50: null, all_back_p90: null, not_served: 0 },
});
const at = '2026-01-01T00:00:00Z';

test('what was and what comes lie behind each other on one axis', () => {
  const columns = curveColumns({
    ...{ at, time_s: [0, 60], customers_out: [9, 8], ahead: ahead([60, 960, 1860]), crews_assumed: false },
  });
  assert.deepEqual(columns, [
    [0, 60, 960, 1860],
    [9, 8, null, null],
    [null, null, 3, 3],
    [null, null, 1, 1],
    [null, null, 2, 2],
  ]);
});

test('nobody is out, or the simulation is older than what is known: only the past', () => {
  for (const curve of [null, ahead([0])]) {
    const columns = curveColumns({ at, time_s: [0, 60], customers_out: [1, 0], ahead: curve, crews_assumed: false });
    assert.deepEqual(columns[0], [0, 60]);
    assert.ok(columns.every((column) => column.length === 2));
  }
});

test('a trend has its sign', () => assert.deepEqual([120, -35, 0].map(signed), ['+120', '−35', '±0']));
