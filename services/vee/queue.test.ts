/** The queue: the table of its states, the same run twice, and what a person decided against what data says. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type ExceptionState, exceptionStates } from '#model/api/vee.ts';
import { exceptionEvents, lifecycle, nextState, openStates } from './lifecycle.ts';
import { exceptionId, reconcile } from './reconcile.ts';
import { defaultVeeConfig } from './rules.ts';
import type { Finding } from './scan.ts';
import type { ExceptionRow } from './sql.ts';

const facts = { day: 20_000, at: new Date('2026-07-09T06:00:00Z'), config: defaultVeeConfig, feederOf: () => 3 };
const finding = (meterKey: number, value = 4): Finding => ({
  rule: 'interval_gap',
  meterKey,
  fromS: 1_783_500_000,
  toS: 1_783_500_000 + value * 900,
  value,
  expected: 0,
  bound: 1,
  times: value,
});
/** what the store would hold after the changes */
function applied(existing: readonly ExceptionRow[], rows: readonly ExceptionRow[]): ExceptionRow[] {
  return [...new Map([...existing, ...rows].map((row) => [row.id, row])).values()];
}

describe('the table of states', () => {
  test('is complete, every state can be reached, and a decision is never undone by a run that finds the same', () => {
    const reached = new Set<ExceptionState>(['open']);
    for (let i = 0; i < exceptionStates.length; i++)
      for (const state of reached)
        for (const event of exceptionEvents) {
          const next = lifecycle[state][event];
          if (next !== 'invalid') reached.add(next);
        }
    assert.deepEqual([...reached].sort(), [...exceptionStates].sort());
    for (const state of exceptionStates) {
      for (const event of exceptionEvents) assert.ok(lifecycle[state][event], `${state} ${event}`);
      if (state !== 'resolved_by_data') assert.equal(lifecycle[state].found, state);
      for (const event of ['found', 'changed', 'gone'] as const) assert.notEqual(lifecycle[state][event], 'invalid');
    }
    assert.deepEqual(openStates, ['open', 'assigned']);
    assert.throws(() => nextState('accepted', 'dismiss'), { code: 'invalid_transition' });
  });
});

test('the same findings twice change nothing, in whatever order they come', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 500 })), fc.infiniteStream(fc.nat()), (meters, order) => {
      const findings = meters.map((meter) => finding(meter));
      const first = reconcile([], findings, facts);
      assert.equal(first.opened, meters.length);
      assert.deepEqual(
        first.rows.map((row) => row.id),
        findings.map(exceptionId),
      );
      const shuffled = findings
        .map((one) => [order.next().value as number, one] as const)
        .sort((a, b) => a[0] - b[0])
        .map(([, one]) => one);
      assert.deepEqual(reconcile(first.rows, shuffled, facts), { rows: [], log: [], opened: 0, resolved: 0 });
    }),
  );
});

test('a correction closes an exception by itself, a relapse opens it again', () => {
  const opened = reconcile([], [finding(1), finding(2)], facts).rows;
  const corrected = reconcile(opened, [finding(2)], facts);
  assert.deepEqual(
    corrected.rows.map((row) => [row.meter_key, row.state, row.closed_at]),
    [[1, 'resolved_by_data', facts.at]],
  );
  assert.equal(corrected.log[0].verb, 'gone');
  const again = reconcile(applied(opened, corrected.rows), [finding(1), finding(2)], facts);
  assert.deepEqual([again.opened, again.rows[0].state, again.rows[0].closed_at], [1, 'open', null]);
});

test('what was accepted stays accepted for the same value, and is asked again for another', () => {
  const accepted = reconcile([], [finding(1)], facts).rows.map((row) => ({
    ...row,
    state: 'accepted' as const,
    closed_at: facts.at,
  }));
  assert.deepEqual(reconcile(accepted, [finding(1)], facts).rows, []);
  assert.equal(reconcile(accepted, [finding(1, 9)], facts).rows[0].state, 'open');
  assert.deepEqual(reconcile(accepted, [], facts).rows, []);
  const edited = accepted.map((row) => ({ ...row, state: 'edited' as const }));
  assert.equal(reconcile(edited, [finding(1, 9)], facts).rows[0].state, 'edited');
});
