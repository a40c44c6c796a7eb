/** Places for buses without coordinates, from the graph. */
import type { Branch } from './branch.ts';
import { adjacencyOf, type Topology } from './topology.ts';

/** Golden angle: neighbours that hang on one bus spread evenly, however many there are. */
const goldenAngle = Math.PI * (3 - Math.sqrt(5));
const metresPerDegree = 111_195;
/** Distance of a service point from the bus it hangs on: about a house's depth. */
const hangM = 12;
const sweeps = 400;
const settledDegrees = 1e-8;

/**
 * Fills lon and lat where they are NaN; returns how many buses were placed. Buses between located ones are spread
 * evenly along the way (each becomes the mean of its neighbours); dead ends hang beside the bus they are fed from.
 */
export function interpolate(
  lon: Float64Array,
  lat: Float64Array,
  branches: readonly Branch[],
  topology: Topology,
): number {
  const count = lon.length;
  const isMissing = Uint8Array.from(lon, (value) => (Number.isNaN(value) ? 1 : 0));
  const missing = isMissing.reduce((sum, value) => sum + value, 0);
  if (missing === 0) return 0;
  const { offset, branch: branchAt } = adjacencyOf(count, branches);
  const neighbours = (bus: number): number[] => {
    const list = new Set<number>();
    for (let i = offset[bus]; i < offset[bus + 1]; i++) {
      const { a, b } = branches[branchAt[i]];
      list.add(a === bus ? b : a);
    }
    return [...list];
  };

  // dead ends: peel unlocated buses with at most one neighbour left
  const neighboursLeft = new Int32Array(count);
  const isPeeled = new Uint8Array(count);
  const peeled: number[] = [];
  for (let bus = 0; bus < count; bus++) {
    if (!isMissing[bus]) continue;
    neighboursLeft[bus] = neighbours(bus).length;
    if (neighboursLeft[bus] <= 1) peeled.push(bus);
  }
  for (let i = 0; i < peeled.length; i++) {
    isPeeled[peeled[i]] = 1;
    for (const other of neighbours(peeled[i])) {
      if (isMissing[other] && !isPeeled[other] && --neighboursLeft[other] === 1) peeled.push(other);
    }
  }

  spread(lon, lat, isMissing, isPeeled, neighbours);

  const hung = new Map<number, number>();
  for (const bus of peeled.reverse()) {
    if (!Number.isNaN(lon[bus])) continue;
    const anchor = neighbours(bus).find((other) => !Number.isNaN(lon[other]));
    if (anchor !== undefined) hang(bus, anchor, lon, lat, hung);
  }
  // islands without any coordinates: around the first located bus, in the order of their tree
  const firstLocated = lon.findIndex((value) => !Number.isNaN(value));
  for (const bus of topology.order) {
    if (!Number.isNaN(lon[bus])) continue;
    const parent = topology.parent[bus];
    hang(bus, parent >= 0 && !Number.isNaN(lon[parent]) ? parent : firstLocated, lon, lat, hung);
  }
  return missing;
}

function hang(bus: number, anchor: number, lon: Float64Array, lat: Float64Array, hung: Map<number, number>): void {
  const turn = hung.get(anchor) ?? 0;
  hung.set(anchor, turn + 1);
  const angle = (turn + (anchor % 7)) * goldenAngle;
  const radius = hangM * Math.sqrt(1 + turn / 6);
  lat[bus] = lat[anchor] + (radius * Math.sin(angle)) / metresPerDegree;
  lon[bus] = lon[anchor] + (radius * Math.cos(angle)) / (metresPerDegree * Math.cos((lat[anchor] * Math.PI) / 180));
}

/** Means of neighbours, repeated until nothing moves by a millimetre; starts from the nearest located bus. */
function spread(
  lon: Float64Array,
  lat: Float64Array,
  isMissing: Uint8Array,
  isPeeled: Uint8Array,
  neighbours: (bus: number) => number[],
): void {
  const between: number[] = [];
  const queue: number[] = [];
  for (let bus = 0; bus < lon.length; bus++) if (!isMissing[bus]) queue.push(bus);
  for (let i = 0; i < queue.length; i++) {
    for (const other of neighbours(queue[i])) {
      if (!isMissing[other] || isPeeled[other] || !Number.isNaN(lon[other])) continue;
      lon[other] = lon[queue[i]];
      lat[other] = lat[queue[i]];
      between.push(other);
      queue.push(other);
    }
  }
  const lists = between.map((bus) => neighbours(bus).filter((other) => !isPeeled[other] && !Number.isNaN(lon[other])));
  for (let sweep = 0; sweep < sweeps; sweep++) {
    let moved = 0;
    for (const [index, bus] of between.entries()) {
      let [x, y] = [0, 0];
      for (const other of lists[index]) {
        x += lon[other];
        y += lat[other];
      }
      x /= lists[index].length;
      y /= lists[index].length;
      moved = Math.max(moved, Math.abs(x - lon[bus]), Math.abs(y - lat[bus]));
      lon[bus] = x;
      lat[bus] = y;
    }
    if (moved < settledDegrees) return;
  }
}

/** A tidy tree around a point for circuits without any coordinates: depth to the east, leaves one below the other. */
export function drawTree(
  lon: Float64Array,
  lat: Float64Array,
  topology: Topology,
  place: { lon: number; lat: number },
): void {
  const { order, parent } = topology;
  const depth = new Int32Array(order.length);
  const row = new Float64Array(order.length);
  const low = new Float64Array(order.length).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(order.length).fill(Number.NEGATIVE_INFINITY);
  let deepest = 1;
  for (const bus of order) {
    if (parent[bus] >= 0) depth[bus] = depth[parent[bus]] + 1;
    deepest = Math.max(deepest, depth[bus]);
  }
  let leaves = 0;
  for (let i = order.length - 1; i >= 0; i--) {
    const bus = order[i];
    row[bus] = low[bus] === Number.POSITIVE_INFINITY ? leaves++ : (low[bus] + high[bus]) / 2;
    if (parent[bus] < 0) continue;
    low[parent[bus]] = Math.min(low[parent[bus]], row[bus]);
    high[parent[bus]] = Math.max(high[parent[bus]], row[bus]);
  }
  const sizeM = Math.min(8000, Math.max(500, 20 * Math.max(deepest, leaves)));
  const perLon = metresPerDegree * Math.cos((place.lat * Math.PI) / 180);
  for (let bus = 0; bus < order.length; bus++) {
    lon[bus] = place.lon + ((depth[bus] / deepest - 0.5) * sizeM) / perLon;
    const share = leaves === 1 ? 0.5 : row[bus] / (leaves - 1);
    lat[bus] = place.lat + ((share - 0.5) * sizeM) / metresPerDegree;
  }
}
