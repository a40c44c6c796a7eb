import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutageDetail } from '#model/api/outages.ts';
import type { FluxError } from '#model/errors.ts';
import { refuseStale } from './actions.ts';

const entry = (revision: number | null, actor: string, verb: string) => ({
  at: '2026-07-04T12:00:00.000Z',
  actor,
  verb,
  from_state: null,
  to_state: 'confirmed' as const,
  reason: null,
  revision,
});
const outageAt = (revision: number, log: OutageDetail['log']) =>
  ({ outage: { revision }, log, steps: [], actions: [] }) as unknown as OutageDetail;

test('a count that moved on takes no decision away; an entry in the log does, and is told', () => {
  const log = [entry(null, 'engine', 'opened'), entry(1, 'engine', 'aged'), entry(4, 'ann', 'confirm')];
  refuseStale('OUT-1', 4, outageAt(9, log));
  refuseStale('OUT-1', 9, outageAt(9, log));
  assert.throws(
    () => refuseStale('OUT-1', 3, outageAt(9, log)),
    (error: FluxError) => {
      assert.equal(error.code, 'outage_changed');
      const changes = error.details.changes as { actor: string; verb: string }[];
      assert.deepEqual(
        changes.map(({ actor, verb }) => [actor, verb]),
        [['ann', 'confirm']],
      );
      assert.equal(error.details.revision, 9);
      return true;
    },
  );
});

test('a revision that never was is a mistake of the caller', () => {
  assert.throws(() => refuseStale('OUT-1', 10, outageAt(9, [])), { code: 'bad_request' });
});
