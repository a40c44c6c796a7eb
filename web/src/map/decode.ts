import Flatbush from 'flatbush';
import { type ColumnBundle, decodeColumns } from '#model/columns.ts';
import { decodeDeltaPlanes } from '#model/delta.ts';
import { edgeFlagNormallyOpen, edgeFlagPhaseShift, edgeFlagUnderground, type MapNetworkMeta } from '#model/map.ts';
import { edgeKindCode } from '#model/network.ts';
import { type DetailLevel, lineClass, type MapData, type SymbolGroup, textureWidth } from './map_data.ts';
import { mercatorX, mercatorY, worldPixels } from './mercator.ts';

/** Coarse levels: true to a pixel of `pixelZoom`. */
const coarseLevels = [
  { fromZoom: 11.5, pixelZoom: 13 },
  { fromZoom: 0, pixelZoom: 11 },
];
const fullFromZoom = 13;
/** One Mercator unit is the equator; decimetres along it at Houston's latitude are close enough for dashes. */
const decimetresPerUnit = 40_075_017 * 10 * 0.867;

const symbolGroupOf = new Map<number, number>([
  [edgeKindCode.breaker, 0],
  [edgeKindCode.recloser, 0],
  [edgeKindCode.sectionalizer, 0],
  [edgeKindCode.switch, 0],
  [edgeKindCode.fuse, 1],
  [edgeKindCode.voltage_regulator, 1],
  [edgeKindCode.power_transformer, 2],
]);
const symbolFromZoom = [12.6, 14, 14.6];

const padded = (count: number): number => Math.max(1, Math.ceil(count / textureWidth)) * textureWidth;

function column<T>(bundle: ColumnBundle, name: string): T {
  const found = bundle.columns[name];
  if (!found) throw new Error(`the map bundle has no column ${name}; reload, or ask for the server's log`);
  return found as T;
}

interface Geometry {
  vertexStart: Uint32Array;
  x: Float32Array;
  y: Float32Array;
}

function project(bundle: ColumnBundle, origin: { x: number; y: number }): Geometry {
  const vertexCount = column<Uint16Array>(bundle, 'edge.vertexCount');
  const lonE7 = decodeDeltaPlanes(column<Uint8Array>(bundle, 'vertex.lonE7'));
  const latE7 = decodeDeltaPlanes(column<Uint8Array>(bundle, 'vertex.latE7'));
  const vertexStart = new Uint32Array(vertexCount.length + 1);
  for (let e = 0; e < vertexCount.length; e++) vertexStart[e + 1] = vertexStart[e] + vertexCount[e];
  const x = new Float32Array(lonE7.length);
  const y = new Float32Array(lonE7.length);
  for (let v = 0; v < x.length; v++) {
    x[v] = mercatorX(lonE7[v] / 1e7) - origin.x;
    y[v] = mercatorY(latE7[v] / 1e7) - origin.y;
  }
  return { vertexStart, x, y };
}

function classOf(kind: number, flags: number): number {
  if (kind !== edgeKindCode.line_segment && kind !== edgeKindCode.service_line) return lineClass.device;
  const threePhase = ((flags >> edgeFlagPhaseShift) & 7) === 7;
  const underground = (flags & edgeFlagUnderground) !== 0;
  if (threePhase && kind === edgeKindCode.line_segment) {
    return underground ? lineClass.mainUnderground : lineClass.mainOverhead;
  }
  return underground ? lineClass.lateralUnderground : lineClass.lateralOverhead;
}

/** Segments that grow: full detail has a known size, the coarse levels do not. */
class SegmentList {
  segments: Float32Array;
  info: Uint32Array;
  count = 0;

  constructor(capacity: number) {
    this.segments = new Float32Array(padded(capacity) * 4);
    this.info = new Uint32Array(padded(capacity) * 2);
  }

  add(ax: number, ay: number, bx: number, by: number, row: number, word: number): void {
    const at = this.count * 4;
    if (at === this.segments.length) this.#grow();
    this.segments[at] = ax;
    this.segments[at + 1] = ay;
    this.segments[at + 2] = bx;
    this.segments[at + 3] = by;
    this.info[this.count * 2] = row;
    this.info[this.count * 2 + 1] = word;
    this.count++;
  }

