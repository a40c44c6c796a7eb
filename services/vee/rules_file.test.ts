import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FluxError } from '#model/errors.ts';
import { NetworkBuilder } from '#model/network_builder.ts';
import { defaultVeeConfig } from './rules.ts';
import { readVeeConfig } from './rules_file.ts';

function twoAreas() {
  const builder = new NetworkBuilder('test');
  for (let a = 0; a < 2; a++) {
    const area = builder.addArea({ id: `A${a}`, name: `A${a}` });
    const substation = builder.addSubstation({ id: `S${a}`, name: `S${a}`, lonE7: 0, latE7: 0, area });
    const feeder = builder.addFeeder({ id: `F${a}`, name: `F${a}`, substation, nominalKv: 12.47 });
    const nodes = [0, 1].map((i) => builder.addNode({ id: `N${a}-${i}`, lonE7: i, latE7: a, feeder }));
    const head = builder.addEdge({ id: `B${a}`, kind: 1, from: nodes[0], to: nodes[1], feeder, phases: 7 });
    builder.setFeederHead(feeder, nodes[0], head);
    const meter = { transformer: -1, customerClass: 0, critical: 0, phases: 1, lonE7: 0, latE7: 0, peakKw: 5 };
    builder.addMeter({ id: `M${a}`, node: nodes[1], ...meter });
  }
  return builder.finish();
}
const network = twoAreas();
const problemsOf = (config: unknown): string[] => {
  try {
    readVeeConfig(config, network);
  } catch (error) {
    assert.equal((error as FluxError).code, 'bad_vee_config');
    return (error as FluxError).details.problems as string[];
  }
  return [];
};

test('an empty file is the defaults', () => assert.deepEqual(readVeeConfig({}, network), defaultVeeConfig));

test('what is given counts, the rest keeps its default; areas and substations become feeders', () => {
  const read = readVeeConfig(
    {
      autoEstimate: true,
      generating: ['M1'],
      rules: {
        spike: { thresholds: { factor: 9 }, scope: { areas: ['A1'], classes: ['residential'] } },
        zero_run: { on: false, severity: 'high' },
      },
    },
    network,
  );
  assert.deepEqual([read.autoEstimate, read.generating, read.intervalMinutes], [true, [1], 15]);
  assert.deepEqual(read.rules.spike.scope, { classes: [0], feeders: [1], meters: null });
  assert.deepEqual(read.rules.spike.thresholds, { factor: 9, minWh: 2500 });
  assert.deepEqual([read.rules.zero_run.on, read.rules.zero_run.severity], [false, 'high']);
  assert.deepEqual(
    readVeeConfig({ rules: { spike: { scope: { substations: ['S0'] } } } }, network).rules.spike.scope.feeders,
    [0],
  );
});

test('every wrong field is named with what it may be', () => {
  assert.deepEqual(
    problemsOf({
      intervalMinutes: 7,
      lookbackDays: [1, 2.5],
      inactive: ['M9'],
      colour: 'red',
      rules: {
        spike: { on: 'yes', thresholds: { factor: 0.5, sigma: 1 }, scope: { feeders: ['F7'], classes: ['rich'] } },
        unknown: {},
      },
    }).map((problem) => problem.split(/[:;]| is | must /)[0]),
    [
      'colour',
      'rules.unknown',
      'inactive',
      'lookbackDays',
      'rules.spike.thresholds.sigma',
      'rules.spike.on',
      'rules.spike.scope.feeders',
      'rules.spike.scope.classes',
      'rules.spike.thresholds.factor',
      'intervalMinutes',
    ],
  );
  assert.equal(problemsOf([]).length, 1);
});
