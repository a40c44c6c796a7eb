/** Crews, their work and the plan that sends them, as the API shows them. */
import { type Static, Type } from 'typebox';
import { Instant } from '#model/api/common.ts';

export const crewKinds = ['troubleman', 'line', 'underground', 'tree', 'damage_assessor'] as const;
export type CrewKind = (typeof crewKinds)[number];

export const crewSkills = ['switching', 'overhead', 'underground', 'transformer', 'tree', 'assessment'] as const;
export type CrewSkill = (typeof crewSkills)[number];

/** The complete table is services/crews/lifecycle.ts. */
export const crewStatuses = [
  'off_shift',
  'available',
  'assigned',
  'en_route',
  'on_site',
  'on_break',
  'unavailable',
] as const;
export type CrewStatus = (typeof crewStatuses)[number];

/** What a dispatcher or the crew itself says; `assign` has a route of its own. */
export const crewVerbs = [
  'sign_on',
  'sign_off',
  'depart',
  'arrive',
  'complete',
  'release',
  'start_break',
  'end_break',
  'out_of_service',
  'back_in_service',
] as const;
export type CrewVerb = (typeof crewVerbs)[number];

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);

/** A weekly window in local wall clock time. `to` not after `from` ends on the next day. */
export const ShiftWindow = Type.Object({
  /** ISO weekdays on which it begins, 1 = Monday */
  days: Type.Array(Type.Integer({ minimum: 1, maximum: 7 })),
  from: Type.String({ description: 'HH:MM' }),
  to: Type.String({ description: 'HH:MM' }),
  time_zone: Type.String(),
});
export type ShiftWindow = Static<typeof ShiftWindow>;

export const CrewJob = Type.Object({
  outage_id: Type.String(),
  /** equipment id of the outage's device when the crew was last told */
  device_id: Type.String(),
  assigned_by: Type.String(),
  assigned_at: Instant,
});
export type CrewJob = Static<typeof CrewJob>;

export const Crew = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.Enum([...crewKinds]),
  skills: Type.Array(Type.Enum([...crewSkills])),
  /** persons */
  size: Type.Integer(),
  area_id: Type.String({ description: 'home area' }),
  phone: Nullable(Type.String()),
  radio: Nullable(Type.String()),
  status: Type.Enum([...crewStatuses]),
  status_since: Instant,
  home_lon: Type.Number(),
  home_lat: Type.Number(),
  /** last reported position; null where none ever came: the home base counts */
  lon: Nullable(Type.Number()),
  lat: Nullable(Type.Number()),
  position_at: Nullable(Instant),
  shifts: Type.Array(ShiftWindow),
  /** the shift that runs now, else the next one */
  shift_from: Nullable(Instant),
  shift_to: Nullable(Instant),
  /** true between `shift_from` and `shift_to` */
  in_shift: Type.Boolean(),
  /** the job at hand first, then the queue; during a break all of them wait */
  jobs: Type.Array(CrewJob),
  /** verbs the present status takes */
  actions: Type.Array(Type.Enum([...crewVerbs])),
  can_be_assigned: Type.Boolean(),
  /** rises by one with each change: an order names the one it was given on */
  revision: Type.Integer(),
});
export type Crew = Static<typeof Crew>;

export const CrewLogEntry = Type.Object({
  at: Instant,
  actor: Type.String(),
  verb: Type.String(),
  from_status: Nullable(Type.Enum([...crewStatuses])),
  to_status: Type.Enum([...crewStatuses]),
  outage_id: Nullable(Type.String()),
  reason: Nullable(Type.String()),
});
export type CrewLogEntry = Static<typeof CrewLogEntry>;

export const CrewDetail = Type.Object({ crew: Crew, log: Type.Array(CrewLogEntry) });
export type CrewDetail = Static<typeof CrewDetail>;

export const CrewAction = Type.Object({
  verb: Type.Enum([...crewVerbs]),
  /** revision of the crew the order was given on; another one answers 409 */
  revision: Type.Integer({ minimum: 1 }),
  reason: Type.Optional(Type.String({ maxLength: 500 })),
  /** `release`: the job, the one at hand where left out */
  outage: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
});
export type CrewAction = Static<typeof CrewAction>;

export const CrewAssignment = Type.Object({
  outage: Type.String({ minLength: 1, maxLength: 64 }),
  revision: Type.Integer({ minimum: 1 }),
  reason: Type.Optional(Type.String({ maxLength: 500 })),
});
export type CrewAssignment = Static<typeof CrewAssignment>;

export const CrewPosition = Type.Object({
  lon: Type.Number({ minimum: -180, maximum: 180 }),
  lat: Type.Number({ minimum: -90, maximum: 90 }),
  /** when the crew was there; now where left out */
  at: Type.Optional(Instant),
});
export type CrewPosition = Static<typeof CrewPosition>;

/** One crew for one need of one outage, with what speaks for it. */
export const CrewProposal = Type.Object({
  crew_id: Type.String(),
  crew_name: Type.String(),
  crew_revision: Type.Integer(),
  km: Type.Number({ description: 'straight line x detour factor' }),
  /** minutes until its present jobs are done */
  busy_minutes: Type.Number(),
  drive_minutes: Type.Number(),
  work_minutes: Type.Number(),
  arrives_at: Instant,
  done_at: Instant,
  /** minutes left of the shift when it is done; null where the crew has no shifts on file */
  spare_minutes: Nullable(Type.Number()),
  reasons: Type.Array(Type.String()),
});
export type CrewProposal = Static<typeof CrewProposal>;

export const CrewNeedRow = Type.Object({
  outage_id: Type.String(),
  area_id: Nullable(Type.String()),
  device_id: Type.String(),
  device_kind: Type.String(),
  customers_out: Type.Integer(),
  critical_out: Type.Integer(),
  /** what is to be done, e.g. `line repair`, `tree work` */
  need: Type.String(),
  skills: Type.Array(Type.Enum([...crewSkills])),
  /** place in the order of work, 1 = first */
  priority: Type.Integer(),
  why: Type.String({ description: 'the priority in words' }),
  /** the plan's choice; null where no crew is left for it */
  chosen: Nullable(CrewProposal),
  /** why nobody was chosen */
  none: Nullable(Type.String()),
  /** other crews that could go, best first, each judged as if the plan did not exist */
  others: Type.Array(CrewProposal),
});
export type CrewNeedRow = Static<typeof CrewNeedRow>;
