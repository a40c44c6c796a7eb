/** The life of a generator run as one complete table. The numbered rules stand in SPEC.md. */
import type { GeneratorState } from '#model/api/generator.ts';
import { FluxError } from '#model/errors.ts';

/**
 * `start` a process takes the run up, for the first time or after one that died · `pause`, `resume`, `cancel` a person ·
 * `finish` everything is delivered · `fail` it can not go on by itself.
 */
export const generatorEvents = ['start', 'pause', 'resume', 'cancel', 'finish', 'fail'] as const;
export type GeneratorEvent = (typeof generatorEvents)[number];

type Row = Record<GeneratorEvent, GeneratorState | 'invalid'>;

const nothing: Row = {
  start: 'invalid',
  pause: 'invalid',
  resume: 'invalid',
  cancel: 'invalid',
  finish: 'invalid',
  fail: 'invalid',
};

export const lifecycle: Record<GeneratorState, Row> = {
  queued: { ...nothing, start: 'running', pause: 'paused', cancel: 'cancelled', fail: 'failed' },
  running: {
    ...nothing,
    start: 'running',
    pause: 'paused',
    cancel: 'cancelled',
    finish: 'done',
    fail: 'failed',
  },
  paused: { ...nothing, resume: 'queued', cancel: 'cancelled' },
  failed: { ...nothing, resume: 'queued', cancel: 'cancelled' },
  done: nothing,
  cancelled: nothing,
};

/** @throws FluxError `invalid_transition` */
export function nextState(id: number, state: GeneratorState, event: GeneratorEvent): GeneratorState {
  const next = lifecycle[state][event];
  if (next !== 'invalid') return next;
  const takes = generatorEvents.filter((other) => lifecycle[state][other] !== 'invalid');
  throw new FluxError(
    'invalid_transition',
    `run ${id} is ${state}: it can not ${event}${takes.length > 0 ? `, only ${takes.join(' or ')}` : ''}`,
  );
}
