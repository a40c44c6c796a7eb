import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type LookAhead, type OrderState, orderStates } from '#model/api/switching.ts';
import { lifecycle, nextState, orderEvents } from './lifecycle.ts';
import { differenceOf } from './study.ts';

test('the table of SPEC.md is the table of the code', () => {
  const lines = fs.readFileSync(path.join(import.meta.dirname, 'SPEC.md'), 'utf8').split('\n');
  const cellsOf = (start: string): string[] =>
    lines
      .find((line) => line.startsWith(`| ${start} `))!
      .split('|')
      .slice(2, -1)
      .map((cell) => cell.trim());
  assert.deepEqual(cellsOf('state'), [...orderEvents]);
  for (const state of orderStates)
    assert.deepEqual(
      cellsOf(state).map((cell) => cell || 'invalid'),
      orderEvents.map((event) => lifecycle[state][event]),
      state,
    );
});

test('every state is reached; no step without an approval; what is over stays so', () => {
  const reach = (forbidden: string): Set<OrderState> => {
    const reached = new Set<OrderState>(['draft']);
    for (const state of reached)
      for (const event of orderEvents)
        if (event !== forbidden && lifecycle[state][event] !== 'invalid')
          reached.add(lifecycle[state][event] as OrderState);
    return reached;
  };
  assert.equal(reach('').size, orderStates.length);
  assert.ok(!reach('approve').has('executing'));
  assert.ok(!reach('check').has('approved'));
  for (const state of orderStates) assert.equal(lifecycle[state].step !== 'invalid', state === 'executing');
  assert.throws(() => nextState(7, 'done', 'abort'), /order 7 is done.*it is over/);
});

test('S5 what matters stops a step, a load that breathes does not', () => {
  const foreseen: LookAhead = {
    customers_dropped: 0,
    customers_picked_up: 40,
    critical_dropped: 0,
    critical_meters: [],
    kw_dropped: 0,
    kw_picked_up: 80,
    loops: [],
    overloads: [{ device_id: 'LN-1', kind: 'line_segment', load: 240, rated: 230, unit: 'A', percent: 104 }],
    load_unknown: null,
    blocked: null,
  };
  const breath = { ...foreseen, kw_picked_up: 95, overloads: [{ ...foreseen.overloads[0], percent: 109 }] };
  assert.equal(differenceOf(foreseen, breath), null);
  assert.equal(differenceOf(foreseen, { ...foreseen, overloads: [] }), null);
  assert.match(differenceOf(foreseen, { ...foreseen, customers_picked_up: 39 })!, /39 now, 40 when/);
  assert.match(differenceOf(foreseen, { ...foreseen, customers_dropped: 3 })!, /dropped: 3 now, 0 when/);
  assert.match(differenceOf(foreseen, { ...foreseen, critical_dropped: 1 })!, /critical customers dropped: 1 now/);
  assert.match(differenceOf(foreseen, { ...foreseen, blocked: 'SW-1 is open already' })!, /open already/);
  assert.match(
    differenceOf(foreseen, { ...foreseen, loops: [{ kind: 'parallel', edges: 9, closed_ties: [] }] })!,
    /parallel now/,
  );
  const other = { ...foreseen.overloads[0], device_id: 'LN-2', percent: 120 };
  assert.match(differenceOf(foreseen, { ...foreseen, overloads: [...foreseen.overloads, other] })!, /LN-2 120 %/);
});
