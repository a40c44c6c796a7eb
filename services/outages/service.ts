/**
 * The outage capability: feeds the engine with durable events, keeps what it says in the operational store, and tells
 * the rest of the center. The engine is ahead of the store by one write at most; after a crash the events after the
 * stored mark are applied again, and give the same outages with the same ids.
 */
import type { Outage, OutageAction, OutageDetail, OutageEvidence } from '#model/api/outages.ts';
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import { oneAtATime } from '#model/one_at_a_time.ts';
import type { MeterEventColumns } from '#model/reading.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { refuseStale, refuseWithoutReason } from './actions.ts';
import { createOutageEngine, type OutageEngine } from './engine.ts';
import { countingIds } from './engine_book.ts';
import type { EngineResult, PlannedWindow } from './engine_records.ts';
import { evidenceOf } from './evidence.ts';
import type { GridView } from './grid_view.ts';
import type { HoldBack } from './hold_back.ts';
import { chainLogOfBefore } from './log_sql.ts';
import { rowIn, unknownOutage } from './named.ts';
import { isListed, makeOpenList } from './open_list.ts';
import { makeReplay } from './replay.ts';
import {
  areaRates,
  customersOutTimeline,
  deviceReports,
  engineMarks,
  eventColumns,
  findOutage,
  neededRecords,
  newestOutages,
  outageLog,
  supplyRows,
} from './sql.ts';
import type { OutageThresholds } from './thresholds.ts';
import { type OutageEtr, toDetail, toOutage } from './views.ts';
import { warmUp } from './warm_up.ts';
import { makeWriteLoop } from './write_loop.ts';

export interface OutageGrid {
  view: GridView;
  network: NetworkColumns;
  placeOf(edge: number): { lon: number; lat: number };
}

/** An outage that appeared, changed or left the list. */
export interface OutageNews {
  outage: Outage;
  isOpen: boolean;
  isNew: boolean;
  /** edge whose supply it takes away now, -1 where it is a single service point or over */
  device: number;
}

export interface OutageNeeds {
  pool: Pool;
  grid: () => OutageGrid;
  thresholds: OutageThresholds;
  /** the newest restoration time of an outage with customers out */
  etrOf: (id: string) => OutageEtr | null;
  /** newest known position of each device that was ever reported or operated */
  positions: () => Promise<{ edge: number; open: boolean; atMs: number }[]>;
  /** windows of planned work, those that ended within the last day included */
  planned: () => Promise<PlannedWindow[]>;
  /** meters that are not heard from for long */
  withoutCommunication: () => Promise<number[]>;
  /** told after the change is durable, in order */
  changed: (news: OutageNews[]) => void;
  report: (message: string, error: unknown) => void;
  /** what waits when too much comes at once; nothing does where left out */
  holdBack?: HoldBack;
  /** a simulated clock, UTC epoch ms: who drives it also calls `tick` */
  drivenMs?: () => number;
}

