/** Validation, estimation and editing of interval data, as the API shows them. */
import { type Static, Type } from 'typebox';
import { Instant } from '#model/api/common.ts';

export const veeSeverities = ['high', 'medium', 'low'] as const;
export type VeeSeverity = (typeof veeSeverities)[number];

/** Life of an exception; the complete table is services/vee/lifecycle.ts. */
export const exceptionStates = [
  'open',
  'assigned',
  'accepted',
  'edited',
  'estimated',
  'dismissed',
  'resolved_by_data',
] as const;
export type ExceptionState = (typeof exceptionStates)[number];

export const exceptionVerbs = ['assign', 'accept', 'estimate', 'edit', 'dismiss', 'reopen'] as const;
export type ExceptionVerb = (typeof exceptionVerbs)[number];

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);

export const VeeException = Type.Object({
  id: Type.String(),
  rule: Type.String(),
  title: Type.String(),
  severity: Type.Enum([...veeSeverities]),
  meter_id: Type.String(),
  feeder_id: Nullable(Type.String()),
  feeder_name: Nullable(Type.String()),
  area_id: Nullable(Type.String()),
  from: Instant,
  to: Instant,
  /** the numbers that broke the threshold, in words with units */
  evidence: Type.String(),
  /** the numbers themselves */
  numbers: Type.Record(Type.String(), Type.Number()),
  state: Type.Enum([...exceptionStates]),
  owner: Nullable(Type.String()),
  note: Nullable(Type.String()),
  opened_at: Instant,
  closed_at: Nullable(Instant),
  updated_at: Instant,
});
export type VeeException = Static<typeof VeeException>;

export const VeeLogEntry = Type.Object({
  at: Instant,
  actor: Type.String(),
  verb: Type.String(),
  from_state: Nullable(Type.String()),
  to_state: Type.String(),
  reason: Nullable(Type.String()),
});

/** What stands in for a missing interval, or would. */
export const VeeEstimate = Type.Object({
  at: Instant,
  kwh: Type.Number(),
  method: Type.String({ description: 'interpolate, proxy_day, average, class_profile, outage, edit, accept' }),
  flag: Type.String(),
  basis: Type.String({ description: 'what it was made from, in words' }),
});
export type VeeEstimate = Static<typeof VeeEstimate>;

export const VeeExceptionDetail = Type.Object({
  ...VeeException.properties,
  allowed: Type.Array(Type.Enum([...exceptionVerbs])),
  log: Type.Array(VeeLogEntry),
  /** readings around the exception, by interval; null where none has come */
  time_s: Type.Array(Type.Number()),
  kwh: Type.Array(Nullable(Type.Number())),
  /** the part of them that was estimated or edited */
  filled_kwh: Type.Array(Nullable(Type.Number())),
  /** what the meter did in the same hours of like days: mean less and plus two standard deviations */
  band_low_kwh: Type.Array(Nullable(Type.Number())),
  band_high_kwh: Type.Array(Nullable(Type.Number())),
  /** what `estimate` would write now */
  proposal: Type.Array(VeeEstimate),
});
export type VeeExceptionDetail = Static<typeof VeeExceptionDetail>;

export const VeeAction = Type.Object({
  verb: Type.Enum([...exceptionVerbs]),
  /** why; required for accept, dismiss, edit and reopen */
  reason: Type.Optional(Type.String({ maxLength: 500 })),
  /** who takes it; `assign` without it is the caller */
  owner: Type.Optional(Type.String({ minLength: 1, maxLength: 80 })),
  /** values of `edit` */
  values: Type.Optional(
    Type.Array(Type.Object({ at: Type.String(), kwh: Type.Number() }), { minItems: 1, maxItems: 200 }),
  ),
});
export type VeeAction = Static<typeof VeeAction>;

/** How many exceptions a feeder has in a state; closed ones of the last 30 days. */
export const VeeCount = Type.Object({
  feeder_id: Nullable(Type.String()),
  area_id: Nullable(Type.String()),
  state: Type.Enum([...exceptionStates]),
  count: Type.Integer(),
});
export type VeeCount = Static<typeof VeeCount>;

export const VeeRun = Type.Object({
  day: Type.String(),
  readings: Type.Integer(),
  findings: Type.Integer(),
  opened: Type.Integer(),
  resolved: Type.Integer(),
  filled: Type.Integer({ description: 'intervals without supply written as zero' }),
  estimated: Type.Integer(),
  seconds: Type.Number(),
  ran_at: Instant,
});
export type VeeRun = Static<typeof VeeRun>;

export const VeeQualityRow = Type.Object({
  feeder_id: Type.String(),
  feeder_name: Type.String(),
  area_id: Nullable(Type.String()),
  hour: Instant,
  expected: Type.Integer(),
  /** judged by a run, with no open exception over them, or accepted by a person */
  validated: Type.Integer(),
  /** received, not judged yet or under an open exception */
  unvalidated: Type.Integer(),
  estimated: Type.Integer(),
  missing: Type.Integer(),
});
export type VeeQualityRow = Static<typeof VeeQualityRow>;

export const VeeVersion = Type.Object({
  at: Instant,
  is_current: Type.Boolean(),
  kwh: Type.Number(),
  interval_minutes: Type.Integer(),
  quality: Type.String(),
  source: Type.String(),
  received_at: Nullable(Instant),
  method: Nullable(Type.String()),
  by: Nullable(Type.String()),
});
export type VeeVersion = Static<typeof VeeVersion>;
