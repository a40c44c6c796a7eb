/** Storm mode and the storm board, as the API shows them. */
import { type Static, Type } from 'typebox';
import { Instant, Reason } from '#model/api/common.ts';
import { RestorationCurve } from '#model/api/etr.ts';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);

export const StormModeEntry = Type.Object({
  area: Type.String({ minLength: 1, maxLength: 80, description: 'id of an area' }),
  on: Type.Boolean(),
  reason: Reason,
  /** goes off by itself after so many hours; until it is switched off where left out */
  hours: Type.Optional(Type.Number({ minimum: 0.25, maximum: 336 })),
});
export type StormModeEntry = Static<typeof StormModeEntry>;

export const StormMode = Type.Object({
  area_id: Type.String(),
  name: Type.String(),
  on: Type.Boolean(),
  reason: Nullable(Type.String()),
  author: Nullable(Type.String()),
  since: Nullable(Instant),
  expires_at: Nullable(Instant),
  /** why it should be switched; null where nothing speaks for it */
  suggestion: Nullable(Type.Object({ on: Type.Boolean(), why: Type.String() })),
});
export type StormMode = Static<typeof StormMode>;

export const StormModeLogEntry = Type.Object({
  area_id: Type.String(),
  on: Type.Boolean(),
  reason: Type.String(),
  author: Type.String(),
  at: Instant,
  expires_at: Nullable(Instant),
});
export type StormModeLogEntry = Static<typeof StormModeLogEntry>;

/** One area of the board. */
export const StormArea = Type.Object({
  area_id: Type.String(),
  name: Type.String(),
  customers: Type.Integer(),
  customers_out: Type.Integer(),
  critical_out: Type.Integer(),
  outages: Type.Integer(),
  /** outages nobody has been sent to */
  waiting: Type.Integer(),
  /** customers out now less those of a quarter of an hour ago; null before that is known */
  trend: Nullable(Type.Integer()),
  /** latest of its outages; null where none has an estimate */
  etr_p50: Nullable(Instant),
  etr_p90: Nullable(Instant),
  without_etr: Type.Integer(),
  /** crews by status */
  crews: Type.Record(Type.String(), Type.Integer()),
  mode: StormMode,
  /** what the public would read of this area now */
  public_text: Type.Object({ en: Type.String(), es: Type.String() }),
});
export type StormArea = Static<typeof StormArea>;

export const StormFlow = Type.Object({
  at: Instant,
  /** meter messages and calls taken, per minute over the last minutes, oldest first */
  minute: Type.Array(Type.Integer({ description: 'UTC epoch seconds of the beginning of the minute' })),
  messages: Type.Array(Type.Integer()),
  calls: Type.Array(Type.Integer()),
  /** messages taken and not yet evaluated */
  held_back: Type.Integer(),
  /** messages that waited since the start of the center */
  held_back_ever: Type.Integer(),
  most_held_back: Type.Integer(),
  /** messages a second beyond which only bellwether meters are evaluated at once, in areas in storm mode */
  limit_per_s: Type.Integer(),
  automatic: Type.Boolean({ description: 'storm mode switches by itself' }),
});
export type StormFlow = Static<typeof StormFlow>;

export const StormCurve = Type.Object({
  at: Instant,
  time_s: Type.Array(Type.Integer()),
  customers_out: Type.Array(Type.Integer()),
  /** null where nobody is out */
  ahead: Nullable(RestorationCurve),
  crews_assumed: Type.Boolean(),
});
export type StormCurve = Static<typeof StormCurve>;
