/** Switching orders: steps, what each would do, and who did it, as the API shows them. */
import { type Static, Type } from 'typebox';
import { Instant } from '#model/api/common.ts';

/** The complete table is services/switching/lifecycle.ts. */
export const orderStates = ['draft', 'checked', 'approved', 'executing', 'done', 'aborted'] as const;
export type OrderState = (typeof orderStates)[number];

export const orderVerbs = ['check', 'approve', 'start', 'revise', 'abort'] as const;
export type OrderVerb = (typeof orderVerbs)[number];

export const stepOperations = ['open', 'close', 'tag', 'untag', 'ground', 'unground'] as const;
export type StepOperation = (typeof stepOperations)[number];

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);

export const PlannedStep = Type.Object({
  device_id: Type.String({ minLength: 1, maxLength: 128 }),
  operation: Type.Enum([...stepOperations]),
  note: Type.Optional(Nullable(Type.String({ maxLength: 300 }))),
});
export type PlannedStep = Static<typeof PlannedStep>;

export const Overload = Type.Object({
  device_id: Type.String(),
  kind: Type.String(),
  load: Type.Number(),
  rated: Type.Number(),
  unit: Type.Enum(['A', 'kVA']),
  percent: Type.Number(),
});
export type Overload = Static<typeof Overload>;

export const MadeLoop = Type.Object({
  kind: Type.Enum(['loop', 'parallel']),
  edges: Type.Integer(),
  /** normally open devices that are closed in it: open one to undo it */
  closed_ties: Type.Array(Type.String()),
});
export type MadeLoop = Static<typeof MadeLoop>;

/** What a step does, seen before it is done. */
export const LookAhead = Type.Object({
  customers_dropped: Type.Integer(),
  customers_picked_up: Type.Integer(),
  critical_dropped: Type.Integer(),
  /** meter ids, at most ten */
  critical_meters: Type.Array(Type.String()),
  kw_dropped: Type.Number(),
  kw_picked_up: Type.Number(),
  loops: Type.Array(MadeLoop),
  /** over their rating after the step, and not already as much before it; largest first, at most twenty */
  overloads: Type.Array(Overload),
  /** why loads could not be told, e.g. the part is in a loop */
  load_unknown: Nullable(Type.String()),
  /** the step can not be done: why */
  blocked: Nullable(Type.String()),
});
export type LookAhead = Static<typeof LookAhead>;

export const StudyResult = Type.Object({
  steps: Type.Array(Type.Object({ ...PlannedStep.properties, look_ahead: LookAhead })),
  /** share of the meters whose load is a reading; the others count with their peak demand */
  measured_share: Type.Number(),
  load_at: Instant,
  customers_out_before: Type.Integer(),
  customers_out_after: Type.Integer(),
});
export type StudyResult = Static<typeof StudyResult>;

export const SwitchingStep = Type.Object({
  step: Type.Integer(),
  device_id: Type.String(),
  operation: Type.Enum([...stepOperations]),
  note: Nullable(Type.String()),
  /** what was foreseen when the order was checked; null in a draft */
  foreseen: Nullable(LookAhead),
  done_by: Nullable(Type.String()),
  done_at: Nullable(Instant),
  stopped: Nullable(Type.String({ description: 'why it was stopped when it was last tried' })),
});
export type SwitchingStep = Static<typeof SwitchingStep>;

export const SwitchingOrder = Type.Object({
  id: Type.Integer(),
  title: Type.String(),
  state: Type.Enum([...orderStates]),
  area_id: Nullable(Type.String()),
  outage_id: Nullable(Type.String()),
  /** who made it, and who wrote at it since it was approved last; none of them may approve it */
  authors: Type.Array(Type.String()),
  approver: Nullable(Type.String()),
  steps: Type.Array(SwitchingStep),
  actions: Type.Array(Type.Enum([...orderVerbs])),
  may_edit: Type.Boolean(),
  revision: Type.Integer(),
  created_at: Instant,
  updated_at: Instant,
});
export type SwitchingOrder = Static<typeof SwitchingOrder>;

export const SwitchingLogEntry = Type.Object({
  at: Instant,
  actor: Type.String(),
  verb: Type.String(),
  from_state: Nullable(Type.Enum([...orderStates])),
  to_state: Type.Enum([...orderStates]),
  step: Nullable(Type.Integer()),
  reason: Nullable(Type.String()),
});
export const SwitchingOrderDetail = Type.Object({
  order: SwitchingOrder,
  log: Type.Array(SwitchingLogEntry),
});
export type SwitchingOrderDetail = Static<typeof SwitchingOrderDetail>;

export const OrderDraft = Type.Object({
  title: Type.String({ minLength: 3, maxLength: 160 }),
  outage: Type.Optional(Nullable(Type.String({ maxLength: 64 }))),
  steps: Type.Array(PlannedStep, { maxItems: 200 }),
});
export type OrderDraft = Static<typeof OrderDraft>;

export const OrderEdit = Type.Object({
  ...OrderDraft.properties,
  revision: Type.Integer({ minimum: 1 }),
});
export type OrderEdit = Static<typeof OrderEdit>;

export const OrderAction = Type.Object({
  verb: Type.Enum([...orderVerbs]),
  revision: Type.Integer({ minimum: 1 }),
  reason: Type.Optional(Type.String({ maxLength: 500 })),
});
export type OrderAction = Static<typeof OrderAction>;

export const SwitchingTag = Type.Object({
  device_id: Type.String(),
  kind: Type.Enum(['tag', 'ground']),
  order_id: Type.Integer(),
  placed_by: Type.String(),
  placed_at: Instant,
  area_id: Nullable(Type.String()),
});
export type SwitchingTag = Static<typeof SwitchingTag>;

/** A proposed order for a fault, and what it can not do. */
export const RestorationProposal = Type.Object({
  title: Type.String(),
  steps: Type.Array(PlannedStep),
  study: StudyResult,
  /** customers of the faulted section: they wait for the repair */
  customers_in_section: Type.Integer(),
  /** healthy parts that no order feeds, and why */
  not_fed: Type.Array(Type.Object({ customers: Type.Integer(), why: Type.String() })),
});
export type RestorationProposal = Static<typeof RestorationProposal>;
