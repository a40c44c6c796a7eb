/** Laws of estimation, for whatever gap. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { estimateGap, type Gap, interpolate, scaleToTotal } from './estimate.ts';

const wh = fc.integer({ min: 0, max: 20_000 });
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const gap = (count: number, more: Partial<Gap> = {}): Gap => ({
  meterKey: 1,
  fromS: 0,
  stepS: 900,
  darkS: new Array<number>(count).fill(0),
  before: null,
  after: null,
  weeks: [],
  average: [],
  classMean: [],
  ...more,
});
const limitS = 7200;

describe('laws', () => {
  test('interpolation stays between its neighbours and never turns back', () => {
    fc.assert(
      fc.property(wh, wh, fc.integer({ min: 1, max: 8 }), (before, after, count) => {
        const line = [before, ...interpolate(before, after, count), after];
        for (let i = 1; i < line.length; i++)
          assert.ok(before <= after ? line[i] >= line[i - 1] : line[i] <= line[i - 1], line.join(' '));
      }),
    );
  });
  test('scaled values add up to the register difference, to the Wh, and none is negative', () => {
    fc.assert(
      fc.property(
        fc.array(wh, { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 0, max: 5_000_000 }),
        (values, total) => {
          const scaled = scaleToTotal(values, total);
          assert.equal(sum(scaled), total);
          assert.ok(scaled.every((value) => Number.isInteger(value) && value >= 0));
        },
      ),
    );
  });
  test('intervals without supply are zero, whatever method fills the others, and the register goes to those with supply', () => {
    const anyGap = fc.array(fc.record({ dark: fc.boolean(), value: wh }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(anyGap, fc.option(fc.integer({ min: 0, max: 1_000_000 }), { nil: undefined }), (slots, register) => {
        const made = estimateGap(
          gap(slots.length, { darkS: slots.map((s) => (s.dark ? 900 : 0)), weeks: [slots.map((s) => s.value)] }),
          0,
          register,
        )!;
        slots.forEach((slot, i) => {
          if (slot.dark) assert.deepEqual([made.wh[i], made.methods[i], made.flags[i]], [0, 'outage', 'outage']);
          else assert.equal(made.methods[i], 'proxy_day');
        });
        if (register !== undefined && slots.some((slot) => !slot.dark)) assert.equal(sum(made.wh), register);
      }),
    );
  });
});

test('the order of methods: line, proxy day of the nearest week that is whole, average, class, nothing', () => {
  const whole = [1, 2, 3];
  const all = { before: 4, after: 8, weeks: [[1, null, 3], whole], average: [5, 5, 5], classMean: [9, 9, 9] };
  const methodOf = (more: Partial<Gap>, limit = 0) => estimateGap(gap(3, { ...all, ...more }), limit)?.methods[0];
  assert.deepEqual(estimateGap(gap(3, all), limitS)?.wh, [5, 6, 7]);
  assert.equal(methodOf({}, limitS), 'interpolate');
  assert.equal(methodOf({ after: null }, limitS), 'proxy_day');
  assert.deepEqual(estimateGap(gap(3, all), 0)?.wh, whole);
  assert.match(estimateGap(gap(3, all), 0)!.basis, /2 weeks before/);
  assert.equal(methodOf({ weeks: [] }), 'average');
  assert.equal(methodOf({ weeks: [], average: [5, null, 5] }), 'class_profile');
  assert.equal(methodOf({ weeks: [], average: [], classMean: [] }), undefined);
});

test('an interval that was dark in part gets its lit part', () => {
  const made = estimateGap(gap(2, { darkS: [300, 900], weeks: [[900, 900]] }), 0)!;
  assert.deepEqual(
    [made.wh, made.flags],
    [
      [600, 0],
      ['outage_partial', 'outage'],
    ],
  );
});
