import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FluxError } from '#model/errors.ts';
import { defaultThresholds, settingsOf } from './thresholds.ts';
import { readThresholds } from './thresholds_file.ts';

const areaRow = (id: string): number => ['NORTH', 'COAST'].indexOf(id);

/** The message readThresholds refuses a configuration with. */
function refusal(config: unknown): string {
  try {
    readThresholds(config, areaRow);
  } catch (error) {
    assert.ok(error instanceof FluxError && error.code === 'bad_thresholds');
    return error.message;
  }
  assert.fail('the configuration was taken');
}

describe('thresholds', () => {
  test('an empty configuration is the default', () => {
    assert.deepEqual(readThresholds({}, areaRow), defaultThresholds);
  });

  test('what is given replaces its default alone; an area stands on the modes of the same file', () => {
    const read = readThresholds(
      {
        mode: 'storm',
        storm: { holdWindowS: 90, device: { fuse: { minPercent: 70 } } },
        areas: { COAST: { mode: 'blue_sky' }, NORTH: { storm: { device: { fuse: { minCount: 9 } } } } },
      },
      areaRow,
    );
    assert.equal(settingsOf(read, 5).holdWindowS, 90);
    assert.equal(settingsOf(read, 1).holdWindowS, 45, 'the coast stays in blue sky');
    assert.deepEqual(settingsOf(read, 0).device.fuse, { minPercent: 70, minCount: 9, minCalls: 3, need: 'both' });
    assert.deepEqual(settingsOf(read, 0).device.breaker, defaultThresholds.storm.device.breaker);
    assert.equal(settingsOf(read, 0).holdWindowS, 90);
  });

  const wrong: [config: unknown, names: RegExp][] = [
    [7, /thresholds is 7, it must be an object/],
    [{ holdWindowS: 45 }, /holdWindowS is not known/],
    [{ mode: 'hurricane' }, /mode is "hurricane", it must be one of blue_sky, storm/],
    [{ blue_sky: { holdWindowS: -1 } }, /blue_sky\.holdWindowS is -1, it must be a number from 0 to 3600/],
    [{ blue_sky: { holdWindowS: '45' } }, /blue_sky\.holdWindowS is "45"/],
    [{ storm: { device: { fuze: {} } } }, /storm\.device\.fuze is not known/],
    [{ storm: { device: { fuse: { minPercent: 101 } } } }, /storm\.device\.fuse\.minPercent is 101/],
    [
      { storm: { device: { fuse: { need: 'any' } } } },
      /storm\.device\.fuse\.need is "any", it must be one of both, either/,
    ],
    [{ areas: { SOUTH: {} } }, /areas\.SOUTH: there is no area with this id/],
    [{ areas: { COAST: { storm: { rule: 'magic' } } } }, /areas\.COAST\.storm\.rule is "magic"/],
    [{ stepMergeS: Number.NaN }, /stepMergeS is null/],
    [{ plannedGraceS: -1 }, /plannedGraceS is -1/],
    [
      { blue_sky: { device: { fuse: { minCalls: 0 } } } },
      /blue_sky\.device\.fuse\.minCalls is 0, it must be a number from 1/,
    ],
    [{ storm: { separationMinutes: 0 } }, /storm\.separationMinutes is 0/],
    [{ storm: { wrongCall: 1 } }, /storm\.wrongCall is 1/],
    [{ areas: { COAST: { blue_sky: { simultaneousS: 'x' } } } }, /areas\.COAST\.blue_sky\.simultaneousS is "x"/],
    [{ blue_sky: { device: { breaker: { minCount: 2.5 } } } }, /breaker\.minCount is 2\.5, it must be a whole number/],
  ];
  for (const [config, names] of wrong) {
    test(`refused by name: ${JSON.stringify(config)}`, () => assert.match(refusal(config), names));
  }

  test('all problems are named at once', () => {
    assert.match(refusal({ mode: 1, leftoverPercent: 200, storm: [] }), /leftoverPercent.*mode.*storm/);
  });
});
