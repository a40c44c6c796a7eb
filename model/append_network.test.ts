import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { appendNetwork } from '#model/append_network.ts';
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import { NetworkBuilder } from '#model/network_builder.ts';

interface Shape {
  areas: string[];
  feeders: number;
  nodesPerFeeder: number;
  bends: number;
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  areas: fc.uniqueArray(fc.constantFrom('north', 'south', 'west'), { minLength: 1, maxLength: 3 }),
  feeders: fc.integer({ min: 1, max: 4 }),
  nodesPerFeeder: fc.integer({ min: 2, max: 6 }),
  bends: fc.integer({ min: 0, max: 3 }),
});

/** Feeders are added in turn, so that the builder has to sort their edges. */
function build(prefix: string, { areas, feeders, nodesPerFeeder, bends }: Shape): NetworkColumns {
  const builder = new NetworkBuilder(prefix);
  for (const id of areas) builder.addArea({ id, name: `${prefix} ${id}` });
  const heads: number[] = [];
  for (let f = 0; f < feeders; f++) {
    const area = f % areas.length;
    const substation = builder.addSubstation({ id: `${prefix}S${f}`, name: `S${f}`, lonE7: f, latE7: -f, area });
    builder.addFeeder({ id: `${prefix}F${f}`, name: `F${f}`, substation, nominalKv: 12.47 });
    heads.push(builder.nodeCount);
    for (let n = 0; n < nodesPerFeeder; n++) {
      builder.addNode({ id: `${prefix}N${f}.${n}`, lonE7: f * 100 + n, latE7: n, feeder: f });
    }
  }
  for (let n = 1; n < nodesPerFeeder; n++) {
    for (let f = 0; f < feeders; f++) {
      const path = Array.from({ length: bends * 2 }, (_, i) => i + n);
      const from = heads[f] + n - 1;
      const edge = builder.addEdge({
        id: `${prefix}E${f}.${n}`,
        kind: n === 1 ? 1 : 6,
        from,
        to: from + 1,
        feeder: f,
        phases: 7,
        lengthM: n,
        ratedKva: 25,
        path,
      });
      if (n === 1) builder.setFeederHead(f, from, edge);
      builder.addMeter({
        id: `${prefix}M${f}.${n}`,
        node: from + 1,
        transformer: n % 2 === 0 ? -1 : edge,
        customerClass: n % 5,
        critical: 0,
        phases: 1,
        lonE7: n,
        latE7: f,
        peakKw: n / 2,
      });
    }
  }
  return builder.finish();
}

/** A network in words, row by row, with references as ids: independent of row numbers. */
function inWords(network: NetworkColumns, skip: Record<string, number> = {}): Record<string, unknown[]> {
  const { area, substation, feeder, node, edge, vertex, meter } = network;
  const rows = (count: number, from: number, describe: (row: number) => unknown): unknown[] =>
    Array.from({ length: count - from }, (_, i) => describe(from + i));
  const edgeId = (row: number): string => (row < 0 ? 'none' : edge.id.at(row));
  return {
    substations: rows(substation.count, skip.substation ?? 0, (r) => [
      substation.id.at(r),
      substation.name[r],
      substation.lonE7[r],
      substation.latE7[r],
      area.id.at(substation.area[r]),
    ]),
    feeders: rows(feeder.count, skip.feeder ?? 0, (r) => [
      feeder.id.at(r),
      feeder.name[r],
      substation.id.at(feeder.substation[r]),
      node.id.at(feeder.sourceNode[r]),
      edgeId(feeder.headEdge[r]),
      feeder.nominalKv[r],
    ]),
    nodes: rows(node.count, skip.node ?? 0, (r) => [
      node.id.at(r),
      node.lonE7[r],
      node.latE7[r],
      feeder.id.at(node.feeder[r]),
    ]),
    edges: rows(edge.count, skip.edge ?? 0, (r) => [
      edge.id.at(r),
      edge.kind[r],
      node.id.at(edge.from[r]),
      node.id.at(edge.to[r]),
      feeder.id.at(edge.feeder[r]),
      edge.phases[r],
      edge.normallyOpen[r],
      edge.underground[r],
      edge.lengthM[r],
      edge.ratedKva[r],
      edge.ratedA[r],
      [...vertex.lonE7.subarray(edge.vertexOffset[r], edge.vertexOffset[r + 1])],
      [...vertex.latE7.subarray(edge.vertexOffset[r], edge.vertexOffset[r + 1])],
    ]),
    meters: rows(meter.count, skip.meter ?? 0, (r) => [
      meter.id.at(r),
      node.id.at(meter.node[r]),
      edgeId(meter.transformer[r]),
      meter.customerClass[r],
      meter.critical[r],
      meter.phases[r],
      meter.lonE7[r],
      meter.latE7[r],
      meter.peakKw[r],
    ]),
  };
}

const head = (words: Record<string, unknown[]>, like: Record<string, unknown[]>): Record<string, unknown[]> =>
  Object.fromEntries(Object.entries(words).map(([name, rows]) => [name, rows.slice(0, like[name].length)]));

describe('appendNetwork', () => {
  test('the first rows are the base, the rest is the addition', () => {
    fc.assert(
      fc.property(shapes, shapes, (first, second) => {
        const base = build('A', first);
        const addition = build('B', second);
        const both = appendNetwork(base, addition);
        assert.deepEqual(head(inWords(both), inWords(base)), inWords(base));
        const rest = {
          substation: base.substation.count,
          feeder: base.feeder.count,
          node: base.node.count,
          edge: base.edge.count,
          meter: base.meter.count,
        };
        assert.deepEqual(inWords(both, rest), inWords(addition));
        assert.equal(both.vertex.count, both.edge.vertexOffset[both.edge.count]);
        for (let e = 1; e < both.edge.count; e++) assert.ok(both.edge.feeder[e] >= both.edge.feeder[e - 1]);
        const areas = new Set([...first.areas, ...second.areas]);
        assert.equal(both.area.count, areas.size, 'areas of equal id are one');
        assert.equal(both.area.name.length, both.area.count);
      }),
    );
  });

  test('base row numbers and meter keys stay, column by column', () => {
    const base = build('A', { areas: ['north'], feeders: 2, nodesPerFeeder: 4, bends: 1 });
    const both = appendNetwork(base, build('B', { areas: ['south'], feeders: 1, nodesPerFeeder: 3, bends: 2 }));
    for (let row = 0; row < base.meter.count; row++) assert.equal(both.meter.id.at(row), base.meter.id.at(row));
    assert.deepEqual(both.edge.from.subarray(0, base.edge.count), base.edge.from);
    assert.deepEqual(both.edge.vertexOffset.subarray(0, base.edge.count + 1), base.edge.vertexOffset);
    assert.deepEqual(both.area.name, ['A north', 'B south']);
    assert.equal(both.meter.id.rowOf('BM0.2'), base.meter.count + 1);
    assert.equal(base.node.count, 8, 'the base itself is not touched');
  });

  test('an id in both is refused, with the id and what to do', () => {
    const shape: Shape = { areas: ['north'], feeders: 1, nodesPerFeeder: 2, bends: 0 };
    const base = build('A', shape);
    assert.throws(
      () => appendNetwork(base, build('A', shape)),
      (error: FluxError) =>
        error instanceof FluxError &&
        error.code === 'duplicate_id' &&
        /substation id AS0 /.test(error.message) &&
        /--name/.test(error.message),
    );
  });
});
