import { type Static, Type } from 'typebox';
import { Instant, Reason } from '#model/api/common.ts';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);

export const PlannedOutageRequest = Type.Object({
  device_id: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'everything below it' })),
  meter_ids: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { minItems: 1, maxItems: 100_000 }),
  ),
  from: Instant,
  to: Instant,
  reason: Reason,
});
export type PlannedOutageRequest = Static<typeof PlannedOutageRequest>;

export const PlannedOutage = Type.Object({
  id: Type.String(),
  state: Type.Enum(['future', 'lasting', 'ended', 'withdrawn']),
  device_id: Nullable(Type.String()),
  device_kind: Nullable(Type.String()),
  area_id: Nullable(Type.String()),
  /** those below the device when the window was entered */
  customers: Type.Integer(),
  critical: Type.Integer(),
  first_meter_ids: Type.Array(Type.String()),
  from: Instant,
  to: Instant,
  reason: Type.String(),
  author: Type.String(),
  created_at: Instant,
  withdrawn_by: Nullable(Type.String()),
});
export type PlannedOutage = Static<typeof PlannedOutage>;
