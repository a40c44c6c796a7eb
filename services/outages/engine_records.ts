/** What the outage engine keeps, and what it tells after each call. Times are UTC epoch milliseconds. */
import type { CallKind, OutageState } from '#model/api/outages.ts';

export interface OutageStepRow {
  fromMs: number;
  /** null while it lasts */
  toMs: number | null;
  customersOut: number;
  /** 0 while it lasts */
  customerMinutes: number;
}

export type OutageSource = 'last_gasp' | 'call' | 'grid_event' | 'operator';

export interface OutageRecord {
  id: string;
  /** position in the order of detection: of two merged outages the lower one survives */
  number: number;
  state: OutageState;
  /** edge row */
  device: number;
  /** meter key where it is a single service point, else -1 */
  meter: number;
  /** phase bits that are out, 0 where it is the whole device */
  phases: number;
  source: OutageSource;
  startedMs: number;
  detectedMs: number;
  restoredMs: number | null;
  stateSinceMs: number;
  updatedMs: number;
  customersOut: number;
  customersRestored: number;
  criticalOut: number;
  /** members known dark; members that came back by their own message; meters below that answered lit */
  dark: number;
  back: number;
  lit: number;
  /** of the dark members, those known by a customer's call alone */
  called: number;
  crew: string | null;
  cause: string | null;
  mergedInto: string | null;
  /** the restored outage whose leftover this is */
  nestedIn: string | null;
  /** the outage a person split this one off */
  splitFrom: string | null;
  /** rises by one with each call that changed it */
  revision: number;
  steps: OutageStepRow[];
}

export interface OutageLogRow {
  outageId: string;
  atMs: number;
  actor: string;
  /** an operator's verb or an engine event; 'opened' at the start */
  verb: string;
  fromState: OutageState | null;
  toState: OutageState;
  reason: string | null;
}

export type ChangeKind =
  | 'opened'
  | 'updated'
  | 'moved'
  | 'state'
  | 'merged'
  | 'step_closed'
  | 'restored'
  | 'completed'
  | 'closed'
  | 'rejected';

export interface OutageChange {
  /** everything that happened to it in this call, in order, each once */
  kinds: ChangeKind[];
  /** a copy, as it stands after the call */
  outage: OutageRecord;
}

/** Conservation: received = dark + lit + duplicate + late + tooOld + unknownMeter + other. */
export interface EventCounts {
  received: number;
  /** evidence taken */
  dark: number;
  lit: number;
  duplicate: number;
  /** older than what is known of the meter */
  late: number;
  tooOld: number;
  unknownMeter: number;
  /** types that say nothing about supply */
  other: number;
  /** of those taken: clock ahead, arrival time used */
  clockAhead: number;
  /** meters back within the hold window */
  momentary: number;
  /** of the dark ones, meters of a planned window that lasts */
  planned: number;
}

export function noCounts(): EventCounts {
  return {
    received: 0,
    dark: 0,
    lit: 0,
    duplicate: 0,
    late: 0,
    tooOld: 0,
    unknownMeter: 0,
    other: 0,
    clockAhead: 0,
    momentary: 0,
    planned: 0,
  };
}

/** What a customer said. Meters are keys of the network. */
export interface TroubleCall {
  meter: number;
  atMs: number;
  kind: CallKind;
}

/** Meters that are switched off on purpose from `fromMs` until `toMs`. */
export interface PlannedWindow {
  id: string;
  fromMs: number;
  toMs: number;
  meters: readonly number[];
}

/** One meter the engine knows something about: a row to keep. */
export interface MeterRow {
  meter: number;
  /** code: 0 unknown, 1 dark, 2 lit, 3 back, 4 dark by a customer's call alone */
  state: number;
  darkMs: number;
  litMs: number;
  /** when a dark meter starts to count */
  ripeMs: number;
  outageId: string | null;
  /** the restored outage it is left over from */
  leftoverOf: string | null;
}

/** What was measured in an area (row): gasps that arrived and that were lost, lit answers and those that were wrong. */
export interface AreaRates {
  area: number;
  heard: number;
  lost: number;
  lit: number;
  litWrong: number;
}

export interface EngineResult {
  changes: OutageChange[];
  log: OutageLogRow[];
  counts: EventCounts;
  /** rows to write; one of state 0 without an outage only guards against late messages and may go after `maxAgeH` */
  meters: MeterRow[];
  /** measured rates that changed: rows to write, by area */
  rates: AreaRates[];
}

/** Everything the engine needs to go on after a restart. */
export interface EngineState {
  nowMs: number;
  /** all that are not closed, rejected or merged, and those a meter is left over from; others may be left out */
  outages: OutageRecord[];
  meters: MeterRow[];
  /** newest known time of each device that reported, by edge row */
  devices: { edge: number; atMs: number }[];
  /** planned windows; left out: none, until `setPlanned` */
  planned?: PlannedWindow[];
  /** meters without communication; left out: none, until `setWithoutCommunication` */
  withoutCommunication?: number[];
  /** measured rates; left out: the configured ones hold */
  rates?: AreaRates[];
}
