/** Shapes every answer shares. Schemas are the source, types are derived; ADR 0003 says why TypeBox may live here. */
import { type Static, Type } from 'typebox';

/** UTC instant, ISO 8601, e.g. 2026-07-04T18:15:00.000Z */
export const Instant = Type.String({ format: 'date-time' });

/** shortest reason that is one, characters */
export const shortestReason = 3;
export const reasonRule = `${shortestReason} characters or more, blanks around it not counted`;
export const reasonPattern = `\\S[\\s\\S]{${shortestReason - 2},}\\S`;
/** Why somebody did something, where a request must say it. */
export const Reason = Type.String({
  ...{ minLength: shortestReason, maxLength: 500 },
  pattern: reasonPattern,
  description: reasonRule,
});

export const ApiError = Type.Object({
  error: Type.Object({
    code: Type.String({ description: 'stable, for programs' }),
    message: Type.String({ description: 'what is wrong, where, and what to do' }),
    can_retry: Type.Boolean(),
    details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  }),
});
export type ApiError = Static<typeof ApiError>;

/** Roles, weakest first: each may do what the ones before it may. */
export const roles = ['viewer', 'operator', 'engineer', 'admin'] as const;
export const Role = Type.Enum([...roles]);
export type Role = (typeof roles)[number];

export const Session = Type.Object({
  user: Type.String(),
  role: Role,
  /** areas of responsibility by id; null = the whole territory */
  areas: Type.Union([Type.Array(Type.String()), Type.Null()]),
  /** true in `--open` mode: everybody on loopback is an operator without a name */
  open: Type.Boolean(),
  must_change_password: Type.Boolean(),
  utility_time_zone: Type.String(),
});
export type Session = Static<typeof Session>;
