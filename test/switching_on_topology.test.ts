/** Study mode against the topology it foresees: small networks of any shape, real ones, and a synthetic territory. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { makeStudyGrids, studyGridOf } from '#bin/study_grid.ts';
import { type PlannedStep, stepOperations } from '#model/api/switching.ts';
import { edgeKindCode, isSwitchable, type NetworkColumns } from '#model/network.ts';
import { type LiveGrid, makeLiveGrid } from '#services/network/live_grid.ts';
import { buildTopology } from '#services/network/topology.ts';
import { buildSmall, liveNodes, type SmallNetwork } from '#services/network/topology_testbed.ts';
import { isolate } from '#services/network/trace_isolate.ts';
import { loops } from '#services/network/trace_loops.ts';
import { loadingOf, powerFactor } from '#services/switching/loading.ts';
import { proposeRestoration } from '#services/switching/restoration.ts';
import { customersOut, type StudyState, studyStep } from '#services/switching/study.ts';
import type { PresentLoad, StudyGrid } from '#services/switching/study_grid.ts';
import { readOpenDss } from '#sources/opendss/read_opendss.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { absent, sharedNetworks } from './running_center.ts';

const peakLoad = ({ meter }: NetworkColumns): PresentLoad => ({ kwOf: meter.peakKw, measuredShare: 0, at: '' });
const stateOf = (grid: StudyGrid, orderId = 1): StudyState => ({
  grid,
  tags: [],
  load: peakLoad(grid.network),
  orderId,
});
const pictureOf = ({ operated, network }: LiveGrid): string =>
  JSON.stringify([
    Array.from({ length: network.edge.count }, (_, e) => operated.isOpen(e)),
    Array.from({ length: network.node.count }, (_, n) => [operated.isEnergised(n), operated.upEdge(n)]),
  ]);
const metersAt = (grid: LiveGrid, nodes: Int32Array): number =>
  nodes.reduce(
    (sum, node) => sum + grid.operated.graph.meterOffset[node + 1] - grid.operated.graph.meterOffset[node],
    0,
  );

const anyNetwork: fc.Arbitrary<SmallNetwork> = fc.integer({ min: 3, max: 12 }).chain((nodes) => {
  const node = fc.integer({ min: 0, max: nodes - 1 });
  return fc.record({
    nodes: fc.constant(nodes),
    sources: fc.uniqueArray(node, { minLength: 1, maxLength: 2 }),
    edges: fc.array(fc.record({ from: node, to: node, normallyOpen: fc.boolean() }), { minLength: 3, maxLength: 18 }),
    meters: fc.array(node, { minLength: 1, maxLength: 15 }),
  });
});

describe('a study and the live grid', () => {
  test('S1, S2, L2: a study leaves the live grid alone, and what it says is what then happens', () => {
    let [effects, rings, meshed] = [0, 0, 0];
    fc.assert(
      fc.property(anyNetwork, fc.array(fc.nat(), { minLength: 1, maxLength: 12 }), (small, picks) => {
        const live = makeLiveGrid(buildSmall(small), '1');
        const grids = makeStudyGrids(() => live);
        for (const pick of picks) {
          const edge = pick % small.edges.length;
          const open = !live.operated.isOpen(edge);
          const before = pictureOf(live);
          const ahead = studyStep(stateOf(grids.study()), {
            device_id: `E${edge}`,
            operation: open ? 'open' : 'close',
          });
          assert.equal(pictureOf(live), before, 'S1');
          const ringsBefore = loops(live.operated).length;
          const done = live.setOpen(edge, open);
          assert.equal(ahead.blocked, null);
          assert.equal(ahead.customers_dropped, metersAt(live, done.deEnergised), 'S2 dropped');
          assert.equal(ahead.customers_picked_up, metersAt(live, done.energised), 'S2 picked up');
          if (!open) assert.equal(ahead.loops.length > 0, loops(live.operated).length > ringsBefore, 'loops');
          const after = studyGridOf(live.operated);
          const ends = [live.network.edge.from[edge], live.network.edge.to[edge]];
          if (ends.some((end) => after.islandOf(end).length > 0 && after.isEnergised(end) && after.isMeshed(end))) {
            assert.match(String(ahead.load_unknown), /in a loop or has two feeds/, 'L2');
            assert.deepEqual(ahead.overloads, [], 'L2');
            meshed++;
          }
          effects += ahead.customers_dropped + ahead.customers_picked_up;
          rings += ahead.loops.length;
          // against the naive model: nothing but reachability
          const states = Uint8Array.from(small.edges, (_, e) => (live.operated.isOpen(e) ? 1 : 0));
          const alive = liveNodes(live.network, states);
          assert.equal(customersOut(grids.study()), small.meters.filter((node) => !alive.has(node)).length);
        }
      }),
      { numRuns: 300 },
    );
    assert.ok(
      effects > 200 && rings > 50 && meshed > 50,
      `${effects} customers moved, ${rings} rings, ${meshed} meshed`,
    );
  });

  test('T1, T2: whatever is tried, a tagged device does not move and no ground is alive', () => {
    const tried = fc.record({
      pick: fc.nat(),
      operation: fc.constantFrom(...stepOperations),
      orderId: fc.constantFrom(1, 2),
    });
    let [blocked, grounds] = [0, 0];
    fc.assert(
      fc.property(anyNetwork, fc.array(tried, { maxLength: 30 }), (small, steps) => {
        const state = stateOf(studyGridOf(buildTopology(buildSmall(small))));
        for (const { pick, operation, orderId } of steps) {
          const edge = pick % small.edges.length;
          const wasOpen = state.grid.isOpen(edge);
          const isTagged = state.tags.some((tag) => tag.device === edge && tag.kind === 'tag');
          state.orderId = orderId;
          const { blocked: why } = studyStep(state, { device_id: `E${edge}`, operation });
          if (why !== null) blocked++;
          if (isTagged || why !== null) assert.equal(state.grid.isOpen(edge), wasOpen, 'T1');
          for (const tag of state.tags) {
            if (tag.kind !== 'ground') continue;
            grounds++;
            assert.ok(tag.node >= 0 && !state.grid.isEnergised(tag.node), 'T2');
          }
        }
      }),
      { numRuns: 500 },
    );
    assert.ok(blocked > 500 && grounds > 200, `${blocked} blocked, ${grounds} grounds looked at`);
  });
});

interface Real {
  name: string;
  skip: string | false;
  read: () => NetworkColumns;
}
const folder = (name: string): string => path.join(sharedNetworks, 'opendss', name);
const real: Real[] = [
  { name: 'synthetic territory', skip: false, read: () => generateTerritory({ scale: 2000, seed: 5 }) },
  ...['123Bus', 'ckt5'].map((name) => ({
    name,
    skip: absent(folder(name), `the network ${name}`),
    read: () => readOpenDss(folder(name), { place: { lon: -95, lat: 30 } }).network,
  })),
];

for (const { name, skip, read } of real)
  describe(name, { skip }, () => {
    const network = skip ? undefined : read();

    test('L3 loads are those of the meters below each edge', () => {
      const topology = buildTopology(network!);
      const grid = studyGridOf(topology);
      let compared = 0;
      for (let feeder = 0; feeder < network!.feeder.count; feeder++) {
        const head = network!.feeder.headEdge[feeder];
        const top = topology.nodeBelow(head);
        if (top < 0 || topology.isMeshed(top)) continue;
        for (const [edge, { load, unit }] of loadingOf(grid, top, peakLoad(network!))) {
          let kw = 0;
          for (const meter of topology.metersBelow(edge)) kw += network!.meter.peakKw[meter];
          const phases = [1, 2, 4].filter((bit) => network!.edge.phases[edge] & bit).length;
          const kv = network!.feeder.nominalKv[network!.edge.feeder[edge]] / Math.sqrt(3);
          const want = unit === 'kVA' ? kw / powerFactor : kw / (Math.max(1, phases) * kv * powerFactor);
          assert.ok(Math.abs(load - want) <= 1e-6 * Math.max(1, want), network!.edge.id.at(edge));
          compared++;
        }
      }
      // the 123-bus feeder has ratings of its transformer and regulators alone
      assert.ok(compared > (name === '123Bus' ? 0 : 500), `${compared} rated edges`);
    });

    test('R1, R2 a proposal for a fault, carried out on the live grid, does what it said and nothing else', () => {
      const live = makeLiveGrid(network!, '1');
      const grids = makeStudyGrids(() => live);
      const lines = Array.from({ length: network!.edge.count }, (_, e) => e).filter(
        (e) => network!.edge.kind[e] === edgeKindCode.line_segment,
      );
      let [fed, steps, unloaded, hanging] = [0, 0, 0, 0];
      const every = Math.max(1, Math.floor(lines.length / 40));
      for (let i = 0; i < lines.length; i += every) {
        const grid = grids.study();
        const isolation = isolate(live.operated, lines[i]);
        assert.deepEqual(grids.isolate(lines[i]).open, isolation.open);
        const proposal = proposeRestoration(stateOf(grid), isolation);
        const before = Uint8Array.from({ length: network!.edge.count }, (_, e) => (live.operated.isOpen(e) ? 1 : 0));
        proposal.steps.forEach((step, at) => {
          steps++;
          assert.equal(proposal.ahead[at].blocked, null, `${step.operation} ${step.device_id}`);
          assert.deepEqual(proposal.ahead[at].loops, [], 'R2');
          if (step.operation === 'close') assert.deepEqual(proposal.ahead[at].overloads, [], 'R2');
          operateLive(live, step, proposal.ahead[at]);
        });
        const opened = proposal.steps.flatMap(({ operation }, at) => (operation === 'open' ? [at] : []));
        for (const at of opened.slice(1)) {
          assert.equal(
            proposal.ahead[at].customers_dropped,
            0,
            'R1 after the device that feeds the section none has load',
          );
          unloaded++;
        }
        const hangs = new Set(isolation.healthy.flatMap(({ feeds, nodes }) => (feeds.length === 0 ? [...nodes] : [])));
        if (hangs.size > 0) hanging++;
        for (const at of opened) {
          const edge = network!.edge.id.rowOf(proposal.steps[at].device_id);
          const stays = hangs.has(network!.edge.from[edge]) || hangs.has(network!.edge.to[edge]);
          assert.ok(!stays, 'R1 a part that no way feeds waits with the section');
        }
        if (!isolation.reachesSource)
          for (const node of isolation.section.nodes)
            assert.ok(!live.operated.isEnergised(node), 'the section is dead');
        const promised = isolation.healthy.reduce((sum, part) => sum + part.customers, 0);
        const waiting = proposal.notFed.reduce((sum, part) => sum + part.customers, 0);
        const dark = isolation.healthy.reduce(
          (sum, part) =>
            sum +
            metersAt(
              live,
              part.nodes.filter((node) => !live.operated.isEnergised(node)),
            ),
          0,
        );
        assert.equal(dark, waiting, 'who is named as not fed is dark, nobody else');
        fed += promised - waiting;
        for (let e = 0; e < before.length; e++)
          if (isSwitchable(network!.edge.kind[e])) live.setOpen(e, before[e] === 1);
      }
      assert.ok(steps > 40, `${steps} steps`);
      if (name === 'synthetic territory')
        assert.ok(
          fed > 0 && unloaded > 2 && hanging > 5,
          `${fed} fed by ties, ${unloaded} opened without load, ${hanging} with parts that wait`,
        );
    });
  });

function operateLive(
  live: LiveGrid,
  step: PlannedStep,
  ahead: { customers_dropped: number; customers_picked_up: number },
): void {
  if (step.operation !== 'open' && step.operation !== 'close') return;
  const done = live.setOpen(live.network.edge.id.rowOf(step.device_id), step.operation === 'open');
  assert.equal(ahead.customers_dropped, metersAt(live, done.deEnergised), step.device_id);
  assert.equal(ahead.customers_picked_up, metersAt(live, done.energised), step.device_id);
}
