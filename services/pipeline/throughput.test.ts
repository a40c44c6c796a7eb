import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PositionRow } from './sql.ts';
import { makeThroughputMeter } from './throughput.ts';

const position = (received: number, partition = 0): PositionRow => ({
  source: 'http',
  partition_no: partition,
  kind: 'reading',
  next_offset: received,
  received,
  landed: received,
  duplicate: 0,
  set_aside: 0,
  last_at: null,
});

test('a steady source has a steady rate, a gap is a gap, and what is old is forgotten', () => {
  const meter = makeThroughputMeter();
  for (let atS = 0; atS <= 2000; atS += 5) {
    if (atS > 1700 && atS < 1800) continue;
    meter.sample(
      [position(atS * 40), position(atS < 1900 ? 0 : (atS - 1900) * 10, 1)],
      atS > 1900 ? 3 : 0,
      10_000 + atS,
    );
  }
  const now = meter.now(12_000);
  assert.deepEqual(
    now.sources.map((source) => [source.partition, source.per_s]),
    [
      [0, 40],
      [1, 10],
    ],
  );
  const [steady, late] = now.sources.map((source) => source.history_per_s);
  assert.equal(steady.length, 30);
  for (const value of steady) assert.ok(value === null || Math.abs(value - 40) < 1e-9, String(value));
  assert.ok(steady.filter((value) => value === null).length >= 2, 'nothing was sampled for 100 s');
  assert.equal(late[0], 0);
  assert.equal(late.at(-1), 10);
  assert.equal(now.lag_history_s.at(-1), 3);
  assert.equal(now.lag_history_s[0], 0);
});

test('a source that is seen for the first time has no history', () => {
  const meter = makeThroughputMeter();
  assert.deepEqual(meter.now(0).sources, []);
  meter.sample([position(5)], null, 0);
  const [only] = meter.now(1).sources;
  assert.equal(only.per_s, 0);
  assert.ok(only.history_per_s.every((value) => value === null));
});
