/** Newest wins, whatever the order of arrival; what can not be applied says why. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judgeStates } from './device_states.ts';
import type { ReportedState } from './sql.ts';

const rowOf = (id: string): number => (id === 'none' ? -1 : Number(id));
const isDevice = (row: number): boolean => row < 5;
const judge = (states: ReportedState[], newest = new Map()) => judgeStates(states, newest, rowOf, isDevice);
const at = (
  id: number,
  device: string,
  state: 'open' | 'closed',
  event_ms: number,
  received_ms = 1e6,
): ReportedState => ({
  id,
  device_id: device,
  state,
  event_ms,
  received_ms,
});

const reports = fc.array(
  fc.record({
    device_id: fc.constantFrom('0', '1', '2'),
    state: fc.constantFrom<'open' | 'closed'>('open', 'closed'),
    event_ms: fc.integer({ min: 1, max: 12 }),
  }),
  { maxLength: 30 },
);

test('the positions at the end do not depend on the order of arrival, nor on how it is cut into batches', () => {
  fc.assert(
    fc.property(reports, fc.nat(), fc.nat(), (list, cut, turn) => {
      const states = list.map((one, i) => at(i, one.device_id, one.state, one.event_ms));
      const positionsAfter = (batches: ReportedState[][]) => {
        const newest = new Map<number, { isOpen: boolean; atMs: number }>();
        for (const batch of batches) judge(batch, newest);
        return [...newest].toSorted((a, b) => a[0] - b[0]);
      };
      const expected = positionsAfter([states]);
      const k = states.length === 0 ? 0 : cut % states.length;
      assert.deepEqual(positionsAfter([states.slice(0, k), states.slice(k)]), expected);
      const turned = states.map((_, i) => states[(i * 7 + turn) % Math.max(1, states.length)]);
      if (new Set(turned).size === states.length) assert.deepEqual(positionsAfter([turned]), expected);
      assert.deepEqual(positionsAfter([states.toReversed()]), expected);
    }),
  );
});

test('every report has one outcome; refused and superseded ones say why', () => {
  const { outcomes, moves } = judge([
    at(1, '0', 'open', 20),
    at(2, '0', 'closed', 10),
    at(3, 'none', 'open', 10),
    at(4, '7', 'open', 10),
    at(5, '0', 'closed', 20),
    at(6, '0', 'closed', 30),
  ]);
  assert.deepEqual(
    outcomes.map(({ id, outcome }) => [id, outcome]),
    [
      [1, 'applied'],
      [2, 'superseded'],
      [3, 'refused'],
      [4, 'refused'],
      [5, 'superseded'],
      [6, 'applied'],
    ],
  );
  for (const { outcome, reason } of outcomes) assert.equal(outcome === 'applied', reason === null);
  assert.deepEqual(
    moves.map(({ isOpen, atMs }) => [isOpen, atMs]),
    [
      [true, 20],
      [false, 30],
    ],
  );
});

test('a device whose clock is ahead does not silence itself', () => {
  const newest = new Map();
  const first = judge([at(1, '0', 'open', 9e9, 100)], newest);
  assert.deepEqual([first.moves[0].atMs, first.outcomes[0].outcome], [100, 'applied']);
  assert.match(first.outcomes[0].reason!, /clock is ahead/);
  assert.equal(judge([at(2, '0', 'closed', 150, 160)], newest).outcomes[0].outcome, 'applied');
});
