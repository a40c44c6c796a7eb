/** Whom the head-end is asked about, and how the utility sets it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { chooseMeters } from './pings_choice.ts';
import { defaultPings, type PingShare, readPingSettings } from './pings_settings.ts';

const transformerOf = (meter: number): number => Math.floor(meter / 5);
const choose = (meters: number[], share: PingShare, cap = 1000, mayAsk: (meter: number) => boolean = () => true) =>
  chooseMeters(meters, { share, cap, transformerOf, mayAsk });
const meters = fc.uniqueArray(fc.nat({ max: 400 }), { maxLength: 120 });
const share: fc.Arbitrary<PingShare> = fc.oneof(
  fc.constantFrom<PingShare>('all', 'one_per_transformer'),
  fc.record({ percentPerTransformer: fc.integer({ min: 1, max: 100 }) }),
);

describe('the choice', () => {
  test('never asks who may not be asked, nobody twice, never more than the cap; the order given does not matter', () => {
    fc.assert(
      fc.property(meters, share, fc.integer({ min: 1, max: 60 }), fc.nat({ max: 6 }), (given, how, cap, recent) => {
        const mayAsk = (meter: number): boolean => meter % 7 >= recent;
        const chosen = choose(given, how, cap, mayAsk);
        assert.ok(chosen.length <= cap);
        assert.equal(new Set(chosen).size, chosen.length);
        assert.ok(chosen.every((meter) => given.includes(meter) && mayAsk(meter)));
        assert.deepEqual(choose(given.toReversed(), how, cap, mayAsk), chosen);
      }),
    );
  });

  test('every transformer is asked once before any is asked twice', () => {
    fc.assert(
      fc.property(meters, share, fc.integer({ min: 1, max: 60 }), (given, how, cap) => {
        const chosen = choose(given, how, cap);
        const asked = Map.groupBy(chosen, transformerOf);
        const all = new Set(given.map(transformerOf));
        if ([...asked.values()].some((list) => list.length > 1)) assert.equal(asked.size, all.size);
      }),
    );
  });

  test('one of a transformer; so many percent of it, at least one; all', () => {
    const two = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    assert.deepEqual(choose(two, 'one_per_transformer'), [0, 5]);
    assert.deepEqual(choose(two, { percentPerTransformer: 40 }), [0, 5, 1, 6]);
    assert.deepEqual(choose(two, { percentPerTransformer: 1 }), [0, 5]);
    assert.equal(choose(two, 'all').length, 10);
  });

  test('a transformer that was asked a moment ago is not asked through a neighbour', () => {
    assert.deepEqual(
      choose([0, 1, 2, 5, 6], 'one_per_transformer', 10, (meter) => meter !== 0),
      [5],
    );
  });

  test('meters without a transformer stand for themselves', () => {
    const alone = chooseMeters([3, 4], {
      share: 'one_per_transformer',
      cap: 9,
      transformerOf: () => -1,
      mayAsk: () => true,
    });
    assert.deepEqual(alone.toSorted(), [3, 4]);
  });
});

describe('the settings', () => {
  test('what is left out keeps its default', () => {
    assert.deepEqual(readPingSettings({}), defaultPings);
    const set = readPingSettings({ noRepeatS: 60, restoration: { share: { percentPerTransformer: 50 } } });
    assert.deepEqual([set.noRepeatS, set.restoration], [60, { on: true, share: { percentPerTransformer: 50 } }]);
  });

  test('every wrong field is named, with what it must be', () => {
    assert.throws(
      () =>
        readPingSettings({
          noRepeat: 5,
          timeToLiveS: 0,
          verification: { share: 'some', every: 3 },
          restoration: { share: { percentPerTransformer: 120 } },
          single_customer: { on: 'yes' },
        }),
      (error: Error & { code: string; details: { problems: string[] } }) => {
        assert.equal(error.code, 'bad_pings');
        assert.deepEqual(error.details.problems.map((problem) => problem.split(' ')[0]).toSorted(), [
          'noRepeat',
          'restoration.share',
          'single_customer.on',
          'timeToLiveS',
          'verification.every',
          'verification.share',
        ]);
        return true;
      },
    );
  });
});
