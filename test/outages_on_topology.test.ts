import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FluxError } from '#model/errors.ts';
import { edgeKinds, type NetworkColumns } from '#model/network.ts';
import { makeMeterEventColumns } from '#model/reading.ts';
import { buildTopology, type Topology } from '#services/network/topology.ts';
import { buildSmall } from '#services/network/topology_testbed.ts';
import { createOutageEngine, type OutageEngine } from '#services/outages/engine.ts';
import { countingIds } from '#services/outages/engine_book.ts';
import type { EngineResult } from '#services/outages/engine_records.ts';
import type { GridView } from '#services/outages/grid_view.ts';
import { isOut } from '#services/outages/lifecycle.ts';
import { defaultThresholds } from '#services/outages/thresholds.ts';

/** Trees from one to three sources with all kinds of equipment, ties between any two nodes. */
const network: fc.Arbitrary<NetworkColumns> = fc
  .record({
    sources: fc.integer({ min: 1, max: 3 }),
    parents: fc.array(fc.tuple(fc.nat(), fc.nat({ max: edgeKinds.length - 1 })), { minLength: 2, maxLength: 25 }),
    ties: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 4 }),
    meters: fc.array(fc.nat(), { minLength: 2, maxLength: 40 }),
  })
  .map(({ sources, parents, ties, meters }) => {
    const nodes = sources + parents.length;
    return buildSmall({
      nodes,
      sources: Array.from({ length: sources }, (_, i) => i),
      edges: [
        ...parents.map(([parent, kind], i) => ({ from: parent % (sources + i), to: sources + i, kind })),
        ...ties.map(([a, b]) => ({ from: a % nodes, to: b % nodes, normallyOpen: true })),
      ],
      meters: meters.map((node) => node % nodes),
    });
  });

const passS = fc.integer({ min: 0, max: 900 });
const step = fc.oneof(
  fc.record({
    kind: fc.constant('messages' as const),
    edge: fc.nat(),
    type: fc.constantFrom(0, 0, 0, 1, 1, 6, 7),
    skip: fc.integer({ min: 2, max: 10 }),
    agoS: fc.integer({ min: 0, max: 60 }),
    passS,
  }),
  fc.record({ kind: fc.constant('switch' as const), edge: fc.nat(), reported: fc.boolean(), passS }),
  fc.record({
    kind: fc.constant('act' as const),
    pick: fc.nat(),
    verb: fc.constantFrom('confirm', 'restore', 'reject', 'reopen', 'assign', 'close'),
    passS,
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function viewOf(topology: Topology): GridView {
  const { edge, meter } = topology.network;
  return {
    meterCount: meter.count,
    edgeCount: edge.count,
    edgeKind: edge.kind,
    edgePhases: edge.phases,
    meterPhases: meter.phases,
    areaOfEdge: () => 0,
    isCritical: (key) => meter.critical[key] > 0,
    isOpen: (row) => topology.isOpen(row),
    edgeAboveMeter: (key) => topology.upEdge(meter.node[key]),
    edgeAbove: (row) => topology.edgeAbove(row),
    metersBelow: (row) => topology.metersBelow(row),
    customersBelow: (row) => topology.countBelow(row).customers,
  };
}

function perform(topology: Topology, engine: OutageEngine, one: Step, nowMs: number): EngineResult | undefined {
  if (one.kind === 'act') {
    const outages = engine.outages();
    if (outages.length === 0) return undefined;
    try {
      return engine.act(outages[one.pick % outages.length].id, one.verb, { actor: 'ann' }, nowMs);
    } catch (error) {
      assert.ok(error instanceof FluxError && error.code === 'invalid_transition');
      return undefined;
    }
  }
  const edge = one.edge % topology.network.edge.count;
  if (one.kind === 'switch') {
    const open = !topology.isOpen(edge);
    topology.setOpen(edge, open);
    return one.reported ? engine.applyDevice({ edge, open, atMs: nowMs }, nowMs) : engine.topologyChanged(nowMs);
  }
  const heard = topology.metersBelow(edge).filter((_, i) => (i + 1) % one.skip !== 0);
  const events = makeMeterEventColumns(heard.length);
  for (const meter of heard) {
    events.meterKey[events.count] = meter;
    events.type[events.count] = one.type;
    events.eventTimeMs[events.count++] = nowMs - one.agoS * 1000;
  }
  return engine.apply(events, nowMs);
}

function play(columns: NetworkColumns, steps: Step[], restartAt: number) {
  const topology = buildTopology(columns);
  const grid = viewOf(topology);
  const ids = countingIds(1);
  let engine = createOutageEngine(grid, defaultThresholds, ids);
  let nowMs = 1e12;
  const log: EngineResult['log'] = [];
  for (const [i, one] of steps.entries()) {
    if (i === restartAt) {
      engine = createOutageEngine(grid, defaultThresholds, ids, JSON.parse(JSON.stringify(engine.state())));
    }
    nowMs += one.passS * 1000;
    log.push(...(perform(topology, engine, one, nowMs)?.log ?? []));
    checkMembership(engine);
  }
  return { log, outages: engine.outages().map(({ revision: _, updatedMs: __, ...rest }) => rest) };
}

function checkMembership(engine: OutageEngine): void {
  const taken = new Set<number>();
  for (const outage of engine.outages()) {
    const members = engine.membersOf(outage.id);
    assert.equal(outage.customersOut, isOut(outage.state) ? members.length : 0, `${outage.id} ${outage.state}`);
    for (const meter of members) {
      assert.ok(!taken.has(meter), `meter ${meter} is in one outage only`);
      taken.add(meter);
    }
    if (!isOut(outage.state)) continue;
    const evidence = engine.evidence(outage.id, { edgeId: String, meterId: String });
    assert.ok(evidence.supporting.length + evidence.silent_count >= outage.dark);
  }
}

test('the outage engine on the real topology: switching, loops, ties and a restart in between', () => {
  fc.assert(
    fc.property(network, fc.array(step, { minLength: 2, maxLength: 15 }), fc.nat(), (columns, steps, at) => {
      const through = play(columns, steps, -1);
      const restarted = play(columns, steps, 1 + (at % (steps.length - 1)));
      assert.deepEqual(restarted, through);
    }),
    { numRuns: 500 },
  );
});
