import { type Static, Type } from 'typebox';
import { Instant, shortestReason } from '#model/api/common.ts';

/** Life cycle of an outage; the complete table is services/outages/lifecycle.ts. */
export const outageStates = [
  'predicted',
  'probable',
  'confirmed',
  'assigned',
  'en_route',
  'on_site',
  'partly_restored',
  'restored',
  'completed',
  'closed',
  'rejected',
  'merged',
] as const;
export type OutageState = (typeof outageStates)[number];
export const OutageState = Type.Enum([...outageStates]);

export const outageVerbs = [
  'confirm',
  'reject',
  'merge',
  'split',
  'move',
  'assign',
  'unassign',
  'depart',
  'arrive',
  'restore_part',
  'restore',
  'complete',
  'close',
  'reopen',
] as const;
export type OutageVerb = (typeof outageVerbs)[number];
export const OutageVerb = Type.Enum([...outageVerbs]);

/** Verbs that take something back, throw something away or move customers must say why. */
export const verbsWithReason: ReadonlySet<OutageVerb> = new Set<OutageVerb>([
  'reject',
  'merge',
  'split',
  'move',
  'unassign',
  'restore',
  'restore_part',
  'close',
  'reopen',
]);

export const moveDirections = ['up', 'down'] as const;
export type MoveDirection = (typeof moveDirections)[number];

/** What a caller says of the supply; wire_down is a hazard and says nothing of the caller's own supply. */
export const callKinds = ['no_power', 'partial_power', 'flicker', 'wire_down', 'other'] as const;
export type CallKind = (typeof callKinds)[number];
export const CallKind = Type.Enum([...callKinds]);

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);

export const Outage = Type.Object({
  id: Type.String(),
  state: OutageState,
  /** equipment id of the predicted or confirmed device */
  device_id: Type.String(),
  device_kind: Type.String(),
  /** row of the device in the map bundle of `network_version` */
  edge_row: Type.Integer(),
  /** the phases that are out, 'A' or 'BC'; null where it is the whole device */
  phases: Nullable(Type.String()),
  feeder_id: Type.String(),
  feeder_name: Type.String(),
  substation_id: Type.String(),
  substation_name: Type.String(),
  area_id: Type.String(),
  lon: Type.Number(),
  lat: Type.Number(),
  /** customers without supply now */
  customers_out: Type.Integer(),
  /** customers without supply at the worst moment */
  customers_affected: Type.Integer(),
  critical_out: Type.Integer(),
  /** meters below the device that reported dark / known lit / not heard */
  meters_dark: Type.Integer(),
  meters_lit: Type.Integer(),
  meters_silent: Type.Integer(),
  /** customers known to be out by their call alone */
  meters_called: Type.Integer(),
  started_at: Instant,
  detected_at: Instant,
  restored_at: Nullable(Instant),
  etr_p50: Nullable(Instant),
  etr_p90: Nullable(Instant),
  etr_source: Nullable(Type.String()),
  source: Type.String({ description: 'what raised it: last_gasp, call, grid_event, operator' }),
  crew: Nullable(Type.String()),
  cause: Nullable(Type.String()),
  /** outage this one was merged into */
  merged_into: Nullable(Type.String()),
  /** rises by one with each change of this outage */
  revision: Type.Integer(),
  updated_at: Instant,
});
export type Outage = Static<typeof Outage>;

export const OutageStep = Type.Object({
  step: Type.Integer(),
  from: Instant,
  to: Nullable(Instant),
  customers_out: Type.Integer(),
  customer_minutes: Type.Number(),
});
export const OutageLogEntry = Type.Object({
  at: Instant,
  actor: Type.String(),
  verb: Type.String(),
  from_state: Nullable(OutageState),
  to_state: OutageState,
  reason: Nullable(Type.String()),
  /** of the outage after it; null in entries of before revisions were kept */
  revision: Nullable(Type.Integer()),
});
/** What somebody else did meanwhile: in the details of the error `outage_changed`. */
export interface OutageChangeNote {
  at: string;
  actor: string;
  verb: string;
  to_state: string;
  reason: string | null;
}
export const OutageDetail = Type.Object({
  outage: Outage,
  steps: Type.Array(OutageStep),
  log: Type.Array(OutageLogEntry),
  actions: Type.Array(OutageVerb),
});
export interface OutageDetail {
  outage: Outage;
  steps: Static<typeof OutageStep>[];
  log: Static<typeof OutageLogEntry>[];
  /** verbs that are allowed in the present state */
  actions: OutageVerb[];
}

