/**
 * The network as columns: one typed array per fact, one row per thing, no object per asset.
 *
 * Row numbers are the currency inside a process: `edge.from[e]` is a node row, `meter.transformer[m]` an edge row.
 * Strings (`IdColumn`) are the currency at the borders. Coordinates are WGS 84 degrees times 1e7 as int32: exact,
 * compact, 1.1 cm. An edge is any two-terminal conducting equipment (CIM ConductingEquipment); `from` is the terminal
 * that is nearer to the source in the normal state.
 */
import type { IdColumn } from '#model/id_column.ts';

/** CIM class of an edge; the position in this list is its code in `edge.kind`. Append only. */
export const edgeKinds = [
  'line_segment',
  'breaker',
  'recloser',
  'sectionalizer',
  'fuse',
  'switch',
  'power_transformer',
  'voltage_regulator',
  'service_line',
] as const;
export type EdgeKind = (typeof edgeKinds)[number];
export const edgeKindCode = Object.fromEntries(edgeKinds.map((kind, code) => [kind, code])) as Record<EdgeKind, number>;

/** Equipment that opens by itself on a fault or on command: where an outage can be placed. */
export function isSwitchable(kindCode: number): boolean {
  return kindCode >= 1 && kindCode <= 5;
}

/** Equipment that clears a fault by itself (breaker, recloser, sectionalizer, fuse) or is the fuse-protected transformer. */
export function isProtective(kindCode: number): boolean {
  return (kindCode >= 1 && kindCode <= 4) || kindCode === 6;
}

/** Customer classes; the position is the code in `meter.customerClass`. Append only. */
export const customerClasses = [
  'residential',
  'small_commercial',
  'large_commercial',
  'industrial',
  'street_lighting',
] as const;
export type CustomerClass = (typeof customerClasses)[number];

/** Why a customer is critical; the position is the code in `meter.critical` (0 = not critical). Append only. */
export const criticalKinds = [
  'none',
  'life_support',
  'hospital',
  'shelter',
  'water',
  'public_safety',
  'school',
] as const;
export type CriticalKind = (typeof criticalKinds)[number];

/** Phase bits: A = 1, B = 2, C = 4. */
export const phaseA = 1;
export const phaseB = 2;
export const phaseC = 4;

/** 'ABC' for 7, 'A' for 1. */
export function phaseNames(phases: number): string {
  return (phases & phaseA ? 'A' : '') + (phases & phaseB ? 'B' : '') + (phases & phaseC ? 'C' : '');
}

/** Areas of responsibility (control-room desks, service centers). */
export interface AreaColumns {
  count: number;
  id: IdColumn;
  name: string[];
}

export interface SubstationColumns {
  count: number;
  id: IdColumn;
  name: string[];
  lonE7: Int32Array;
  latE7: Int32Array;
  /** area row */
  area: Int32Array;
}

export interface FeederColumns {
  count: number;
  id: IdColumn;
  name: string[];
  /** substation row */
  substation: Int32Array;
  /** node row of the bus that feeds the feeder's head device; a source of the topology */
  sourceNode: Int32Array;
  /** edge row of the head device (usually the feeder breaker) */
  headEdge: Int32Array;
  nominalKv: Float32Array;
}

export interface NodeColumns {
  count: number;
  id: IdColumn;
  lonE7: Int32Array;
  latE7: Int32Array;
  /** feeder row in the normal state */
  feeder: Int32Array;
}

/** Edges are sorted so that a feeder's edges are one run: `edge.feeder` never decreases. */
export interface EdgeColumns {
  count: number;
  id: IdColumn;
  /** code into `edgeKinds` */
  kind: Uint8Array;
  /** node rows */
  from: Int32Array;
  to: Int32Array;
  /** feeder row in the normal state */
  feeder: Int32Array;
  /** phase bits */
  phases: Uint8Array;
  /** 1 where the normal state is open (ties) */
  normallyOpen: Uint8Array;
  /** 1 where underground, 0 overhead (or not a line) */
  underground: Uint8Array;
  lengthM: Float32Array;
  /** nameplate of transformers, 0 elsewhere */
  ratedKva: Float32Array;
  /** ampacity of lines and devices; 0 where unknown */
  ratedA: Float32Array;
  /** count + 1 offsets into `vertex`; every edge has at least two vertices (its ends) */
  vertexOffset: Uint32Array;
}

/** Polyline vertices of all edges, from `from` to `to`. */
export interface VertexColumns {
  count: number;
  lonE7: Int32Array;
  latE7: Int32Array;
}

/** Service point and its meter, one row. The row number is the meter key: stable for ever, new meters are appended. */
export interface MeterColumns {
  count: number;
  id: IdColumn;
  /** node row the service is taken from */
  node: Int32Array;
  /** edge row of the distribution transformer above it, -1 where the model has none */
  transformer: Int32Array;
  /** code into `customerClasses` */
  customerClass: Uint8Array;
  /** code into `criticalKinds` */
  critical: Uint8Array;
  /** phase bits */
  phases: Uint8Array;
  lonE7: Int32Array;
  latE7: Int32Array;
  /** peak demand the load model starts from */
  peakKw: Float32Array;
}

export interface NetworkColumns {
  /** name of the territory */
  name: string;
  area: AreaColumns;
  substation: SubstationColumns;
  feeder: FeederColumns;
  node: NodeColumns;
  edge: EdgeColumns;
  vertex: VertexColumns;
  meter: MeterColumns;
}
