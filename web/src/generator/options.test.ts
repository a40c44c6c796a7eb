import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GeneratorJob } from '#model/api/generator.ts';
import { generatorDefaults } from '#model/generator.ts';
import { formProblems, optionsInWords, scopeOf, secondsLeft, shareDone } from './options.ts';

const nowMs = Date.parse('2026-07-03T10:00:00Z');
const plain = generatorDefaults(nowMs);
const job = (part: Partial<GeneratorJob>) =>
  ({ state: 'running', rows_done: 25, rows_expected: 100, readings_per_s: 5, ...part }) as GeneratorJob;

describe('the form of a run', () => {
  test('begins without a problem; a feeder that is not named is one', () => {
    assert.deepEqual(formProblems(plain, nowMs), {});
    assert.deepEqual(Object.keys(formProblems({ ...plain, within: '' }, nowMs)), ['within']);
    assert.deepEqual([plain, { ...plain, meters: 5 }, { ...plain, within: 'F' }].map(scopeOf), [
      'all',
      'number',
      'within',
    ]);
  });
  test('tells what makes a run different', () => {
    assert.equal(optionsInWords(plain), 'seed 1');
    assert.equal(
      optionsInWords({ ...plain, loss: 0.015, weather: 'heat_wave', events: true, rate: 3000 }),
      'heat wave · loss 1.5% · with events · 3,000 readings/s at most · seed 1',
    );
  });
  test('progress and what is left of it', () => {
    assert.deepEqual([shareDone(job({})), secondsLeft(job({}))], [0.25, 15]);
    assert.equal(shareDone(job({ rows_done: 120 })), 1);
    assert.equal(shareDone(job({ state: 'done', rows_expected: 0, rows_done: 0 })), 1);
    for (const part of [{ state: 'paused' as const }, { readings_per_s: null }, { readings_per_s: 0 }])
      assert.equal(secondsLeft(job(part)), null);
  });
});
