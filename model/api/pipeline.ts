/** What the pipeline page shows beyond conservation: throughput, and records that were set aside. */
import { type Static, Type } from 'typebox';
import { Instant } from '#model/api/common.ts';

export const setAsideStates = ['open', 'resubmitted', 'dismissed'] as const;

/** Records of one source and partition a second: now, and half a minute each over the last quarter of an hour. */
export const SourceThroughput = Type.Object({
  source: Type.String(),
  partition: Type.Integer(),
  per_s: Type.Number(),
  /** oldest first; null where nothing was sampled yet */
  history_per_s: Type.Array(Type.Union([Type.Number(), Type.Null()])),
});
export type SourceThroughput = Static<typeof SourceThroughput>;

export const Throughput = Type.Object({
  bucket_s: Type.Integer(),
  sources: Type.Array(SourceThroughput),
  /** seconds the layers were behind, at the end of each bucket */
  lag_history_s: Type.Array(Type.Union([Type.Number(), Type.Null()])),
});
export type Throughput = Static<typeof Throughput>;

export const SetAsideEntry = Type.Object({
  id: Type.Integer(),
  source: Type.String(),
  partition: Type.Integer(),
  offset: Type.Union([Type.Integer(), Type.Null()]),
  kind: Type.Enum(['reading', 'event']),
  code: Type.String(),
  reason: Type.String(),
  remedy: Type.String(),
  /** as it came, cut to 2,000 characters */
  content: Type.String(),
  received_at: Instant,
  state: Type.Enum([...setAsideStates]),
  resolved_at: Type.Union([Instant, Type.Null()]),
  resolved_by: Type.Union([Type.String(), Type.Null()]),
  resolution: Type.Union([Type.String(), Type.Null()]),
});
export type SetAsideEntry = Static<typeof SetAsideEntry>;

export const SetAsideCount = Type.Object({
  source: Type.String(),
  code: Type.String(),
  state: Type.Enum([...setAsideStates]),
  count: Type.Integer(),
});
export type SetAsideCount = Static<typeof SetAsideCount>;

/** What became of records that were submitted again. submitted = accepted + duplicate + refused. */
export const Resubmission = Type.Object({
  submitted: Type.Integer(),
  accepted: Type.Integer(),
  duplicate: Type.Integer(),
  /** set aside again, as new records of source `resubmitted` */
  refused: Type.Integer(),
  /** left as they are: what was kept of them is no JSON */
  unreadable: Type.Integer(),
  /** the limit of one call was reached */
  more: Type.Boolean(),
  /** the first refusals, in words */
  reasons: Type.Array(Type.String()),
});
export type Resubmission = Static<typeof Resubmission>;
