import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { type Column, encodeColumns } from '#model/columns.ts';
import { FluxError } from '#model/errors.ts';
import { customerClasses, edgeKindCode, type NetworkColumns } from '#model/network.ts';
import { generateTerritory, type Scale } from './generate.ts';
import { toX, toY } from './geometry.ts';
import { planTerritory } from './plan.ts';

const { line_segment, breaker, recloser, sectionalizer, fuse, power_transformer } = edgeKindCode;

function sha256(network: NetworkColumns): string {
  const columns: Record<string, Column> = {};
  const meta: Record<string, unknown> = { name: network.name };
  for (const [table, facts] of Object.entries(network)) {
    if (typeof facts === 'string') continue;
    for (const [fact, value] of Object.entries(facts)) {
      if (fact === 'id') {
        columns[`${table}.id`] = (value as NetworkColumns['node']['id']).bytes;
        columns[`${table}.idOffsets`] = (value as NetworkColumns['node']['id']).offsets;
      } else if (ArrayBuffer.isView(value)) columns[`${table}.${fact}`] = value as Column;
      else meta[`${table}.${fact}`] = value;
    }
  }
  return createHash('sha256').update(encodeColumns({ meta, columns })).digest('hex');
}

/** Walks every feeder from its source over closed edges; says what a node hangs on and in which order nodes come. */
function energise(network: NetworkColumns): { upEdge: Int32Array; order: number[]; loops: number; backward: number } {
  const { node, edge, feeder } = network;
  const upEdge = new Int32Array(node.count).fill(-2);
  const incident: number[][] = Array.from({ length: node.count }, () => []);
  for (let e = 0; e < edge.count; e++) {
    if (edge.normallyOpen[e]) continue;
    incident[edge.from[e]].push(e);
    incident[edge.to[e]].push(e);
  }
  const order: number[] = [];
  let loops = 0;
  let backward = 0;
  for (const source of feeder.sourceNode) {
    assert.equal(upEdge[source], -2, 'a source is fed by nobody else');
    upEdge[source] = -1;
    order.push(source);
  }
  for (let at = 0; at < order.length; at++) {
    const n = order[at];
    for (const e of incident[n]) {
      if (e === upEdge[n]) continue;
      const next = edge.from[e] === n ? edge.to[e] : edge.from[e];
      if (edge.from[e] !== n) backward++;
      if (upEdge[next] !== -2) {
        loops++;
        continue;
      }
      upEdge[next] = e;
      order.push(next);
    }
  }
  return { upEdge, order, loops, backward };
}

function checkLaws(network: NetworkColumns): void {
  // With fewer customers than poles some transformers have nobody to serve and are left out.
  const crowded = network.meter.count >= 100;
  const { node, edge, feeder, meter } = network;
  const { upEdge, order, loops, backward } = energise(network);
  assert.equal(loops, 0, 'no loops while the ties are open');
  assert.equal(backward, 0, 'edges point away from the source');
  assert.equal(order.length, node.count, 'every node is fed');
  const transformersBelow = new Int32Array(edge.count);
  for (let i = order.length - 1; i >= 0; i--) {
    const e = upEdge[order[i]];
    if (e < 0) continue;
    if (edge.kind[e] === power_transformer) transformersBelow[e]++;
    const above = upEdge[edge.from[e]];
    if (above < 0) continue;
    transformersBelow[above] += transformersBelow[e];
    assert.equal(edge.phases[e] & ~edge.phases[above], 0, `phases of ${edge.id.at(e)} exist above it`);
    assert.equal(edge.feeder[e], edge.feeder[above], 'a feeder is one tree');
  }
  const nodesOf = new Int32Array(feeder.count);
  const closedOf = new Int32Array(feeder.count);
  for (const f of node.feeder) nodesOf[f]++;
  const metersOf = new Int32Array(edge.count);
  for (let m = 0; m < meter.count; m++) {
    const transformer = meter.transformer[m];
    metersOf[transformer]++;
    assert.equal(edge.kind[transformer], power_transformer);
    assert.equal(edge.to[transformer], meter.node[m], 'a meter sits on the secondary of its transformer');
    assert.equal(meter.phases[m] & ~edge.phases[transformer], 0);
    assert.ok(meter.peakKw[m] > 0);
  }
  for (let e = 0; e < edge.count; e++) {
    if (e > 0) assert.ok(edge.feeder[e] >= edge.feeder[e - 1], 'edges are sorted by feeder');
    assert.ok(edge.lengthM[e] > 0, `${edge.id.at(e)} has a length`);
    if (edge.normallyOpen[e]) {
      assert.notEqual(node.feeder[edge.from[e]], node.feeder[edge.to[e]], 'a tie joins two feeders');
      for (const end of [edge.from[e], edge.to[e]]) assert.equal(edge.phases[upEdge[end]], 7, 'a tie ends on mains');
      continue;
    }
    closedOf[edge.feeder[e]]++;
    if (edge.kind[e] === fuse && crowded)
      assert.ok(transformersBelow[e] >= 2, `${edge.id.at(e)} feeds ${transformersBelow[e]}`);
    if (edge.kind[e] === power_transformer) {
      assert.ok(edge.ratedKva[e] > 0);
      assert.ok(metersOf[e] >= 1, `${edge.id.at(e)} has a meter`);
    }
  }
  for (let f = 0; f < feeder.count; f++) {
    assert.equal(closedOf[f], nodesOf[f] - 1, 'closed edges = nodes - 1');
    assert.equal(edge.kind[feeder.headEdge[f]], breaker);
    assert.equal(edge.from[feeder.headEdge[f]], feeder.sourceNode[f]);
  }
  for (const column of [node.id, edge.id, meter.id, feeder.id, network.substation.id]) {
    assert.deepEqual(column.duplicateRows(), []);
  }
  assert.equal(new Set(feeder.name).size, feeder.count, 'feeder names differ');
  assert.equal(new Set(network.substation.name).size, network.substation.count, 'substation names differ');
}

