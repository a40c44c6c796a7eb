import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type CrewStatus, crewStatuses } from '#model/api/crews.ts';
import { FluxError } from '#model/errors.ts';
import { crewEvents, hasJobAtHand, lifecycle, nextStatus } from './lifecycle.ts';
import { applyEvent, type Work } from './work.ts';

describe('status of a crew', () => {
  test('the table of SPEC.md is the table of the code', () => {
    const lines = fs.readFileSync(path.join(import.meta.dirname, 'SPEC.md'), 'utf8').split('\n');
    const cellsOf = (line: string): string[] =>
      line
        .split('|')
        .slice(2, -1)
        .map((cell) => cell.trim());
    assert.deepEqual(cellsOf(lines.find((line) => line.startsWith('| status '))!), [...crewEvents]);
    for (const status of crewStatuses)
      assert.deepEqual(
        cellsOf(lines.find((line) => line.startsWith(`| ${status} `))!).map((cell) => cell || 'invalid'),
        crewEvents.map((event) => lifecycle[status][event]),
        status,
      );
  });

  test('every status is reached, and from every one a crew gets home', () => {
    const reach = (from: CrewStatus): Set<CrewStatus> => {
      const reached = new Set([from]);
      for (const status of reached)
        for (const event of crewEvents)
          if (lifecycle[status][event] !== 'invalid') reached.add(lifecycle[status][event] as CrewStatus);
      return reached;
    };
    assert.equal(reach('off_shift').size, crewStatuses.length);
    for (const status of crewStatuses) assert.ok(reach(status).has('off_shift'), status);
    assert.throws(() => nextStatus('LN-1', 'off_shift', 'assign'), /possible now: sign_on, out_of_service/);
  });
});

const event = fc.record({
  event: fc.constantFrom(...crewEvents.filter((one) => one !== 'queue' && one !== 'drop')),
  outage: fc.constantFrom('A', 'B', 'C', undefined),
});

test('C1 to C3 hold after any order of events; nothing is lost without being named', () => {
  const seen = new Set<CrewStatus>();
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      let work: Work = { status: 'off_shift', jobs: [] };
      for (const { event: name, outage } of events) {
        if (name === 'assign' && outage === undefined) continue;
        let outcome: ReturnType<typeof applyEvent>;
        try {
          outcome = applyEvent('LN-1', work, name, outage);
        } catch (error) {
          assert.ok(error instanceof FluxError && ['invalid_transition', 'conflict'].includes(error.code));
          continue;
        }
        const { work: after, moves, freed } = outcome;
        assert.equal(new Set(after.jobs).size, after.jobs.length, 'C3');
        if (hasJobAtHand(after.status)) assert.ok(after.jobs.length > 0, 'C1');
        else if (after.status !== 'on_break') assert.deepEqual(after.jobs, [], 'C2');
        const finished = name === 'complete' ? [work.jobs[0]] : [];
        const gone = work.jobs.filter((job) => !after.jobs.includes(job));
        assert.deepEqual(
          [...freed, ...finished].sort(),
          [...gone].sort(),
          'every job that is gone was freed or finished',
        );
        assert.ok(moves.length > 0, 'C5');
        assert.equal(moves[0].from, work.status);
        assert.equal(moves.at(-1)!.to, after.status);
        work = after;
        seen.add(work.status);
      }
    }),
    { numRuns: 2000 },
  );
  assert.equal(seen.size, crewStatuses.length, 'the events reach every status');
});

test('a finished job makes room for the first that waits, in one step', () => {
  const busy: Work = { status: 'on_site', jobs: ['A', 'B', 'C'] };
  const { work, moves } = applyEvent('LN-1', busy, 'complete');
  assert.deepEqual(work, { status: 'assigned', jobs: ['B', 'C'] });
  assert.deepEqual(
    moves.map(({ verb, outage }) => [verb, outage]),
    [
      ['complete', 'A'],
      ['assign', 'B'],
    ],
  );
  assert.deepEqual(applyEvent('LN-1', busy, 'release', 'C').work, { status: 'on_site', jobs: ['A', 'B'] });
  assert.deepEqual(applyEvent('LN-1', busy, 'out_of_service').freed, ['A', 'B', 'C']);
});
