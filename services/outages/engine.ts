/**
 * The outage engine: events, switching, time and operators in; outages, steps and log out. Pure: no clock, no store. The
 * same calls in the same order give the same outages and ids, with a restart between any two of them or without.
 * Rules: SPEC.md.
 */

import type { OutageEvidence, OutageVerb } from '#model/api/outages.ts';
import { FluxError } from '#model/errors.ts';
import type { MeterEventColumns } from '#model/reading.ts';
import type { OutageIds } from './engine_book.ts';
import { EngineCore } from './engine_core.ts';
import { explainOutage } from './engine_evidence.ts';
import { meterBack, meterDark, meterUnknown, type TakeRules } from './engine_meters.ts';
import {
  type EngineResult,
  type EngineState,
  type EventCounts,
  noCounts,
  type OutageRecord,
} from './engine_records.ts';
import { type Return, restoreAll, takeReturns } from './engine_return.ts';
import type { GridView } from './grid_view.ts';
import { engineMayMove, isOut, mayBeAbsorbed, nextState } from './lifecycle.ts';
import { type OutageThresholds, settingsOf } from './thresholds.ts';

export interface DeviceEvent {
  /** edge row */
  edge: number;
  open: boolean;
  atMs: number;
}

export interface ActOptions {
  actor: string;
  reason?: string;
  crew?: string;
  cause?: string;
  /** meters that have power again, with `restore_part` */
  meters?: readonly number[];
}

export interface OutageEngine {
  /** Takes meter events in the order of arrival, then does what `tick` does. */
  apply(events: MeterEventColumns, nowMs: number): EngineResult;
  /** A device reported its state. The grid view must show it already. */
  applyDevice(event: DeviceEvent, nowMs: number): EngineResult;
  /** The grid was switched: everything is filed and predicted anew. `applyDevice` includes it. */
  topologyChanged(nowMs: number): EngineResult;
  /** Lets time pass: hold windows, probable, closing. */
  tick(nowMs: number): EngineResult;
  /** An operator places an outage at a device by hand: confirmed, takes in predictions below. */
  place(edge: number, options: ActOptions, nowMs: number): EngineResult;
  /** @throws FluxError `unknown_outage`, `invalid_transition` */
  act(outageId: string, verb: OutageVerb, options: ActOptions, nowMs: number): EngineResult;
  setThresholds(thresholds: OutageThresholds, nowMs: number): EngineResult;
  /** Copies of all outages the engine knows; without closed, rejected and merged ones where `active`. */
  outages(active?: boolean): OutageRecord[];
  /** Keys of all meters known dark, in no order. Costs the dark ones. */
  darkMeters(): Int32Array;
  /** Keys of the meters that are out by an outage now. @throws FluxError `unknown_outage` */
  membersOf(outageId: string): number[];
  /** Why the outage stands where it stands. @throws FluxError `unknown_outage` */
  evidence(outageId: string, ids: EvidenceIds): OutageEvidence;
  /** Everything to keep for `restoreEngine`. */
  state(): EngineState;
  /** all event counts since the start */
  counts(): EventCounts;
}

export interface EvidenceIds {
  edgeId(edge: number): string;
  meterId(meter: number): string;
}

/** A new engine that knows nothing yet, or goes on from `state`. */
export function createOutageEngine(
  grid: GridView,
  thresholds: OutageThresholds,
  ids: OutageIds,
  state?: EngineState,
): OutageEngine {
  const core = new EngineCore(grid, thresholds, ids);
  const deviceAtMs = new Map<number, number>();
  const total = noCounts();
  if (state) restoreState(core, deviceAtMs, state);

  const begin = (nowMs: number): void => {
    core.nowMs = Math.max(core.nowMs, nowMs);
  };
  const finish = (counts = noCounts()): EngineResult => {
    settle(core);
    for (const key of Object.keys(total) as (keyof EventCounts)[]) total[key] += counts[key];
    return { ...core.book.finish(core.nowMs), counts, meters: core.rows.take() };
  };
  const step = (nowMs: number, work: () => void): EngineResult => {
    begin(nowMs);
    work();
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
        if (event.atMs < (deviceAtMs.get(event.edge) ?? Number.NEGATIVE_INFINITY)) return;
        deviceAtMs.set(event.edge, event.atMs);
        const atMs = Math.min(event.atMs, core.nowMs);
        if (event.open) placeAt(core, event.edge, atMs, 'grid_event', 'device reports open');
        else closeAt(core, event.edge, atMs);
      }),
    topologyChanged: (nowMs) => step(nowMs, () => core.refile()),
    tick: (nowMs) => step(nowMs, () => {}),
    place: (edge, options, nowMs) =>
      step(nowMs, () => placeAt(core, edge, core.nowMs, 'operator', options.reason ?? null, options.actor)),
    act: (outageId, verb, options, nowMs) => {
      const slot = core.book.slotOf(outageId);
      nextState(core.book.outages[slot].state, verb);
      return step(nowMs, () => act(core, slot, verb, options));
    },
    setThresholds: (next, nowMs) =>
      step(nowMs, () => {
        core.thresholds = next;
        core.refile();
      }),
    outages: (active = false) => {
      const { book } = core;
      return (active ? [...book.active].map((slot) => book.outages[slot]) : book.outages).map((outage) =>
        structuredClone(outage),
      );
    },
    darkMeters: () => core.darkMeters(),
    membersOf: (outageId) => core.membersOf(core.book.slotOf(outageId)),
    evidence: (outageId, names) => explainOutage(core, core.book.slotOf(outageId), names),
    state: () => ({
      nowMs: core.nowMs,
      outages: core.book.outages.map((outage) => structuredClone(outage)),
      meters: core.rows.all(),
      devices: [...deviceAtMs].map(([edge, atMs]) => ({ edge, atMs })),
    }),
    counts: () => ({ ...total }),
  };
}