  #grow(): void {
    const rows = padded(Math.ceil(this.count * 1.25));
    const segments = new Float32Array(rows * 4);
    segments.set(this.segments);
    const info = new Uint32Array(rows * 2);
    info.set(this.info);
    this.segments = segments;
    this.info = info;
  }
}

/** Turns a network bundle into textures, symbols and an index. About 0.4 s for 861,000 vertices; runs in a worker. */
export function decodeNetwork(buffer: ArrayBuffer): MapData {
  const bundle = decodeColumns(buffer);
  const meta = bundle.meta as unknown as MapNetworkMeta;
  const [west, south, east, north] = meta.bounds;
  const origin = {
    x: (mercatorX(west) + mercatorX(east)) / 2,
    y: (mercatorY(south) + mercatorY(north)) / 2,
  };
  const kind = column<Uint8Array>(bundle, 'edge.kind');
  const flags = column<Uint8Array>(bundle, 'edge.flags');
  const edgeStart = column<Uint32Array>(bundle, 'feeder.edgeStart');
  const feeders = edgeStart.length - 1;
  const edges = kind.length;
  const geometry = project(bundle, origin);
  const { vertexStart, x, y } = geometry;

  const edgeFeeder = new Uint16Array(edges);
  for (let f = 0; f < feeders; f++) edgeFeeder.fill(f, edgeStart[f], edgeStart[f + 1]);

  const list = new SegmentList(Math.ceil((x.length - edges) * 1.7));
  const fullStart = new Uint32Array(feeders + 1);
  const feederBox = new Float32Array(feeders * 4);
  const index = new Flatbush(Math.max(1, edges), 16, Float32Array);
  for (let f = 0; f < feeders; f++) {
    fullStart[f] = list.count;
    let w = Infinity;
    let n = Infinity;
    let e2 = -Infinity;
    let s = -Infinity;
    for (let e = edgeStart[f]; e < edgeStart[f + 1]; e++) {
      const word = classOf(kind[e], flags[e]);
      let along = 0;
      let x0 = Infinity;
      let y0 = Infinity;
      let x1 = -Infinity;
      let y1 = -Infinity;
      const end = vertexStart[e + 1] - 1;
      for (let v = vertexStart[e]; v <= end; v++) {
        if (x[v] < x0) x0 = x[v];
        if (x[v] > x1) x1 = x[v];
        if (y[v] < y0) y0 = y[v];
        if (y[v] > y1) y1 = y[v];
        if (v === end) break;
        list.add(x[v], y[v], x[v + 1], y[v + 1], e, word | ((along & 0xfffffff) << 4));
        along += Math.hypot(x[v + 1] - x[v], y[v + 1] - y[v]) * decimetresPerUnit;
      }
      index.add(x0, y0, x1, y1);
      if (x0 < w) w = x0;
      if (y0 < n) n = y0;
      if (x1 > e2) e2 = x1;
      if (y1 > s) s = y1;
    }
    feederBox.set([w, n, e2, s], f * 4);
  }
  if (edges === 0) index.add(0, 0, 0, 0);
  index.finish();
  fullStart[feeders] = list.count;

  const levels: DetailLevel[] = [{ feederStart: fullStart, fromZoom: fullFromZoom }];
  for (const { fromZoom, pixelZoom } of coarseLevels) {
    levels.push({ feederStart: coarsen(list, geometry, edgeStart, kind, flags, pixelZoom), fromZoom });
  }
  const symbols = symbolsOf(geometry, edgeStart, kind, flags);
  const rows = padded(list.count);

  return {
    meta,
    origin,
    edgeCount: edges,
    vertexStart,
    edgeKind: kind.slice(),
    edgeFlags: flags.slice(),
    edgeFeeder,
    feederSubstation: column<Int32Array>(bundle, 'feeder.substation').slice(),
    feederBox,
    substationArea: column<Int32Array>(bundle, 'substation.area').slice(),
    substationXy: substationXyOf(bundle, origin),
    segments: list.segments.subarray(0, rows * 4),
    segmentInfo: list.info.subarray(0, rows * 2),
    segmentCount: list.count,
    levels,
    symbols: symbols.symbols,
    symbolCount: symbols.count,
    symbolGroups: symbols.groups,
    index: index.data as ArrayBuffer,
  };
}

