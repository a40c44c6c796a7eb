import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FluxError } from '#model/errors.ts';
import { edgeStatuses } from '#model/map.ts';
import { edgeKindCode } from '#model/network.ts';
import { buildTopology } from './topology.ts';
import { buildSmall } from './topology_testbed.ts';
import { components, loops } from './trace_loops.ts';

const { breaker, fuse, line_segment, power_transformer } = edgeKindCode;

/**
 *   source 0 --breaker 0-- 1 --line 1-- 2 --fuse 2-- 3 --transformer 3-- 4 (meters 0, 1)
 *                                       2 --tie 4 (open)-- 7
 *   source 5 --breaker 5-- 6 --line 6-- 7 (meter 2)
 */
const twoFeeders = () =>
  buildSmall({
    nodes: 8,
    sources: [0, 5],
    edges: [
      { from: 0, to: 1, kind: breaker },
      { from: 1, to: 2, kind: line_segment },
      { from: 2, to: 3, kind: fuse },
      { from: 3, to: 4, kind: power_transformer },
      { from: 2, to: 7, normallyOpen: true },
      { from: 5, to: 6, kind: breaker },
      { from: 6, to: 7, kind: line_segment },
    ],
    meters: [4, 4, 7],
  });

describe('topology', () => {
  test('counts, lists and the way up in the normal state', () => {
    const topology = buildTopology(twoFeeders());
    assert.deepEqual(topology.countBelow(0), { customers: 2, critical: 1, kw: 3 });
    assert.deepEqual([...topology.metersBelow(2)], [0, 1]);
    assert.deepEqual([...topology.edgesBelow(1)], [1, 2, 3]);
    assert.deepEqual(topology.pathUp(3), [3, 2, 1, 0]);
    assert.equal(topology.edgeAbove(2), 1);
    assert.equal(topology.edgeAbove(0), -1);
    assert.equal(topology.depthM(4), 1 + 2 + 3 + 4);
    assert.deepEqual([...topology.meterTransformers()], [3, 3, -1]);
  });

  test('a dead island keeps its orientation, and the open switch above it still knows what it feeds', () => {
    const topology = buildTopology(twoFeeders());
    const result = topology.setOpen(0, true);
    assert.deepEqual([...result.deEnergised], [1, 2, 3, 4]);
    assert.equal(result.nodesRenumbered, 4);
    assert.equal(topology.countBelow(0).customers, 2);
    assert.equal(topology.countBelow(2).customers, 2);
    assert.deepEqual(topology.pathUp(3), [3, 2, 1, 0]);
    topology.setOpen(2, true);
    assert.equal(topology.countBelow(0).customers, 0, 'behind an open fuse the breaker no longer matters');
    assert.deepEqual(topology.pathUpFromNode(4), [3, 2, 1, 0]);
  });

  test('a tie feeds the dead part from the other side', () => {
    const topology = buildTopology(twoFeeders());
    topology.setOpen(1, true);
    const result = topology.setOpen(4, false);
    assert.deepEqual([...result.energised].sort(), [2, 3, 4]);
    assert.deepEqual(topology.pathUp(2), [2, 4, 6, 5]);
    assert.equal(topology.countBelow(1).customers, 0, 'fed another way, nothing waits for the open line');
    assert.equal(topology.countBelow(5).customers, 3);
    assert.deepEqual([...topology.meterTransformers()], [3, 3, -1]);
  });

  test('two sources in parallel: nobody depends on either head, and the tie is named', () => {
    const topology = buildTopology(twoFeeders());
    topology.setOpen(4, false);
    assert.ok(topology.isMeshed(1));
    assert.deepEqual(topology.countBelow(0), { customers: 0, critical: 0, kw: 0 });
    assert.equal(topology.countBelow(2).customers, 2);
    const [loop, ...others] = loops(topology);
    assert.equal(others.length, 0);
    assert.equal(loop.kind, 'parallel');
    assert.deepEqual([...loop.closedTies], [4]);
    assert.deepEqual([...loop.edges].sort(), [0, 1, 4, 5, 6]);
    assert.equal(components(topology).length, 1);
    assert.equal(components(buildTopology(twoFeeders())).length, 2);
    assert.equal(components(buildTopology(twoFeeders()), true).length, 1);
  });

  test('of two feeds the normally closed one is the way up', () => {
    const network = buildSmall({
      nodes: 3,
      sources: [0, 1],
      edges: [
        { from: 0, to: 2, normallyOpen: true },
        { from: 1, to: 2, kind: breaker },
      ],
      meters: [2],
    });
    const topology = buildTopology(network);
    topology.setOpen(0, false);
    assert.deepEqual(topology.pathUpFromNode(2), [1]);
  });

  test('status of edges: an open tie is nothing to report', () => {
    const topology = buildTopology(twoFeeders());
    const status = (edge: number) => edgeStatuses[topology.edgeStatus(edge)];
    assert.equal(status(4), 'energised');
    topology.setOpen(1, true);
    assert.equal(status(1), 'open');
    assert.equal(status(3), 'de_energised');
    topology.setOpen(4, false);
    assert.equal(status(4), 'closed_tie');
    assert.equal(status(3), 'energised');
  });

  test('a restart with the present switch states finds the same trees', () => {
    const topology = buildTopology(twoFeeders());
    topology.setOpen(1, true);
    topology.setOpen(2, true);
    const again = buildTopology(twoFeeders(), topology.forest.open.slice());
    assert.deepEqual(again.forest.up, topology.forest.up);
  });

  test('what cannot be is refused with its reason', () => {
    const network = twoFeeders();
    assert.throws(
      () => buildTopology(network, new Uint8Array(3)),
      (error) => error instanceof FluxError && error.code === 'bad_switch_states',
    );
    network.feeder.sourceNode[1] = 99;
    assert.throws(
      () => buildTopology(network),
      (error) => error instanceof FluxError && error.code === 'bad_reference' && error.message.includes('F1'),
    );
    assert.throws(() => buildTopology(twoFeeders()).setOpen(7, true), RangeError);
  });

  test('switching for long keeps the numbering room: it is compacted, not grown', () => {
    const network = twoFeeders();
    const topology = buildTopology(network);
    for (let i = 0; i < 500; i++) topology.setOpen(i % network.edge.count, !topology.isOpen(i % network.edge.count));
    const again = buildTopology(network, topology.forest.open.slice());
    for (let e = 0; e < network.edge.count; e++) {
      assert.deepEqual([...topology.nodesBelow(e)], [...again.nodesBelow(e)]);
    }
  });
});
