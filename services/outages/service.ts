/**
 * The outage capability: feeds the engine with durable events, keeps what it says in the operational store, and tells
 * the rest of the center. The engine is ahead of the store by one write at most; after a crash the events after the
 * stored mark are applied again, and give the same outages with the same ids.
 */
import { channel } from 'node:diagnostics_channel';
import type { Outage, OutageDetail, OutageEvidence, OutageVerb } from '#model/api/outages.ts';
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { MeterEventColumns } from '#model/reading.ts';
import { inTransaction, type Pool } from '#stores/postgres/pool.ts';
import { createOutageEngine, type OutageEngine } from './engine.ts';
import { countingIds } from './engine_book.ts';
import type { EngineResult, MeterRow, OutageChange, OutageLogRow, OutageRecord } from './engine_records.ts';
import { type EtrOf, withEtr } from './etr.ts';
import { evidenceOf } from './evidence.ts';
import type { GridView } from './grid_view.ts';
import { allowedVerbs, isOut } from './lifecycle.ts';
import {
  customersOutTimeline,
  deviceReports,
  engineMarks,
  eventColumns,
  eventsAfter,
  findOutage,
  newestOutages,
  openRecords,
  outageLog,
  storeOutages,
  supplyRows,
} from './sql.ts';
import type { OutageThresholds } from './thresholds.ts';
import { toOutage } from './views.ts';

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
  etrOf: EtrOf;
  /** told after the change is durable, in order */
  changed: (news: OutageNews[]) => void;
  report: (message: string, error: unknown) => void;
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
  /** a device was switched by an operator or reported by telemetry */
  deviceMoved(edge: number, open: boolean, atMs: number): void;
  /** other restoration times of these outages are durable: those listed are told again */
  etrChanged(ids: readonly string[]): void;
  /** the network has more rows now: the engine begins again on it, from the store */
  gridReplaced(): Promise<void>;
  open(): Outage[];
  list(onlyOpen: boolean, limit: number): Promise<Outage[]>;
  detail(id: string): Promise<OutageDetail>;
  evidence(id: string): OutageEvidence;
  act(id: string, verb: OutageVerb, facts: { actor: string; reason?: string; crew?: string }): Promise<OutageDetail>;
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
  /** resolves when everything applied so far is durable */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const pushed = channel('flux:outages.pushed');
const tickMs = 250;
const isListed = (record: OutageRecord): boolean => isOut(record.state) || record.state === 'restored';

/** Engine results that are not durable yet, folded together. */
interface Unwritten {
  changes: Map<string, OutageChange>;
  log: OutageLogRow[];
  meters: Map<number, MeterRow>;
  devices: Map<number, number>;
  appliedEventId: number;
  oldestReceivedMs: number | undefined;
}

