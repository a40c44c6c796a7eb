/** Bellwether sampling drops nothing: shown on random floods, and that the test would see it if it did. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type MeterEventColumns, makeMeterEventColumns } from '#model/reading.ts';
import { engineOn, type Message, messages, plant, transformers } from './engine_testbed.ts';
import { type HoldBack, makeHoldBack } from './hold_back.ts';

const events = (meters: readonly number[], atMs = 0): MeterEventColumns => {
  const columns = makeMeterEventColumns(meters.length);
  for (const meter of meters) {
    columns.meterKey[columns.count] = meter;
    columns.eventTimeMs[columns.count++] = atMs;
  }
  return columns;
};
const keysOf = (columns: MeterEventColumns | null): number[] =>
  columns ? [...columns.meterKey.subarray(0, columns.count)] : [];
const sampling = (limit: number, applies: (meter: number) => boolean = () => true): HoldBack =>
  makeHoldBack({ limitPerS: () => limit, isBellwether: (meter) => meter % 5 === 0, applies });

/** Feeds a flood second by second, then lets it fall. @returns what was evaluated, and the mark after each step */
function feed(holdBack: HoldBack, floods: number[][]) {
  const evaluated: number[] = [];
  const marks: number[] = [];
  let eventId = 0;
  for (const [second, flood] of floods.entries()) {
    evaluated.push(...keysOf(holdBack.take(events(flood), eventId, second * 1000)));
    eventId += flood.length;
    marks.push(holdBack.evaluatedTo(eventId));
    evaluated.push(...keysOf(holdBack.release(second * 1000 + 750)));
  }
  let seconds = floods.length;
  for (; holdBack.counts().waiting > 0; seconds++) evaluated.push(...keysOf(holdBack.release(seconds * 1000)));
  return { evaluated, marks, eventId, seconds };
}

const floods = fc.array(fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 120 }), {
  minLength: 1,
  maxLength: 12,
});
const conserves = (make: (limit: number) => HoldBack): void =>
  fc.assert(
    fc.property(floods, fc.integer({ min: 1, max: 60 }), (flood, limit) => {
      const sorted = (all: readonly number[]): number[] => all.toSorted((a, b) => a - b);
      const holdBack = make(limit);
      const { evaluated, eventId } = feed(holdBack, flood);
      assert.deepEqual(sorted(evaluated), sorted(flood.flat()));
      assert.equal(holdBack.evaluatedTo(eventId), eventId);
    }),
  );

describe('bellwether sampling', () => {
  test('H1 taken in = evaluated + waiting; in the end everything is evaluated, once', () => conserves(sampling));

  test('H1 planted: one that forgets its newest batch is seen', () => {
    assert.throws(() =>
      conserves((limit) => {
        const real = sampling(limit);
        let isFirst = true;
        return {
          ...real,
          release: (nowMs) => {
            const taken = real.release(nowMs);
            if (!taken || !isFirst) return taken;
            isFirst = false;
            return null;
          },
        };
      }),
    );
  });

  test('H2 bellwethers are never held back, nor meters of areas in blue sky', () => {
    const holdBack = sampling(1, (meter) => meter < 100);
    const flood = Array.from({ length: 200 }, (_, meter) => meter);
    const atOnce = keysOf(holdBack.take(events(flood), 0, 0));
    assert.deepEqual(
      flood.filter((meter) => meter % 5 === 0 || meter >= 100).filter((meter) => !atOnce.includes(meter)),
      [],
    );
    assert.equal(atOnce.length + holdBack.counts().waiting, flood.length);
  });

  test('H3 below the limit nothing waits', () => {
    const holdBack = sampling(50);
    for (let second = 0; second < 10; second++) {
      const flood = Array.from({ length: 50 }, (_, i) => second * 50 + i);
      assert.equal(holdBack.take(events(flood), second * 50, second * 1000).count, 50);
    }
    assert.deepEqual(holdBack.counts(), { waiting: 0, ever: 0, most: 0 });
  });

  test('H4 the oldest goes first, and a meter’s own messages keep their order', () => {
    const holdBack = sampling(2);
    const { evaluated } = feed(holdBack, [[1, 2, 3, 4, 6], [7, 8], []]);
    assert.deepEqual(evaluated, [1, 2, 3, 4, 6, 7, 8]);
  });

  test('H5 the mark stays before the oldest that waits: a crash evaluates it again, and loses nothing', () => {
    const holdBack = sampling(2);
    const { marks, eventId } = feed(holdBack, [[0, 1], [2, 3, 4, 6], [5]]);
    assert.deepEqual([...marks, holdBack.evaluatedTo(eventId)], [2, 2, 2, 7]);
  });
});

test('the same outages with sampling as without, from the same messages', () => {
  const bed = plant([
    ['breaker', 'B', ['fuse', 'F', ...transformers('T', 6, 8)], ['fuse', 'G', ...transformers('U', 4, 8)]],
  ]);
  const dark: Message[] = bed.below('F').map((meter, i) => [meter, 'last_gasp', i % 3]);
  const plain = engineOn(bed);
  plain.send(dark, 5);
  for (let atS = 6; atS < 90; atS++) plain.tick(atS);

  const sampled = engineOn(bed);
  const holdBack = makeHoldBack({ limitPerS: () => 4, isBellwether: (meter) => meter % 8 === 0, applies: () => true });
  sampled.engine.apply(holdBack.take(messages(dark), 0, 5000), 5000);
  assert.ok(holdBack.counts().waiting > 20, 'a part of them waits');
  for (let atS = 6; atS < 90; atS++) {
    const released = holdBack.release(atS * 1000);
    if (released) sampled.engine.apply(released, atS * 1000);
    sampled.tick(atS);
  }
  assert.deepEqual(sampled.active(), plain.active());
  assert.match(plain.active()[0], /^predicted F 48$/);
});
