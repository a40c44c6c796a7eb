import type { MapNetworkMeta } from '#model/map.ts';

/** Texture width of all data textures, texels. */
export const textureWidth = 2048;

/** Line classes: the low four bits of a segment's second info word. */
export const lineClass = { mainOverhead: 0, mainUnderground: 1, lateralOverhead: 2, lateralUnderground: 3, device: 4 };

/** One level of detail: a run of segments per feeder, in feeder order. */
export interface DetailLevel {
  /** feeders + 1 segment indexes */
  feederStart: Uint32Array;
  /** the level is drawn from this zoom up */
  fromZoom: number;
}

/** Symbols of one group, a run per feeder. */
export interface SymbolGroup {
  feederStart: Uint32Array;
  fromZoom: number;
}

/**
 * The network as the graphics card wants it, made in a worker. Positions are Web Mercator (0..1 over the world) minus
 * `origin`, as float32: better than 1 cm over a city.
 */
export interface MapData {
  meta: MapNetworkMeta;
  origin: { x: number; y: number };
  edgeCount: number;
  /** edges + 1; segments of edge e are `vertexStart[e] - e` and the next `vertices - 1` */
  vertexStart: Uint32Array;
  edgeKind: Uint8Array;
  edgeFlags: Uint8Array;
  edgeFeeder: Uint16Array;
  feederSubstation: Int32Array;
  /** 4 per feeder: west, north, east, south in origin-relative Mercator (y grows southward) */
  feederBox: Float32Array;
  substationArea: Int32Array;
  /** 2 per substation */
  substationXy: Float32Array;
  /** RGBA32F per segment: x, y of both ends; padded to whole texture rows; all levels one after the other */
  segments: Float32Array;
  /** RG32UI per segment: edge row; class | distance along the edge in decimetres << 4 */
  segmentInfo: Uint32Array;
  segmentCount: number;
  levels: DetailLevel[];
  /** RGBA32F per symbol: x, y, kind | open << 4, edge row */
  symbols: Float32Array;
  symbolCount: number;
  symbolGroups: SymbolGroup[];
  /** flatbush over edge boxes */
  index: ArrayBuffer;
}

export interface DecodeRequest {
  version: string;
}
export type DecodeReply =
  | { type: 'progress'; bytes: number }
  | { type: 'data'; data: MapData; bytes: number; fetchMs: number; decodeMs: number }
  | { type: 'error'; message: string; status: number };
