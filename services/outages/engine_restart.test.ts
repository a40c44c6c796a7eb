import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type CallKind,
  callKinds,
  type MoveDirection,
  moveDirections,
  type OutageVerb,
  outageVerbs,
} from '#model/api/outages.ts';
import { FluxError } from '#model/errors.ts';
import { makeMeterEventColumns, meterEventTypes } from '#model/reading.ts';
import { createOutageEngine, type OutageEngine } from './engine.ts';
import { countingIds } from './engine_book.ts';
import type { EngineResult, EngineState, OutageRecord } from './engine_records.ts';
import { plant, type Testbed, transformers } from './engine_testbed.ts';
import { isOpen, isOut } from './lifecycle.ts';
import { defaultThresholds } from './thresholds.ts';

const phases: Record<string, number> = { T1: 1, T2: 2, T3: 1, U1: 4, U2: 4, V1: 1, V2: 2, V3: 7 };
const bed = plant(
  [
    [
      'breaker',
      'B',
      ['recloser', 'R', ['fuse', 'F1', ...transformers('T', 3, 4)], ['fuse', 'F2', ...transformers('U', 2, 3)]],
      ['fuse', 'F3', ...transformers('V', 3, 2)],
    ],
  ],
  (id) => phases[id] ?? 7,
);
const devices = ['B', 'R', 'F1', 'F2', 'F3', 'T1', 'T2', 'T3', 'U1', 'U2', 'V1', 'V2', 'V3'];
const thresholds = { ...defaultThresholds, minutesToClose: 10 };

type Step =
  | { kind: 'events'; device: number; type: number; skip: number; passS: number; agoS: number }
  | { kind: 'device'; device: number; open: boolean; passS: number }
  | { kind: 'calls'; device: number; say: CallKind; skip: number; passS: number; agoS: number }
  | { kind: 'planned'; windows: { device: number; fromS: number; forS: number }[]; passS: number }
  | { kind: 'deaf'; device: number; skip: number; passS: number }
  | {
      kind: 'act';
      pick: number;
      other: number;
      verb: OutageVerb;
      direction: MoveDirection;
      device: number;
      passS: number;
    };

