import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type OutageState, outageStates, outageVerbs } from '#model/api/outages.ts';
import { FluxError } from '#model/errors.ts';
import { hasCustomersOut } from '#model/outage_state.ts';
import {
  allowedVerbs,
  engineEvents,
  engineMayMove,
  isOpen,
  isOut,
  lifecycle,
  mayBeAbsorbed,
  nextState,
  outageEvents,
} from './lifecycle.ts';

const cells = outageStates.flatMap((state) =>
  outageEvents.map((event) => ({ state, event, to: lifecycle[state][event] })),
);

describe('life cycle', () => {
  test('every cell is decided, and nextState says the same', () => {
    assert.equal(cells.length, outageStates.length * (engineEvents.length + outageVerbs.length));
    for (const { state, event, to } of cells) {
      if (to === 'invalid') {
        assert.throws(
          () => nextState(state, event),
          (error) => error instanceof FluxError && error.code === 'invalid_transition' && error.message.includes(event),
        );
      } else {
        assert.ok(outageStates.includes(to), `${state} x ${event} = ${to}`);
        assert.equal(nextState(state, event), to);
      }
    }
  });

  test('the table in SPEC.md is this table', () => {
    const spec = readFileSync(new URL('SPEC.md', import.meta.url), 'utf8');
    const rows = spec
      .split('\n')
      .filter((line) => outageStates.some((state) => new RegExp(`^\\| ${state} +\\|`).test(line)));
    const words = rows.map((row) => row.split('|').map((cell) => cell.trim()));
    for (const [, state, ...written] of words) {
      const table = outageEvents.map((event) => lifecycle[state as OutageState][event]);
      assert.deepEqual(
        written.slice(0, outageEvents.length).map((cell) => (cell === '' ? 'invalid' : cell)),
        table,
        state,
      );
    }
    assert.equal(rows.length, outageStates.length);
  });

  test('L1 every state can be reached from predicted', () => {
    const reached = new Set<string>(['predicted']);
    for (let before = 0; before !== reached.size; ) {
      before = reached.size;
      for (const { state, to } of cells) if (reached.has(state) && to !== 'invalid') reached.add(to);
    }
    assert.deepEqual([...reached].sort(), [...outageStates].sort());
  });

  test('L2 only a prediction moves; only a prediction or a probable outage is absorbed', () => {
    assert.deepEqual(outageStates.filter(engineMayMove), ['predicted']);
    assert.deepEqual(outageStates.filter(mayBeAbsorbed), ['predicted', 'probable']);
  });

  test('L3 no engine event confirms, assigns, sends or rejects what a person has taken up', () => {
    const byPerson = ['confirmed', 'assigned', 'en_route', 'on_site'] as const;
    for (const { state, event, to } of cells) {
      if (!(engineEvents as readonly string[]).includes(event)) continue;
      const personal = (byPerson as readonly string[]).includes(to);
      if (personal) assert.equal(to, state, `${event} leads from ${state} to ${to}`);
      if (to === 'rejected') assert.equal(state, 'predicted');
    }
  });

  test('L4 merged is the end; closed and rejected end unless reopened', () => {
    const leaving = (state: OutageState) => outageEvents.filter((event) => lifecycle[state][event] !== 'invalid');
    assert.deepEqual(leaving('merged'), []);
    assert.deepEqual(leaving('closed'), ['reopen']);
    assert.deepEqual(leaving('rejected'), ['reopen']);
  });

  test('the words of the API say the same of every state as the table: who is out', () => {
    for (const state of outageStates) assert.equal(hasCustomersOut(state), isOut(state), state);
  });

  test('L5 whoever is out can be restored, in part or whole, by meters or by a person; nobody else', () => {
    for (const state of outageStates) {
      for (const event of ['restore', 'restore_part', 'all_back', 'part_back'] as const) {
        assert.equal(lifecycle[state][event] !== 'invalid', isOut(state), `${state} x ${event}`);
      }
    }
  });

  test('L6 what a person moves is held from then on; a split leaves the state; nobody merges what is partly restored', () => {
    for (const state of outageStates) {
      const { move, split, merge } = lifecycle[state];
      if (move !== 'invalid') assert.equal(engineMayMove(move), false, state);
      assert.equal(split, isOut(state) ? state : 'invalid');
      assert.equal(merge, isOut(state) && state !== 'partly_restored' ? 'merged' : 'invalid');
    }
  });

  test('L7 whoever is open is out, or has power again and can still be closed', () => {
    for (const state of outageStates)
      assert.equal(isOpen(state), isOut(state) || lifecycle[state].close !== 'invalid', state);
  });

  test('the way of the book: confirmed, assigned, en route, on site, partly restored, restored, completed, closed', () => {
    const way = ['confirm', 'assign', 'depart', 'arrive', 'restore_part', 'restore', 'complete', 'close'] as const;
    const states: OutageState[] = ['predicted'];
    for (const verb of way) states.push(nextState(states.at(-1)!, verb));
    assert.deepEqual(states.slice(1), [
      'confirmed',
      'assigned',
      'en_route',
      'on_site',
      'partly_restored',
      'restored',
      'completed',
      'closed',
    ]);
    assert.deepEqual(allowedVerbs('predicted'), [
      'confirm',
      'reject',
      'merge',
      'split',
      'move',
      'assign',
      'restore_part',
      'restore',
    ]);
  });
});
