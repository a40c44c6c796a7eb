/**
 * The map on the wire. `GET /api/map/{version}/network` and `/api/map/{version}/meters/{substationRow}` answer column
 * bundles (model/columns.ts), brotli-compressed, immutable under their version.
 *
 * Network bundle, meta = `MapNetworkMeta`, columns:
 *   substation.lonE7, substation.latE7  i32[substations]; substation.area i32 (area row)
 *   feeder.substation  i32[feeders];  feeder.edgeStart  u32[feeders + 1]: a feeder's edges are one run of rows
 *   edge.kind   u8[edges]  code into `edgeKinds`
 *   edge.flags  u8[edges]  bit 0 normally open, bit 1 underground, bits 2-4 phases A, B, C
 *   edge.vertexCount  u16[edges]  at least 2
 *   vertex.lonE7, vertex.latE7  u8[4 * vertices], delta planes (model/delta.ts), vertices of edge 0, edge 1, ...
 * Meter bundle of one substation, meta = `MapMeterMeta`, columns:
 *   meter.key, meter.lonE7, meter.latE7, meter.transformer  u8[4 * meters], delta planes (transformer: edge row or -1)
 *   meter.customerClass, meter.critical  u8[meters]
 */

export interface MapNetworkMeta {
  version: string;
  name: string;
  /** west, south, east, north in degrees, of the part a map should open on */
  bounds: [number, number, number, number];
  areas: { id: string; name: string }[];
  substations: { id: string; name: string; meters: number }[];
  feeders: { id: string; name: string }[];
  counts: { substations: number; feeders: number; nodes: number; edges: number; vertices: number; meters: number };
}

export interface MapMeterMeta {
  version: string;
  substation: string;
}

export const edgeFlagNormallyOpen = 1;
export const edgeFlagUnderground = 2;
/** phases are `flags >> edgeFlagPhaseShift & 7` */
export const edgeFlagPhaseShift = 2;

/**
 * Status of an edge on the live map; the position is the code. Only edges whose status is not `energised` travel.
 * A normally-open tie that is open is `energised` here (its normal state: nothing to report).
 */
export const edgeStatuses = ['energised', 'de_energised', 'open', 'outage_device', 'closed_tie', 'planned'] as const;
export type EdgeStatus = (typeof edgeStatuses)[number];

/** Status changes travel as uint32 little-endian `row << 3 | status`, base64. */
export function packEdgeStatus(rows: readonly number[], statusOf: (row: number) => number): string {
  const packed = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) packed[i] = ((rows[i] << 3) | statusOf(rows[i])) >>> 0;
  return new Uint8Array(packed.buffer).toBase64();
}

/** Calls back for each packed change. */
export function unpackEdgeStatus(base64: string, each: (row: number, status: number) => void): void {
  const bytes = Uint8Array.fromBase64(base64);
  const packed = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
  for (const value of packed) each(value >>> 3, value & 7);
}
