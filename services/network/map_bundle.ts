/** The network as the browser wants it (model/map.ts): made once per version, compressed once, immutable. */
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { type Column, encodeColumns } from '#model/columns.ts';
import { encodeDeltaPlanes } from '#model/delta.ts';
import {
  edgeFlagNormallyOpen,
  edgeFlagPhaseShift,
  edgeFlagUnderground,
  type MapMeterMeta,
  type MapNetworkMeta,
} from '#model/map.ts';
import type { NetworkColumns } from '#model/network.ts';

const compress = promisify(brotliCompress);

/** Bounds of all nodes: west, south, east, north in degrees. */
export function boundsOf(network: NetworkColumns): [number, number, number, number] {
  const { lonE7, latE7, count } = network.node;
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let n = 0; n < count; n++) {
    if (lonE7[n] < west) west = lonE7[n];
    if (lonE7[n] > east) east = lonE7[n];
    if (latE7[n] < south) south = latE7[n];
    if (latE7[n] > north) north = latE7[n];
  }
  return count === 0 ? [0, 0, 0, 0] : [west * 1e-7, south * 1e-7, east * 1e-7, north * 1e-7];
}

/** Networks can lie far apart (an import from elsewhere); a view of all of them shows none. Degrees from the middle. */
const homeReachE7 = 1.5e7;

/** Bounds of the part around the middle customer: what a map should open on. */
export function homeBoundsOf(network: NetworkColumns): [number, number, number, number] {
  const { node, meter } = network;
  if (meter.count === 0) return boundsOf(network);
  const middleOf = (column: Int32Array): number => Int32Array.from(column).sort()[column.length >> 1];
  const [lon, lat] = [middleOf(meter.lonE7), middleOf(meter.latE7)];
  let [west, south, east, north] = [lon, lat, lon, lat];
  for (let n = 0; n < node.count; n++) {
    const [nodeLon, nodeLat] = [node.lonE7[n], node.latE7[n]];
    if (Math.abs(nodeLon - lon) > homeReachE7 || Math.abs(nodeLat - lat) > homeReachE7) continue;
    if (nodeLon < west) west = nodeLon;
    if (nodeLon > east) east = nodeLon;
    if (nodeLat < south) south = nodeLat;
    if (nodeLat > north) north = nodeLat;
  }
  return [west * 1e-7, south * 1e-7, east * 1e-7, north * 1e-7];
}

/** Meter keys of each substation, in key order: offsets into one array. */
export function metersBySubstation(network: NetworkColumns): { offset: Uint32Array; meterKey: Int32Array } {
  const { meter, node, feeder, substation } = network;
  const offset = new Uint32Array(substation.count + 1);
  const substationOf = (m: number): number => feeder.substation[node.feeder[meter.node[m]]];
  for (let m = 0; m < meter.count; m++) offset[substationOf(m) + 1]++;
  for (let s = 0; s < substation.count; s++) offset[s + 1] += offset[s];
  const at = offset.slice();
  const meterKey = new Int32Array(meter.count);
  for (let m = 0; m < meter.count; m++) meterKey[at[substationOf(m)]++] = m;
  return { offset, meterKey };
}

/** @returns brotli-compressed column bundle */
export async function networkBundle(
  network: NetworkColumns,
  version: string,
  metersOfSubstation: (row: number) => number,
): Promise<Uint8Array> {
  const { edge, vertex, feeder, substation, area, node, meter } = network;
  const edgeStart = new Uint32Array(feeder.count + 1);
  for (let e = 0; e < edge.count; e++) edgeStart[edge.feeder[e] + 1]++;
  for (let f = 0; f < feeder.count; f++) edgeStart[f + 1] += edgeStart[f];
  const flags = new Uint8Array(edge.count);
  const vertexCount = new Uint16Array(edge.count);
  for (let e = 0; e < edge.count; e++) {
    flags[e] =
      (edge.normallyOpen[e] ? edgeFlagNormallyOpen : 0) |
      (edge.underground[e] ? edgeFlagUnderground : 0) |
      (edge.phases[e] << edgeFlagPhaseShift);
    vertexCount[e] = edge.vertexOffset[e + 1] - edge.vertexOffset[e];
  }
  const meta: MapNetworkMeta = {
    version,
    name: network.name,
    bounds: homeBoundsOf(network),
    areas: Array.from({ length: area.count }, (_, r) => ({ id: area.id.at(r), name: area.name[r] })),
    substations: Array.from({ length: substation.count }, (_, r) => ({
      id: substation.id.at(r),
      name: substation.name[r],
      meters: metersOfSubstation(r),
    })),
    feeders: Array.from({ length: feeder.count }, (_, r) => ({ id: feeder.id.at(r), name: feeder.name[r] })),
    counts: {
      substations: substation.count,
      feeders: feeder.count,
      nodes: node.count,
      edges: edge.count,
      vertices: vertex.count,
      meters: meter.count,
    },
  };
  const columns: Record<string, Column> = {
    'substation.lonE7': substation.lonE7,
    'substation.latE7': substation.latE7,
    'substation.area': substation.area,
    'feeder.substation': feeder.substation,
    'feeder.edgeStart': edgeStart,
    'edge.kind': edge.kind,
    'edge.flags': flags,
    'edge.vertexCount': vertexCount,
    'vertex.lonE7': encodeDeltaPlanes(vertex.lonE7),
    'vertex.latE7': encodeDeltaPlanes(vertex.latE7),
  };
  return brotli(encodeColumns({ meta: { ...meta }, columns }), 6);
}

/** @param meterKey keys of one substation's meters */
export async function meterBundle(
  network: NetworkColumns,
  version: string,
  substationRow: number,
  meterKey: Int32Array,
): Promise<Uint8Array> {
  const { meter } = network;
  const pick = (column: Int32Array): Int32Array => Int32Array.from(meterKey, (key) => column[key]);
  const pickBytes = (column: Uint8Array): Uint8Array => Uint8Array.from(meterKey, (key) => column[key]);
  const meta: MapMeterMeta = { version, substation: network.substation.id.at(substationRow) };
  return brotli(
    encodeColumns({
      meta: { ...meta },
      columns: {
        'meter.key': encodeDeltaPlanes(meterKey),
        'meter.lonE7': encodeDeltaPlanes(pick(meter.lonE7)),
        'meter.latE7': encodeDeltaPlanes(pick(meter.latE7)),
        'meter.transformer': encodeDeltaPlanes(pick(meter.transformer)),
        'meter.customerClass': pickBytes(meter.customerClass),
        'meter.critical': pickBytes(meter.critical),
      },
    }),
    4,
  );
}

function brotli(bytes: Uint8Array, quality: number): Promise<Uint8Array> {
  return compress(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: 22,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}
