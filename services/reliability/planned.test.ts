import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cohortsOf, shareByMeters } from './cohorts.ts';
import { type CountedElsewhere, plannedPieces, plannedSteps, type WindowSpan } from './planned.ts';

const customers = 4;
const meterKeys = [0, 1, 2, 3];
const nowMs = 200;
const cases = fc.record({
  fromMs: fc.integer({ min: 0, max: 100 }),
  forMs: fc.integer({ min: 1, max: 150 }),
  elsewhere: fc.array(
    fc.record({
      meterKey: fc.integer({ min: 0, max: customers - 1 }),
      fromMs: fc.integer({ min: -50, max: 250 }),
      forMs: fc.option(fc.integer({ min: 0, max: 150 })),
    }),
    { maxLength: 8 },
  ),
});

/** Milliseconds in which each customer counts by the window, moment by moment. */
function byMoments({ fromMs, toMs }: WindowSpan, elsewhere: readonly CountedElsewhere[]): number {
  let sum = 0;
  for (let ms = fromMs; ms < Math.min(toMs, nowMs); ms++)
    for (let meter = 0; meter < customers; meter++)
      if (!elsewhere.some((one) => one.meterKey === meter && one.fromMs <= ms && (one.toMs === null || ms < one.toMs)))
        sum++;
  return sum;
}

test('C9 a customer counts by the window at every moment of it, but when it counts elsewhere', () => {
  const law = (steps: typeof plannedSteps) =>
    fc.assert(
      fc.property(cases, ({ fromMs, forMs, elsewhere: given }) => {
        const window = { fromMs, toMs: fromMs + forMs, customers };
        const elsewhere = given.map(({ meterKey, fromMs: start, forMs: length }) => ({
          ...{ meterKey, fromMs: start },
          toMs: length === null ? null : start + length,
        }));
        const made = steps(window, elsewhere, nowMs);
        const sum = made.reduce((total, step) => total + step.customersOut * ((step.toMs ?? nowMs) - step.fromMs), 0);
        assert.equal(sum, byMoments(window, elsewhere));
        const cohorts = cohortsOf(made, nowMs);
        assert.equal(
          cohorts.reduce((total, one) => total + one.customers * (one.toMs - one.fromMs), 0),
          sum,
        );
        const pieces = plannedPieces(window, meterKeys, elsewhere, nowMs);
        assert.equal(
          pieces.reduce((total, piece) => total + piece.toMs - piece.fromMs, 0),
          sum,
        );
        const shares = shareByMeters(cohorts, pieces);
        assert.ok(
          shares.every((share) => share.meterKey >= 0),
          'every customer of the steps is a meter',
        );
        assert.equal(
          made.some((step) => step.toMs === null),
          window.toMs > nowMs,
        );
      }),
      { numRuns: 2000 },
    );
  law(plannedSteps);
  // the planted bug: two outages of one customer take it away twice
  assert.throws(() =>
    law((window, elsewhere, now) =>
      plannedSteps(
        window,
        elsewhere.map((one, i) => ({ ...one, meterKey: i })),
        now,
      ),
    ),
  );
});