export interface OutageService {
  /** Rebuilds the engine from the store and applies what came after its mark. */
  start(): Promise<void>;
  /**
   * Durable meter events, in order of their ids; taken from here where nothing stands between them and what was applied.
   * @param previousEventId the newest event before them @param receivedMs when the door took them
   */
  apply(events: MeterEventColumns, previousEventId: number, lastEventId: number, receivedMs: number): void;
  /** Events may have been stored by another process: applies what the store has beyond the mark, each once. */
  catchUp(): void;
  /** windows of planned work as they stand now, those that ended within the last day included */
  setPlanned(windows: PlannedWindow[]): void;
  setWithoutCommunication(meters: number[]): void;
  /** silent meters whose answers would change the device, the most telling first. @throws FluxError `unknown_outage` */
  decidingMeters(id: string): Promise<number[]>;
  /** silent meters beside an outage, others in each round. @throws FluxError `unknown_outage` */
  metersBeside(id: string, round: number): number[];
  /** meters that are out by an outage now: none by one that was over before the start */
  membersOf(id: string): number[];
  /** a device was switched by an operator or reported by telemetry */
  deviceMoved(edge: number, open: boolean, atMs: number): void;
  /** other restoration times of these outages are durable: those listed are told again */
  etrChanged(ids: readonly string[]): void;
  /** the network has more rows now: the engine begins again on it, from the store */
  gridReplaced(): Promise<void>;
  open(): Outage[];
  /** @param areas areas of responsibility, null = all */
  list(onlyOpen: boolean, limit: number, areas: readonly string[] | null): Promise<Outage[]>;
  detail(id: string): Promise<OutageDetail>;
  evidence(id: string): Promise<OutageEvidence>;
  /**
   * What a person does with an outage.
   * @throws FluxError `unknown_outage`, `invalid_transition`, `bad_request` where it must say why, `outage_changed` where `revision` is of an older state
   */
  act(id: string, action: OutageAction, actor: string): Promise<OutageDetail>;
  /**
   * An operator places an outage at a device: confirmed, takes in the predictions below.
   * @throws FluxError `unknown_asset`, `nothing_below`, `already_there`
   */
  place(deviceId: string, facts: { reason: string; cause?: string }, actor: string): Promise<OutageDetail>;
  areaOf(id: string): Promise<string | null>;
  timeline(
    fromS: number,
    toS: number,
    points: number,
  ): Promise<{ time_s: number[]; customers_out: number[]; outages_open: number[] }>;
  customersOut(
    feeders: number[] | undefined,
    fromS: number,
    toS: number,
    bucketS: number,
  ): Promise<Map<number, number>>;
  totals(): { customersOut: number; outagesOpen: number; criticalOut: number };
  /** meters known to be without supply */
  darkMeters(): Int32Array;
  /** other thresholds, or areas in another mode: everything is predicted anew by them */
  setThresholds(thresholds: OutageThresholds): void;
  /** Lets time pass: by itself where the clock is the real one. */
  tick(): void;
  /** resolves when everything stored so far is applied and durable; @throws what the store throws */
  caughtUp(): Promise<void>;
  /** resolves when everything applied so far is durable */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const tickMs = 250;

export function makeOutageService(needs: OutageNeeds): OutageService {
  const { pool } = needs;
  const nowMs = needs.drivenMs ?? Date.now;
  const { holdBack } = needs;
  /** newest event taken in; the mark stays behind it while some wait */
  let seenEventId = 0;
  let thresholds = needs.thresholds;
  let engine: OutageEngine | undefined;
  const marks = { appliedEventId: 0, appliedCallNo: 0, nextOutageNo: 1 };
  let ticker: NodeJS.Timeout | undefined;
  /** what people do, and the network that is replaced between two of them */
  const afterOthers = oneAtATime();
  const listed = makeOpenList(needs);

  function now(): OutageEngine {
    if (!engine) throw new FluxError('not_ready', 'outages are still being rebuilt from the store', { canRetry: true });
    return engine;
  }

  const loop = makeWriteLoop({
    pool,
    marks: () => ({ ...marks }),
    feederOf: (edge) => needs.grid().network.edge.feeder[edge],
    isListed,
    published: listed.publish,
    report: needs.report,
  });
  const take = (result: EngineResult, receivedMs?: number): void => loop.take(result, receivedMs);
  const replay = makeReplay({
    pool,
    appliedEventId: () => seenEventId,
    appliedCallNo: () => marks.appliedCallNo,
    events: (rows) => {
      const last = rows[rows.length - 1];
      // what waits is older, and goes first
      releaseAll();
      seen(last.event_id);
      take(now().apply(eventColumns(rows), nowMs()), last.received_ms);
    },
    calls: (rows) => {
      const last = rows[rows.length - 1];
      marks.appliedCallNo = last.placed_no;
      const calls = rows.map((row) => ({ meter: row.meter_key, atMs: row.called_ms, kind: row.kind }));
      take(now().takeCalls(calls, nowMs()), last.received_ms);
    },
    report: needs.report,
  });

  function seen(eventId: number): void {
    seenEventId = eventId;
    marks.appliedEventId = holdBack?.evaluatedTo(eventId) ?? eventId;
  }
  function evaluateWaiting(events: MeterEventColumns | null | undefined): void {
    if (!events) return;
    seen(seenEventId);
    take(now().apply(events, nowMs()));
  }
  const releaseAll = (): void => evaluateWaiting(holdBack?.releaseAll());

  async function detail(id: string): Promise<OutageDetail> {
    const [row, log] = await Promise.all([findOutage(pool, id), outageLog(pool, id)]);
    if (!row) throw unknownOutage(id);
    return toDetail(needs.grid(), row.record, log, needs.etrOf);
  }

  /** One that was over before the start is only in the store. @throws FluxError `unknown_outage` */
  async function recall(id: string): Promise<void> {
    if (now().knows(id)) return;
    const row = await findOutage(pool, id);
    if (!row) throw unknownOutage(id);
    now().recall(row.record);
  }

  /** One after the other: between the look at the log and the action nobody else acts. */
  async function actOn(id: string, { verb, revision, ...facts }: OutageAction, actor: string): Promise<OutageDetail> {
    await recall(id);
    if (facts.into !== undefined) await recall(facts.into);
    for (let logged = -1; logged !== loop.logged(id); ) {
      await loop.settled();
      logged = loop.logged(id);
      const before = await detail(id);
      if (revision !== undefined) refuseStale(id, revision, before);
    }
    const { device_id, meter_ids, ...rest } = facts;
    const { network, view } = needs.grid();
    const edge = device_id === undefined ? undefined : rowIn(network.edge.id, device_id, 'unknown_asset', 'device');
    const below = verb === 'restore_part' && edge !== undefined ? [...view.metersBelow(edge)] : undefined;
    const meters = meter_ids?.map((meter) => rowIn(network.meter.id, meter, 'unknown_meter', 'meter')) ?? below;
    const named = { edge, meters };
    take(now().act(id, verb, { ...rest, ...named, actor }, nowMs()));
    await loop.settled();
    return detail(id);
  }

  const service: OutageService = {
    start: async () => {
      await chainLogOfBefore(pool).catch((error: unknown) => needs.report('the outage log is not whole', error));
      const [records, meters, devices, rates, stored] = await Promise.all([
        neededRecords(pool),
        supplyRows(pool),
        deviceReports(pool),
        areaRates(pool),
        engineMarks(pool),
      ]);
      marks.nextOutageNo = stored.next_outage_no;
      seen(stored.applied_event_id);
      marks.appliedCallNo = stored.applied_call_no;
      const counting = countingIds(marks.nextOutageNo);
      const ids = {
        next: () => {
          const given = counting.next();
          marks.nextOutageNo = given.number + 1;
          return given;
        },
      };
      engine = createOutageEngine(needs.grid().view, thresholds, ids, {
        nowMs: nowMs(),
        outages: records,
        meters,
        devices,
        rates,
        withoutCommunication: await needs.withoutCommunication(),
        planned: await needs.planned(),
      });
      listed.publish(records.filter(isListed).map((outage) => ({ kinds: [], outage })));
      // What was operated in the moment before a crash: the grid has it, the engine may not.
      const reportedMs = new Map(devices.map(({ edge, atMs }) => [edge, atMs]));
      for (const { edge, open, atMs } of await needs.positions())
        if (atMs > (reportedMs.get(edge) ?? 0)) service.deviceMoved(edge, open, atMs);
      await replay.catchUp();
      await loop.settled();
      clearInterval(ticker);
      if (!needs.drivenMs) ticker = setInterval(service.tick, tickMs);
      const started = engine;
      void warmUp(started, () => engine === started);
    },
    apply: (events, previousEventId, lastEventId, receivedMs) => {
      // a start takes it from the store
      if (!engine) return;
      if (replay.isRunning() || previousEventId !== seenEventId) return replay.wake();
      const atOnce = holdBack?.take(events, previousEventId, receivedMs) ?? events;
      seen(lastEventId);
      take(now().apply(atOnce, receivedMs), receivedMs);
    },
    catchUp: () => {
      if (engine) replay.wake();
    },
    deviceMoved: (edge, open, atMs) => {
      // a start asks for all positions once the engine is there
      if (!engine) return;
      loop.deviceReported(edge, atMs);
      take(now().applyDevice({ edge, open, atMs }, nowMs()), atMs);
    },
    // a start asks for both
    setPlanned: (windows) => {
      if (engine) take(engine.setPlanned(windows, nowMs()));
    },
    membersOf: (id) => (now().knows(id) ? now().membersOf(id) : []),
    etrChanged: listed.etrChanged,
    setWithoutCommunication: (meters) => {
      if (engine) take(engine.setWithoutCommunication(meters, nowMs()));
    },
    decidingMeters: async (id) => {
      await recall(id);
      return now()
        .decidingPings(id, 50)
        .flatMap((ping) => ping.meters);
    },
    metersBeside: (id, round) => now().metersBeside(id, round),
    gridReplaced: () =>
      // between two actions: one on the engine that goes would be lost for the one that comes
      afterOthers(async () => {
        clearInterval(ticker);
        await replay.catchUp();
        releaseAll();
        await loop.settled();
        engine = undefined;
        await service.start();
      }),
    open: listed.all,
    list: async (onlyOpen, limit, areas) => {
      if (onlyOpen) {
        const open = listed.all();
        return (areas ? open.filter(({ area_id }) => areas.includes(area_id)) : open).slice(0, limit);
      }
      return (await newestOutages(pool, limit, areas)).map((row) => toOutage(needs.grid(), row.record, needs.etrOf));
    },
    detail,
    evidence: async (id) => {
      await recall(id);
      return evidenceOf(needs.grid(), now(), id);
    },
    act: async (id, action, actor) => {
      refuseWithoutReason(id, action);
      return afterOthers(() => actOn(id, action, actor));
    },
    place: (deviceId, facts, actor) =>
      afterOthers(async () => {
        const edge = rowIn(needs.grid().network.edge.id, deviceId, 'unknown_asset', 'device');
        const result = now().place(edge, { ...facts, actor }, nowMs());
        take(result);
        await loop.settled();
        const placed = result.changes.find(({ outage }) => outage.device === edge && outage.meter < 0);
        if (!placed) throw new FluxError('already_there', `an outage stands at ${deviceId} already`);
        return detail(placed.outage.id);
      }),
    areaOf: async (id) => {
      const known = listed.get(id);
      if (known) return known.area_id;
      const row = await findOutage(pool, id);
      return row ? toOutage(needs.grid(), row.record, needs.etrOf).area_id : null;
    },
    timeline: async (fromS, toS, points) => {
      const bucketS = Math.max(60, Math.ceil((toS - fromS) / points));
      const rows = await customersOutTimeline(pool, fromS, toS, bucketS, null);
      return {
        time_s: rows.map((r) => r.start_s),
        customers_out: rows.map((r) => r.customers_out),
        outages_open: rows.map((r) => r.outages_open),
      };
    },
    customersOut: async (feeders, fromS, toS, bucketS) => {
      const rows = await customersOutTimeline(pool, fromS, toS, bucketS, feeders ?? null);
      return new Map(rows.map((row) => [row.start_s, row.customers_out]));
    },
    totals: listed.totals,
    darkMeters: () => Int32Array.from(now().darkMeters()),
    setThresholds: (next) => {
      thresholds = next;
      if (engine) take(engine.setThresholds(next, nowMs()));
    },
    tick: () => {
      evaluateWaiting(holdBack?.release(nowMs()));
      take(now().tick(nowMs()));
    },
    caughtUp: async () => {
      await replay.catchUp();
      await loop.settled();
    },
    settled: async () => {
      await replay.idle();
      await loop.settled();
    },
    stop: async () => {
      clearInterval(ticker);
      releaseAll();
      await loop.settled();
    },
  };
  return service;
}
