import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAt } from './sample.ts';

test('a time takes the value of the bucket it falls in, and none outside', () => {
  const values = sampleAt([50, 100, 199, 200, 350, 400], [100, 200, 300], [1, null, 3], 100);
  assert.deepEqual(values, [null, 1, 1, null, 3, null]);
  assert.deepEqual(sampleAt([1], [], [], 100), [null]);
});
