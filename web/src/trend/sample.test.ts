import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customersOutNow, sampleAt, withNow } from './sample.ts';

test('a time takes the value of the bucket it falls in, and none outside', () => {
  const values = sampleAt([50, 100, 199, 200, 350, 400], [100, 200, 300], [1, null, 3], 100);
  assert.deepEqual(values, [null, 1, 1, null, 3, null]);
  assert.deepEqual(sampleAt([1], [], [], 100), [null]);
});

test('customers out now are those of the level asked for', () => {
  const outages = [
    { customers_out: 5, feeder_id: 'F1', substation_id: 'S1' },
    { customers_out: 7, feeder_id: 'F2', substation_id: 'S1' },
    { customers_out: 11, feeder_id: 'F3', substation_id: 'S2' },
  ];
  assert.equal(customersOutNow(outages, 'system', null), 23);
  assert.equal(customersOutNow(outages, 'substation', 'S1'), 12);
  assert.equal(customersOutNow(outages, 'feeder', 'F3'), 11);
  assert.equal(customersOutNow([], 'system', null), 0);
});

test('the present moment is the last point, and nothing after it stays', () => {
  assert.deepEqual(withNow([10, 20, 30], [1, 2, 3], 25, 9), { times: [10, 20, 25], values: [1, 2, 9] });
  assert.deepEqual(withNow([], [], 5, 0), { times: [5], values: [0] });
});
