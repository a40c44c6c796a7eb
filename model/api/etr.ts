/** Estimated times of restoration, as the API shows them. */
import { type Static, Type } from 'typebox';
import { Instant, Reason } from '#model/api/common.ts';

/** Who or what says it. A crew's or an operator's word always stands before the others. */
export const etrSources = ['model', 'simulation', 'zone_override', 'crew', 'operator'] as const;
export type EtrSource = (typeof etrSources)[number];

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);

export const EtrRevision = Type.Object({
  /** rises with each revision of any outage */
  revision_id: Type.Integer(),
  computed_at: Instant,
  p50: Instant,
  p90: Instant,
  source: Type.Enum([...etrSources]),
  model: Nullable(
    Type.String({ description: 'version of the model or of the simulation; null where a person said it' }),
  ),
  author: Type.String(),
  reason: Nullable(Type.String()),
  /** what it was made from */
  inputs: Type.Record(Type.String(), Type.Unknown()),
});
export type EtrRevision = Static<typeof EtrRevision>;

export const EtrLedger = Type.Object({
  outage_id: Type.String(),
  started_at: Instant,
  restored_at: Nullable(Instant),
  /** the newest revision; null before the first */
  current: Nullable(EtrRevision),
  /** the median is past and customers are still out */
  overdue: Type.Boolean(),
  age_s: Nullable(Type.Number({ description: 'seconds since the newest revision' })),
  /** a person's word stands until it is withdrawn */
  stands: Type.Boolean(),
  revisions: Type.Array(EtrRevision),
});
export type EtrLedger = Static<typeof EtrLedger>;

export const EtrEntry = Type.Object({
  source: Type.Enum(['crew', 'operator']),
  /** the time given; required unless withdrawn */
  p50: Type.Optional(Instant),
  /** the safe time; the same where left out */
  p90: Type.Optional(Instant),
  /** takes the standing word back: the model or the simulation speaks again */
  withdraw: Type.Optional(Type.Boolean()),
  reason: Reason,
});
export type EtrEntry = Static<typeof EtrEntry>;

export const EtrOverrideEntry = Type.Object({
  zone: Type.String({ minLength: 1, maxLength: 80, description: 'id of an area, a substation or a feeder' }),
  kind: Type.Enum(['time', 'delay']),
  /** of `time`: both quantiles */
  restored_at: Type.Optional(Instant),
  /** of `delay`: added to both quantiles */
  delay_minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_080 })),
  /** outages of so many customers affected, from and up to */
  least_customers: Type.Optional(Type.Integer({ minimum: 0 })),
  most_customers: Type.Optional(Type.Integer({ minimum: 0 })),
  expires_at: Instant,
  reason: Reason,
});
export type EtrOverrideEntry = Static<typeof EtrOverrideEntry>;

export const EtrOverride = Type.Object({
  override_id: Type.Integer(),
  zone: Type.String(),
  area_id: Nullable(Type.String()),
  kind: Type.Enum(['time', 'delay']),
  restored_at: Nullable(Instant),
  delay_minutes: Nullable(Type.Integer()),
  least_customers: Type.Integer(),
  most_customers: Nullable(Type.Integer()),
  author: Type.String(),
  reason: Type.String(),
  created_at: Instant,
  expires_at: Instant,
  /** open outages it bears on now */
  outages: Type.Integer(),
});
export type EtrOverride = Static<typeof EtrOverride>;

export const EtrGroup = Type.Object({
  by: Type.Enum(['all', 'source', 'cause', 'zone', 'storm', 'device']),
  group: Type.String(),
  outages: Type.Integer(),
  /** mean of promised less actual, minutes: negative = promised too early */
  bias_min: Type.Number(),
  mae_min: Type.Number(),
  median_abs_min: Type.Number(),
  late_share: Type.Number(),
  p90_coverage: Type.Number(),
  revisions_per_outage: Type.Number(),
});
export type EtrGroup = Static<typeof EtrGroup>;

export const EtrCalibration = Type.Object({
  from: Instant,
  to: Instant,
  /** which revision is scored against the restoration */
  revision: Type.Enum(['first', 'last']),
  groups: Type.Array(EtrGroup),
  model: Type.Object({
    id: Type.String(),
    source: Type.String(),
    from: Instant,
    to: Instant,
    outages: Type.Integer(),
    licence: Nullable(Type.String()),
    effects: Type.Array(
      Type.Object({
        feature: Type.String(),
        about: Type.String(),
        share: Type.Number(),
        at: Type.Array(Type.Number()),
        p50_min: Type.Array(Type.Number()),
      }),
    ),
  }),
  /** outages of this center that the model was corrected by */
  own_outages: Type.Integer(),
});
export type EtrCalibration = Static<typeof EtrCalibration>;

export const WhatIf = Type.Object({
  /** in `area`, or one by one to the areas with most customers out */
  add_crews: Type.Optional(Type.Integer({ minimum: 0, maximum: 500 })),
  remove_crews: Type.Optional(Type.Integer({ minimum: 0, maximum: 500 })),
  area: Type.Optional(Type.String({ minLength: 1, maxLength: 80 })),
  /** crews of idle areas help others */
  mutual_aid: Type.Optional(Type.Boolean()),
  /** hours until the added crews arrive */
  arrive_in_hours: Type.Optional(Type.Number({ minimum: 0, maximum: 96 })),
  /** repair takes so many times as long */
  repair_factor: Type.Optional(Type.Number({ minimum: 0.1, maximum: 10 })),
});
export type WhatIf = Static<typeof WhatIf>;

export const RestorationCurve = Type.Object({
  crews: Type.Integer(),
  time_s: Type.Array(Type.Number()),
  p10: Type.Array(Type.Number()),
  p50: Type.Array(Type.Number()),
  p90: Type.Array(Type.Number()),
  customer_minutes: Type.Number(),
  all_back_p50: Nullable(Instant),
  all_back_p90: Nullable(Instant),
  not_served: Type.Integer({ description: 'outages that no crew serves' }),
});
export type RestorationCurve = Static<typeof RestorationCurve>;

export const WhatIfAnswer = Type.Object({
  /** nothing of it is live */
  study: Type.Boolean(),
  as_of: Instant,
  outages: Type.Integer(),
  customers_out: Type.Integer(),
  /** the roster is an assumption: no crews are on file */
  crews_assumed: Type.Boolean(),
  base: RestorationCurve,
  changed: RestorationCurve,
});
export type WhatIfAnswer = Static<typeof WhatIfAnswer>;
