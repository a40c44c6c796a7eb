/**
 * Planned work: windows in which meters are switched off on purpose. While one lasts its meters raise no prediction; who
 * is still dark after its end is out, from its end on. A window that is withdrawn ends at that moment.
 */
import type { PlannedOutage, PlannedOutageRequest } from '#model/api/planned.ts';
import { FluxError } from '#model/errors.ts';
import { edgeKinds, type NetworkColumns } from '#model/network.ts';
import { oneAtATime } from '#model/one_at_a_time.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import type { PlannedWindow } from './engine_records.ts';
import { rowIn } from './named.ts';
import {
  findPlanned,
  insertPlanned,
  type PlannedRow,
  plannedAfter,
  plannedOfMeter,
  withdrawPlanned,
} from './planned_sql.ts';

export interface PlannedNeeds {
  pool: Pool;
  network: () => NetworkColumns;
  metersBelow: (edge: number) => Int32Array;
  areaOfMeter: (meter: number) => string | null;
  /** the windows as they stand now */
  changed: (windows: PlannedWindow[]) => void;
  /** a simulated clock, UTC epoch ms */
  drivenMs?: () => number;
}

export interface PlannedService {
  /** for the engine: those that lasted until a day ago included, so that their end is known */
  windows(): Promise<PlannedWindow[]>;
  /** @throws FluxError `bad_request`, `unknown_asset`, `unknown_meter` */
  add(request: PlannedOutageRequest, author: string): Promise<PlannedOutage>;
  /** future and lasting ones, and those that ended within the last `pastHours` */
  list(pastHours: number): Promise<PlannedOutage[]>;
  /** the window a meter is in, or the next it will be in */
  ofMeter(meter: number): Promise<PlannedOutage | null>;
  /** @throws FluxError `not_found`, `conflict` where it is over */
  withdraw(id: string, by: string): Promise<PlannedOutage>;
  areaOf(id: string): Promise<string | null>;
  /** area of what a request names, null where it names nothing that exists */
  areaOfRequest(request: PlannedOutageRequest): string | null;
}

const dayMs = 86_400_000;
const longestDays = 31;

const idOf = (no: number): string => `PLN-${String(no).padStart(6, '0')}`;

function numberOf(id: string): number {
  const match = /^PLN-(\d{1,15})$/.exec(id);
  if (!match) throw new FluxError('not_found', `there is no planned outage ${id}`);
  return Number(match[1]);
}

export function makePlannedService(needs: PlannedNeeds): PlannedService {
  const { pool } = needs;
  /** One change after the other: what is told last is what was stored last. */
  const inTurn = oneAtATime();
  const nowMs = needs.drivenMs ?? Date.now;

  const windows = async (): Promise<PlannedWindow[]> =>
    (await plannedAfter(pool, new Date(nowMs() - dayMs))).map((row) => ({
      id: idOf(row.planned_no),
      fromMs: row.from_at.getTime(),
      toMs: Math.min(row.to_at.getTime(), row.withdrawn_at?.getTime() ?? Number.POSITIVE_INFINITY),
      meters: row.meter_keys,
    }));

  function named(request: PlannedOutageRequest): { edge: number | null; meters: number[] } {
    const network = needs.network();
    if ((request.device_id === undefined) === (request.meter_ids === undefined))
      throw new FluxError('bad_request', 'name what is switched off: either device_id or meter_ids');
    if (request.device_id !== undefined) {
      const edge = rowIn(network.edge.id, request.device_id, 'unknown_asset', 'device');
      const meters = [...needs.metersBelow(edge)];
      if (meters.length === 0)
        throw new FluxError('bad_request', `no customer loses supply with ${request.device_id} alone`);
      return { edge, meters };
    }
    const meters = request.meter_ids!.map((id) => rowIn(network.meter.id, id, 'unknown_meter', 'meter'));
    return { edge: null, meters: [...new Set(meters)] };
  }

  function shown(row: PlannedRow): PlannedOutage {
    const { edge, meter } = needs.network();
    const now = nowMs();
    const state =
      row.withdrawn_at !== null
        ? 'withdrawn'
        : row.to_at.getTime() <= now
          ? 'ended'
          : row.from_at.getTime() <= now
            ? 'lasting'
            : 'future';
    return {
      id: idOf(row.planned_no),
      state,
      device_id: row.equipment_key === null ? null : edge.id.at(row.equipment_key),
      device_kind: row.equipment_key === null ? null : edgeKinds[edge.kind[row.equipment_key]],
      area_id: needs.areaOfMeter(row.meter_keys[0]),
      customers: row.meter_keys.length,
      critical: row.meter_keys.filter((key) => meter.critical[key] > 0).length,
      first_meter_ids: row.meter_keys.slice(0, 20).map((key) => meter.id.at(key)),
      from: row.from_at.toISOString(),
      to: row.to_at.toISOString(),
      reason: row.reason,
      author: row.author,
      created_at: row.created_at.toISOString(),
      withdrawn_by: row.withdrawn_by,
    };
  }

  return {
    windows,
    add: async (request, author) => {
      const [fromMs, toMs] = [Date.parse(request.from), Date.parse(request.to)];
      if (!(fromMs < toMs)) throw new FluxError('bad_request', 'from must be before to');
      if (toMs <= nowMs()) throw new FluxError('bad_request', `to ${request.to} is over already`);
      if (toMs - fromMs > longestDays * dayMs)
        throw new FluxError('bad_request', `a window may last ${longestDays} days; enter several`);
      const { edge, meters } = named(request);
      const areas = new Set(meters.map(needs.areaOfMeter));
      if (areas.size > 1)
        throw new FluxError('bad_request', `the meters lie in ${areas.size} areas; enter one window for each`);
      return inTurn(async () => {
        const row = await insertPlanned(pool, {
          edge,
          meters,
          from: new Date(fromMs).toISOString(),
          to: new Date(toMs).toISOString(),
          reason: request.reason,
          author,
        });
        needs.changed(await windows());
        return shown(row);
      });
    },
    list: async (pastHours) => (await plannedAfter(pool, new Date(nowMs() - pastHours * 3_600_000))).map(shown),
    ofMeter: async (meter) => {
      const row = await plannedOfMeter(pool, meter);
      return row ? shown(row) : null;
    },
    withdraw: async (id, by) => {
      const no = numberOf(id);
      const row = await inTurn(async () => {
        const withdrawn = await withdrawPlanned(pool, no, by);
        if (withdrawn) needs.changed(await windows());
        return withdrawn;
      });
      if (row) return shown(row);
      const found = await findPlanned(pool, no);
      if (!found) throw new FluxError('not_found', `there is no planned outage ${id}`);
      throw new FluxError('conflict', `planned outage ${id} is ${shown(found).state} already`);
    },
    areaOf: async (id) => {
      const row = await findPlanned(pool, numberOf(id));
      return row ? needs.areaOfMeter(row.meter_keys[0]) : null;
    },
    areaOfRequest: (request) => {
      const { edge, meter } = needs.network();
      if (request.device_id !== undefined) {
        const row = edge.id.rowOf(request.device_id);
        const below = row < 0 ? undefined : needs.metersBelow(row);
        return below && below.length > 0 ? needs.areaOfMeter(below[0]) : null;
      }
      const row = meter.id.rowOf(request.meter_ids?.[0] ?? '');
      return row < 0 ? null : needs.areaOfMeter(row);
    },
  };
}
