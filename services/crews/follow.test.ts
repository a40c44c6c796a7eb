import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type CrewStatus, crewSkills } from '#model/api/crews.ts';
import { type CrewOn, follow, type OutageFact, takesCrew } from './follow.ts';

const outage = (state: string, more: Partial<OutageFact> = {}): OutageFact => ({
  id: 'OUT-1',
  state,
  device_id: 'FU-1',
  device_kind: 'fuse',
  underground: false,
  area_id: 'A',
  lon: 0,
  lat: 0,
  customers_out: 10,
  critical_out: 0,
  crew: null,
  cause: null,
  merged_into: null,
  ...more,
});
const crew = (crewId: string, status: CrewStatus, more: Partial<CrewOn> = {}): CrewOn => ({
  crewId,
  status,
  isAtHand: true,
  deviceId: 'FU-1',
  skills: ['switching', 'overhead'],
  isTold: false,
  ...more,
});
const need = [['switching', 'overhead'] as const];

/** The outage's own verbs, as its life cycle has them for held outages. */
const stateAfter: Record<string, string> = { assign: 'assigned', depart: 'en_route', arrive: 'on_site' };

describe('crews follow their outage', () => {
  test('F3 merged, rejected, closed, gone: everybody is free, and why is said', () => {
    const both = [crew('LN-1', 'on_site'), crew('LN-2', 'en_route')];
    for (const [fact, says] of [
      [outage('merged', { merged_into: 'OUT-2' }), /merged into OUT-2/],
      [outage('rejected'), /rejected/],
      [outage('closed'), /closed/],
      [null, /not known/],
    ] as const) {
      const steps = follow(fact, both, need);
      assert.deepEqual(
        steps.map((step) => [step.kind, step.crewId]),
        [
          ['free', 'LN-1'],
          ['free', 'LN-2'],
        ],
      );
      assert.ok(steps[0].kind === 'free' && says.test(steps[0].why));
    }
  });

  test('F3 restored while one drives and one is there: the driver is free, the other finishes', () => {
    const crews = [crew('LN-1', 'on_site'), crew('LN-2', 'en_route'), crew('LN-3', 'on_site', { isAtHand: false })];
    for (const state of ['restored', 'completed'])
      assert.deepEqual(
        follow(outage(state), crews, need).map((step) => [step.kind, step.crewId]),
        [
          ['free', 'LN-2'],
          ['free', 'LN-3'],
        ],
      );
  });

  test('F4 moved: a crew with the skills is told, one without is free, one on site stays', () => {
    const moved = outage('en_route', { device_id: 'TX-9', device_kind: 'power_transformer', crew: 'LN-1' });
    const crews = [
      crew('LN-1', 'en_route', { skills: ['transformer', 'overhead'] }),
      crew('TR-1', 'en_route', { skills: ['switching', 'overhead'] }),
      crew('TR-2', 'on_site', { skills: ['switching'] }),
    ];
    assert.deepEqual(
      follow(moved, crews, [['transformer', 'overhead']])
        .slice(0, 3)
        .map((step) => [step.kind, step.crewId]),
      [
        ['moved', 'LN-1'],
        ['free', 'TR-1'],
        ['moved', 'TR-2'],
      ],
    );
  });

  test('F1 a second crew changes nothing until it is ahead; F2 a hand that moves the outage takes the first along', () => {
    const two = [crew('LN-1', 'on_site'), crew('LN-2', 'assigned')];
    assert.deepEqual(follow(outage('on_site', { crew: 'LN-1' }), two, need), []);
    const ahead = [crew('LN-1', 'assigned'), crew('LN-2', 'on_site')];
    assert.deepEqual(follow(outage('assigned', { crew: 'LN-1' }), ahead, need), [
      { kind: 'act', verb: 'arrive', crewId: 'LN-2' },
    ]);
    assert.deepEqual(follow(outage('on_site', { crew: 'LN-1' }), [crew('LN-1', 'en_route')], need), [
      { kind: 'catch_up', crewId: 'LN-1', event: 'arrive' },
    ]);
  });

  test('F8 an outage that was told of its crew and names none was unassigned: everybody is free; one it was never told of is assigned', () => {
    const told = [crew('LN-1', 'on_site', { isTold: true }), crew('LN-2', 'assigned', { isTold: true })];
    assert.deepEqual(
      follow(outage('confirmed'), told, need).map((step) => [step.kind, step.crewId]),
      [
        ['free', 'LN-1'],
        ['free', 'LN-2'],
      ],
    );
    assert.deepEqual(follow(outage('confirmed'), [told[0], crew('LN-3', 'assigned')], need).slice(1), [
      { kind: 'act', verb: 'assign', crewId: 'LN-3' },
    ]);
  });

  test('F8 a crew that left is taken off its outage, unless another is there or is named', () => {
    assert.deepEqual(follow(outage('en_route', { crew: 'LN-1' }), [], need, ['LN-1']), [
      { kind: 'unassign', crewId: 'LN-1' },
    ]);
    assert.deepEqual(follow(outage('en_route', { crew: 'by hand' }), [], need, ['LN-1']), []);
    assert.deepEqual(follow(outage('assigned', { crew: 'LN-1' }), [crew('LN-2', 'assigned')], need, ['LN-1']), [
      { kind: 'act', verb: 'assign', crewId: 'LN-2' },
    ]);
  });

  const on = fc.record({
    isTold: fc.boolean(),
    status: fc.constantFrom<CrewStatus>('assigned', 'en_route', 'on_site', 'on_break'),
    isAtHand: fc.boolean(),
    deviceId: fc.constantFrom('FU-1', 'FU-2'),
    skills: fc.subarray([...crewSkills]),
  });
  const states = [
    'predicted',
    'probable',
    'confirmed',
    'assigned',
    'en_route',
    'on_site',
    'partly_restored',
    'restored',
  ];
  const rank = { assigned: 1, en_route: 2, on_site: 3 } as Record<string, number>;
  test('F1, F6, F8 carried out and asked again nothing is left; then the outage is where its furthest crew is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...states),
        fc.array(on, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(null, 'C0', 'C1', 'somebody'),
        (state, given, name) => {
          let now = outage(state, { crew: name });
          const left: string[] = [];
          let crews = given.map((one, i) =>
            crew(`C${i}`, one.status, { ...one, isAtHand: one.isAtHand && one.status !== 'on_break' }),
          );
          for (let round = 0; ; round++) {
            const steps = follow(now, crews, need, left);
            if (steps.length === 0) break;
            assert.ok(round < 4, 'it comes to an end');
            for (const step of steps) {
              if (step.kind === 'free') {
                crews = crews.filter((one) => one.crewId !== step.crewId);
                left.push(step.crewId);
              } else if (step.kind === 'unassign')
                now = { ...now, crew: null, state: now.state === 'partly_restored' ? now.state : 'confirmed' };
              else if (step.kind === 'moved')
                crews = crews.map((one) => (one.crewId === step.crewId ? { ...one, deviceId: step.deviceId } : one));
              else if (step.kind === 'catch_up')
                crews = crews.map((one) =>
                  one.crewId === step.crewId
                    ? { ...one, status: step.event === 'arrive' ? 'on_site' : 'en_route' }
                    : one,
                );
              else {
                if (now.state === 'partly_restored') now = { ...now, crew: step.crewId };
                else now = { ...now, crew: step.crewId, state: stateAfter[step.verb] };
              }
            }
          }
          const isTaken = now.state === 'partly_restored' || (takesCrew(now.state) && now.state in rank);
          if (crews.length === 0 && isTaken) assert.ok(!left.includes(now.crew!), 'F8 nobody who left is named');
          if (!takesCrew(now.state) || now.state === 'partly_restored' || crews.length === 0) return;
          const furthest = Math.max(...crews.map((one) => (one.isAtHand ? rank[one.status] : 1)));
          assert.equal(rank[now.state], furthest, 'F1');
          assert.ok(crews.some(({ crewId }) => crewId === now.crew));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
