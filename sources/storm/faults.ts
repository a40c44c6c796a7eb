/**
 * What a storm breaks: faults of lines and transformers by their exposure (overhead length, vegetation of the place,
 * gusts), by debris, and by trees that fall after the gusts. Each piece of equipment draws one number for each kind of
 * damage, whatever the weather: more exposure can only add faults or bring them forward, never take one away. Pure.
 */
import { edgeKindCode, type NetworkColumns } from '#model/network.ts';
import { hashUnit, mix } from '#sources/territory/random.ts';
import { type Front, gustMsAt } from './front.ts';

const faultCauses = ['tree', 'debris', 'late tree', 'equipment', 'lightning'] as const;
export type FaultCause = (typeof faultCauses)[number];

export interface Fault {
  id: number;
  /** line or transformer that is damaged */
  edge: number;
  /** seconds since the beginning of the storm */
  atS: number;
  cause: FaultCause;
  /** gone by itself: a recloser above brings it back */
  isMomentary: boolean;
}

export interface FaultSettings {
  /** per overhead km and hour, storm or not */
  basePerKmH: number;
  /** per overhead km and hour at an excess of one, in full vegetation */
  treePerKmH: number;
  debrisPerKmH: number;
  /** per transformer and hour at an excess of one */
  transformerPerH: number;
  /** of the trees' rate, as long as the ground is soft */
  lateShare: number;
  /** gusts below this break nothing, m/s; an excess of one is so much above it */
  thresholdMs: number;
  excessMs: number;
  /** share of contacts that clear by themselves */
  momentaryShare: number;
}

export const faultDefaults: FaultSettings = {
  basePerKmH: 0.00005,
  treePerKmH: 1,
  debrisPerKmH: 0.08,
  transformerPerH: 0.005,
  lateShare: 0.12,
  thresholdMs: 15,
  excessMs: 10,
  momentaryShare: 0.45,
};

/** Gusts are the same within a cell of about a kilometre; the weather of a cell is computed once. */
const cellsPerDegree = 100;
const stepS = 120;
/** the ground stays soft: falls to a third in this time */
const lateS = 2 * 3600;

/** Vegetation of a place, 0 (none) to 1: smooth over about two kilometres. */
export function vegetationAt(seed: number, lon: number, lat: number): number {
  const [x, y] = [lon * 50, lat * 50];
  const [left, low] = [Math.floor(x), Math.floor(y)];
  const corner = (dx: number, dy: number): number => hashUnit(mix(seed, 0x7ee5), mix(left + dx, low + dy));
  const [fx, fy] = [x - left, y - low];
  const below = corner(0, 0) * (1 - fx) + corner(1, 0) * fx;
  const above = corner(0, 1) * (1 - fx) + corner(1, 1) * fx;
  return below * (1 - fy) + above * fy;
}

/** How much a gust is beyond what breaks nothing; 0 below. */
function excessOf(gustMs: number, settings: FaultSettings): number {
  return Math.max(0, gustMs - settings.thresholdMs) / settings.excessMs;
}

/** Cumulated hours of exposure of a cell at the end of each step. */
interface CellWeather {
  tree: Float64Array;
  late: Float64Array;
  debris: Float64Array;
}

function weatherOf(front: Front, lon: number, lat: number, steps: number, settings: FaultSettings): CellWeather {
  const weather = { tree: new Float64Array(steps), late: new Float64Array(steps), debris: new Float64Array(steps) };
  const stepH = stepS / 3600;
  const fading = Math.exp(-stepS / lateS);
  let [tree, late, debris, soft] = [0, 0, 0, 0];
  for (let step = 0; step < steps; step++) {
    const excess = excessOf(gustMsAt(front, lon, lat, (step + 0.5) * stepS), settings);
    tree += excess * excess * stepH;
    debris += excess ** 3 * stepH;
    late += soft * stepH;
    soft = Math.max(soft * fading, excess * excess);
    weather.tree[step] = tree;
    weather.late[step] = late;
    weather.debris[step] = debris;
  }
  return weather;
}

