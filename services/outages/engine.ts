/**
 * The outage engine: events, switching, time and operators in; outages, steps and log out. Pure: no clock, no store. The
 * same calls in the same order give the same outages and ids, with a restart between any two of them or without.
 * Rules: SPEC.md.
 */

import type { OutageEvidence, OutageVerb } from '#model/api/outages.ts';
import { type MeterEventColumns, meterEventCode } from '#model/reading.ts';
import { type ActOptions, act } from './engine_act.ts';
import { copyOutage, type OutageIds } from './engine_book.ts';
import { EngineCore } from './engine_core.ts';
import { type EvidenceIds, explainOutage } from './engine_evidence.ts';
import { meterBack, meterDark, meterLit, type TakeRules } from './engine_meters.ts';
import { decidingPings, metersBeside, type Ping } from './engine_pings.ts';
import { closeAt, passPlanned, placeAt } from './engine_place.ts';
import {
  type EngineResult,
  type EngineState,
  type EventCounts,
  noCounts,
  type OutageRecord,
  type PlannedWindow,
  type TroubleCall,
} from './engine_records.ts';
import { Resolver } from './engine_resolve.ts';
import { type Return, takeReturns } from './engine_return.ts';
import { recallOutage, restoreState } from './engine_state.ts';
import type { GridView } from './grid_view.ts';
import { engineMayMove, isOut, nextState } from './lifecycle.ts';
import type { OutageThresholds } from './thresholds.ts';

export interface DeviceEvent {
  /** edge row */
  edge: number;
  open: boolean;
  atMs: number;
}

export interface OutageEngine {
  /** Takes meter events in the order of arrival, then does what `tick` does. */
  apply(events: MeterEventColumns, nowMs: number): EngineResult;
  /** Takes customers' calls: a caller without power is dark at once. Counted like messages. */
  takeCalls(calls: readonly TroubleCall[], nowMs: number): EngineResult;
  /**
   * The windows of planned work that count from now on, all of them; a window ends early by a sooner `toMs`. Keep those
   * that are over until their meters have power: their darkness up to the end stays planned.
   */
  setPlanned(windows: readonly PlannedWindow[], nowMs: number): EngineResult;
  /** Meters that are not heard from for long, all of them: their silence counts neither for nor against. */
  setWithoutCommunication(meters: readonly number[], nowMs: number): EngineResult;
  /** A device reported its state. The grid view must show it already. */
  applyDevice(event: DeviceEvent, nowMs: number): EngineResult;
  /** The grid was switched: everything is filed and predicted anew. `applyDevice` includes it. */
  topologyChanged(nowMs: number): EngineResult;
  /** Lets time pass: hold windows, probable, closing. */
  tick(nowMs: number): EngineResult;
  /** An operator places an outage at a device by hand: confirmed, takes in predictions below. */
  place(edge: number, options: ActOptions, nowMs: number): EngineResult;
  /** @throws FluxError `unknown_outage`, `invalid_transition`, `bad_merge`, `bad_split`, `bad_move`, `bad_part`, `already_there`, `nothing_below` */
  act(outageId: string, verb: OutageVerb, options: ActOptions, nowMs: number): EngineResult;
  setThresholds(thresholds: OutageThresholds, nowMs: number): EngineResult;
  /** Looks the device tree up, a few milliseconds a step: what the first second of a storm need not do. */
  warm(): Generator<void>;
  knows(outageId: string): boolean;
  /** An outage that was over when the state was kept without it, as it was last given out: it can be acted on again. */
  recall(outage: OutageRecord): void;
  /** Copies of all outages the engine knows; without closed, rejected and merged ones where `active`. */
  outages(active?: boolean): OutageRecord[];
  /** Keys of all meters known dark, in no order. Costs the dark ones. */
  darkMeters(): Int32Array;
  /** Keys of the meters that are out by an outage now. @throws FluxError `unknown_outage` */
  membersOf(outageId: string): number[];
  /** Why the outage stands where it stands. @throws FluxError `unknown_outage` */
  evidence(outageId: string, ids: EvidenceIds): OutageEvidence;
  /** The silent meters whose answers would change the device, most customers first. @throws FluxError `unknown_outage` */
  decidingPings(outageId: string, limit: number): Ping[];
  /** Silent meters beside the outage, others in each round: does it reach further? @throws FluxError `unknown_outage` */
  metersBeside(outageId: string, round: number): number[];
  /** Everything to keep for `restoreEngine`. */
  state(): EngineState;
  /** all event counts since the start */
  counts(): EventCounts;
}

