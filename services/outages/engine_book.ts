/** The outages of the engine, their steps, and what changed in the running call. */

import type { OutageState } from '#model/api/outages.ts';
import { FluxError } from '#model/errors.ts';
import type {
  ChangeKind,
  OutageChange,
  OutageLogRow,
  OutageRecord,
  OutageSource,
  OutageStepRow,
} from './engine_records.ts';
import { addTo, measure, runStart, stepAt } from './engine_steps.ts';
import { isOpen, nextState, type OutageEvent } from './lifecycle.ts';

/** Gives each outage its id and its number in the order of detection. Both must never be given twice. */
export interface OutageIds {
  next(): { id: string; number: number };
}

/** OUT-0000001, OUT-0000002, ... from a number that is kept elsewhere. */
export function countingIds(firstNumber: number): OutageIds {
  let number = firstNumber;
  return { next: () => ({ id: `OUT-${String(number).padStart(7, '0')}`, number: number++ }) };
}

/** customers, and since when they count */
export interface Joined {
  fromMs: number;
  customers: number;
}

export class OutageBook {
  readonly ids: OutageIds;
  readonly outages: OutageRecord[] = [];
  /** slots of outages that are not closed, rejected or merged */
  readonly active = new Set<number>();
  readonly #slots = new Map<string, number>();
  readonly #changed = new Map<number, Set<ChangeKind>>();
  /** what was last given out of each outage */
  readonly #told: OutageRecord[] = [];
  #log: OutageLogRow[] = [];

  constructor(ids: OutageIds) {
    this.ids = ids;
  }

  /** @throws FluxError `unknown_outage` */
  slotOf(id: string): number {
    const slot = this.#slots.get(id);
    if (slot === undefined)
      throw new FluxError('unknown_outage', `there is no outage ${id}; it may have been closed and archived`);
    return slot;
  }

  /** The outage that goes on for this one: itself, or what it was merged into. */
  survivorOf(slot: number): number {
    let at = slot;
    for (let id = this.outages[at].mergedInto; id !== null; id = this.outages[at].mergedInto) at = this.slotOf(id);
    return at;
  }

  has(id: string): boolean {
    return this.#slots.has(id);
  }

  keep(outage: OutageRecord): number {
    const slot = this.outages.push(outage) - 1;
    this.#slots.set(outage.id, slot);
    if (isOpen(outage.state)) this.active.add(slot);
    return slot;
  }

  open(device: number, meter: number, source: OutageSource, startedMs: number, nowMs: number): number {
    const slot = this.keep({
      ...this.ids.next(),
      state: 'predicted',
      device,
      meter,
      phases: 0,
      source,
      startedMs,
      detectedMs: nowMs,
      restoredMs: null,
      stateSinceMs: nowMs,
      updatedMs: nowMs,
      customersOut: 0,
      customersRestored: 0,
      criticalOut: 0,
      dark: 0,
      back: 0,
      lit: 0,
      called: 0,
      crew: null,
      cause: null,
      mergedInto: null,
      nestedIn: null,
      splitFrom: null,
      revision: 0,
      steps: [{ fromMs: startedMs, toMs: null, customersOut: 0, customerMinutes: 0 }],
    });
    this.note(slot, 'opened');
    return slot;
  }

  /** Marks an outage as changed in this call. */
  note(slot: number, kind: ChangeKind): void {
    const kinds = this.#changed.get(slot) ?? new Set();
    this.#changed.set(slot, kinds.add(kind));
  }