describe('territory', () => {
  const demo = generateTerritory({ scale: 'demo', seed: 1 });
  const poc = generateTerritory({ scale: 'poc', seed: 1 });

  test('has the promised size', () => {
    assert.equal(demo.meter.count, 24_000);
    assert.equal(demo.substation.count, 12);
    assert.equal(poc.meter.count, 596_906);
    assert.equal(poc.substation.count, 242);
    const lines = poc.edge.kind.reduce((sum, kind) => sum + Number(kind === line_segment), 0);
    assert.ok(lines >= 64_000 && lines <= 68_000, `${lines} line segments`);
    let vertices = 0;
    for (let e = 0; e < poc.edge.count; e++) {
      if (poc.edge.kind[e] === line_segment) vertices += poc.edge.vertexOffset[e + 1] - poc.edge.vertexOffset[e];
    }
    assert.ok(vertices / lines >= 4 && vertices / lines <= 9, `${vertices / lines} vertices per line segment`);
    assert.ok(poc.area.count >= 6 && poc.area.count <= 9);
  });

  test('is radial, phased, fused and numbered right at every scale', () => {
    for (const network of [demo, poc]) checkLaws(network);
    for (const scale of [1, 7, 100, 2000, 9000]) checkLaws(generateTerritory({ scale, seed: 5 }));
  });

  test('sections the mains and offers nearly every feeder a second source', () => {
    const devices = new Int32Array(poc.feeder.count);
    const tied = new Uint8Array(poc.feeder.count);
    const fuseWays = new Int32Array(poc.feeder.count);
    for (let e = 0; e < poc.edge.count; e++) {
      const kind = poc.edge.kind[e];
      if (poc.edge.normallyOpen[e]) {
        tied[poc.node.feeder[poc.edge.from[e]]] = 1;
        tied[poc.node.feeder[poc.edge.to[e]]] = 1;
      } else if (kind === recloser || kind === sectionalizer || kind === edgeKindCode.switch)
        devices[poc.edge.feeder[e]]++;
      else if (kind === fuse) fuseWays[poc.edge.feeder[e]]++;
    }
    const share = (hits: number): number => hits / poc.feeder.count;
    assert.ok(share(tied.filter((one) => one === 1).length) > 0.97);
    assert.ok(share(devices.filter((count) => count >= 2 && count <= 4).length) > 0.85, 'three to five sections');
    assert.ok(share(fuseWays.filter((count) => count >= 4).length) > 0.95);
  });

  test('mixes customer classes plausibly', () => {
    const count = new Float64Array(customerClasses.length);
    for (const code of poc.meter.customerClass) count[code] += 1 / poc.meter.count;
    assert.ok(count[0] > 0.86 && count[0] < 0.91, `residential ${count[0]}`);
    assert.ok(count[1] > 0.08 && count[1] < 0.12, `small commercial ${count[1]}`);
    for (const code of [2, 3, 4]) assert.ok(count[code] > 0.0003 && count[code] < 0.02, `${customerClasses[code]}`);
    const critical = new Int32Array(7);
    for (const code of poc.meter.critical) critical[code]++;
    assert.ok(critical[1] / poc.meter.count > 0.002 && critical[1] / poc.meter.count < 0.004, 'life support');
    for (let code = 2; code < 7; code++) assert.ok(critical[code] >= 20 && critical[code] < 1000, `critical ${code}`);
  });

  test('stays inside the neighbourhoods and covers them', () => {
    const polygons = planTerritory('poc').map((plan) => plan.polygon);
    const inside = (lonE7: number, latE7: number): boolean =>
      polygons.some((polygon) => polygon.contains(toX(lonE7 / 1e7), toY(latE7 / 1e7), -30));
    let outside = 0;
    const seen = new Set<number>();
    const cellM = 400;
    const cellOf = (x: number, y: number): number => Math.floor(x / cellM) * 4096 + Math.floor(y / cellM);
    for (let i = 0; i < poc.vertex.count; i++) {
      if (!inside(poc.vertex.lonE7[i], poc.vertex.latE7[i])) outside++;
      seen.add(cellOf(toX(poc.vertex.lonE7[i] / 1e7), toY(poc.vertex.latE7[i] / 1e7)));
    }
    assert.equal(outside, 0, 'line vertices');
    for (let m = 0; m < poc.meter.count; m += 7) {
      assert.ok(inside(poc.meter.lonE7[m], poc.meter.latE7[m]), `meter ${m} lies outside`);
    }
    let cells = 0;
    let empty = 0;
    for (const polygon of polygons) {
      for (let x = polygon.box.west; x < polygon.box.east; x += cellM) {
        for (let y = polygon.box.south; y < polygon.box.north; y += cellM) {
          const [centreX, centreY] = [(Math.floor(x / cellM) + 0.5) * cellM, (Math.floor(y / cellM) + 0.5) * cellM];
          if (!polygon.contains(centreX, centreY, 250)) continue;
          cells++;
          if (!seen.has(cellOf(centreX, centreY))) empty++;
        }
      }
    }
    // Lake Houston is most of what stays empty.
    assert.ok(cells > 5000 && empty / cells < 0.02, `${empty} of ${cells} cells are empty`);
  });

  test('draws feeders side by side, not on top of each other', () => {
    for (const network of [demo, poc]) {
      const owner = new Map<number, number>();
      let shared = 0;
      const { edge, vertex } = network;
      for (let e = 0; e < edge.count; e++) {
        if (edge.kind[e] !== line_segment) continue;
        for (let i = edge.vertexOffset[e] + 1; i < edge.vertexOffset[e + 1]; i++) {
          // The middle of each leg, in cells of about 10 m.
          const x = toX((vertex.lonE7[i] + vertex.lonE7[i - 1]) / 2e7);
          const y = toY((vertex.latE7[i] + vertex.latE7[i - 1]) / 2e7);
          const cell = (Math.floor(x / 10) + 20_000) * 65_536 + Math.floor(y / 10) + 20_000;
          const other = owner.get(cell);
          if (other === undefined) owner.set(cell, edge.feeder[e]);
          else if (other !== edge.feeder[e]) shared++;
        }
      }
      assert.ok(shared / owner.size < 0.004, `${shared} of ${owner.size} pieces are shared`);
    }
  });

  test('gives the same bytes for the same seed, others for another', () => {
    const hash = (scale: Scale, seed: number): string => sha256(generateTerritory({ scale, seed }));
    assert.equal(hash('demo', 1), sha256(demo));
    assert.notEqual(hash('demo', 2), sha256(demo));
    assert.equal(hash(2000, 42), 'eb457260b14d83b139218346a069dddd742b74ddc880ab89a0c5d7cae678b97a');
  });

  test('refuses scales that make no sense and reports progress', () => {
    for (const scale of [0, -5, 1.5, 2_700_001, Number.NaN]) {
      assert.throws(
        () => generateTerritory({ scale, seed: 1 }),
        (error) => error instanceof FluxError && error.code === 'bad_scale',
      );
    }
    const shares: number[] = [];
    generateTerritory({ scale: 500, seed: 1, onProgress: (share) => shares.push(share) });
    assert.equal(shares.at(-1), 1);
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
    );
  });
});
