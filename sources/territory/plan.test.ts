import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { apportion, countsOf, planTerritory } from './plan.ts';
import { normalAt, Random } from './random.ts';

test('apportion gives away everything, respects the least and the order of weights', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.001, max: 1000, noNaN: true }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 1_000_000 }),
      (weights, least, free) => {
        const total = free + least * weights.length;
        const parts = apportion(total, weights, least);
        assert.equal(
          parts.reduce((sum, part) => sum + part, 0),
          total,
        );
        for (let i = 0; i < parts.length; i++) {
          assert.ok(parts[i] >= least);
          for (let j = 0; j < parts.length; j++) if (weights[i] > weights[j]) assert.ok(parts[i] >= parts[j]);
        }
      },
    ),
    // weights that differ, and whose shares do not as far as a double tells
    { examples: [[[226.62440500833853, 999.9999999999994, 999.9999999999995], 0, 1]] },
  );
});

test('a plan holds exactly the meters and substations of its scale, the densest places first', () => {
  for (const scale of ['demo', 'poc', 1, 900, 60_000, 1_000_000, 2_700_000] as const) {
    const plans = planTerritory(scale);
    const { meters, substations } = countsOf(scale);
    assert.equal(
      plans.reduce((sum, plan) => sum + plan.meters, 0),
      meters,
    );
    assert.equal(
      plans.reduce((sum, plan) => sum + plan.substations, 0),
      substations,
    );
    assert.ok(plans.every((plan) => plan.substations >= 1));
  }
  assert.equal(planTerritory('poc').length, 88);
  assert.equal(planTerritory(2_700_000).length, 88);
  assert.ok(planTerritory('demo').every((plan) => plan.area === 'Central'));
});

test('random streams repeat, differ by seed and stream, and are uniform', () => {
  const draw = (seed: number, stream: number): number[] => {
    const random = new Random(seed, stream);
    return Array.from({ length: 4000 }, () => random.unit());
  };
  assert.deepEqual(draw(1, 2), draw(1, 2));
  assert.notDeepEqual(draw(1, 2), draw(2, 2));
  assert.notDeepEqual(draw(1, 2), draw(1, 3));
  const values = draw(7, 7);
  const bins = new Int32Array(10);
  for (const value of values) bins[Math.floor(value * 10)]++;
  for (const bin of bins) assert.ok(bin > 320 && bin < 480, `${bins}`);
  assert.ok(Math.abs(normalAt(0.5)) < 1e-9 && normalAt(0.9772) > 1.9 && normalAt(0.0228) < -1.9);
});
