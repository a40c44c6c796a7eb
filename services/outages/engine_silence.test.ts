import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { all, engineOn, type Plan, plant, transformers } from './engine_testbed.ts';

const bed = plant([
  [
    'breaker',
    'B',
    ['fuse', 'F', ...transformers('T', 5, 6), ['power_transformer', 'D', 27]],
    ['power_transformer', 'X', 6],
  ] as Plan,
]);
const heard = ['T1', 'T2', 'T3', 'T4', 'T5'].flatMap(bed.below);

describe('P18 silence of one transformer is one deaf collector', () => {
  test('five transformers dark and many silent meters at a sixth are the fuse above all six', () => {
    const { send, active } = engineOn(bed);
    send(all(heard, 'last_gasp', 0), 50);
    assert.deepEqual(active(), ['predicted F 57']);
  });

  test('two of the silent ones answer lit: five transformers after all', () => {
    const { send, active } = engineOn(bed);
    send(all(heard, 'last_gasp', 0), 50);
    send(all(bed.below('D').slice(0, 2), 'ping_lit', 60), 61);
    assert.deepEqual(
      active(),
      [1, 2, 3, 4, 5].map((i) => `predicted T${i} 6`),
    );
  });
});
