/** Messages and calls in a storm: whatever happens to them, every one is accounted for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeAgenda } from './agenda.ts';
import { callDefaults, makeCallCenter } from './calls.ts';
import { makeMessagePath, messageDefaults } from './messages.ts';

const path = (seed: number, perS = 1000, more = {}) =>
  makeMessagePath(
    seed,
    { ...messageDefaults, perS, ...more },
    (meter) => meter >> 5,
    (share) => Math.floor(share * 9000),
  );
const meters = (count: number): Int32Array => Int32Array.from({ length: count }, (_, row) => row);

test('sent = delivered - twice + lost + dropped, whatever the load', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 400 }),
      fc.array(fc.record({ count: fc.integer({ min: 0, max: 400 }), atS: fc.integer({ min: 0, max: 600 }) }), {
        maxLength: 8,
      }),
      (seed, perS, bursts) => {
        const way = path(seed, perS);
        for (const { count, atS } of bursts) {
          way.send(meters(count), 'last_gasp', atS);
          way.send(meters(count >> 1), 'power_restored', atS + 90);
        }
        let delivered = 0;
        for (let atS = 0; atS <= 3600; atS += 7) delivered += way.takeUntil(atS).length;
        const { counts } = way;
        assert.equal(way.nextS(), Number.POSITIVE_INFINITY);
        assert.equal(delivered, counts.delivered);
        assert.equal(
          counts.gasps + counts.restores + counts.spurious,
          counts.delivered - counts.duplicated + counts.lost + counts.lost_in_clumps + counts.dropped,
        );
      },
    ),
  );
});

test('about a tenth of the gasps is lost, half of it in clumps; two in a hundred come from meters with power', () => {
  const way = path(3, 1e9);
  for (let round = 0; round < 40; round++) way.send(meters(5000), 'last_gasp', round * 700);
  const { gasps, lost, lost_in_clumps: clumped, spurious } = way.counts;
  assert.ok(Math.abs((lost + clumped) / gasps - 0.1) < 0.015, `${(lost + clumped) / gasps}`);
  assert.ok(clumped > lost, `${clumped} in clumps`);
  assert.ok(Math.abs(spurious / gasps - 0.02) < 0.003);
});

test('the head-end gets slower with the load, and drops what would wait too long', () => {
  const waits = [100, 1000, 3000].map((count) => {
    const way = path(4, 20);
    way.send(meters(count), 'last_gasp', 0);
    way.takeUntil(100_000);
    return way.counts;
  });
  assert.ok(waits[0].longest_wait_s < waits[1].longest_wait_s);
  assert.equal(waits[1].dropped, 0);
  assert.ok(waits[2].dropped > 0 && waits[2].longest_wait_s <= messageDefaults.mostWaitS);
});

test('callers are taken, give up, or still try; who has power again does not call; who has none does in the end', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 0, max: 1500 }),
      (seed, lines, lost) => {
        const center = makeCallCenter(seed, { ...callDefaults, lines });
        center.lost(meters(lost), 0);
        let taken = 0;
        for (let atS = 0; Number.isFinite(center.nextS()); atS += 600)
          taken += center.takeUntil(atS, (meter) => meter % 3 !== 0).length;
        const { counts } = center;
        assert.equal(taken, counts.taken);
        assert.equal(counts.callers, counts.taken + counts.gave_up);
        assert.equal(taken, Array.from(meters(lost)).filter((meter) => meter % 3 !== 0).length);
      },
    ),
  );
});

test('what is due comes in the order of time, equal times in the order they were put in', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }), (times) => {
      const agenda = makeAgenda<number>();
      for (const [i, atS] of times.entries()) agenda.put(atS, i);
      const taken = [...agenda.takeUntil(9), ...agenda.takeUntil(20)];
      const wanted = times.map((atS, i) => ({ atS, item: i })).sort((a, b) => a.atS - b.atS || a.item - b.item);
      assert.deepEqual(taken, wanted);
    }),
  );
});