/** Second at which the cumulated hazard passes what was drawn; undefined where it never does. */
function whenPassed(rate: number, cumulated: Float64Array | null, drawn: number, hours: number): number | undefined {
  if (rate <= 0) return undefined;
  if (!cumulated) return drawn / rate < hours ? (drawn / rate) * 3600 : undefined;
  const needed = drawn / rate;
  let [low, high] = [0, cumulated.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulated[middle] > needed) high = middle;
    else low = middle + 1;
  }
  if (low === cumulated.length) return undefined;
  const before = low === 0 ? 0 : cumulated[low - 1];
  return (low + (needed - before) / (cumulated[low] - before)) * stepS;
}

/** All faults of the storm in the order of their time. */
export function faultsOf(
  network: NetworkColumns,
  front: Front,
  hours: number,
  settings: FaultSettings = faultDefaults,
): Fault[] {
  const { edge, node } = network;
  const steps = Math.ceil((hours * 3600) / stepS);
  const cells = new Map<number, CellWeather>();
  const faults: Fault[] = [];
  for (let row = 0; row < edge.count; row++) {
    const isTransformer = edge.kind[row] === edgeKindCode.power_transformer;
    const isLine = edge.kind[row] === edgeKindCode.line_segment && edge.underground[row] === 0;
    if (!isTransformer && !isLine) continue;
    const lon = ((node.lonE7[edge.from[row]] + node.lonE7[edge.to[row]]) / 2) * 1e-7;
    const lat = ((node.latE7[edge.from[row]] + node.latE7[edge.to[row]]) / 2) * 1e-7;
    const [x, y] = [Math.floor(lon * cellsPerDegree), Math.floor(lat * cellsPerDegree)];
    const weather = cells.getOrInsertComputed(x * 65_536 + y, () =>
      weatherOf(front, (x + 0.5) / cellsPerDegree, (y + 0.5) / cellsPerDegree, steps, settings),
    );
    const own = mix(front.seed, row);
    const drawn = (salt: number): number => -Math.log(1 - hashUnit(own, salt));
    const found = (cause: FaultCause, atS: number | undefined, momentaryShare: number, salt: number): void => {
      if (atS !== undefined)
        faults.push({ id: 0, edge: row, atS, cause, isMomentary: hashUnit(own, salt + 100) < momentaryShare });
    };
    if (isTransformer) {
      found('lightning', whenPassed(settings.transformerPerH, weather.tree, drawn(1), hours), 0, 1);
      continue;
    }
    const km = edge.lengthM[row] / 1000;
    const trees = settings.treePerKmH * km * vegetationAt(front.seed, lon, lat);
    found('equipment', whenPassed(settings.basePerKmH * km, null, drawn(2), hours), 0, 2);
    found('tree', whenPassed(trees, weather.tree, drawn(3), hours), settings.momentaryShare, 3);
    found('debris', whenPassed(settings.debrisPerKmH * km, weather.debris, drawn(4), hours), 0.2, 4);
    found('late tree', whenPassed(trees * settings.lateShare, weather.late, drawn(5), hours), 0.1, 5);
  }
  faults.sort((a, b) => a.atS - b.atS || a.edge - b.edge);
  for (const [at, fault] of faults.entries()) fault.id = at + 1;
  return faults;
}

/** Smallest box around the nodes of a network, degrees. */
export function extentOf({ node }: NetworkColumns): { west: number; south: number; east: number; north: number } {
  let [west, south, east, north] = [180, 90, -180, -90];
  for (let row = 0; row < node.count; row++) {
    west = Math.min(west, node.lonE7[row] * 1e-7);
    east = Math.max(east, node.lonE7[row] * 1e-7);
    south = Math.min(south, node.latE7[row] * 1e-7);
    north = Math.max(north, node.latE7[row] * 1e-7);
  }
  return { west, south, east, north };
}
