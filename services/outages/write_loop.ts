/**
 * What the engine says becomes durable, then public. One write at a time; what happens meanwhile is folded into the
 * next. The engine is ahead of the store by one write at most.
 */
import { channel } from 'node:diagnostics_channel';
import { inTransaction, type Pool } from '#stores/postgres/pool.ts';
import type { AreaRates, EngineResult, MeterRow, OutageChange, OutageLogRow, OutageRecord } from './engine_records.ts';
import { storeOutages } from './sql.ts';

/** How far the engine was given what is stored, and the next outage number. */
export interface Marks {
  appliedEventId: number;
  appliedCallNo: number;
  nextOutageNo: number;
}

export interface WriteNeeds {
  pool: Pool;
  marks: () => Marks;
  feederOf: (edge: number) => number;
  isListed: (record: OutageRecord) => boolean;
  /** told after the changes are durable, in order */
  published: (changes: OutageChange[]) => void;
  report: (message: string, error: unknown) => void;
}

export type LoggedRow = OutageLogRow & { revision: number | null };

/** Engine results that are not durable yet, folded together. */
interface Unwritten {
  changes: Map<string, OutageChange>;
  log: LoggedRow[];
  meters: Map<number, MeterRow>;
  devices: Map<number, number>;
  rates: Map<number, AreaRates>;
  marks: Marks;
  oldestReceivedMs: number | undefined;
  /** resolves when it is durable and published */
  done: PromiseWithResolvers<void>;
}

export interface WriteLoop {
  /** @param receivedMs when the oldest message behind it came in */
  take(result: EngineResult, receivedMs?: number): void;
  deviceReported(edge: number, atMs: number): void;
  /** log entries of an open outage taken so far */
  logged(outageId: string): number;
  /** resolves when everything taken so far is durable: what is taken meanwhile is not waited for */
  settled(): Promise<void>;
}

const pushed = channel('flux:outages.pushed');

export function makeWriteLoop(needs: WriteNeeds): WriteLoop {
  let writing: Unwritten | undefined;
  let unwritten = nothing();
  const logged = new Map<string, number>();

  function nothing(): Unwritten {
    return {
      changes: new Map(),
      log: [],
      meters: new Map(),
      devices: new Map(),
      rates: new Map(),
      marks: needs.marks(),
      oldestReceivedMs: undefined,
      done: Promise.withResolvers(),
    };
  }

  const isWaiting = (): boolean =>
    unwritten.changes.size + unwritten.log.length + unwritten.meters.size + unwritten.devices.size > 0;

  async function write(): Promise<void> {
    while (isWaiting()) {
      const batch = unwritten;
      writing = batch;
      unwritten = nothing();
      await storeUntilDone(batch);
      for (const { outage } of batch.changes.values()) if (!needs.isListed(outage)) logged.delete(outage.id);
      try {
        needs.published([...batch.changes.values()]);
      } catch (error) {
        // whoever could not listen must not keep the next outages from being stored
        needs.report('changed outages could not be told', error);
      }
      if (batch.oldestReceivedMs !== undefined) pushed.publish({ ms: Date.now() - batch.oldestReceivedMs });
      batch.done.resolve();
    }
    writing = undefined;
  }

  /** A store that is away is waited for. */
  async function storeUntilDone(batch: Unwritten): Promise<void> {
    const outages = [...batch.changes.values()].map(({ outage }) => ({
      record: outage,
      feederKey: needs.feederOf(outage.device),
      isOpen: needs.isListed(outage),
    }));
    for (let attempt = 0; ; attempt++) {
      try {
        await inTransaction(needs.pool, (client) =>
          storeOutages(client, {
            outages,
            log: batch.log,
            meters: [...batch.meters.values()],
            devices: [...batch.devices],
            rates: [...batch.rates.values()],
            marks: { ...batch.marks, nextOutageNo: needs.marks().nextOutageNo },
          }),
        );
        return;
      } catch (error) {
        if (attempt === 0) needs.report('outages could not be stored; tried again until they are', error);
        await new Promise((resolve) => setTimeout(resolve, Math.min(5000, 200 * 2 ** attempt)));
      }
    }
  }

  return {
    take: (result, receivedMs) => {
      const revisions = new Map(result.changes.map(({ outage }) => [outage.id, outage.revision]));
      for (const change of result.changes) {
        const before = unwritten.changes.get(change.outage.id);
        const kinds = before ? [...new Set([...before.kinds, ...change.kinds])] : change.kinds;
        unwritten.changes.set(change.outage.id, { kinds, outage: change.outage });
      }
      for (const row of result.log) {
        unwritten.log.push({ ...row, revision: revisions.get(row.outageId) ?? null });
        logged.set(row.outageId, (logged.get(row.outageId) ?? 0) + 1);
      }
      for (const meter of result.meters) unwritten.meters.set(meter.meter, meter);
      for (const rates of result.rates) unwritten.rates.set(rates.area, rates);
      unwritten.marks = needs.marks();
      if (result.changes.length > 0) unwritten.oldestReceivedMs ??= receivedMs;
      if (isWaiting() && !writing) void write();
    },
    deviceReported: (edge, atMs) => void unwritten.devices.set(edge, atMs),
    logged: (outageId) => logged.get(outageId) ?? 0,
    settled: async () => (isWaiting() ? unwritten : writing)?.done.promise,
  };
}
