import { type Static, Type } from 'typebox';
import { Instant } from '#model/api/common.ts';
import { Throughput } from '#model/api/pipeline.ts';
import { meterEventTypes, readingQualities } from '#model/reading.ts';

/** One interval reading as a sender writes it. */
export const Reading = Type.Object({
  meter_id: Type.String({ minLength: 1, maxLength: 128 }),
  reading_time: Type.String({ description: 'interval start, ISO 8601 with zone' }),
  interval_minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 60, default: 15 })),
  kwh: Type.Number(),
  voltage: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
  quality: Type.Optional(Type.Enum([...readingQualities])),
  source_seq: Type.Optional(Type.Integer({ minimum: 0 })),
});
export type Reading = Static<typeof Reading>;

export const MeterEvent = Type.Object({
  meter_id: Type.String({ minLength: 1, maxLength: 128 }),
  event_time: Type.String({ description: 'ISO 8601 with zone' }),
  type: Type.Enum([...meterEventTypes]),
});
export type MeterEvent = Static<typeof MeterEvent>;

export const SetAsideRecord = Type.Object({ index: Type.Integer(), code: Type.String(), reason: Type.String() });

/** Sent after the data is durable. received = accepted + duplicate + set_aside. */
export const Receipt = Type.Object({
  received: Type.Integer(),
  accepted: Type.Integer(),
  duplicate: Type.Integer(),
  set_aside: Type.Integer(),
  position: Type.Union([Type.Integer(), Type.Null()]),
  /** the first 100 refused records; all are kept and listed at /api/pipeline */
  set_aside_records: Type.Array(SetAsideRecord),
});
export type Receipt = Static<typeof Receipt>;

export const LatestReading = Type.Object({
  meter_id: Type.String(),
  reading_time: Instant,
  interval_minutes: Type.Integer(),
  kwh: Type.Number(),
  voltage: Type.Union([Type.Number(), Type.Null()]),
  quality: Type.String(),
  /** null where the reading has left the hot window: the history keeps the order of arrival, not its times */
  received_at: Type.Union([Instant, Type.Null()]),
});
export type LatestReading = Static<typeof LatestReading>;

/** Newest recent readings of the meters an asset supplies, in meter order; meters without one are counted only. */
export const ReadingWindow = Type.Object({
  asset_id: Type.String(),
  /** meters the asset supplies now */
  meters: Type.Integer(),
  /** of them, listed here; a larger asset is asked for in pages */
  readings: Type.Array(LatestReading),
  /** ask again with `after` = this for the next page */
  next_after: Type.Union([Type.Integer(), Type.Null()]),
});
export type ReadingWindow = Static<typeof ReadingWindow>;

export const StoredEvent = Type.Object({
  event_id: Type.Integer(),
  meter_id: Type.String(),
  event_time: Instant,
  type: Type.String(),
  source: Type.String(),
  received_at: Instant,
});
export type StoredEvent = Static<typeof StoredEvent>;

export const History = Type.Object({
  meter_id: Type.String(),
  bucket_s: Type.Integer(),
  time_s: Type.Array(Type.Number()),
  kwh: Type.Array(Type.Union([Type.Number(), Type.Null()])),
  voltage: Type.Array(Type.Union([Type.Number(), Type.Null()])),
  fresh_to: Type.Union([Instant, Type.Null()]),
});
export type History = Static<typeof History>;

export const LayerStatus = Type.Object({
  layer: Type.String(),
  rows: Type.Integer(),
  target_lag_s: Type.Integer(),
  lag_s: Type.Union([Type.Number(), Type.Null()]),
  refreshed_at: Type.Union([Instant, Type.Null()]),
  last_refresh_ms: Type.Union([Type.Number(), Type.Null()]),
});
export const SourceStatus = Type.Object({
  source: Type.String(),
  partition: Type.Integer(),
  kind: Type.String({ description: 'reading or event' }),
  next_offset: Type.Integer(),
  received: Type.Integer(),
  stored: Type.Integer(),
  superseded: Type.Integer(),
  duplicate: Type.Integer(),
  set_aside: Type.Integer(),
  /** landed but not yet resolved by the silver layer */
  pending: Type.Integer(),
  balanced: Type.Boolean(),
  last_at: Type.Union([Instant, Type.Null()]),
});
/** A process that reads Kafka, alive within the last 15 s. Offsets are Kafka's. */
export const ConsumerStatus = Type.Object({
  host: Type.String(),
  pid: Type.Integer(),
  started_at: Instant,
  seen_at: Instant,
  partitions: Type.Array(
    Type.Object({
      topic: Type.String(),
      partition: Type.Integer(),
      /** `waiting`: tried again after a pause; `code` and `reason` say why */
      state: Type.Union([Type.Literal('opening'), Type.Literal('reading'), Type.Literal('waiting')]),
      next_offset: Type.Integer(),
      high_watermark: Type.Integer(),
      lag: Type.Integer(),
      records_per_s: Type.Integer(),
      code: Type.Union([Type.String(), Type.Null()]),
      reason: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
});
export type ConsumerStatus = Static<typeof ConsumerStatus>;
export const Pipeline = Type.Object({
  at: Instant,
  layers: Type.Array(LayerStatus),
  sources: Type.Array(SourceStatus),
  consumers: Type.Array(ConsumerStatus),
  /** since this process started; keys that had more than one version; times everything was made anew */
  refreshes: Type.Object({
    count: Type.Integer(),
    rows: Type.Integer(),
    contested: Type.Integer(),
    rebuilds: Type.Integer(),
  }),
  /** sealed days: parts, the readings in them, their bytes; parts that were dropped by the retention policy */
  history: Type.Object({
    parts: Type.Integer(),
    rows: Type.Integer(),
    bytes: Type.Integer(),
    dropped_parts: Type.Integer(),
  }),
  analytics: Type.Object({ state: Type.String(), restarts: Type.Integer() }),
  throughput: Type.Optional(Throughput),
  /** true: this center takes files, and lists them at /api/pipeline/files */
  takes_files: Type.Optional(Type.Boolean()),
});
export type Pipeline = Static<typeof Pipeline>;