const passS = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 60, max: 2000 }));
const device = fc.integer({ min: 0, max: devices.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('events' as const),
      device,
      type: fc.constantFrom(0, 0, 0, 1, 1, 6, 7, 2).map((i) => Math.min(i, meterEventTypes.length - 1)),
      skip: fc.integer({ min: 2, max: 12 }),
      passS,
      agoS: fc.integer({ min: -10, max: 90 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('device' as const), device, open: fc.boolean(), passS }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('calls' as const),
      device,
      say: fc.constantFrom('no_power', 'no_power', ...callKinds),
      skip: fc.integer({ min: 1, max: 5 }),
      passS,
      agoS: fc.integer({ min: -10, max: 90 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('planned' as const),
      windows: fc.array(
        fc.record({ device, fromS: fc.integer({ min: -600, max: 600 }), forS: fc.integer({ min: 0, max: 1500 }) }),
        { maxLength: 2 },
      ),
      passS,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('deaf' as const),
      device,
      skip: fc.integer({ min: 1, max: 4 }),
      passS,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('act' as const),
      pick: fc.nat(),
      other: fc.nat(),
      verb: fc.constantFrom(...outageVerbs),
      direction: fc.constantFrom(...moveDirections),
      device,
      passS,
    }),
  },
);

/** Outages that were over at the restart: kept apart, and given back when somebody names them. */
type Archive = Map<string, OutageRecord>;

/**
 * Plays the steps; before step `restartAt` the engine is thrown away and built from its kept state, through JSON, without
 * the outages that are over.
 */
function play(steps: Step[], restartAt: number, check?: (engine: OutageEngine, result: EngineResult) => void) {
  const fresh: Testbed = bed;
  for (const id of devices) fresh.setOpen(bed.edge(id), false);
  const ids = countingIds(1);
  let engine = createOutageEngine(fresh.grid, thresholds, ids);
  let nowS = 1_000_000;
  const told: EngineResult[] = [];
  const archive: Archive = new Map();
  for (const [i, one] of steps.entries()) {
    if (i === restartAt) {
      const kept = JSON.parse(JSON.stringify(engine.state())) as EngineState;
      const named = new Set(kept.meters.map(({ leftoverOf }) => leftoverOf));
      for (const outage of kept.outages)
        if (!isOpen(outage.state) && !named.has(outage.id)) archive.set(outage.id, outage);
      const outages = kept.outages.filter(({ id }) => !archive.has(id));
      engine = createOutageEngine(fresh.grid, thresholds, ids, { ...kept, outages });
    }
    nowS += one.passS;
    const result = perform(engine, one, nowS, archive);
    if (!result) continue;
    told.push(result);
    check?.(engine, result);
  }
  return { told, outages: allOutages(engine, archive), engine };
}

const allOutages = (engine: OutageEngine, archive: Archive): OutageRecord[] =>
  [...engine.outages(), ...archive.values()].sort((a, b) => a.number - b.number);

function perform(engine: OutageEngine, one: Step, nowS: number, archive: Archive): EngineResult | undefined {
  const below = (index: number, skip: number): number[] =>
    bed.below(devices[index]).filter((_, i) => (i + 1) % skip !== 0);
  if (one.kind === 'planned') {
    const windows = one.windows.map(({ device: at, fromS, forS }, i) => ({
      id: `W${i}`,
      fromMs: (nowS + fromS) * 1000,
      toMs: (nowS + fromS + forS) * 1000,
      meters: bed.below(devices[at]),
    }));
    return engine.setPlanned(windows, nowS * 1000);
  }
  if (one.kind === 'deaf') return engine.setWithoutCommunication(below(one.device, one.skip + 1), nowS * 1000);
  if (one.kind === 'calls') {
    const calls = below(one.device, one.skip + 1).map((meter) => ({
      meter,
      kind: one.say,
      atMs: (nowS - one.agoS) * 1000,
    }));
    return engine.takeCalls(calls, nowS * 1000);
  }
  const edge = bed.edge(devices[one.device]);
  if (one.kind === 'device') {
    bed.setOpen(edge, one.open);
    return engine.applyDevice({ edge, open: one.open, atMs: nowS * 1000 }, nowS * 1000);
  }
  if (one.kind === 'act') {
    const outages = allOutages(engine, archive);
    if (outages.length === 0) return undefined;
    const { id } = outages[one.pick % outages.length];
    const into = outages[one.other % outages.length].id;
    for (const named of [id, into]) {
      const over = archive.get(named);
      if (over) engine.recall(over);
      archive.delete(named);
    }
    try {
      const options = { actor: 'ann', into, direction: one.direction, ...(one.other % 2 ? { edge } : {}) };
      return engine.act(id, one.verb, options, nowS * 1000);
    } catch (error) {
      assert.ok(error instanceof FluxError, String(error));
      return undefined;
    }
  }
  const heard = below(one.device, one.skip);
  const events = makeMeterEventColumns(heard.length);
  for (const meter of heard) {
    events.meterKey[events.count] = meter;
    events.type[events.count] = one.type;
    events.eventTimeMs[events.count++] = (nowS - one.agoS) * 1000;
  }
  return engine.apply(events, nowS * 1000);
}

/** What must hold after every call. */
function checkInvariants(engine: OutageEngine, result: EngineResult): void {
  const memberOf = new Map<number, string>();
  for (const outage of engine.outages()) {
    const members = engine.membersOf(outage.id);
    for (const meter of members) {
      assert.ok(!memberOf.has(meter), `meter ${meter} is in one outage only`);
      memberOf.set(meter, outage.id);
    }
    checkOutage(outage, members.length);
  }
  const dark = new Map(engine.state().meters.map((row) => [row.meter, row]));
  for (const outage of engine.outages()) {
    const states = engine.membersOf(outage.id).map((meter) => dark.get(meter)?.state);
    const called = states.filter((state) => state === 4).length;
    assert.equal(outage.called, called, `${outage.id} ${outage.state} counts its callers`);
    const darkCount = states.filter((state) => state === 1).length + called;
    assert.equal(outage.dark, darkCount, `${outage.id} ${outage.state} counts its dark members`);
  }
  const { received, ...ways } = result.counts;
  const { clockAhead: _, momentary: __, planned: ___, ...ends } = ways;
  assert.equal(
    Object.values(ends).reduce((a, b) => a + b, 0),
    received,
    'every message is counted once',
  );
}

function checkOutage(outage: OutageRecord, members: number): void {
  assert.equal(outage.customersOut, isOut(outage.state) ? members : 0, `${outage.id} ${outage.state}: customers out`);
  if (!isOut(outage.state)) assert.equal(members, 0);
  assert.ok(outage.criticalOut >= 0 && outage.criticalOut <= outage.customersOut);
  const open = outage.steps.filter((one) => one.toMs === null);
  if (members > 0) assert.equal(open.length, 1);
  if (!isOut(outage.state)) assert.equal(open.length, 0);
  for (const [i, one] of outage.steps.entries()) {
    if (one.toMs === null) {
      assert.equal(i, outage.steps.length - 1);
      assert.equal(one.customersOut, outage.customersOut);
      continue;
    }
    assert.ok(one.toMs >= one.fromMs);
    assert.equal(one.customerMinutes, (one.customersOut * (one.toMs - one.fromMs)) / 60_000);
  }
  assert.equal(outage.state === 'merged', outage.mergedInto !== null);
}

/** Found once: after a window without length a prediction that nobody was out by was withdrawn, but only after a restart. */
const callsAroundAnInstant: Step[] = [
  { kind: 'calls', device: 0, say: 'no_power', skip: 1, passS: 60, agoS: 0 },
  { kind: 'planned', windows: [{ device: 0, fromS: 0, forS: 0 }], passS: 60 },
  { kind: 'calls', device: 0, say: 'no_power', skip: 1, passS: 60, agoS: 0 },
];
/** Found once: a stray that left was taken off the outage it went to. */
const strayMeters: Step[] = [
  { kind: 'events', device: 0, type: 0, skip: 3, passS: 0, agoS: 2 },
  { kind: 'events', device: 0, type: 6, skip: 2, passS: 4, agoS: 0 },
  { kind: 'events', device: 10, type: 0, skip: 2, passS: 1, agoS: 0 },
  { kind: 'events', device: 11, type: 0, skip: 2, passS: 38, agoS: 0 },
  { kind: 'act', pick: 0, other: 0, verb: 'confirm', direction: 'up', device: 0, passS: 60 },
  { kind: 'events', device: 0, type: 0, skip: 2, passS: 60, agoS: 0 },
];

/** Found once: meters left over from an outage that was closed before the restart were dark from its beginning again. */
const leftoversOfClosed: Step[] = [
  { kind: 'calls', device: 0, say: 'no_power', skip: 1, passS: 0, agoS: 0 },
  { kind: 'act', pick: 0, other: 0, verb: 'restore', direction: 'up', device: 0, passS: 60 },
  { kind: 'events', device: 0, type: 0, skip: 2, passS: 600, agoS: 0 },
  { kind: 'events', device: 1, type: 6, skip: 9, passS: 60, agoS: 0 },
  { kind: 'events', device: 0, type: 0, skip: 2, passS: 60, agoS: 0 },
];

test('S1 a restart between any two calls changes nothing: same outages, ids, steps, log', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 14 }), fc.nat(), (steps, at) => {
      const through = play(steps, -1);
      const restarted = play(steps, 1 + (at % (steps.length - 1)));
      const facts = ({ outages, told }: typeof through) => ({
        outages: outages.map(({ revision: _, updatedMs: __, ...rest }) => rest),
        log: told.flatMap((result) => result.log),
        meters: told.flatMap((result) => result.counts),
      });
      assert.deepEqual(facts(restarted), facts(through));
    }),
    {
      numRuns: 500,
      examples: [
        [callsAroundAnInstant, 336_515_281],
        [leftoversOfClosed, 2_147_483_626],
      ],
    },
  );
});

