import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { imperfect, type Timed, type TransportFaults } from './event_faults.ts';

const items = (count: number): Timed<number>[] =>
  Array.from({ length: count }, (_, i) => ({ item: i, atS: 1_000_000 + i * 0.5, source: i % 97 }));
const none: TransportFaults = { lossShare: 0, duplicateShare: 0, disorderS: 0, latenessS: 0, clockSkewS: 0, seed: 1 };

test('a perfect network delivers everything at once and in order', () => {
  const { deliveries, lost, duplicated } = imperfect(items(500), none);
  assert.deepEqual([lost, duplicated], [0, 0]);
  assert.deepEqual(
    deliveries.map((one) => [one.item, one.deliverAtS, one.stampedAtS]),
    items(500).map((one) => [one.item, one.atS, one.atS]),
  );
});

test('conserves items, orders deliveries, never delivers before the fact, repeats by seed', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const seconds = fc.double({ min: 0, max: 600, noNaN: true });
  fc.assert(
    fc.property(
      share,
      share,
      seconds,
      seconds,
      seconds,
      fc.integer(),
      (lossShare, duplicateShare, disorderS, latenessS, clockSkewS, seed) => {
        const faults = { lossShare, duplicateShare, disorderS, latenessS, clockSkewS, seed };
        const input = items(200);
        const { deliveries, lost, duplicated } = imperfect(input, faults);
        assert.equal(deliveries.length, input.length - lost + duplicated);
        assert.equal(deliveries.filter((one) => one.duplicate).length, duplicated);
        assert.equal(new Set(deliveries.map((one) => one.item)).size, input.length - lost);
        const skew = new Map<number, number>();
        for (let i = 0; i < deliveries.length; i++) {
          const { item, deliverAtS, stampedAtS } = deliveries[i];
          if (i > 0) assert.ok(deliverAtS >= deliveries[i - 1].deliverAtS);
          const delay = deliverAtS - input[item].atS;
          assert.ok(delay >= 0 && delay <= 2 * (disorderS + latenessS) + 1e-6);
          const off = stampedAtS - input[item].atS;
          assert.ok(Math.abs(off) <= clockSkewS + 1e-6);
          const known = skew.get(input[item].source);
          assert.ok(known === undefined || Math.abs(known - off) < 1e-6, 'one device, one clock');
          skew.set(input[item].source, off);
        }
        assert.deepEqual(imperfect(input, faults).deliveries, deliveries);
      },
    ),
    { numRuns: 60 },
  );
});

test('meets the shares it was told', () => {
  const { deliveries, lost, duplicated } = imperfect(items(40_000), {
    lossShare: 0.1,
    duplicateShare: 0.05,
    disorderS: 3,
    latenessS: 3600,
    clockSkewS: 5,
    seed: 9,
  });
  assert.ok(Math.abs(lost / 40_000 - 0.1) < 0.006, `${lost}`);
  assert.ok(Math.abs(duplicated / (40_000 - lost) - 0.05) < 0.005, `${duplicated}`);
  const firsts = deliveries.filter((one) => !one.duplicate);
  const late = firsts.filter((one) => one.deliverAtS - (1_000_000 + one.item * 0.5) > 3).length;
  assert.ok(Math.abs(late / firsts.length - 0.05) < 0.006, `${late}`);
  let overtaken = 0;
  for (let i = 1; i < firsts.length; i++) if (firsts[i].item < firsts[i - 1].item) overtaken++;
  assert.ok(overtaken > 1000, 'neighbours overtake each other');
});
