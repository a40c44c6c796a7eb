import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { NetworkColumns } from '#model/network.ts';
import { buildTopology, type Topology } from './topology.ts';
import { buildSmall, liveNodes, reach, type SmallNetwork } from './topology_testbed.ts';
import { components, loops } from './trace_loops.ts';

/** Anything goes: loops, self loops, parallel edges, islands, several sources. */
const wildNetwork: fc.Arbitrary<SmallNetwork> = fc.integer({ min: 2, max: 12 }).chain((nodes) => {
  const node = fc.integer({ min: 0, max: nodes - 1 });
  return fc.record({
    nodes: fc.constant(nodes),
    sources: fc.array(node, { minLength: 1, maxLength: 3 }),
    edges: fc.array(fc.record({ from: node, to: node, normallyOpen: fc.boolean() }), { minLength: 1, maxLength: 18 }),
    meters: fc.array(node, { maxLength: 15 }),
  });
});

/** What utilities build: trees from one to three sources, ties between them normally open. */
const radialNetwork: fc.Arbitrary<SmallNetwork> = fc
  .record({
    sources: fc.integer({ min: 1, max: 3 }),
    parents: fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
    ties: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 4 }),
    meters: fc.array(fc.nat(), { maxLength: 20 }),
  })
  .map(({ sources, parents, ties, meters }) => {
    const nodes = sources + parents.length;
    return {
      nodes,
      sources: Array.from({ length: sources }, (_, i) => i),
      edges: [
        ...parents.map((parent, i) => ({ from: parent % (sources + i), to: sources + i })),
        ...ties.map(([a, b]) => ({ from: a % nodes, to: b % nodes, normallyOpen: true })),
      ],
      meters: meters.map((m) => m % nodes),
    };
  });

const anyNetwork = fc.oneof(wildNetwork, radialNetwork);
const operations = fc.array(fc.nat(), { minLength: 1, maxLength: 12 });

const sorted = (rows: Iterable<number>): number[] => [...rows].sort((a, b) => a - b);

/** Every answer against the naive model. Throws where one differs. */
function checkAgainstNaive(network: NetworkColumns, topology: Topology, open: Uint8Array): void {
  const live = liveNodes(network, open);
  const { forest } = topology;
  for (let n = 0; n < network.node.count; n++) assert.equal(topology.isEnergised(n), live.has(n), `energised ${n}`);
  for (let e = 0; e < network.edge.count; e++) {
    const below = new Set(naiveBelow(network, topology, open, live, e));
    assert.deepEqual(sorted(topology.nodesBelow(e)), sorted(below), `nodes below ${e}`);
    const meters = [...network.meter.node.keys()].filter((key) => below.has(network.meter.node[key]));
    assert.deepEqual(sorted(topology.metersBelow(e)), meters, `meters below ${e}`);
    const count = topology.countBelow(e);
    assert.equal(count.customers, meters.length, `customers below ${e}`);
    assert.equal(count.critical, meters.filter((key) => network.meter.critical[key] > 0).length);
    assert.equal(
      count.kw,
      meters.reduce((sum, key) => sum + network.meter.peakKw[key], 0),
    );
    for (let n = 0; n < network.node.count; n++) assert.equal(topology.isBelow(n, e), below.has(n), `${n} below ${e}`);
    const edges = topology.edgesBelow(e);
    const closedInside = [...network.edge.from.keys()].filter(
      (f) => f === e || (!open[f] && (below.has(network.edge.from[f]) || below.has(network.edge.to[f]))),
    );
    assert.deepEqual(sorted(edges), below.size > 0 ? closedInside : [], `edges below ${e}`);
  }
  for (let n = 0; n < network.node.count; n++) checkWayUp(network, topology, open, live, n);
  const closed = open.reduce((sum, o) => sum + (o ? 0 : 1), 0);
  const parts = components(topology);
  assert.equal(
    parts.reduce((sum, part) => sum + part.nodes, 0),
    network.node.count,
  );
  // Rings of the graph, and one more for each source beyond the first within one component.
  const spare = parts.reduce((sum, part) => sum + Math.max(0, part.sources - 1), 0);
  const found = loops(topology);
  assert.equal(found.length, closed - network.node.count + parts.length + spare, 'number of loops');
  assert.equal(found.filter((loop) => loop.kind === 'parallel').length, spare, 'parallel feeds');
  const cut = open.slice();
  for (const loop of found) cut[loop.closingEdge] = 1;
  assert.deepEqual(sorted(liveNodes(network, cut)), sorted(live), 'opening the closing edges drops nobody');
  for (const tree of forest.treeIds()) {
    for (const [i, node] of forest.nodesOf(tree).entries()) assert.equal(forest.position[node], i, 'position');
  }
}

