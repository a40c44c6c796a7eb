import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { edgeKindCode, edgeKinds, isSwitchable } from '#model/network.ts';
import { buildTopology } from './topology.ts';
import { buildSmall, liveNodes, reach, type SmallNetwork } from './topology_testbed.ts';
import { isolate } from './trace_isolate.ts';

const { breaker, recloser, line_segment } = edgeKindCode;

describe('isolation', () => {
  test('the devices around the fault, the customers inside, and the way to feed the rest', () => {
    // source 0 -breaker 0- 1 -recloser 1- 2 -line 2- 3 -recloser 3- 4 -tie 4 (open)- 6 -breaker 5- source 5
    const network = buildSmall({
      nodes: 7,
      sources: [0, 5],
      edges: [
        { from: 0, to: 1, kind: breaker },
        { from: 1, to: 2, kind: recloser },
        { from: 2, to: 3, kind: line_segment },
        { from: 3, to: 4, kind: recloser },
        { from: 4, to: 6, normallyOpen: true },
        { from: 5, to: 6, kind: breaker },
      ],
      meters: [1, 2, 3, 4, 6],
    });
    const result = isolate(buildTopology(network), 2);
    assert.deepEqual([...result.open], [1, 3]);
    assert.deepEqual([...result.section.nodes].sort(), [2, 3]);
    assert.equal(result.section.customers, 2);
    assert.equal(result.reachesSource, false);
    assert.equal(result.healthy.length, 1);
    assert.deepEqual([...result.healthy[0].nodes], [4]);
    assert.deepEqual(result.healthy[0].feeds, [{ edge: 4, normallyOpen: true, fromNode: 6 }]);
  });

  test('after the breaker tripped, the healthy head of the feeder can be fed by closing it again', () => {
    const network = buildSmall({
      nodes: 4,
      sources: [0],
      edges: [
        { from: 0, to: 1, kind: breaker },
        { from: 1, to: 2, kind: recloser },
        { from: 2, to: 3, kind: line_segment },
      ],
      meters: [1, 3],
    });
    const topology = buildTopology(network);
    topology.setOpen(0, true);
    const result = isolate(topology, 2);
    assert.deepEqual([...result.open], [1]);
    assert.deepEqual(result.healthy[0].feeds, [{ edge: 0, normallyOpen: false, fromNode: 0 }]);
  });

  test('a fault on an open edge: the part between its two ends loses its feed', () => {
    // source 0 -line- 1 -breaker- 2 -breaker- 3, and an open line from 1 to 3
    const network = buildSmall({
      nodes: 4,
      sources: [0],
      edges: [
        { from: 0, to: 1, kind: line_segment },
        { from: 1, to: 2, kind: breaker },
        { from: 2, to: 3, kind: breaker },
        { from: 1, to: 3, kind: line_segment, normallyOpen: true },
      ],
      meters: [2],
    });
    const result = isolate(buildTopology(network), 3);
    assert.equal(result.reachesSource, true);
    assert.deepEqual([...result.open], [1, 2]);
    assert.deepEqual([...result.healthy[0].nodes], [2]);
  });

  const network: fc.Arbitrary<SmallNetwork> = fc.integer({ min: 2, max: 12 }).chain((nodes) => {
    const node = fc.integer({ min: 0, max: nodes - 1 });
    const kind = fc.integer({ min: 0, max: edgeKinds.length - 1 });
    const edge = fc.record({ from: node, to: node, kind, normallyOpen: fc.boolean() });
    return fc.record({
      nodes: fc.constant(nodes),
      sources: fc.array(node, { minLength: 1, maxLength: 3 }),
      edges: fc.array(edge, { minLength: 1, maxLength: 18 }),
      meters: fc.array(node, { maxLength: 15 }),
    });
  });

  test('opening what it says leaves the section dead, and each feed brings its part back without the section', () => {
    fc.assert(
      fc.property(network, fc.nat(), (small, pick) => {
        const columns = buildSmall(small);
        const { from, to, kind, normallyOpen } = columns.edge;
        const fault = pick % columns.edge.count;
        const sources = new Set(columns.feeder.sourceNode);
        const result = isolate(buildTopology(columns), fault);
        const section = new Set(result.section.nodes);
        for (const device of [...result.open, ...result.keepOpen]) assert.ok(isSwitchable(kind[device]));
        for (const device of result.open) assert.equal(normallyOpen[device], 0);

        const isolated = normallyOpen.slice();
        for (const device of result.open) isolated[device] = 1;
        isolated[fault] = 1;
        const live = liveNodes(columns, isolated);
        if (!result.reachesSource)
          for (const node of section) assert.ok(!live.has(node), `node ${node} of the section`);
        const direct = [from[fault], to[fault]].some((end) => sources.has(end));
        if (direct) assert.ok(result.reachesSource);

        // The healthy parts: whoever was live or hangs on an opened device, is dead now, and is not the section.
        const dead = new Set(result.healthy.flatMap((part) => [...part.nodes]));
        const before = liveNodes(columns, normallyOpen);
        for (const node of before) assert.equal(dead.has(node), !live.has(node) && !section.has(node), `node ${node}`);
        for (const node of dead) assert.ok(!live.has(node) && !section.has(node));
        for (const part of result.healthy) {
          assert.deepEqual(new Set(part.nodes), reach(columns, isolated, [part.nodes[0]]));
          const feeds = new Set(part.feeds.map((feed) => feed.edge));
          for (let e = 0; e < columns.edge.count; e++) {
            if (!isolated[e] || e === fault || !isSwitchable(kind[e]) || result.open.includes(e)) continue;
            const tried = isolated.slice();
            tried[e] = 0;
            const brings = liveNodes(columns, tried).has(part.nodes[0]);
            const fromSection = section.has(from[e]) || section.has(to[e]);
            assert.equal(feeds.has(e), brings && !fromSection, `feed ${e}`);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
