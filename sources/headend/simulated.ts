/**
 * A head-end over a simulated field: it asks the field's truth, and is as slow, deaf and busy as a real one. Answers have
 * a log-normal latency; some are lost; some meters never communicate; a dark meter answers only where its module has a
 * reserve; requests beyond the bound wait for their turn, and the deadline does not wait for them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FluxError } from '#model/errors.ts';
import type { HeadEnd, PingAnswer } from '#model/headend.ts';

export interface SimulatedHeadEndOptions {
  isDark: (meter: number) => boolean;
  /** a number from 0 to 1 that is always the same for a meter: what it can not do today it can not do tomorrow */
  traitOf: (meter: number) => number;
  /** the next random number, 0 to 1 */
  random: () => number;
  now: () => number;
  medianLatencyMs: number;
  /** standard deviation of the latency's natural logarithm */
  latencySpread: number;
  /** share of answers that never arrive */
  lossShare: number;
  /** share of meters that do not communicate at all */
  muteShare: number;
  /** share of dark meters whose module has a reserve and says so */
  reserveShare: number;
  capPerRequest: number;
  /** requests that are worked on at the same time */
  concurrency: number;
}

export const simulatedDefaults = {
  medianLatencyMs: 1800,
  latencySpread: 0.7,
  lossShare: 0.03,
  muteShare: 0.02,
  reserveShare: 0.7,
  capPerRequest: 500,
  concurrency: 2,
};

/** Answers that come within this time are given out together. */
const gatherMs = 50;

export function simulatedHeadEnd(options: SimulatedHeadEndOptions): HeadEnd {
  let running = 0;
  const waiting: (() => void)[] = [];

  /** @returns false where the deadline came first */
  async function turn(untilMs: number, signal: AbortSignal): Promise<boolean> {
    if (running < options.concurrency) {
      running++;
      return true;
    }
    const given = Promise.withResolvers<boolean>();
    const mine = (): void => given.resolve(true);
    waiting.push(mine);
    const timer = setTimeout(() => given.resolve(false), Math.max(0, untilMs - options.now()));
    const onAbort = (): void => given.resolve(false);
    signal.addEventListener('abort', onAbort, { once: true });
    const mayGo = await given.promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    const at = waiting.indexOf(mine);
    if (at >= 0) waiting.splice(at, 1);
    return mayGo;
  }

  function release(): void {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }

  /** standard normal, by Box and Muller */
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - options.random())) * Math.cos(2 * Math.PI * options.random());

  return {
    name: 'simulated head-end',
    capPerRequest: options.capPerRequest,
    async *ping(meters, deadlineMs, signal) {
      if (meters.length > options.capPerRequest) {
        throw new FluxError(
          'headend_refused',
          `${meters.length} meters in one request; this head-end takes ${options.capPerRequest}`,
        );
      }
      if (!(await turn(deadlineMs, signal))) return;
      try {
        const startMs = options.now();
        const due = meters
          .filter((meter) => options.traitOf(meter) >= options.muteShare && options.random() >= options.lossShare)
          .map((meter) => ({
            meter,
            atMs: startMs + options.medianLatencyMs * Math.exp(options.latencySpread * normal()),
          }))
          .filter(({ atMs }) => atMs < deadlineMs)
          .sort((a, b) => a.atMs - b.atMs);
        for (let i = 0; i < due.length && !signal.aborted; ) {
          await sleep(Math.max(0, due[i].atMs - options.now()), undefined, { signal }).catch(() => undefined);
          const answers: PingAnswer[] = [];
          for (; i < due.length && due[i].atMs <= options.now() + gatherMs; i++) {
            const { meter } = due[i];
            const dark = options.isDark(meter);
            // the upper part of the trait: who has a reserve is not who is mute
            if (dark && 1 - options.traitOf(meter) > options.reserveShare) continue;
            answers.push({ meter, isLit: !dark, atMs: options.now() });
          }
          if (answers.length > 0 && !signal.aborted) yield answers;
        }
      } finally {
        release();
      }
    },
  };
}
