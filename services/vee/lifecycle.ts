/** The life of an exception as one complete table. The numbered invariants stand in SPEC.md. */
import { type ExceptionState, type ExceptionVerb, exceptionStates, exceptionVerbs } from '#model/api/vee.ts';
import { FluxError } from '#model/errors.ts';

/**
 * What a run finds out: `found` the rule breaks as before · `changed` it breaks with another value · `gone` it does not
 * break any more.
 */
export const runEvents = ['found', 'changed', 'gone'] as const;
export type RunEvent = (typeof runEvents)[number];
export type ExceptionEvent = RunEvent | ExceptionVerb;
export const exceptionEvents: readonly ExceptionEvent[] = [...runEvents, ...exceptionVerbs];

type Row = Record<ExceptionEvent, ExceptionState | 'invalid'>;

/** What a person may do with an exception nobody has decided yet. */
const undecided = {
  assign: 'assigned',
  accept: 'accepted',
  estimate: 'estimated',
  edit: 'edited',
  dismiss: 'dismissed',
  reopen: 'invalid',
  gone: 'resolved_by_data',
} as const;

/** A decision holds against every later run; only a person takes it back. */
const decided = {
  assign: 'invalid',
  accept: 'invalid',
  estimate: 'invalid',
  edit: 'invalid',
  dismiss: 'invalid',
  reopen: 'open',
} as const;

export const lifecycle: Record<ExceptionState, Row> = {
  open: { ...undecided, found: 'open', changed: 'open' },
  assigned: { ...undecided, found: 'assigned', changed: 'assigned' },
  // What was accepted or dismissed was this value; another one is another question.
  accepted: { ...decided, found: 'accepted', changed: 'open', gone: 'accepted' },
  dismissed: { ...decided, found: 'dismissed', changed: 'open', gone: 'dismissed' },
  edited: { ...decided, found: 'edited', changed: 'edited', gone: 'edited' },
  estimated: { ...decided, found: 'estimated', changed: 'estimated', gone: 'estimated' },
  resolved_by_data: { ...decided, reopen: 'invalid', found: 'open', changed: 'open', gone: 'resolved_by_data' },
};

/** The state after an event. @throws FluxError `invalid_transition`, naming what is allowed. */
export function nextState(state: ExceptionState, event: ExceptionEvent): ExceptionState {
  const next = lifecycle[state][event];
  if (next !== 'invalid') return next;
  const allowed = allowedVerbs(state);
  throw new FluxError(
    'invalid_transition',
    `an exception that is ${state} does not take "${event}"; ${
      allowed.length > 0 ? `possible now: ${allowed.join(', ')}` : 'the data decides over it'
    }`,
    { details: { state, event, allowed } },
  );
}

/** The verbs that a state takes, in the order of `exceptionVerbs`. */
export function allowedVerbs(state: ExceptionState): ExceptionVerb[] {
  return exceptionVerbs.filter((verb) => lifecycle[state][verb] !== 'invalid');
}

/** Still waiting for a decision. */
export function isOpen(state: ExceptionState): boolean {
  return lifecycle[state].accept !== 'invalid';
}

export const openStates: readonly ExceptionState[] = exceptionStates.filter(isOpen);
