import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Alarm } from '#model/api/live.ts';
import { alarmTotals, foldAlarms } from './fold.ts';

const alarm = (part: Partial<Alarm>): Alarm => ({
  id: 'A',
  priority: 3,
  state: 'unacknowledged',
  at: '2026-07-04T10:00:00.000Z',
  text: '',
  feeder_id: 'F1',
  outage_id: null,
  device_id: null,
  area_id: null,
  acknowledged_by: null,
  ...part,
});

test('one feeder is one line; the worst unacknowledged alarm stands for it', () => {
  const groups = foldAlarms([
    alarm({ id: 'a', priority: 1, state: 'acknowledged' }),
    alarm({ id: 'b', priority: 3 }),
    alarm({ id: 'c', priority: 2 }),
    alarm({ id: 'd', priority: 1, feeder_id: 'F2', state: 'acknowledged' }),
  ]);
  assert.deepEqual(
    groups.map((g) => [g.feederId, g.head.id, g.alarms.length, g.unacknowledged]),
    [
      ['F1', 'c', 3, 2],
      ['F2', 'd', 1, 0],
    ],
  );
});

test('alarms without a feeder are not folded with each other', () => {
  assert.equal(foldAlarms([alarm({ id: 'a', feeder_id: null }), alarm({ id: 'b', feeder_id: null })]).length, 2);
});

test('folding loses no alarm and doubles none', () => {
  const some = fc.record({
    priority: fc.integer({ min: 1, max: 4 }),
    state: fc.constantFrom('unacknowledged', 'acknowledged', 'returned_unacknowledged'),
    feeder_id: fc.constantFrom('F1', 'F2', 'F3', null),
  });
  fc.assert(
    fc.property(fc.array(some, { maxLength: 30 }), (parts) => {
      const alarms = parts.map((part, i) => alarm({ ...part, id: `A${i}` }));
      const folded = foldAlarms(alarms);
      assert.deepEqual(folded.flatMap((g) => g.alarms.map(({ id }) => id)).sort(), alarms.map(({ id }) => id).sort());
      assert.equal(
        folded.reduce((sum, g) => sum + g.unacknowledged, 0),
        alarmTotals(alarms).unacknowledged,
      );
    }),
  );
});
