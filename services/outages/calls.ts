/**
 * Trouble calls: durable before they are acknowledged, the same id is one call however often it is sent. One writer at
 * a time gives them their order, so that the engine's mark passes none; calls that come meanwhile go together.
 */
import type { CallReport, TroubleCall } from '#model/api/calls.ts';
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import { oneAtATime } from '#model/one_at_a_time.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import {
  type CallRow,
  callbacks,
  callsOfOutage,
  findCall,
  findCalls,
  insertCalls,
  type NewCall,
  newestCalls,
  setCalledBack,
  setPlace,
  unplacedCalls,
} from './calls_sql.ts';

export interface CallNeeds {
  pool: Pool;
  network: () => NetworkColumns;
  /** meter of an account number, -1 where there is none */
  meterOfAccount: (account: string) => Promise<number>;
  areaOfMeter: (meter: number) => string | null;
  /** calls were stored: the engine may look */
  stored: () => void;
  /** UTC epoch ms; the real time where left out */
  nowMs?: () => number;
}

export interface CallService {
  /**
   * @returns the call as it is stored; `isNew` false: this id was taken before
   * @throws FluxError `unknown_meter`, `bad_request` for a call that names no place or comes from the future
   */
  take(report: CallReport, takenBy: string): Promise<{ call: TroubleCall; isNew: boolean }>;
  ofOutage(outageId: string, limit: number): Promise<TroubleCall[]>;
  /** newest first; areas of responsibility, null = all */
  newest(meterId: string | null, limit: number, areas: readonly string[] | null): Promise<TroubleCall[]>;
  /** calls whose place is not known as a meter, oldest first */
  unplaced(limit: number): Promise<TroubleCall[]>;
  place(id: string, meterId: string, by: string): Promise<TroubleCall>;
  /** callers who asked for it and whose outage is restored */
  callbacksDue(limit: number, areas: readonly string[] | null): Promise<TroubleCall[]>;
  calledBack(id: string, by: string): Promise<TroubleCall>;
  areaOf(id: string): Promise<string | null>;
}

interface Waiting {
  call: NewCall;
  done: (taken: { row: CallRow; isNew: boolean }) => void;
  failed: (error: unknown) => void;
}

/** A caller's clock is ours: what is this far ahead is a mistake, not a clock. */
const aheadMs = 5 * 60_000;
const oldestMs = 24 * 3_600_000;

export function makeCallService(needs: CallNeeds): CallService {
  const { pool, nowMs = Date.now } = needs;
  let waiting: Waiting[] = [];
  /** what writes calls */
  const inTurn = oneAtATime();

  async function storeWaiting(): Promise<void> {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    try {
      const unique = new Map(batch.map((one) => [one.call.id, one.call]));
      const fresh = new Set((await insertCalls(pool, [...unique.values()])).map((row) => row.id));
      const rows = new Map((await findCalls(pool, [...unique.keys()])).map((row) => [row.id, row]));
      for (const one of batch) one.done({ row: rows.get(one.call.id)!, isNew: fresh.delete(one.call.id) });
      needs.stored();
    } catch (error) {
      for (const one of batch) one.failed(error);
    }
  }

  function store(call: NewCall): Promise<{ row: CallRow; isNew: boolean }> {
    return new Promise((done, failed) => {
      waiting.push({ call, done, failed });
      if (waiting.length === 1) void inTurn(storeWaiting);
    });
  }

  function meterRow(id: string): number {
    const row = needs.network().meter.id.rowOf(id);
    if (row < 0) throw new FluxError('unknown_meter', `there is no meter ${id}; give the place in words instead`);
    return row;
  }

  async function placeOf(report: CallReport): Promise<{ meter_key: number | null; place: string | null }> {
    if (report.meter !== undefined) return { meter_key: meterRow(report.meter), place: report.place ?? null };
    if (report.account !== undefined) {
      const meter = await needs.meterOfAccount(report.account);
      if (meter >= 0) return { meter_key: meter, place: report.place ?? null };
      if (report.place === undefined)
        throw new FluxError('unknown_meter', `no meter has account ${report.account}; give the place in words instead`);
    }
    if (report.place === undefined)
      throw new FluxError('bad_request', 'the call names no place; give meter, account or place');
    return { meter_key: null, place: report.place };
  }

  async function stored(id: string): Promise<TroubleCall> {
    const row = await findCall(pool, id);
    if (!row) throw new FluxError('not_found', `there is no call ${id}`);
    return shown(row);
  }

  function shown(row: CallRow): TroubleCall {
    const { meter } = needs.network();
    return {
      id: row.id,
      meter_id: row.meter_key === null ? null : meter.id.at(row.meter_key),
      area_id: row.meter_key === null ? null : needs.areaOfMeter(row.meter_key),
      place: row.place,
      kind: row.kind as TroubleCall['kind'],
      words: row.words,
      callback: row.callback,
      taken_by: row.taken_by,
      called_at: row.called_at.toISOString(),
      received_at: row.received_at.toISOString(),
      outage_id: row.outage_id,
      outage_state: row.outage_state,
      called_back_at: row.called_back_at?.toISOString() ?? null,
      called_back_by: row.called_back_by,
    };
  }

  return {
    take: async (report, takenBy) => {
      const calledAt = report.called_at === undefined ? nowMs() : Date.parse(report.called_at);
      if (!(calledAt <= nowMs() + aheadMs))
        throw new FluxError('bad_request', `called_at ${report.called_at} is in the future; leave it out for "now"`);
      if (calledAt < nowMs() - oldestMs)
        throw new FluxError(
          'bad_request',
          `called_at ${report.called_at} is more than a day ago; it says nothing about now`,
        );
      const { row, isNew } = await store({
        id: report.id,
        ...(await placeOf(report)),
        kind: report.kind,
        words: report.words ?? '',
        callback: report.callback ?? null,
        taken_by: takenBy,
        called_at: new Date(Math.min(calledAt, nowMs())).toISOString(),
      });
      return { call: shown(row), isNew };
    },
    ofOutage: async (outageId, limit) => (await callsOfOutage(pool, outageId, limit)).map(shown),
    newest: async (meterId, limit, areas) =>
      (await newestCalls(pool, meterId === null ? null : meterRow(meterId), limit, areas)).map(shown),
    unplaced: async (limit) => (await unplacedCalls(pool, limit)).map(shown),
    place: async (id, meterId, by) => {
      const row = meterRow(meterId);
      const placed = await inTurn(() => setPlace(pool, id, row, by));
      const call = await stored(id);
      if (!placed) throw new FluxError('conflict', `call ${id} is at meter ${call.meter_id} already`);
      needs.stored();
      return call;
    },
    callbacksDue: async (limit, areas) => (await callbacks(pool, limit, areas)).map(shown),
    calledBack: async (id, by) => {
      const done = await setCalledBack(pool, id, by);
      const call = await stored(id);
      if (!done) throw new FluxError('conflict', `${call.called_back_by} has called back already`);
      return call;
    },
    areaOf: async (id) => {
      const row = await findCall(pool, id);
      return row?.meter_key === null || row === undefined ? null : needs.areaOfMeter(row.meter_key);
    },
  };
}