/** A new engine that knows nothing yet, or goes on from `state`. */
export function createOutageEngine(
  grid: GridView,
  thresholds: OutageThresholds,
  ids: OutageIds,
  state?: EngineState,
): OutageEngine {
  const core = new EngineCore(grid, thresholds, ids);
  const resolver = new Resolver(core);
  const total = noCounts();
  if (state) restoreState(core, state);

  const begin = (nowMs: number): void => {
    const beforeMs = core.nowMs;
    core.nowMs = Math.max(core.nowMs, nowMs);
    passPlanned(core, beforeMs);
  };
  const finish = (counts = noCounts()): EngineResult => {
    settle(core, resolver);
    for (const key of Object.keys(total) as (keyof EventCounts)[]) total[key] += counts[key];
    const rates = core.rates.take();
    for (const { area } of rates) core.settings.forget(area);
    return { ...core.book.finish(core.nowMs), counts, meters: core.rows.take(), rates };
  };
  const step = (nowMs: number, work: () => void): EngineResult => {
    begin(nowMs);
    work();
    return finish();
  };
  /** What a person asks for may be refused: then not even time has passed. */
  const attempt = (nowMs: number, work: () => void): EngineResult => {
    const beforeMs = core.nowMs;
    core.nowMs = Math.max(beforeMs, nowMs);
    try {
      work();
    } catch (error) {
      core.nowMs = beforeMs;
      throw error;
    }
    passPlanned(core, beforeMs);
    return finish();
  };

  return {
    apply(events, nowMs) {
      begin(nowMs);
      const counts = noCounts();
      takeEvents(core, events, counts);
      return finish(counts);
    },
    applyDevice: (event, nowMs) =>
      step(nowMs, () => {
        core.refile();
        if (event.atMs < (core.deviceAtMs.get(event.edge) ?? Number.NEGATIVE_INFINITY)) return;
        core.deviceAtMs.set(event.edge, event.atMs);
        const atMs = Math.min(event.atMs, core.nowMs);
        if (event.open) placeAt(core, event.edge, atMs, 'grid_event', 'device reports open');
        else closeAt(core, event.edge, atMs);
      }),
    takeCalls(calls, nowMs) {
      begin(nowMs);
      const counts = noCounts();
      takeCalls(core, calls, counts);
      return finish(counts);
    },
    setPlanned: (windows, nowMs) =>
      step(nowMs, () => {
        core.replan(core.planned.replace(windows));
      }),
    setWithoutCommunication: (meters, nowMs) =>
      step(nowMs, () => {
        for (const meter of core.setDeaf(meters)) core.dirty.add(core.topOfMeter(meter));
      }),
    topologyChanged: (nowMs) => step(nowMs, () => core.refile()),
    tick: (nowMs) => step(nowMs, () => {}),
    place: (edge, options, nowMs) =>
      attempt(nowMs, () => {
        const slot = placeAt(core, edge, core.nowMs, 'operator', options.reason ?? null, options.actor);
        if (slot !== undefined && options.cause !== undefined) core.book.outages[slot].cause = options.cause;
      }),
    act: (outageId, verb, options, nowMs) => {
      const slot = core.book.slotOf(outageId);
      nextState(core.book.outages[slot].state, verb);
      return attempt(nowMs, () => act(core, slot, verb, options));
    },
    setThresholds: (next, nowMs) =>
      step(nowMs, () => {
        core.setThresholds(next);
        core.reviewAll();
      }),
    knows: (outageId) => core.book.has(outageId),
    recall: (outage) => {
      if (!core.book.has(outage.id)) recallOutage(core, outage);
    },
    outages: (active = false) => {
      const { book } = core;
      return (active ? [...book.active].map((slot) => book.outages[slot]) : book.outages).map((outage) =>
        copyOutage(outage),
      );
    },
    darkMeters: () => core.islands.dark(),
    membersOf: (outageId) => [...core.membersOf(core.book.slotOf(outageId))],
    decidingPings: (outageId, limit) => decidingPings(core, core.book.slotOf(outageId), limit),
    metersBeside: (outageId, round) => metersBeside(core, core.book.slotOf(outageId), round),
    evidence: (outageId, names) => explainOutage(core, core.book.slotOf(outageId), names),
    warm: () => core.tree.warm(),
    state: () => ({
      nowMs: core.nowMs,
      outages: core.book.outages.map((outage) => copyOutage(outage)),
      meters: core.rows.all(),
      devices: [...core.deviceAtMs].map(([edge, atMs]) => ({ edge, atMs })),
      planned: core.planned.windows(),
      withoutCommunication: core.deafMeters(),
      rates: core.rates.all(),
    }),
    counts: () => ({ ...total }),
  };
}