  /** One event through the life cycle, with its log entry. @throws FluxError `invalid_transition` */
  advance(slot: number, event: OutageEvent, nowMs: number, actor = 'engine', reason: string | null = null): void {
    const outage = this.outages[slot];
    const toState = nextState(outage.state, event);
    this.write(slot, event, outage.state, toState, nowMs, actor, reason);
    if (toState !== outage.state) {
      outage.state = toState;
      outage.stateSinceMs = nowMs;
      this.note(slot, 'state');
      if (
        toState === 'restored' ||
        toState === 'completed' ||
        toState === 'closed' ||
        toState === 'rejected' ||
        toState === 'merged'
      ) {
        this.note(slot, toState);
      }
    }
    if (isOpen(toState)) this.active.add(slot);
    else this.active.delete(slot);
    this.note(slot, 'updated');
  }

  write(
    slot: number,
    verb: string,
    fromState: OutageState | null,
    toState: OutageState,
    atMs: number,
    actor: string,
    reason: string | null,
  ): void {
    this.#log.push({ outageId: this.outages[slot].id, atMs, actor, verb, fromState, toState, reason });
  }

  /** More or fewer customers than believed: the running step is corrected, none is closed. */
  setOut(slot: number, customersOut: number): void {
    const outage = this.outages[slot];
    const step = outage.steps.at(-1)!;
    if (outage.customersOut === customersOut && step.customersOut === customersOut) return;
    outage.customersOut = customersOut;
    if (step.toMs === null) step.customersOut = customersOut;
    this.note(slot, 'updated');
  }

  /** It began at another time than believed; all its customers count from then on. For one without closed steps. */
  startAt(slot: number, startedMs: number): void {
    const outage = this.outages[slot];
    outage.startedMs = startedMs;
    outage.steps[0].fromMs = startedMs;
    this.note(slot, 'updated');
  }

  /** Customers join: they count from `fromMs` on, or from where a step begins within `mergeMs` of that. */
  join(slot: number, customers: number, fromMs: number, mergeMs: number): void {
    this.#add(slot, [{ fromMs, toMs: null, customersOut: customers }], mergeMs);
    this.outages[slot].customersOut += customers;
  }

  /** An outage takes over all that another one has counted, step by step. */
  joinAll(slot: number, other: OutageRecord, mergeMs: number): void {
    const { steps } = this.outages[slot];
    const earlierMs = (steps[0]?.fromMs ?? 0) - (other.steps[0]?.fromMs ?? Number.POSITIVE_INFINITY);
    if (earlierMs > 0 && earlierMs <= mergeMs) {
      steps[0].fromMs -= earlierMs;
      measure(steps[0]);
    }
    this.#add(slot, other.steps, mergeMs);
    this.outages[slot].customersOut += other.customersOut;
  }

