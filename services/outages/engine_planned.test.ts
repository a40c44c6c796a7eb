import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PlannedWork } from './engine_planned.ts';
import type { PlannedWindow } from './engine_records.ts';

const meterCount = 12;
const graceMs = 5;

const windowsArb = fc.uniqueArray(
  fc.record({
    id: fc.integer({ min: 1, max: 6 }).map((n) => `PLN-${n}`),
    fromMs: fc.integer({ min: 0, max: 40 }),
    lastsMs: fc.integer({ min: 1, max: 20 }),
    // also a meter the network does not have
    meters: fc.array(fc.integer({ min: 0, max: meterCount }), { minLength: 1, maxLength: 5 }),
  }),
  { selector: ({ id }) => id, maxLength: 6 },
);

function toWindows(drawn: readonly { id: string; fromMs: number; lastsMs: number; meters: number[] }[]) {
  return drawn.map(({ lastsMs, ...one }): PlannedWindow => ({ ...one, toMs: one.fromMs + lastsMs }));
}

/** Everything that can be asked of it. */
function answers(work: PlannedWork) {
  return Array.from({ length: 80 }, (_, nowMs) => [
    work.turning(nowMs - 1, nowMs, graceMs),
    work.over(nowMs - 1, nowMs, graceMs),
    Array.from({ length: meterCount }, (_, meter) => [
      work.lasts(meter, nowMs, graceMs),
      work.explains(meter, nowMs - 3, nowMs, graceMs),
      work.plannedUntil(meter, nowMs - 3, nowMs, graceMs),
    ]),
  ]);
}

test('windows replaced one after the other answer as if they had been given at once', () => {
  fc.assert(
    fc.property(fc.array(windowsArb, { minLength: 2, maxLength: 4 }), (rounds) => {
      const work = new PlannedWork(meterCount);
      for (const drawn of rounds) work.replace(toWindows(drawn));
      const fresh = new PlannedWork(meterCount);
      fresh.replace(toWindows(rounds[rounds.length - 1]));
      assert.deepEqual(answers(work), answers(fresh));
      assert.equal(work.isEmpty, fresh.isEmpty);
    }),
    { numRuns: 60 },
  );
});

test('the meters of windows that are new, other or gone are concerned, those of the rest are not', () => {
  const work = new PlannedWork(meterCount);
  const a: PlannedWindow = { id: 'PLN-1', fromMs: 0, toMs: 10, meters: [1, 2] };
  const b: PlannedWindow = { id: 'PLN-2', fromMs: 5, toMs: 10, meters: [2, 3] };
  const c: PlannedWindow = { id: 'PLN-3', fromMs: 5, toMs: 10, meters: [7] };
  assert.deepEqual(work.replace([a, b]), new Set([1, 2, 3]));
  assert.deepEqual(work.replace([a, b, c]), new Set([7]));
  assert.deepEqual(work.replace([{ ...a, toMs: 8 }, b, c]), new Set([1, 2]), 'a withdrawn one ends earlier');
  assert.deepEqual(work.replace([b, c]), new Set([1, 2]));
  assert.deepEqual(work.replace([b, { ...c, meters: [8] }]), new Set([7, 8]));
  assert.deepEqual(work.replace([b, { ...c, meters: [8] }]), new Set());
});
