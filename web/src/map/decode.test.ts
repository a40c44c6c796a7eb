import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeColumns } from '#model/columns.ts';
import { encodeDeltaPlanes } from '#model/delta.ts';
import type { MapNetworkMeta } from '#model/map.ts';
import { customersOfArea } from './area.ts';
import { decodeNetwork } from './decode.ts';
import { latOf, lonOf } from './mercator.ts';
import { EdgePicker, pointToSegment } from './pick.ts';
import { eachRun, visibleFeeders } from './runs.ts';

/** Two feeders: a main of three vertices and a fuse; a lateral and a transformer. */
function bundle(): ArrayBuffer {
  const meta: MapNetworkMeta = {
    version: 'v',
    name: 'test',
    bounds: [-95.5, 29.6, -95.3, 29.8],
    areas: [
      { id: 'north', name: 'North' },
      { id: 'south', name: 'South' },
    ],
    substations: [
      { id: 'S1', name: 'One', meters: 30 },
      { id: 'S2', name: 'Two', meters: 12 },
    ],
    feeders: [
      { id: 'F1', name: 'F1' },
      { id: 'F2', name: 'F2' },
    ],
    counts: { substations: 2, feeders: 2, nodes: 6, edges: 4, vertices: 9, meters: 42 },
  };
  const lon = [-95.45, -95.44, -95.43, -95.43, -95.4299, -95.35, -95.34, -95.34, -95.3399];
  const lat = [29.7, 29.7, 29.71, 29.71, 29.71, 29.65, 29.65, 29.65, 29.65];
  const e7 = (degrees: number[]) => encodeDeltaPlanes(Int32Array.from(degrees, (d) => Math.round(d * 1e7)));
  return encodeColumns({
    meta: meta as unknown as Record<string, unknown>,
    columns: {
      'substation.lonE7': Int32Array.of(-954500000, -953500000),
      'substation.latE7': Int32Array.of(297000000, 296500000),
      'substation.area': Int32Array.of(0, 1),
      'feeder.substation': Int32Array.of(0, 1),
      'feeder.edgeStart': Uint32Array.of(0, 2, 4),
      'edge.kind': Uint8Array.of(0, 4, 0, 6),
      'edge.flags': Uint8Array.of(7 << 2, 1 << 2, (1 << 2) | 2, 1 << 2),
      'edge.vertexCount': Uint16Array.of(3, 2, 2, 2),
      'vertex.lonE7': e7(lon),
      'vertex.latE7': e7(lat),
    },
  }).buffer;
}

describe('the network for the graphics card', () => {
  const data = decodeNetwork(bundle());
  test('full detail: an edge has one segment less than vertices, where they lie', () => {
    assert.equal(data.levels[0].feederStart[2], 5);
    const [ax, ay] = data.segments;
    assert.ok(Math.abs(lonOf(ax + data.origin.x) + 95.45) < 1e-6);
    assert.ok(Math.abs(latOf(ay + data.origin.y) - 29.7) < 1e-6);
    assert.deepEqual([...data.levels[0].feederStart], [0, 3, 5]);
  });
  test('the info word carries the edge row and its class', () => {
    const rows = Array.from({ length: 5 }, (_, s) => data.segmentInfo[s * 2]);
    const classes = Array.from({ length: 5 }, (_, s) => data.segmentInfo[s * 2 + 1] & 15);
    assert.deepEqual(rows, [0, 0, 1, 2, 3]);
    assert.deepEqual(classes, [0, 0, 4, 3, 4]);
  });
  test('coarse levels keep the long lines and drop the dust', () => {
    const coarsest = data.levels[data.levels.length - 1].feederStart;
    assert.equal(coarsest[1] - coarsest[0], 2, 'the bent main keeps its bend');
    assert.equal(coarsest[2] - coarsest[1], 1, 'the lateral stays, the transformer goes');
  });
  test('symbols stand in groups by feeder', () => {
    assert.equal(data.symbolCount, 2);
    assert.deepEqual([...data.symbolGroups[1].feederStart], [0, 1, 1]);
    assert.deepEqual([...data.symbolGroups[2].feederStart], [1, 1, 2]);
  });
  test('textures are whole rows', () => {
    assert.equal(data.segments.length % (2048 * 4), 0);
    assert.equal(data.symbols.length % (2048 * 4), 0);
  });
  test('customers of an area', () => {
    assert.equal(customersOfArea(data, 'south'), 12);
    assert.equal(customersOfArea(data, 'nowhere'), 0);
  });
  test('a bundle without a column says which', () => {
    const cut = encodeColumns({ meta: decodeNetwork(bundle()).meta as never, columns: {} }).buffer;
    assert.throws(() => decodeNetwork(cut), /no column/);
  });

  test('picking: the device wins over the line end it sits on; nothing is nothing', () => {
    const picker = new EdgePicker(data);
    const all = () => true;
    const fuseX = data.symbols[0];
    const fuseY = data.symbols[1];
    assert.equal(picker.pick(fuseX, fuseY, 1e-6, all), 1);
    assert.equal(
      picker.pick(fuseX, fuseY, 1e-6, (kind) => kind !== 4),
      0,
    );
    assert.equal(picker.pick(fuseX + 1e-4, fuseY, 1e-6, all), -1);
  });
});

test('distance to a segment, also beyond its ends and to a point', () => {
  assert.equal(pointToSegment(5, 3, 0, 0, 10, 0), 3);
  assert.equal(pointToSegment(13, 4, 0, 0, 10, 0), 5);
  assert.equal(pointToSegment(3, 4, 0, 0, 0, 0), 5);
});

test('visible feeders side by side are one draw call', () => {
  const runs: [number, number][] = [];
  eachRun(Uint32Array.of(0, 4, 4, 9, 12), Uint8Array.of(1, 1, 0, 1), (start, end) => runs.push([start, end]));
  assert.deepEqual(runs, [
    [0, 4],
    [9, 12],
  ]);
  const boxes = Float32Array.of(0, 0, 1, 1, 5, 5, 6, 6);
  assert.deepEqual([...visibleFeeders(boxes, { west: 0.5, north: 0.5, east: 2, south: 2 }, 0)], [1, 0]);
  assert.deepEqual([...visibleFeeders(boxes, { west: 0.5, north: 0.5, east: 2, south: 2 }, 4)], [1, 1]);
});