function rulesOf(core: EngineCore): TakeRules {
  return {
    clockAheadMs: core.thresholds.clockAheadS * 1000,
    maxAgeMs: core.thresholds.maxAgeH * 3_600_000,
    holdMs: (meter) => core.holdMs(meter),
  };
}

function takeCalls(core: EngineCore, calls: readonly TroubleCall[], counts: EventCounts): void {
  const { meters, book } = core;
  const rules = rulesOf(core);
  for (const { meter, kind, atMs } of calls) {
    const phases = core.grid.meterPhases[meter] ?? 0;
    if (meters.takeCall(meter, kind, atMs, core.nowMs, rules, phases, counts) === 'nothing') continue;
    if (core.isPlanned(meter)) counts.planned++;
    const slot = meters.outage[meter];
    if (slot >= 0) {
      book.outages[slot].dark++;
      book.outages[slot].called++;
      book.note(slot, 'updated');
    }
    core.changed(meter);
  }
}

function takeEvents(core: EngineCore, events: MeterEventColumns, counts: EventCounts): void {
  const { meters, book } = core;
  const rules = rulesOf(core);
  const returns = new Map<number, Return[]>();
  for (let i = 0; i < events.count; i++) {
    const meter = events.meterKey[i];
    const before = meters.state[meter];
    const wasDark = before === meterDark;
    const wasCalled = wasDark && meters.called[meter] === 1;
    const taken = meters.take(meter, events.type[i], events.eventTimeMs[i], core.nowMs, rules, counts);
    if (taken === 'nothing') continue;
    const slot = meters.outage[meter];
    const outage = slot < 0 ? undefined : book.outages[slot];
    if (taken === 'dark' || taken === 'heard') {
      if (core.isPlanned(meter)) counts.planned++;
      if (outage) {
        if (taken === 'dark') outage.dark++;
        else outage.called--;
        book.note(slot, 'updated');
      }
    } else {
      if (events.type[i] === meterEventCode.ping_lit) core.rates.litAnswer(core.areaOfMeter(meter));
      else if (before === meterLit) core.rates.litWasWrong(core.areaOfMeter(meter));
      const momentary = wasDark && !wasCalled && meters.litMs[meter] - meters.darkMs[meter] <= core.holdMs(meter);
      if (momentary) counts.momentary++;
      meters.leftoverOf.delete(meter);
      // A ping inside a prediction is evidence against it; a restore, and any answer in a held outage, is a return.
      const contradicts = meters.state[meter] !== meterBack && outage !== undefined && engineMayMove(outage.state);
      if (outage && !contradicts) {
        const list = returns.get(slot) ?? [];
        returns.set(slot, list);
        list.push({ meter, wasDark, wasCalled, momentary });
      }
    }
    core.changed(meter);
  }
  for (const [slot, list] of returns) {
    const into = book.survivorOf(slot);
    const survivor = book.outages[into];
    if (into !== slot) {
      // What came over was counted as it is now, not as it was before these messages.
      survivor.dark += list.filter(({ wasDark }) => wasDark).length;
      survivor.called += list.filter(({ wasCalled }) => wasCalled).length;
    }
    if (isOut(survivor.state)) takeReturns(core, into, list);
  }
}

/** Brings everything up to the present: hold windows, predictions, ages. */
function settle(core: EngineCore, resolver: Resolver): void {
  core.ripen();
  const tops = new Set(core.dirty);
  for (const top of [...tops].sort((a, b) => a - b)) resolver.resolve(top);
  core.touched.forget(tops);
  core.dirty.clear();
  const { book, nowMs } = core;
  const due: number[] = [];
  for (const slot of book.active) if (dueMs(core, slot) <= nowMs) due.push(slot);
  for (const slot of core.inOrder(due)) {
    if (book.outages[slot].state === 'predicted') {
      const { minutesToProbable } = core.settings.of(core.grid.areaOfEdge(book.outages[slot].device));
      book.advance(slot, 'aged', nowMs, 'engine', `${minutesToProbable} minutes old`);
      core.file(slot);
    } else book.advance(slot, 'settled', nowMs, 'engine', 'stayed restored');
  }
  core.dirty.clear();
}

/** When time alone moves an outage on: a prediction becomes probable, one with power again is closed. */
function dueMs(core: EngineCore, slot: number): number {
  const outage = core.book.outages[slot];
  if (outage.state === 'predicted')
    return outage.detectedMs + core.settings.of(core.grid.areaOfEdge(outage.device)).minutesToProbable * 60_000;
  if (outage.state === 'restored' || outage.state === 'completed')
    return outage.stateSinceMs + core.thresholds.minutesToClose * 60_000;
  return Number.POSITIVE_INFINITY;
}
