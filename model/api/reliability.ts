import { type Static, Type } from 'typebox';
import { Instant } from '#model/api/common.ts';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);

export const reliabilityLevels = ['system', 'area', 'substation', 'feeder', 'device'] as const;
export type ReliabilityLevel = (typeof reliabilityLevels)[number];

export const ReliabilityIndices = Type.Object({
  /** outages and lines of history */
  interruptions: Type.Integer(),
  customers_interrupted: Type.Integer(),
  customer_minutes: Type.Number(),
  momentary_customers: Type.Integer(),
  saidi: Nullable(Type.Number({ description: 'minutes per customer served' })),
  saifi: Nullable(Type.Number({ description: 'sustained interruptions per customer served' })),
  caidi: Nullable(Type.Number({ description: 'minutes per interrupted customer' })),
  maifi: Nullable(Type.Number({ description: 'momentary interruptions per customer served' })),
  asai: Nullable(Type.Number({ description: 'share of the time with supply, 0 to 1' })),
});
export type ReliabilityIndices = Static<typeof ReliabilityIndices>;

export const ReliabilityRow = Type.Object({
  level: Type.Enum([...reliabilityLevels]),
  id: Type.String(),
  name: Type.String(),
  area_id: Nullable(Type.String()),
  /** what the indices divide by: average over the period; of a device: those of the whole system */
  customers_served: Type.Number(),
  /** the first day they are known of: earlier days count with the figure of that day */
  served_known_since: Type.String(),
  /** unplanned, all days */
  all: ReliabilityIndices,
  /** unplanned, without major event days */
  without_major: ReliabilityIndices,
  /** planned interruptions, all days; in none of the above */
  planned: ReliabilityIndices,
  /** of the interruptions, those that last: counted up to now */
  open: Type.Integer(),
});
export type ReliabilityRow = Static<typeof ReliabilityRow>;

export const MajorThreshold = Type.Object({
  year: Type.Integer({ description: 'the year whose days it judges' }),
  /** null where the five years before have fewer than 30 days with interruptions */
  t_med: Nullable(Type.Number({ description: 'minutes' })),
  alpha: Nullable(Type.Number()),
  beta: Nullable(Type.Number({ description: 'standard deviation of a sample' })),
  days: Type.Integer(),
  from: Nullable(Type.String()),
  to: Nullable(Type.String()),
});
export type MajorThreshold = Static<typeof MajorThreshold>;

export const ReliabilityDay = Type.Object({
  day: Type.String(),
  interruptions: Type.Integer(),
  customers_interrupted: Type.Integer(),
  customer_minutes: Type.Number(),
  momentary_customers: Type.Integer(),
  saidi: Type.Number({ description: 'minutes, of the system' }),
  is_major: Type.Boolean(),
});
export type ReliabilityDay = Static<typeof ReliabilityDay>;

export const MajorEventDays = Type.Object({
  time_zone: Type.String(),
  /** local days, both included */
  from: Type.String(),
  to: Type.String(),
  customers_served: Type.Number({ description: 'average over the period' }),
  /** the first day they are known of: earlier days count with the figure of that day */
  served_known_since: Type.String(),
  /** the figures of the period, each with the day it holds from */
  served: Type.Array(Type.Object({ from: Type.String(), customers: Type.Integer() })),
  /** the first day anything is known of; null where nothing is */
  known_since: Nullable(Type.String()),
  /** interruptions of the center's own record, and declared ones from before */
  own: Type.Integer(),
  declared: Type.Integer(),
  declared_from: Nullable(Type.String()),
  declared_to: Nullable(Type.String()),
  thresholds: Type.Array(MajorThreshold),
  days: Type.Array(ReliabilityDay),
});
export type MajorEventDays = Static<typeof MajorEventDays>;

export const ReliabilityCause = Type.Object({
  cause: Type.String(),
  planned: Type.Boolean(),
  interruptions: Type.Integer(),
  customers_interrupted: Type.Integer(),
  customer_minutes: Type.Number(),
});
export type ReliabilityCause = Static<typeof ReliabilityCause>;

export const CustomerExperience = Type.Object({
  customers_served: Type.Number({ description: 'average over the period' }),
  /** the first day they are known of: earlier days count with the figure of that day */
  served_known_since: Type.String(),
  /** customers with n or more sustained interruptions; the meters' own record, so declared history is not in it */
  cemi: Type.Array(Type.Object({ n: Type.Integer(), customers: Type.Integer(), share: Nullable(Type.Number()) })),
  /** customers without supply for t hours or more in all */
  celid: Type.Array(Type.Object({ hours: Type.Number(), customers: Type.Integer(), share: Nullable(Type.Number()) })),
  /** interruptions of the period no meter has a record of: declared history */
  without_meters: Type.Integer(),
});
export type CustomerExperience = Static<typeof CustomerExperience>;

export const Interruption = Type.Object({
  /** null: the line of all that the limit left out */
  id: Nullable(Type.String()),
  origin: Type.Enum(['outage', 'planned', 'history', 'rest']),
  day: Nullable(Type.String()),
  started_at: Nullable(Instant),
  ended_at: Nullable(Instant),
  is_open: Type.Boolean(),
  is_major: Type.Boolean(),
  planned: Type.Boolean(),
  feeder_id: Nullable(Type.String()),
  feeder_name: Nullable(Type.String()),
  area_id: Nullable(Type.String()),
  device: Nullable(Type.String()),
  cause: Nullable(Type.String()),
  interruptions: Type.Integer(),
  customers_interrupted: Type.Integer(),
  customer_minutes: Type.Number(),
  momentary_customers: Type.Integer(),
  /** the outage these customers are left over from: they are counted there, their minutes here */
  continues: Nullable(Type.String()),
});
export type Interruption = Static<typeof Interruption>;