function naiveBelow(
  network: NetworkColumns,
  topology: Topology,
  open: Uint8Array,
  live: Set<number>,
  edge: number,
): Iterable<number> {
  const [from, to] = [network.edge.from[edge], network.edge.to[edge]];
  if (!open[edge]) {
    if (live.has(from)) return live.difference(liveNodes(network, open, edge));
    const root = topology.forest.rootOf(topology.treeOf(from));
    return reach(network, open, [root]).difference(reach(network, open, [root], edge));
  }
  const lower = topology.forest.normalUp(to) === edge ? to : topology.forest.normalUp(from) === edge ? from : -1;
  if (lower < 0 || live.has(lower)) return [];
  const island = reach(network, open, [lower]);
  return island.has(from) && island.has(to) ? [] : island;
}

/** The way up is connected, leaves a dead island through an open edge only, and ends at a source where there is one. */
function checkWayUp(network: NetworkColumns, topology: Topology, open: Uint8Array, live: Set<number>, node: number) {
  let at = node;
  for (const edge of topology.pathUpFromNode(node)) {
    const [from, to] = [network.edge.from[edge], network.edge.to[edge]];
    assert.ok(from === at || to === at, 'the way up is connected');
    if (live.has(at)) assert.equal(open[edge], 0, 'a live node is fed through closed edges');
    at = from === at ? to : from;
  }
  if (live.has(node)) assert.ok(network.feeder.sourceNode.includes(at), 'the way up ends at a source');
}

/** The same state built from nothing has the same trees. */
function checkAgainstFresh(network: NetworkColumns, topology: Topology, open: Uint8Array): void {
  const fresh = buildTopology(network, open);
  for (const key of ['up', 'position', 'extent', 'hangsAlone', 'depthM', 'customers', 'critical', 'kw'] as const) {
    assert.deepEqual(topology.forest[key], fresh.forest[key], `${key} after the operations and fresh`);
  }
  for (let e = 0; e < network.edge.count; e++) assert.equal(topology.edgeStatus(e), fresh.edgeStatus(e));
}

function play(small: SmallNetwork, toggles: number[], spoil?: (topology: Topology) => void): void {
  const network = buildSmall(small);
  const topology = buildTopology(network);
  const open = network.edge.normallyOpen.slice();
  spoil?.(topology);
  checkAgainstNaive(network, topology, open);
  for (const toggle of toggles) {
    const edge = toggle % network.edge.count;
    const before = liveNodes(network, open);
    const islands = [network.edge.from[edge], network.edge.to[edge]].filter((n) => topology.treeOf(n) >= 0);
    const size = islands.reduce(
      (sum, n, i) =>
        i > 0 && topology.treeOf(n) === topology.treeOf(islands[0])
          ? sum
          : sum + topology.forest.treeLength[topology.treeOf(n)],
      0,
    );
    open[edge] = open[edge] ? 0 : 1;
    const result = topology.setOpen(edge, open[edge] === 1);
    const after = liveNodes(network, open);
    assert.equal(result.changed, true);
    assert.equal(result.nodesRenumbered, size, 'only the trees cut or joined are renumbered');
    assert.deepEqual(sorted(result.deEnergised), sorted(before.difference(after)));
    assert.deepEqual(sorted(result.energised), sorted(after.difference(before)));
    checkAgainstNaive(network, topology, open);
    checkAgainstFresh(network, topology, open);
  }
}

describe('topology against the naive search', () => {
  test('every count, list and state after every switching operation', () => {
    fc.assert(
      fc.property(anyNetwork, operations, (small, toggles) => play(small, toggles)),
      { numRuns: 1500 },
    );
  });

  test('a numbering that skips the second tree of a closing is caught', () => {
    const skipSecondTree = (topology: Topology): void => {
      const whole = topology.forest.renumber.bind(topology.forest);
      topology.forest.renumber = (nodes) => {
        const first = topology.treeOf(nodes[0]);
        whole(nodes.filter((node) => topology.treeOf(node) === first));
      };
    };
    const report = fc.check(
      fc.property(anyNetwork, operations, (small, toggles) => play(small, toggles, skipSecondTree)),
      { numRuns: 300 },
    );
    assert.ok(report.errorInstance instanceof assert.AssertionError);
  });

  test('sums that are not carried upwards are caught', () => {
    const loseSums = (topology: Topology): void => {
      const whole = topology.forest.renumber.bind(topology.forest);
      topology.forest.renumber = (nodes) => {
        const customers = topology.forest.customers.slice();
        whole(nodes);
        topology.forest.customers.set(customers);
      };
    };
    const report = fc.check(
      fc.property(radialNetwork, operations, (small, toggles) => play(small, toggles, loseSums)),
      { numRuns: 300 },
    );
    assert.ok(report.errorInstance instanceof assert.AssertionError);
  });
});