function substationXyOf(bundle: ColumnBundle, origin: { x: number; y: number }): Float32Array {
  const lonE7 = column<Int32Array>(bundle, 'substation.lonE7');
  const latE7 = column<Int32Array>(bundle, 'substation.latE7');
  const xy = new Float32Array(lonE7.length * 2);
  for (let s = 0; s < lonE7.length; s++) {
    xy[s * 2] = mercatorX(lonE7[s] / 1e7) - origin.x;
    xy[s * 2 + 1] = mercatorY(latE7[s] / 1e7) - origin.y;
  }
  return xy;
}

/** Appends one coarse level: edges simplified to a share of a pixel, dust left out. Returns its runs per feeder. */
function coarsen(
  list: SegmentList,
  { vertexStart, x, y }: Geometry,
  edgeStart: Uint32Array,
  kind: Uint8Array,
  flags: Uint8Array,
  pixelZoom: number,
): Uint32Array<ArrayBuffer> {
  const feeders = edgeStart.length - 1;
  const feederStart = new Uint32Array(feeders + 1);
  const pixel = 1 / worldPixels(pixelZoom);
  const dust = (pixel * 0.4) ** 2;
  for (let f = 0; f < feeders; f++) {
    feederStart[f] = list.count;
    for (let e = edgeStart[f]; e < edgeStart[f + 1]; e++) {
      if (kind[e] === edgeKindCode.power_transformer) continue;
      const last = vertexStart[e + 1] - 1;
      let from = vertexStart[e];
      while (from < last) {
        const to = farthestStraight(x, y, from, last, pixel * 0.7);
        const dx = x[to] - x[from];
        const dy = y[to] - y[from];
        if (dx * dx + dy * dy > dust) list.add(x[from], y[from], x[to], y[to], e, classOf(kind[e], flags[e]));
        from = to;
      }
    }
  }
  feederStart[feeders] = list.count;
  return feederStart;
}

/** The last vertex that a straight line from `from` reaches while all between stay within `tolerance` of it. */
function farthestStraight(x: Float32Array, y: Float32Array, from: number, last: number, tolerance: number): number {
  // the whole edge first: at a coarse level most edges are one line
  if (isStraight(x, y, from, last, tolerance)) return last;
  let to = from + 1;
  while (to < last && isStraight(x, y, from, to + 1, tolerance)) to++;
  return to;
}

function isStraight(x: Float32Array, y: Float32Array, from: number, to: number, tolerance: number): boolean {
  const dx = x[to] - x[from];
  const dy = y[to] - y[from];
  const length = Math.sqrt(dx * dx + dy * dy);
  for (let v = from + 1; v < to; v++) {
    const px = x[v] - x[from];
    const py = y[v] - y[from];
    const along = length === 0 ? -1 : (px * dx + py * dy) / length;
    const away =
      along < 0 || along > length
        ? Math.min(px * px + py * py, (x[v] - x[to]) ** 2 + (y[v] - y[to]) ** 2)
        : ((px * dy - py * dx) / length) ** 2;
    if (away > tolerance * tolerance) return false;
  }
  return true;
}

function symbolsOf(
  { vertexStart, x, y }: Geometry,
  edgeStart: Uint32Array,
  kind: Uint8Array,
  flags: Uint8Array,
): { symbols: Float32Array; count: number; groups: SymbolGroup[] } {
  let total = 0;
  for (let e = 0; e < kind.length; e++) if (symbolGroupOf.has(kind[e])) total++;
  const symbols = new Float32Array(padded(total) * 4);
  const groups: SymbolGroup[] = [];
  let count = 0;
  for (let group = 0; group < symbolFromZoom.length; group++) {
    const feederStart = new Uint32Array(edgeStart.length);
    for (let f = 0; f < edgeStart.length - 1; f++) {
      feederStart[f] = count;
      for (let e = edgeStart[f]; e < edgeStart[f + 1]; e++) {
        if (symbolGroupOf.get(kind[e]) !== group) continue;
        const first = vertexStart[e];
        const last = vertexStart[e + 1] - 1;
        const at = count * 4;
        symbols[at] = (x[first] + x[last]) / 2;
        symbols[at + 1] = (y[first] + y[last]) / 2;
        symbols[at + 2] = kind[e] | (flags[e] & edgeFlagNormallyOpen ? 16 : 0);
        symbols[at + 3] = e;
        count++;
      }
    }
    feederStart[edgeStart.length - 1] = count;
    groups.push({ feederStart, fromZoom: symbolFromZoom[group] });
  }
  return { symbols, count, groups };
}
