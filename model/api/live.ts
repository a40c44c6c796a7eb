import { type Static, Type } from 'typebox';
import { Instant } from '#model/api/common.ts';
import type { Crew } from '#model/api/crews.ts';
import type { Outage } from '#model/api/outages.ts';

const NullableNumber = Type.Union([Type.Number(), Type.Null()]);

export const Kpi = Type.Object({
  at: Instant,
  meters_total: Type.Integer(),
  /** meters whose newest interval began in the last 30 minutes of the data's own clock */
  meters_reporting: Type.Integer(),
  customers_out: Type.Integer(),
  outages_open: Type.Integer(),
  critical_out: Type.Integer(),
  readings_per_s: Type.Number(),
  events_per_s: Type.Number(),
  /** sum over meters of their newest interval */
  load_mw: Type.Number(),
  readings_received: Type.Integer(),
  set_aside: Type.Integer(),
  /** seconds since the newest of each; null where there is none yet */
  age_s: Type.Object({ readings: NullableNumber, events: NullableNumber, layers: NullableNumber }),
});
export type Kpi = Static<typeof Kpi>;

/** priority 1 = highest. State per ISA-18.2 words: unacknowledged, acknowledged, returned_unacknowledged, normal. */
export const Alarm = Type.Object({
  id: Type.String(),
  priority: Type.Integer({ minimum: 1, maximum: 4 }),
  state: Type.String(),
  at: Instant,
  text: Type.String(),
  feeder_id: Type.Union([Type.String(), Type.Null()]),
  /** area of responsibility it lies in; null = it is of the whole utility */
  area_id: Type.Union([Type.String(), Type.Null()]),
  outage_id: Type.Union([Type.String(), Type.Null()]),
  device_id: Type.Union([Type.String(), Type.Null()]),
  acknowledged_by: Type.Union([Type.String(), Type.Null()]),
});
export type Alarm = Static<typeof Alarm>;

/** Where the simulation or the field is, in words for the newcomer's guide line. */
export interface LiveNote {
  at: string;
  text: string;
  /** what it names lies in this area of responsibility; none = the whole territory may read it */
  area_id?: string | null;
}

/**
 * `GET /api/stream` (Server-Sent Events). The event id is the position; a reconnect sends Last-Event-ID and gets either
 * the deltas since, or a new snapshot where the ring no longer holds them. Event names are the keys of this table.
 */
export interface StreamMessages {
  snapshot: StreamSnapshot;
  delta: StreamDelta;
  /** every second while nothing else is sent: proof of life */
  beat: { at: string; position: number };
  /** the network was replaced (import): load the map again */
  network: { version: string };
  /** the server closes this stream: too slow, or going down */
  bye: { reason: string };
}

export interface StreamSnapshot {
  position: number;
  at: string;
  network_version: string;
  kpi: Kpi;
  outages: Outage[];
  alarms: Alarm[];
  /** packed edge status (model/map.ts), abnormal edges only */
  edges: string;
  notes: LiveNote[];
}

export interface StreamDelta {
  position: number;
  at: string;
  kpi?: Kpi;
  /** whole rows; closed, rejected and merged ones leave the list */
  outages?: Outage[];
  alarms?: Alarm[];
  /** whole rows; what they were before is read by `GET /api/crews` */
  crews?: Crew[];
  /** packed edge status changes */
  edges?: string;
  notes?: LiveNote[];
}

/** `GET /api/analytics/trend`: parallel arrays; at most `points` of them. */
export const Trend = Type.Object({
  level: Type.String(),
  id: Type.Union([Type.String(), Type.Null()]),
  /** epoch seconds, start of each bucket */
  time_s: Type.Array(Type.Number()),
  bucket_s: Type.Integer(),
  load_kw: Type.Array(NullableNumber),
  customers_out: Type.Array(NullableNumber),
  lmp_usd_per_mwh: Type.Array(NullableNumber),
  temperature_c: Type.Array(NullableNumber),
  /** how far the analytics layer has read, UTC */
  fresh_to: Type.Union([Instant, Type.Null()]),
});
export type Trend = Static<typeof Trend>;
