/** The life of a switching order as one complete table. The numbered invariants stand in SPEC.md. */
import { type OrderState, type OrderVerb, orderVerbs } from '#model/api/switching.ts';
import { FluxError } from '#model/errors.ts';

/** `edit` its text is written · `step` a step was done in the field · `finish` that was the last one. */
export const orderEvents = ['edit', 'step', 'finish', ...orderVerbs] as const;
export type OrderEvent = (typeof orderEvents)[number];

type Row = Record<OrderEvent, OrderState | 'invalid'>;

const nothing = Object.fromEntries(orderEvents.map((event) => [event, 'invalid'])) as Row;

export const lifecycle: Record<OrderState, Row> = {
  draft: { ...nothing, edit: 'draft', check: 'checked', abort: 'aborted' },
  checked: { ...nothing, edit: 'draft', check: 'checked', approve: 'approved', revise: 'draft', abort: 'aborted' },
  approved: { ...nothing, start: 'executing', revise: 'draft', abort: 'aborted' },
  executing: { ...nothing, step: 'executing', finish: 'done', revise: 'draft', abort: 'aborted' },
  done: nothing,
  aborted: nothing,
};

/** @throws FluxError `invalid_transition` */
export function nextState(id: number, state: OrderState, event: OrderEvent): OrderState {
  const next = lifecycle[state][event];
  if (next !== 'invalid') return next;
  const allowed = allowedVerbs(state);
  throw new FluxError(
    'invalid_transition',
    `switching order ${id} is ${state}: "${event}" is not possible${allowed.length > 0 ? `; possible now: ${allowed.join(', ')}` : ', it is over'}`,
    { details: { state, event, allowed } },
  );
}

export function allowedVerbs(state: OrderState): OrderVerb[] {
  return orderVerbs.filter((verb) => lifecycle[state][verb] !== 'invalid');
}