function takeEvents(core: EngineCore, events: MeterEventColumns, counts: EventCounts): void {
  const { meters, book } = core;
  const rules: TakeRules = {
    clockAheadMs: core.thresholds.clockAheadS * 1000,
    maxAgeMs: core.thresholds.maxAgeH * 3_600_000,
    holdMs: (meter) => core.holdMs(meter),
  };
  const returns = new Map<number, Return[]>();
  for (let i = 0; i < events.count; i++) {
    const meter = events.meterKey[i];
    const wasDark = meters.state[meter] === meterDark;
    const taken = meters.take(meter, events.type[i], events.eventTimeMs[i], core.nowMs, rules, counts);
    if (taken === 'nothing') continue;
    const slot = meters.outage[meter];
    const outage = slot < 0 ? undefined : book.outages[slot];
    if (taken === 'dark') {
      if (outage) {
        outage.dark++;
        book.note(slot, 'updated');
      }
    } else {
      const momentary = wasDark && meters.litMs[meter] - meters.darkMs[meter] <= core.holdMs(meter);
      if (momentary) counts.momentary++;
      meters.leftoverOf.delete(meter);
      // A ping inside a prediction is evidence against it; a restore, and any answer in a held outage, is a return.
      const contradicts = meters.state[meter] !== meterBack && outage !== undefined && engineMayMove(outage.state);
      if (outage && !contradicts) {
        const list = returns.get(slot) ?? [];
        returns.set(slot, list);
        list.push({ meter, wasDark, momentary });
      }
    }
    core.changed(meter);
  }
  for (const [slot, list] of returns) takeReturns(core, slot, list);
}

/** Brings everything up to the present: hold windows, predictions, ages. */
function settle(core: EngineCore): void {
  const { book, meters, nowMs } = core;
  for (const meter of core.pending) {
    if (meters.ripeMs[meter] > nowMs) continue;
    core.pending.delete(meter);
    core.dirty.add(core.topOfMeter(meter));
  }
  for (const top of [...core.dirty].sort((a, b) => a - b)) core.resolve(top);
  core.dirty.clear();
  for (const slot of core.inOrder(book.active)) {
    const outage = book.outages[slot];
    if (outage.state === 'predicted') {
      const { minutesToProbable } = settingsOf(core.thresholds, core.grid.areaOfEdge(outage.device));
      if (nowMs - outage.detectedMs < minutesToProbable * 60_000) continue;
      book.advance(slot, 'aged', nowMs, 'engine', `${minutesToProbable} minutes old`);
      core.file(slot);
    } else if (outage.state === 'restored' && nowMs - outage.stateSinceMs >= core.thresholds.minutesToClose * 60_000) {
      book.advance(slot, 'settled', nowMs, 'engine', 'stayed restored');
    }
  }
  core.dirty.clear();
}

/** One outage at a device that is known to be open, or that a person names. */
function placeAt(
  core: EngineCore,
  edge: number,
  atMs: number,
  source: 'grid_event' | 'operator',
  reason: string | null,
  actor = 'engine',
): void {
  const { book, meters, grid } = core;
  const event = source === 'operator' ? 'confirm' : 'device_open';
  const standing = core.inOrder(core.slotsAt(core.tree.topOf(edge))).find((slot) => {
    const outage = book.outages[slot];
    return outage.device === edge && outage.meter < 0 && !engineMayMove(outage.state);
  });
  if (standing !== undefined) {
    if (source === 'grid_event' || book.outages[standing].state === 'probable') {
      book.advance(standing, event, core.nowMs, actor, reason);
      core.file(standing);
    }
    return;
  }
  const below = grid.metersBelow(edge);
  if (below.length === 0) {
    if (source === 'grid_event') return;
    throw new FluxError(
      'nothing_below',
      'no customer loses supply with this device alone; place the outage at another one',
    );
  }
  const inside = new Set(below);
  const taken = new Set<number>();
  for (const meter of below) if (meters.outage[meter] >= 0) taken.add(meters.outage[meter]);
  const order = core.inOrder(taken);
  // Predictions that reach beyond this device stay, and are predicted anew without what is explained here.
  const absorbed = order.filter((slot) => {
    const outage = book.outages[slot];
    return mayBeAbsorbed(outage.state) && core.membersOf(slot).every((meter) => inside.has(meter));
  });
  for (const meter of below) {
    const at = meters.outage[meter];
    if (at < 0 || absorbed.includes(at) || !engineMayMove(book.outages[at].state)) continue;
    core.dirty.add(core.topOfOutage(book.outages[at]));
    core.setOutage(meter, -1);
  }
  const [oldest, ...others] = absorbed;
  const slot = oldest ?? book.open(edge, -1, source, atMs, core.nowMs);
  const outage = book.outages[slot];
  if (oldest === undefined) book.write(slot, 'opened', null, 'predicted', core.nowMs, actor, reason);
  else if (outage.device !== edge || outage.meter >= 0) book.note(slot, 'moved');
  for (const other of others) core.merge(other, slot);
  core.disband(slot);
  core.unfile(slot);
  outage.device = edge;
  outage.meter = -1;
  outage.source = source;
  core.fill(slot, below, atMs);
  book.advance(slot, event, core.nowMs, actor, reason);
  core.file(slot);
}

