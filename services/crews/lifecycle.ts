/** The life of a crew's working day as one complete table. The numbered invariants stand in SPEC.md. */
import { type CrewStatus, type CrewVerb, crewVerbs } from '#model/api/crews.ts';
import { FluxError } from '#model/errors.ts';

/**
 * What happens to a crew beside what is said of it (`crewVerbs`):
 * `shift_began`, `shift_ended` the roster · `assign` it takes a job at once · `queue` a job waits behind the one at hand
 * or behind a break · `drop` a waiting job is taken away.
 */
export const crewEvents = ['shift_began', 'shift_ended', 'assign', 'queue', 'drop', ...crewVerbs] as const;
export type CrewEvent = (typeof crewEvents)[number];

type Row = Record<CrewEvent, CrewStatus | 'invalid'>;

const nothing = Object.fromEntries(crewEvents.map((event) => [event, 'invalid'])) as Row;

/** What every crew with a job at hand has in common: its shift does not end under its hands. */
const busy = { release: 'available', out_of_service: 'unavailable' } as const;

export const lifecycle: Record<CrewStatus, Row> = {
  off_shift: { ...nothing, shift_began: 'available', sign_on: 'available', out_of_service: 'unavailable' },
  available: {
    ...nothing,
    shift_ended: 'off_shift',
    assign: 'assigned',
    sign_off: 'off_shift',
    start_break: 'on_break',
    out_of_service: 'unavailable',
  },
  assigned: { ...nothing, ...busy, queue: 'assigned', drop: 'assigned', depart: 'en_route', arrive: 'on_site' },
  en_route: { ...nothing, ...busy, queue: 'en_route', drop: 'en_route', arrive: 'on_site' },
  on_site: { ...nothing, ...busy, queue: 'on_site', drop: 'on_site', complete: 'available' },
  on_break: {
    ...nothing,
    shift_ended: 'off_shift',
    queue: 'on_break',
    drop: 'on_break',
    sign_off: 'off_shift',
    end_break: 'available',
    out_of_service: 'unavailable',
  },
  unavailable: { ...nothing, back_in_service: 'available', sign_off: 'off_shift' },
};

/** The status after an event. @throws FluxError `invalid_transition`, naming what is allowed */
export function nextStatus(crewId: string, status: CrewStatus, event: CrewEvent): CrewStatus {
  const next = lifecycle[status][event];
  if (next !== 'invalid') return next;
  const allowed = allowedVerbs(status);
  throw new FluxError(
    'invalid_transition',
    `crew ${crewId} is ${status.replaceAll('_', ' ')}: "${event.replaceAll('_', ' ')}" is not possible; possible now: ${allowed.join(', ')}`,
    { details: { status, event, allowed } },
  );
}

export function allowedVerbs(status: CrewStatus): CrewVerb[] {
  return crewVerbs.filter((verb) => lifecycle[status][verb] !== 'invalid');
}

/** True while the crew has a job at hand. */
export function hasJobAtHand(status: CrewStatus): boolean {
  return lifecycle[status].release !== 'invalid';
}

/** True where a job can be given, to be done at once or after the present one. */
export function canBeAssigned(status: CrewStatus): boolean {
  return lifecycle[status].assign !== 'invalid' || lifecycle[status].queue !== 'invalid';
}
