/** The life of an outage as one complete table. The numbered invariants stand in SPEC.md. */

import { type OutageState, type OutageVerb, outageVerbs } from '#model/api/outages.ts';
import { FluxError } from '#model/errors.ts';

/**
 * What the engine finds out:
 * `moved` the prediction names another device or other meters · `aged` old enough to be probable · `device_open` the
 * device itself reports open · `absorbed` a device above explains it · `withdrawn` nothing speaks for it any more ·
 * `part_back`, `all_back` meters report power · `settled` restored or completed long enough to be closed.
 */
export const engineEvents = [
  'moved',
  'aged',
  'device_open',
  'absorbed',
  'withdrawn',
  'part_back',
  'all_back',
  'settled',
] as const;
export type EngineEvent = (typeof engineEvents)[number];
export type OutageEvent = EngineEvent | OutageVerb;
export const outageEvents: readonly OutageEvent[] = [...engineEvents, ...outageVerbs];

type Row = Record<OutageEvent, OutageState | 'invalid'>;

const nothing: Row = {
  moved: 'invalid',
  aged: 'invalid',
  device_open: 'invalid',
  absorbed: 'invalid',
  withdrawn: 'invalid',
  part_back: 'invalid',
  all_back: 'invalid',
  settled: 'invalid',
  confirm: 'invalid',
  reject: 'invalid',
  merge: 'invalid',
  split: 'invalid',
  move: 'invalid',
  assign: 'invalid',
  unassign: 'invalid',
  depart: 'invalid',
  arrive: 'invalid',
  restore_part: 'invalid',
  restore: 'invalid',
  complete: 'invalid',
  close: 'invalid',
  reopen: 'invalid',
};

/** What every outage with customers out has in common. */
const out = {
  part_back: 'partly_restored',
  all_back: 'restored',
  restore_part: 'partly_restored',
  restore: 'restored',
} as const;

export const lifecycle: Record<OutageState, Row> = {
  predicted: {
    ...nothing,
    ...out,
    moved: 'predicted',
    aged: 'probable',
    device_open: 'probable',
    absorbed: 'merged',
    withdrawn: 'rejected',
    confirm: 'confirmed',
    reject: 'rejected',
    merge: 'merged',
    split: 'predicted',
    move: 'confirmed',
    assign: 'assigned',
  },
  probable: {
    ...nothing,
    ...out,
    device_open: 'probable',
    absorbed: 'merged',
    confirm: 'confirmed',
    reject: 'rejected',
    merge: 'merged',
    split: 'probable',
    move: 'confirmed',
    assign: 'assigned',
  },
  confirmed: { ...nothing, ...out, ...held('confirmed'), reject: 'rejected', merge: 'merged', assign: 'assigned' },
  assigned: {
    ...nothing,
    ...out,
    ...held('assigned'),
    reject: 'rejected',
    merge: 'merged',
    assign: 'assigned',
    unassign: 'confirmed',
    depart: 'en_route',
    arrive: 'on_site',
  },
  en_route: {
    ...nothing,
    ...out,
    ...held('en_route'),
    reject: 'rejected',
    merge: 'merged',
    assign: 'assigned',
    unassign: 'confirmed',
    arrive: 'on_site',
  },
  on_site: {
    ...nothing,
    ...out,
    ...held('on_site'),
    reject: 'rejected',
    merge: 'merged',
    assign: 'assigned',
    unassign: 'confirmed',
  },
  partly_restored: {
    ...nothing,
    ...out,
    ...held('partly_restored'),
    assign: 'partly_restored',
    unassign: 'partly_restored',
    depart: 'partly_restored',
    arrive: 'partly_restored',
  },
  restored: { ...nothing, settled: 'closed', complete: 'completed', close: 'closed', reopen: 'confirmed' },
  completed: { ...nothing, settled: 'closed', close: 'closed', reopen: 'confirmed' },
  closed: { ...nothing, reopen: 'confirmed' },
  rejected: { ...nothing, reopen: 'confirmed' },
  merged: { ...nothing },
};

/** What leaves the state of a held outage as it is. */
function held<S extends OutageState>(state: S) {
  return { device_open: state, split: state, move: state };
}

/** The state after an event. @throws FluxError `invalid_transition`, naming what is allowed. */
export function nextState(state: OutageState, event: OutageEvent): OutageState {
  const next = lifecycle[state][event];
  if (next !== 'invalid') return next;
  const allowed = allowedVerbs(state);
  throw new FluxError(
    'invalid_transition',
    `an outage that is ${state} does not take "${event}"; ${
      allowed.length > 0 ? `possible now: ${allowed.join(', ')}` : 'nothing more can happen to it'
    }`,
    { details: { state, event, allowed } },
  );
}

/** The operator's verbs that a state takes, in the order of `outageVerbs`. */
export function allowedVerbs(state: OutageState): OutageVerb[] {
  return outageVerbs.filter((verb) => lifecycle[state][verb] !== 'invalid');
}

/** True while the engine may give the outage another device. */
export function engineMayMove(state: OutageState): boolean {
  return lifecycle[state].moved !== 'invalid';
}

/** True while an outage at a known device above takes this one in. */
export function mayBeAbsorbed(state: OutageState): boolean {
  return lifecycle[state].absorbed !== 'invalid';
}

/** True while customers are out. */
export function isOut(state: OutageState): boolean {
  return lifecycle[state].restore !== 'invalid';
}

/** True until it is closed, rejected or merged: out, or with power again and not yet put away. */
export function isOpen(state: OutageState): boolean {
  return isOut(state) || state === 'restored' || state === 'completed';
}
