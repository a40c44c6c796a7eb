/** A synthetic radial network of any size: feeders with a trunk, laterals, transformers, meters, and ties between them. */
import { IdColumn } from '#model/id_column.ts';
import { edgeKindCode, type NetworkColumns } from '#model/network.ts';

export interface FeederShape {
  feeders: number;
  nodesPerFeeder: number;
  ties: number;
  seed: number;
}

/** Mulberry32: uniform in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Ids are left out: the topology works on rows. Node 0 of each feeder is its source; 4 of 10 nodes carry meters. */
export function makeFeeders(shape: FeederShape): NetworkColumns {
  const random = seededRandom(shape.seed);
  const perFeeder = shape.nodesPerFeeder;
  const nodeCount = shape.feeders * perFeeder;
  const edgeCount = shape.feeders * (perFeeder - 1) + shape.ties;
  const from = new Int32Array(edgeCount);
  const to = new Int32Array(edgeCount);
  const kind = new Uint8Array(edgeCount);
  const feeder = new Int32Array(edgeCount);
  const normallyOpen = new Uint8Array(edgeCount);
  const lengthM = new Float32Array(edgeCount).fill(30);
  const meterNode: number[] = [];
  const meterTransformer: number[] = [];
  let edge = 0;
  for (let f = 0; f < shape.feeders; f++) {
    const base = f * perFeeder;
    for (let n = 1; n < perFeeder; n++) {
      // Near parents make long trunks (about 100 edges deep), far ones laterals.
      const parent = n === 1 ? 0 : Math.max(1, n - 1 - Math.floor(random() ** 3 * 60));
      from[edge] = base + parent;
      to[edge] = base + n;
      feeder[edge] = f;
      const isTransformer = n % 10 === 9;
      if (n === 1) kind[edge] = edgeKindCode.breaker;
      else if (isTransformer) kind[edge] = edgeKindCode.power_transformer;
      else if (random() < 0.05) kind[edge] = edgeKindCode.fuse;
      if (n % 10 >= 6) {
        meterNode.push(base + n, base + n);
        meterTransformer.push(isTransformer ? edge : -1, isTransformer ? edge : -1);
      }
      edge++;
    }
  }
  for (let t = 0; t < shape.ties; t++) {
    from[edge] = Math.floor(random() * nodeCount);
    to[edge] = Math.floor(random() * nodeCount);
    kind[edge] = edgeKindCode.switch;
    feeder[edge] = shape.feeders - 1;
    normallyOpen[edge++] = 1;
  }
  const noIds = IdColumn.from([]);
  const meterCount = meterNode.length;
  return {
    name: 'synthetic',
    area: { count: 0, id: noIds, name: [] },
    substation: {
      count: 0,
      id: noIds,
      name: [],
      lonE7: new Int32Array(),
      latE7: new Int32Array(),
      area: new Int32Array(),
    },
    feeder: {
      count: shape.feeders,
      id: noIds,
      name: [],
      substation: new Int32Array(shape.feeders),
      sourceNode: Int32Array.from({ length: shape.feeders }, (_, f) => f * perFeeder),
      headEdge: Int32Array.from({ length: shape.feeders }, (_, f) => f * (perFeeder - 1)),
      nominalKv: new Float32Array(shape.feeders),
    },
    node: {
      count: nodeCount,
      id: noIds,
      lonE7: new Int32Array(nodeCount),
      latE7: new Int32Array(nodeCount),
      feeder: Int32Array.from({ length: nodeCount }, (_, n) => Math.floor(n / perFeeder)),
    },
    edge: {
      count: edgeCount,
      id: noIds,
      kind,
      from,
      to,
      feeder,
      phases: new Uint8Array(edgeCount).fill(7),
      normallyOpen,
      underground: new Uint8Array(edgeCount),
      lengthM,
      ratedKva: new Float32Array(edgeCount),
      ratedA: new Float32Array(edgeCount),
      vertexOffset: new Uint32Array(edgeCount + 1),
    },
    vertex: { count: 0, lonE7: new Int32Array(), latE7: new Int32Array() },
    meter: {
      count: meterCount,
      id: noIds,
      node: Int32Array.from(meterNode),
      transformer: Int32Array.from(meterTransformer),
      customerClass: new Uint8Array(meterCount),
      critical: Uint8Array.from({ length: meterCount }, () => (random() < 0.01 ? 1 : 0)),
      phases: new Uint8Array(meterCount).fill(1),
      lonE7: new Int32Array(meterCount),
      latE7: new Int32Array(meterCount),
      peakKw: new Float32Array(meterCount).fill(3),
    },
  };
}