function closeAt(core: EngineCore, edge: number, atMs: number): void {
  const standing = core.inOrder(core.book.active).filter((slot) => {
    const outage = core.book.outages[slot];
    return outage.device === edge && outage.meter < 0 && outage.source === 'grid_event' && isOut(outage.state);
  });
  for (const slot of standing) restoreAll(core, slot, atMs, 'all_back', 'engine', 'device reports closed');
}

function act(core: EngineCore, slot: number, verb: OutageVerb, options: ActOptions): void {
  const { book, meters } = core;
  const outage = book.outages[slot];
  if (options.crew !== undefined) outage.crew = options.crew;
  if (options.cause !== undefined) outage.cause = options.cause;
  const reason = options.reason ?? null;
  if (verb === 'restore') {
    restoreAll(core, slot, core.nowMs, verb, options.actor, reason);
    return;
  }
  book.advance(slot, verb, core.nowMs, options.actor, reason);
  if (verb === 'restore_part') returnByHand(core, slot, options.meters ?? []);
  if (verb === 'reject') {
    // The messages are disbelieved: the same ones must not raise the same outage again.
    for (const meter of core.disband(slot)) {
      if (meters.state[meter] !== meterDark) continue;
      meters.state[meter] = meterUnknown;
      core.changed(meter);
    }
    core.endSteps(slot);
  }
  if (verb === 'reopen') {
    outage.restoredMs = null;
    outage.steps.push({ fromMs: core.nowMs, toMs: null, customersOut: 0, customerMinutes: 0 });
    const below = outage.meter >= 0 ? [outage.meter] : core.grid.metersBelow(outage.device);
    core.fill(slot, below, outage.startedMs);
    outage.customersRestored = Math.max(0, outage.customersRestored - outage.customersOut);
  }
  core.file(slot);
}

/** A person says these meters have power: they answer as if they had said so themselves. */
function returnByHand(core: EngineCore, slot: number, named: readonly number[]): void {
  const { meters } = core;
  const returns: Return[] = [];
  for (const meter of new Set(named)) {
    if (meters.outage[meter] !== slot) continue;
    returns.push({ meter, wasDark: meters.state[meter] === meterDark, momentary: false });
    meters.state[meter] = meterBack;
    meters.litMs[meter] = core.nowMs;
    core.changed(meter);
  }
  if (returns.length > 0) takeReturns(core, slot, returns);
}

function restoreState(core: EngineCore, deviceAtMs: Map<number, number>, state: EngineState): void {
  const { meters, book } = core;
  core.nowMs = state.nowMs;
  for (const outage of [...state.outages].sort((a, b) => a.number - b.number)) book.keep(structuredClone(outage));
  for (const row of state.meters) {
    meters.state[row.meter] = row.state;
    meters.darkMs[row.meter] = row.darkMs;
    meters.litMs[row.meter] = row.litMs;
    meters.ripeMs[row.meter] = row.ripeMs;
    if (row.leftoverOf !== null) meters.leftoverOf.set(row.meter, row.leftoverOf);
    if (row.outageId !== null) {
      const slot = book.slotOf(row.outageId);
      core.setOutage(row.meter, slot);
      const members = core.members.get(slot);
      if (members) members.add(row.meter);
      else core.members.set(slot, new Set([row.meter]));
    }
    core.changed(row.meter);
    if (row.ripeMs <= state.nowMs) core.pending.delete(row.meter);
  }
  for (const slot of book.active) core.file(slot);
  for (const { edge, atMs } of state.devices) deviceAtMs.set(edge, atMs);
  core.dirty.clear();
  // Hold windows that ran out while nothing ran: predicted at the next call.
  for (const row of state.meters) {
    const waits = row.state === meterDark && row.outageId === null && !core.pending.has(row.meter);
    if (waits) core.dirty.add(core.topOfMeter(row.meter));
  }
  core.rows.take();
}
