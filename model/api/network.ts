import { type Static, Type } from 'typebox';
import { Reason } from '#model/api/common.ts';

export const NetworkSummary = Type.Object({
  name: Type.String(),
  version: Type.String(),
  areas: Type.Integer(),
  substations: Type.Integer(),
  feeders: Type.Integer(),
  nodes: Type.Integer(),
  edges: Type.Integer(),
  line_segments: Type.Integer(),
  transformers: Type.Integer(),
  meters: Type.Integer(),
  critical_customers: Type.Integer(),
  peak_kw: Type.Number(),
  components: Type.Integer(),
  loops: Type.Integer(),
  de_energised_nodes: Type.Integer(),
  bounds: Type.Tuple([Type.Number(), Type.Number(), Type.Number(), Type.Number()]),
  by_kind: Type.Record(Type.String(), Type.Integer()),
});
export type NetworkSummary = Static<typeof NetworkSummary>;

export const Asset = Type.Object({
  id: Type.String(),
  type: Type.String({ description: 'substation, feeder, meter, or the kind of the equipment' }),
  name: Type.String(),
  edge_row: Type.Union([Type.Integer(), Type.Null()]),
  lon: Type.Number(),
  lat: Type.Number(),
  feeder_id: Type.Union([Type.String(), Type.Null()]),
  feeder_name: Type.Union([Type.String(), Type.Null()]),
  substation_id: Type.Union([Type.String(), Type.Null()]),
  substation_name: Type.Union([Type.String(), Type.Null()]),
  area_id: Type.Union([Type.String(), Type.Null()]),
  transformer_id: Type.Union([Type.String(), Type.Null()]),
  phases: Type.String(),
  status: Type.String({ description: 'energised, de_energised, open, ...' }),
  normally_open: Type.Boolean(),
  switchable: Type.Boolean(),
  customers_below: Type.Integer(),
  critical_below: Type.Integer(),
  kw_below: Type.Number(),
  length_m: Type.Union([Type.Number(), Type.Null()]),
  rated_kva: Type.Union([Type.Number(), Type.Null()]),
  rated_a: Type.Union([Type.Number(), Type.Null()]),
  customer_class: Type.Union([Type.String(), Type.Null()]),
  critical: Type.Union([Type.String(), Type.Null()]),
});
export type Asset = Static<typeof Asset>;

export const TraceDirection = Type.Union([Type.Literal('down'), Type.Literal('up'), Type.Literal('isolate')]);
export type TraceDirection = Static<typeof TraceDirection>;

export const Trace = Type.Object({
  id: Type.String(),
  direction: TraceDirection,
  nodes: Type.Integer(),
  edges: Type.Integer(),
  customers: Type.Integer(),
  critical_customers: Type.Integer(),
  kw: Type.Number(),
  length_m: Type.Number(),
  transformers: Type.Integer(),
  /** equipment on the way (up), or to open (isolate); empty for down */
  devices: Type.Array(Type.Object({ id: Type.String(), kind: Type.String(), edge_row: Type.Integer() })),
  /** open ties through which a part can be fed another way (isolate) */
  alternate_feeds: Type.Array(
    Type.Object({ id: Type.String(), kind: Type.String(), edge_row: Type.Integer(), feeder_id: Type.String() }),
  ),
  /** rows of the traced edges as base64 uint32, for drawing; cut to none where the caller asks `rows=false` */
  edge_rows: Type.String(),
  ms: Type.Number(),
});
export type Trace = Static<typeof Trace>;

export const SwitchOperation = Type.Object({
  operation: Type.Union([Type.Literal('open'), Type.Literal('close')]),
  reason: Reason,
});
export const SwitchResult = Type.Object({
  id: Type.String(),
  open: Type.Boolean(),
  customers_dropped: Type.Integer(),
  customers_restored: Type.Integer(),
  nodes_renumbered: Type.Integer(),
});
export type SwitchResult = Static<typeof SwitchResult>;

export const SearchHit = Type.Object({
  id: Type.String(),
  type: Type.String(),
  name: Type.String(),
  lon: Type.Number(),
  lat: Type.Number(),
  edge_row: Type.Union([Type.Integer(), Type.Null()]),
});
export type SearchHit = Static<typeof SearchHit>;