test('M1 P5 R1 after every call: one outage per meter, counts and steps that add up, no message lost', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 14 }), (steps) => {
      play(steps, -1, checkInvariants);
    }),
    { numRuns: 500, examples: [[strayMeters]] },
  );
});

test('S2 rows given out are enough: kept row by row they rebuild the engine', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 14 }), (steps) => {
      const rows = new Map<number, unknown>();
      const outages = new Map<string, unknown>();
      const { engine } = play(steps, -1, (_, result) => {
        for (const row of result.meters) rows.set(row.meter, row);
        for (const { outage } of result.changes) outages.set(outage.id, outage);
      });
      const state = engine.state();
      for (const row of state.meters) assert.deepEqual(rows.get(row.meter), row);
      for (const outage of state.outages) assert.deepEqual(outages.get(outage.id), outage);
    }),
    { numRuns: 500 },
  );
});

test('a hold window that ran out while nothing ran is predicted at the next call', () => {
  for (const id of devices) bed.setOpen(bed.edge(id), false);
  const ids = countingIds(1);
  const before = createOutageEngine(bed.grid, thresholds, ids);
  const meters = bed.below('T1');
  const events = makeMeterEventColumns(meters.length);
  for (const meter of meters) {
    events.meterKey[events.count] = meter;
    events.eventTimeMs[events.count++] = 1_000_000;
  }
  before.apply(events, 1_001_000);
  const after = createOutageEngine(bed.grid, thresholds, ids, { ...before.state(), nowMs: 9_000_000 });
  assert.deepEqual([...after.darkMeters()], meters);
  const { changes } = after.tick(9_001_000);
  assert.deepEqual(
    changes.map(({ outage }) => [outage.device, outage.customersOut, outage.startedMs]),
    [[bed.edge('T1'), 4, 1_000_000]],
  );
});
