import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { type GeneratorState, generatorStates } from '#model/api/generator.ts';
import { generatorEvents, lifecycle, nextState } from './lifecycle.ts';

describe('life of a run', () => {
  test('the table of SPEC.md is the table of the code', () => {
    const spec = fs.readFileSync(path.join(import.meta.dirname, 'SPEC.md'), 'utf8');
    for (const state of generatorStates) {
      const line = spec.split('\n').find((text) => text.startsWith(`| ${state} `));
      const cells = line!
        .split('|')
        .slice(2, -1)
        .map((cell) => cell.trim() || 'invalid');
      assert.deepEqual(
        cells,
        generatorEvents.map((event) => lifecycle[state][event]),
        state,
      );
    }
  });
  test('every state can be reached; what ended stays so; what can go on can be cancelled', () => {
    const reached = new Set<GeneratorState>(['queued']);
    for (const state of reached)
      for (const event of generatorEvents)
        if (lifecycle[state][event] !== 'invalid') reached.add(lifecycle[state][event] as GeneratorState);
    assert.deepEqual([...reached].sort(), [...generatorStates].sort());
    for (const state of ['done', 'cancelled'] as const)
      for (const event of generatorEvents) assert.equal(lifecycle[state][event], 'invalid');
    for (const state of ['queued', 'running', 'paused', 'failed'] as const)
      assert.equal(nextState(1, state, 'cancel'), 'cancelled');
    assert.throws(() => nextState(1, 'paused', 'pause'), /only resume or cancel/);
  });
});