export const InterruptionStep = Type.Object({
  step: Type.Integer(),
  from: Instant,
  to: Instant,
  lasts: Type.Boolean(),
  customers_out: Type.Integer(),
  /** of those, customers out for more than five minutes in all */
  sustained_customers: Type.Integer(),
  customer_minutes: Type.Number(),
});
export const InterruptionDetail = Type.Object({
  interruption: Interruption,
  steps: Type.Array(InterruptionStep),
  /** sum of the steps; equals the interruption's */
  steps_customer_minutes: Type.Number(),
  source: Nullable(Type.String({ description: 'file and line of declared history' })),
});
export type InterruptionDetail = Static<typeof InterruptionDetail>;

export type InterruptionStep = Static<typeof InterruptionStep>;

export const InterruptionMeter = Type.Object({
  /** null: customers the steps count and no meter has a record of */
  meter_id: Nullable(Type.String()),
  customers: Type.Integer(),
  declared_from: Instant,
  declared_to: Instant,
  customer_minutes: Type.Number(),
  measured_from: Nullable(Instant),
  measured_to: Nullable(Instant),
  measured_minutes: Nullable(Type.Number()),
});
export type InterruptionMeter = Static<typeof InterruptionMeter>;
export const InterruptionMeters = Type.Object({
  meters: Type.Array(InterruptionMeter),
  /** sum of all, also of those a limit leaves out of `meters`; equals the interruption's */
  customer_minutes: Type.Number(),
  measured_minutes: Type.Number(),
  left_out: Type.Integer(),
});
export type InterruptionMeters = Static<typeof InterruptionMeters>;

export const InterruptionEvent = Type.Object({
  event_id: Type.Integer(),
  at: Instant,
  type: Type.String(),
  source: Type.String(),
  received_at: Instant,
});
export type InterruptionEvent = Static<typeof InterruptionEvent>;

export const DeclaredMeasured = Type.Object({
  id: Type.String(),
  area_id: Nullable(Type.String()),
  feeder_name: Nullable(Type.String()),
  device: Nullable(Type.String()),
  started_at: Instant,
  is_open: Type.Boolean(),
  declared_customers: Type.Integer(),
  declared_minutes: Type.Number(),
  measured_customers: Type.Integer(),
  measured_minutes: Type.Number(),
  /** declared less measured */
  difference_minutes: Type.Number(),
});
export type DeclaredMeasured = Static<typeof DeclaredMeasured>;

export const oe417States = ['below', 'watching', 'due', 'filed', 'over'] as const;
/** the report due after 6 h, what was said in between, the one due after 72 h */
export const oe417Stages = ['first', 'update', 'final'] as const;
export type Oe417Stage = (typeof oe417Stages)[number];

/** What a person said: the newest of a stage holds. */
export const Oe417Filing = Type.Object({
  stage: Type.Enum([...oe417Stages]),
  reference: Type.String({ description: 'number the Department of Energy gave' }),
  filed_at: Instant,
  recorded_at: Instant,
  actor: Type.String(),
  withdrawn: Type.Boolean({ description: 'it was marked by mistake' }),
});
export type Oe417Filing = Static<typeof Oe417Filing>;
export const Oe417FilingRequest = Type.Object({
  event: { ...Instant, description: 'any moment of the event, such as its `from`' },
  stage: Type.Enum([...oe417Stages]),
  reference: Type.String({ minLength: 1, maxLength: 80, pattern: '\\S' }),
  filed_at: Type.Optional({ ...Instant, description: 'now where left out' }),
  withdrawn: Type.Optional(Type.Boolean({ description: 'takes back what was marked by mistake' })),
});
export type Oe417FilingRequest = Static<typeof Oe417FilingRequest>;

export const Oe417Event = Type.Object({
  from: Instant,
  /** null while it lasts */
  to: Nullable(Instant),
  /** when 50,000 customers had been out for an hour */
  met_at: Nullable(Instant),
  peak_customers: Type.Integer(),
  peak_at: Instant,
  /** of the first report: 6 h after `met_at`; of the final one: 72 h */
  first_due_at: Nullable(Instant),
  final_due_at: Nullable(Instant),
  /** null: not filed, as far as somebody said */
  first_filed_at: Nullable(Instant),
  final_filed_at: Nullable(Instant),
  /** in the order they were said */
  filings: Type.Array(Oe417Filing),
});
export type Oe417Event = Static<typeof Oe417Event>;
export const Oe417 = Type.Object({
  at: Instant,
  state: Type.Enum([...oe417States]),
  customers_out: Type.Integer(),
  threshold_customers: Type.Integer(),
  threshold_minutes: Type.Integer(),
  /** newest first, of the last 30 days */
  events: Type.Array(Oe417Event),
  /** of events that are none any more since their outages were corrected */
  filings_elsewhere: Type.Array(Oe417Filing),
});
export type Oe417 = Static<typeof Oe417>;
