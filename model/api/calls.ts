import { type Static, Type } from 'typebox';
import { Instant } from '#model/api/common.ts';

/** What a caller says of the supply; wire_down is a hazard and says nothing of the caller's own supply. */
export const callKinds = ['no_power', 'partial_power', 'flicker', 'wire_down', 'other'] as const;
export type CallKind = (typeof callKinds)[number];

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
  kind: Type.Enum([...callKinds]),
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
  kind: Type.Enum([...callKinds]),
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
