import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EtrRevision, RestorationCurve } from '#model/api/etr.ts';
import { historyColumns, joinedCurves } from './bands.ts';

const revision = (computed_at: string, p50: string, p90: string) => ({ computed_at, p50, p90 }) as EtrRevision;

test('a time that was told holds until now, or until the restoration', () => {
  const revisions = [
    revision('2026-07-04T12:00:00Z', '2026-07-04T14:00:00Z', '2026-07-04T16:00:00Z'),
    revision('2026-07-04T13:00:00Z', '2026-07-04T15:00:00Z', '2026-07-04T17:00:00Z'),
  ];
  const open = historyColumns(revisions, null, Date.parse('2026-07-04T13:30:00Z'));
  assert.equal(open.told.length, 3);
  assert.equal(open.p50[2], open.p50[1]);
  assert.deepEqual(open.actual, [null, null, null]);
  const over = historyColumns(revisions, '2026-07-04T12:30:00Z', Date.parse('2026-07-04T13:30:00Z'));
  assert.deepEqual(
    over.told,
    [12, 12.5].map((h) => Date.UTC(2026, 6, 4) / 1000 + h * 3600),
  );
  assert.equal(over.actual[0], Date.parse('2026-07-04T12:30:00Z') / 1000);
  assert.deepEqual(historyColumns([], null, 0).told, []);
});

test('curves of different length share an axis; the shorter one goes on as it ended', () => {
  const curve = (time_s: number[], p50: number[]) => ({ time_s, p50, p10: p50, p90: p50 }) as RestorationCurve;
  const [times, , , base, , , changed] = joinedCurves(curve([0, 10, 20], [9, 5, 0]), curve([0, 10], [9, 0]));
  assert.deepEqual(times, [0, 10, 20]);
  assert.deepEqual(base, [9, 5, 0]);
  assert.deepEqual(changed, [9, 0, 0]);
});