export function makeOutageService(needs: OutageNeeds): OutageService {
  const { pool } = needs;
  let engine: OutageEngine | undefined;
  let nextNumber = 1;
  let appliedEventId = 0;
  let ticker: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let unwritten = nothingUnwritten();
  let catchingUp: Promise<void> | undefined;
  let moreStored = false;
  const listed = new Map<string, Outage>();
  /** where each listed outage takes supply away */
  const deviceOf = new Map<string, number>();

  function nothingUnwritten(): Unwritten {
    return {
      changes: new Map(),
      log: [],
      meters: new Map(),
      devices: new Map(),
      appliedEventId,
      oldestReceivedMs: undefined,
    };
  }

  function now(): OutageEngine {
    if (!engine) throw new FluxError('not_ready', 'outages are still being rebuilt from the store', { canRetry: true });
    return engine;
  }

  function take(result: EngineResult, receivedMs?: number): void {
    for (const change of result.changes) unwritten.changes.set(change.outage.id, change);
    unwritten.log.push(...result.log);
    for (const meter of result.meters) unwritten.meters.set(meter.meter, meter);
    unwritten.appliedEventId = appliedEventId;
    if (result.changes.length > 0) unwritten.oldestReceivedMs ??= receivedMs;
    if (result.changes.length > 0 || result.log.length > 0 || result.meters.length > 0) void write();
  }

  /** One write at a time; what happens meanwhile goes into the next. A store that is away is waited for. */
  function write(): Promise<void> {
    writing ??= (async () => {
      while (unwritten.changes.size + unwritten.log.length + unwritten.meters.size + unwritten.devices.size > 0) {
        const batch = unwritten;
        unwritten = nothingUnwritten();
        await storeUntilDone(batch);
        publish(batch);
      }
    })().finally(() => {
      writing = undefined;
    });
    return writing;
  }

  async function storeUntilDone(batch: Unwritten): Promise<void> {
    const { network } = needs.grid();
    const outages = [...batch.changes.values()].map(({ outage }) => ({
      record: outage,
      feederKey: network.edge.feeder[outage.device],
      isOpen: isListed(outage),
    }));
    for (let attempt = 0; ; attempt++) {
      try {
        await inTransaction(pool, (client) =>
          storeOutages(client, {
            outages,
            log: batch.log,
            meters: [...batch.meters.values()],
            devices: [...batch.devices],
            appliedEventId: batch.appliedEventId,
            nextOutageNo: nextNumber,
          }),
        );
        return;
      } catch (error) {
        if (attempt === 0) needs.report('outages could not be stored; tried again until they are', error);
        await new Promise((resolve) => setTimeout(resolve, Math.min(5000, 200 * 2 ** attempt)));
      }
    }
  }

  function publish(batch: Unwritten): void {
    const news = [...batch.changes.values()].map(({ outage: record, kinds }): OutageNews => {
      const outage = withEtr(toOutage(needs.grid(), record), needs.etrOf);
      const isOpen = isListed(record);
      const device = isOut(record.state) && record.meter < 0 ? record.device : -1;
      if (isOpen) listed.set(record.id, outage);
      else listed.delete(record.id);
      if (device >= 0) deviceOf.set(record.id, device);
      else deviceOf.delete(record.id);
      return { outage, isOpen, isNew: kinds.includes('opened'), device };
    });
    if (news.length > 0) needs.changed(news);
    if (batch.oldestReceivedMs !== undefined) pushed.publish({ ms: Date.now() - batch.oldestReceivedMs });
  }

  /** One reader of stored events at a time: in order of their ids, each once. */
  function catchUp(): Promise<void> {
    moreStored = true;
    catchingUp ??= (async () => {
      while (moreStored) {
        moreStored = false;
        await replay();
      }
    })().finally(() => {
      catchingUp = undefined;
    });
    return catchingUp;
  }

  async function replay(): Promise<void> {
    for (;;) {
      const rows = await eventsAfter(pool, appliedEventId, 20_000);
      if (rows.length === 0) return;
      const last = rows[rows.length - 1];
      appliedEventId = last.event_id;
      take(now().apply(eventColumns(rows), Date.now()), last.received_ms);
    }
  }

  async function detail(id: string): Promise<OutageDetail> {
    const [row, log] = await Promise.all([findOutage(pool, id), outageLog(pool, id)]);
    if (!row) throw new FluxError('unknown_outage', `there is no outage ${id}`);
    const { record } = row;
    return {
      outage: withEtr(toOutage(needs.grid(), record), needs.etrOf),
      steps: record.steps.map((step, i) => ({
        step: i + 1,
        from: new Date(step.fromMs).toISOString(),
        to: step.toMs === null ? null : new Date(step.toMs).toISOString(),
        customers_out: step.customersOut,
        customer_minutes: step.customerMinutes,
      })),
      log: log.map((entry) => ({
        ...entry,
        at: entry.at.toISOString(),
        from_state: entry.from_state as Outage['state'] | null,
        to_state: entry.to_state as Outage['state'],
      })),
      actions: allowedVerbs(record.state),
    };
  }

  const service: OutageService = {
    start: async () => {
      await catchingUp?.catch(() => undefined);
      const [records, meters, devices, marks] = await Promise.all([
        openRecords(pool),
        supplyRows(pool),
        deviceReports(pool),
        engineMarks(pool),
      ]);
      nextNumber = marks.next_outage_no;
      appliedEventId = marks.applied_event_id;
      const counting = countingIds(nextNumber);
      const ids = {
        next: () => {
          const given = counting.next();
          nextNumber = given.number + 1;
          return given;
        },
      };
      engine = createOutageEngine(needs.grid().view, needs.thresholds, ids, {
        nowMs: Date.now(),
        outages: records,
        meters,
        devices,
      });
      publish({ ...nothingUnwritten(), changes: new Map(records.map((outage) => [outage.id, { kinds: [], outage }])) });
      await catchUp();
      await write();
      clearInterval(ticker);
      ticker = setInterval(() => take(now().tick(Date.now())), tickMs);
    },
    apply: (events, previousEventId, lastEventId, receivedMs) => {
      if (catchingUp || previousEventId !== appliedEventId) return service.catchUp();
      appliedEventId = lastEventId;
      take(now().apply(events, receivedMs), receivedMs);
    },
    catchUp: () => {
      catchUp().catch((error: unknown) => {
        needs.report('stored events could not be read; tried again in a second', error);
        setTimeout(service.catchUp, 1000).unref();
      });
    },
    deviceMoved: (edge, open, atMs) => {
      unwritten.devices.set(edge, atMs);
      take(now().applyDevice({ edge, open, atMs }, Date.now()), atMs);
    },
    etrChanged: (ids) => {
      const news = ids.flatMap((id): OutageNews[] => {
        const before = listed.get(id);
        if (!before) return [];
        const outage = withEtr(before, needs.etrOf);
        listed.set(id, outage);
        return [{ outage, isOpen: true, isNew: false, device: deviceOf.get(id) ?? -1 }];
      });
      if (news.length > 0) needs.changed(news);
    },
    gridReplaced: async () => {
      clearInterval(ticker);
      await write();
      await service.start();
    },
    open: () => [...listed.values()],
    list: async (onlyOpen, limit) => {
      if (onlyOpen) return [...listed.values()].slice(0, limit);
      return (await newestOutages(pool, false, limit)).map((row) =>
        withEtr(toOutage(needs.grid(), row.record), needs.etrOf),
      );
    },
    detail,
    evidence: (id) => evidenceOf(needs.grid(), now(), id),
    act: async (id, verb, facts) => {
      if (!listed.has(id)) await detail(id);
      take(now().act(id, verb, facts, Date.now()));
      await write();
      return detail(id);
    },
    areaOf: async (id) => {
      const known = listed.get(id);
      if (known) return known.area_id;
      const row = await findOutage(pool, id);
      return row ? toOutage(needs.grid(), row.record).area_id : null;
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
    totals: () => {
      let [customersOut, criticalOut, outagesOpen] = [0, 0, 0];
      for (const outage of listed.values()) {
        if (!isOut(outage.state)) continue;
        outagesOpen++;
        customersOut += outage.customers_out;
        criticalOut += outage.critical_out;
      }
      return { customersOut, outagesOpen, criticalOut };
    },
    darkMeters: () => Int32Array.from(now().darkMeters()),
    settled: async () => {
      await write();
    },
    stop: async () => {
      clearInterval(ticker);
      await write();
    },
  };
  return service;
}