  #add(slot: number, spans: readonly Omit<OutageStepRow, 'customerMinutes'>[], mergeMs: number): void {
    const outage = this.outages[slot];
    const { steps } = outage;
    this.note(slot, 'updated');
    if (steps.at(-1)?.toMs !== null) return;
    for (const { fromMs, toMs, customersOut } of spans) {
      if (customersOut === 0) continue;
      // Nobody was out by it yet: it begins with the first.
      if (steps.length === 1 && steps[0].customersOut === 0 && Math.abs(fromMs - steps[0].fromMs) > mergeMs)
        outage.startedMs = steps[0].fromMs = fromMs;
      const first = stepAt(steps, fromMs, mergeMs);
      addTo(steps, customersOut, first, toMs === null ? steps.length : stepAt(steps, toMs, mergeMs));
    }
    outage.startedMs = Math.min(outage.startedMs, steps[0].fromMs);
  }

  /**
   * Customers go who were not out by this outage, or are another's now, with all that was counted of them: since the times
   * given; `silent` ones are those who joined last, since the last return. Answers from when on how many had counted here.
   */
  leave(slot: number, since: Float64Array, silent: number, mergeMs: number): Joined[] {
    const outage = this.outages[slot];
    const { steps } = outage;
    outage.customersOut -= since.length + silent;
    this.note(slot, 'updated');
    const joined: Joined[] = [];
    if (steps.at(-1)?.toMs !== null) return joined;
    const take = (customers: number, first: number): number => {
      const taken = Math.min(customers, ...steps.slice(first).map((step) => step.customersOut));
      if (taken === 0) return 0;
      addTo(steps, -taken, first);
      joined.push({ fromMs: steps[first].fromMs, customers: taken });
      return taken;
    };
    const run = runStart(steps);
    const stepOf = (atMs: number): number => steps.findLastIndex((step) => step.fromMs <= atMs + mergeMs);
    const byStep = Map.groupBy(since, (atMs) => Math.max(run, stepOf(atMs)));
    for (const [first, { length }] of byStep)
      for (let [i, left] = [first, length]; left > 0 && i < steps.length; i++) left -= take(left, i);
    let left = silent;
    for (let i = steps.length - 1; left > 0 && i >= run; i--) {
      const grown = steps[i].customersOut - (i > run ? steps[i - 1].customersOut : 0);
      left -= take(grown > 0 ? Math.min(left, grown) : left, i);
    }
    for (let i = steps.length - 1; i > run; i--) {
      if (steps[i - 1].customersOut !== steps[i].customersOut) continue;
      steps[i - 1].toMs = steps[i].toMs;
      measure(steps[i - 1]);
      steps.splice(i, 1);
    }
    return joined;
  }

  /**
   * Customers are back: the running step ends, the next begins with those who are still out. Within `mergeMs` of the
   * last step's end they count as back at that end, so that messages trickling in make one step, not hundreds.
   */
  closeStep(slot: number, customersBack: number, atMs: number, mergeMs: number): void {
    const outage = this.outages[slot];
    const running = outage.steps.at(-1)!;
    outage.customersOut -= customersBack;
    outage.customersRestored += customersBack;
    this.note(slot, 'updated');
    if (running.toMs !== null) return;
    const endMs = Math.max(atMs, running.fromMs);
    const isFirst = outage.steps.length === 1;
    if (!isFirst && endMs - running.fromMs <= mergeMs) {
      running.customersOut = outage.customersOut;
    } else {
      running.toMs = endMs;
      measure(running);
      outage.steps.push({ fromMs: endMs, toMs: null, customersOut: outage.customersOut, customerMinutes: 0 });
      this.note(slot, 'step_closed');
    }
    if (outage.customersOut === 0) outage.steps.pop();
  }

  /** What changed since the last call, and the log; both are emptied. */
  finish(nowMs: number): { changes: OutageChange[]; log: OutageLogRow[] } {
    const changes: OutageChange[] = [];
    for (const [slot, kinds] of this.#changed) {
      const outage = this.outages[slot];
      // A prediction that came out the same again is no change.
      const told = this.#told[slot];
      if (told && sameFacts(told, outage)) continue;
      outage.revision++;
      outage.updatedMs = nowMs;
      this.#told[slot] = copyOutage(outage);
      changes.push({ kinds: [...kinds], outage: copyOutage(outage) });
    }
    const log = this.#log;
    this.#changed.clear();
    this.#log = [];
    return { changes: changes.sort((a, b) => a.outage.number - b.outage.number), log };
  }
}

/** All fields of a record but its steps are plain values. */
export function copyOutage(outage: OutageRecord): OutageRecord {
  return { ...outage, steps: outage.steps.map((step) => ({ ...step })) };
}

/** Equal in all but the revision and its time. */
function sameFacts(one: OutageRecord, other: OutageRecord): boolean {
  for (const field of Object.keys(one) as (keyof OutageRecord)[]) {
    if (field === 'revision' || field === 'updatedMs' || field === 'steps') continue;
    if (one[field] !== other[field]) return false;
  }
  return (
    one.steps.length === other.steps.length &&
    one.steps.every((step, i) => {
      const same = other.steps[i];
      return (
        step.fromMs === same.fromMs &&
        step.toMs === same.toMs &&
        step.customersOut === same.customersOut &&
        step.customerMinutes === same.customerMinutes
      );
    })
  );
}