export const EvidenceMeter = Type.Object({ meter_id: Type.String(), state: Type.String(), at: Nullable(Instant) });
export const CandidateDevice = Type.Object({
  device_id: Type.String(),
  device_kind: Type.String(),
  customers: Type.Integer(),
  dark: Type.Integer(),
  /** of the dark ones, those known by a call alone */
  called: Type.Integer(),
  lit: Type.Integer(),
  silent: Type.Integer(),
  share_dark: Type.Number(),
  /** log-likelihood of one outage here, and of the best explanation by the devices below */
  score_here: Type.Number(),
  score_below: Type.Number(),
  chosen: Type.Boolean(),
  why: Type.String(),
});
/** Meters whose answer would change the device: the one that would then be chosen, null where none is left. */
export const DecidingPing = Type.Object({
  meter_ids: Type.Array(Type.String()),
  if_lit: Nullable(Type.String()),
  if_dark: Nullable(Type.String()),
  /** customers whose outage it decides */
  customers: Type.Integer(),
});
/** A meter that answers as if it hung elsewhere: for the change list of the network model. */
export const MappingSuspicion = Type.Object({
  meter_id: Type.String(),
  device_id: Type.String({ description: 'where the model has it' }),
  why: Type.String(),
});
export const OutageEvidence = Type.Object({
  outage_id: Type.String(),
  supporting: Type.Array(EvidenceMeter),
  contradicting: Type.Array(EvidenceMeter),
  silent_count: Type.Integer(),
  /** of the silent, those without communication: they speak neither for nor against */
  no_communication_count: Type.Integer(),
  /** share of lost gasps and of wrong lit answers that the scores stand on; measured in this area where there is enough */
  message_loss: Type.Number(),
  wrong_lit: Type.Number(),
  candidates: Type.Array(CandidateDevice),
  deciding_pings: Type.Array(DecidingPing),
  suspected_mapping: Type.Array(MappingSuspicion),
});
export type OutageEvidence = Static<typeof OutageEvidence>;

export const OutageAction = Type.Object({
  verb: OutageVerb,
  reason: Type.Optional(
    Type.String({
      maxLength: 500,
      description: `${[...verbsWithReason].join(', ')} need one of ${shortestReason} characters or more`,
    }),
  ),
  crew: Type.Optional(Type.String({ maxLength: 80 })),
  cause: Type.Optional(Type.String({ maxLength: 80 })),
  /** the revision it was decided on: refused with what changed where the outage has a newer log entry */
  revision: Type.Optional(Type.Integer({ minimum: 0 })),
  /** `merge`: the outage this one goes into */
  into: Type.Optional(Type.String({ maxLength: 64 })),
  /** `move`: one device up, or down to its branch with the most dark meters */
  direction: Type.Optional(Type.Enum([...moveDirections])),
  /** `move`, `split`: equipment id of the other device; `restore_part`: everything below it has power again */
  device_id: Type.Optional(Type.String({ maxLength: 128 })),
  /** `split`, `restore_part`: the meters concerned */
  meter_ids: Type.Optional(Type.Array(Type.String({ maxLength: 128 }), { maxItems: 100_000 })),
});
export type OutageAction = Static<typeof OutageAction>;

/** A question to meters and what they said. */
export const OutagePing = Type.Object({
  id: Type.Integer(),
  purpose: Type.Enum(['single_customer', 'verification', 'restoration', 'operator']),
  asked_by: Type.String(),
  asked_at: Instant,
  deadline_at: Instant,
  /** null while answers are awaited */
  ended_at: Nullable(Instant),
  /** why the head-end could not be asked */
  problem: Nullable(Type.String()),
  asked: Type.Integer(),
  lit: Type.Integer(),
  dark: Type.Integer(),
  none: Type.Integer(),
  /** the first 200, answered ones first */
  answers: Type.Array(
    Type.Object({
      meter_id: Type.String(),
      /** none: no answer until the deadline; null: awaited */
      answer: Nullable(Type.Enum(['lit', 'dark', 'none'])),
      answered_at: Nullable(Instant),
    }),
  ),
});
export type OutagePing = Static<typeof OutagePing>;

export const HeadEndState = Type.Object({
  name: Nullable(Type.String()),
  state: Type.Enum(['absent', 'unknown', 'answering', 'away']),
  since: Instant,
  problem: Nullable(Type.String()),
  /** meters asked, and answers, since the start of the center */
  asked: Type.Integer(),
  answered: Type.Integer(),
  last_answer_at: Nullable(Instant),
  median_latency_ms: Nullable(Type.Number()),
});
export type HeadEndState = Static<typeof HeadEndState>;
