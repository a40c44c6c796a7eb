import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketFor, secondsOf, spanOf } from './time.ts';

test('a chart gets at most the points it can draw', () => {
  const day = 86_400;
  assert.equal(bucketFor(0, day, 96), 900);
  assert.equal(bucketFor(0, day, 95), 1800);
  assert.equal(bucketFor(0, 365 * day, 400), day);
  assert.equal(bucketFor(0, 3650 * day, 2), 7 * day);
});

test('spans are a day up to now unless said, and never backwards', () => {
  assert.deepEqual(spanOf({}, 1_000_000), { fromS: 913_600, toS: 1_000_000 });
  assert.deepEqual(spanOf({ from: '1970-01-01T00:00:10Z', to: '1970-01-01T01:00:20+01:00' }), { fromS: 10, toS: 20 });
  assert.throws(() => spanOf({ from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }), { code: 'bad_request' });
  assert.throws(() => secondsOf('yesterday', 'from'), { code: 'bad_request', message: /from must be ISO 8601/ });
  assert.throws(() => secondsOf(undefined, 'from'), { code: 'bad_request' });
});
