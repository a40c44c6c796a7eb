import { type Static, Type } from 'typebox';
import { Instant } from '#model/api/common.ts';
import { CallKind, Outage } from '#model/api/outages.ts';
import { PlannedOutage } from '#model/api/planned.ts';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);

export const CallReport = Type.Object({
  id: Type.String({
    minLength: 8,
    maxLength: 64,
    description: 'given by who takes the call, e.g. a UUID; the same id sent again is the same call',
  }),
  meter: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  account: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  place: Type.Optional(
    Type.String({ minLength: 3, maxLength: 300, description: 'address or name in words, where no meter is known' }),
  ),
  kind: CallKind,
  words: Type.Optional(Type.String({ maxLength: 1000, description: "the caller's own words" })),
  callback: Type.Optional(
    Type.String({ minLength: 3, maxLength: 80, description: 'where to call back after the restoration' }),
  ),
  called_at: Type.Optional(Instant),
});
export type CallReport = Static<typeof CallReport>;

export const TroubleCall = Type.Object({
  id: Type.String(),
  /** null while nobody knows which meter the place is */
  meter_id: Nullable(Type.String()),
  area_id: Nullable(Type.String()),
  place: Nullable(Type.String()),
  kind: CallKind,
  words: Type.String(),
  callback: Nullable(Type.String()),
  taken_by: Type.String(),
  called_at: Instant,
  received_at: Instant,
  /** the outage the meter is or was a member of then */
  outage_id: Nullable(Type.String()),
  outage_state: Nullable(Type.String()),
  called_back_at: Nullable(Instant),
  called_back_by: Nullable(Type.String()),
});
export type TroubleCall = Static<typeof TroubleCall>;

/** A place that may be meant by what a caller says. */
export const CallPlace = Type.Object({
  meter_id: Type.String(),
  area_id: Nullable(Type.String()),
  account_id: Type.String(),
  /** as on the bill */
  address: Type.String(),
  by: Type.Enum(['account', 'address']),
});
export type CallPlace = Static<typeof CallPlace>;

/** What is known of a meter right now. `back` was out and said that it is not any more. */
export const MeterStanding = Type.Object({
  meter_id: Type.String(),
  account_id: Nullable(Type.String()),
  address: Nullable(Type.String()),
  area_id: Nullable(Type.String()),
  customer_class: Type.String(),
  critical: Nullable(Type.String()),
  supply: Type.Enum(['unknown', 'dark', 'lit', 'back']),
  dark_at: Nullable(Instant),
  lit_at: Nullable(Instant),
  outage: Nullable(Outage),
  planned: Nullable(PlannedOutage),
  /** its newest ping */
  ping: Nullable(
    Type.Object({
      answer: Nullable(Type.Enum(['lit', 'dark', 'none'])),
      asked_at: Instant,
      answered_at: Nullable(Instant),
    }),
  ),
  calls: Type.Array(TroubleCall),
});
export type MeterStanding = Static<typeof MeterStanding>;

/** A customer an outage took supply from. */
export const CustomerOut = Type.Object({
  meter_id: Type.String(),
  customer_class: Type.String(),
  critical: Nullable(Type.String()),
  supply: Type.Enum(['unknown', 'dark', 'lit', 'back']),
  from: Instant,
  /** null while it lasts */
  to: Nullable(Instant),
});
export type CustomerOut = Static<typeof CustomerOut>;
