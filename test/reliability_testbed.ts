/** A store with a small territory in which tests put outages as their owner stores them, and ask for their indices. */
import assert from 'node:assert/strict';
import type { Interruption, ReliabilityIndices } from '#model/api/reliability.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { MeterRow, OutageRecord, OutageStepRow } from '#services/outages/engine_records.ts';
import { storeOutages } from '#services/outages/sql.ts';
import { listInterruptions } from '#services/reliability/interruptions.ts';
import { makeReliabilityService, type ReliabilityService } from '#services/reliability/service.ts';
import { periodOf } from '#services/reliability/snapshot.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { writeNetwork } from '#stores/postgres/network_tables.ts';
import { servers, startServer, type TestServer } from './stores/servers.ts';

export const zone = 'America/Chicago';
export const minute = 60_000;
export const hour = 60 * minute;
/** what lasts is counted up to this moment */
export const frozenMs = Date.now();

export interface Given {
  number: number;
  feeder?: number;
  /** [from, to, customers], UTC epoch ms */
  steps: [number, number | null, number][];
  state?: OutageRecord['state'];
  cause?: string | null;
  /** number of the outage it is left over from */
  nestedIn?: number;
  meters?: { meter: number; darkMs: number; litMs: number }[];
}

export interface Testbed {
  server: TestServer;
  network: NetworkColumns;
  service: ReliabilityService;
  /** removes all outages, messages and what was made of them */
  forget(): Promise<void>;
  store(given: Given): Promise<void>;
  /** unplanned, all days */
  system(from?: string, to?: string): Promise<ReliabilityIndices>;
  list(
    from: string,
    to: string,
    limit?: number,
    more?: { planned?: boolean; isMajor?: boolean },
  ): Promise<Interruption[]>;
}

export async function openTestbed(): Promise<Testbed> {
  const server = await startServer(servers[0]);
  await migrate(server.pool);
  const network = generateTerritory({ scale: 1000, seed: 7, onProgress: () => undefined });
  await writeNetwork(server.pool, network, { sha256: 'x', seed: 7 });
  const service = makeReliabilityService({
    crewsWorked: async () => [],
    pool: server.pool,
    network: () => network,
    zone,
    now: () => frozenMs,
    report: (message, error) => assert.fail(`${message}: ${String(error)}`),
  });

  async function forget(): Promise<void> {
    // what only grows is emptied for the next test all the same
    await server.pool.query(
      `set session_replication_role = replica;
       truncate outage, outage_step, outage_log, meter_outage_span, meter_supply, meter_event, reliability_due,
                reliability_interruption, reliability_day, reliability_momentary, planned_outage restart identity cascade;
       set session_replication_role = default`,
    );
    await server.pool.query('update reliability_mark set event_id = 0, time_zone = null');
  }

  async function store({
    number,
    feeder = 0,
    steps,
    state,
    cause = null,
    nestedIn,
    meters = [],
  }: Given): Promise<void> {
    const rows = steps.map(
      ([fromMs, toMs, customersOut]): OutageStepRow => ({
        fromMs,
        toMs,
        customersOut,
        customerMinutes: toMs === null ? 0 : (customersOut * (toMs - fromMs)) / minute,
      }),
    );
    const last = rows.at(-1);
    const isOpen = last?.toMs === null;
    const id = `OUT-${number}`;
    const record: OutageRecord = {
      ...{
        id,
        number,
        state: state ?? (isOpen ? 'confirmed' : 'closed'),
        device: network.feeder.headEdge[feeder],
        meter: -1,
      },
      ...{
        source: 'last_gasp',
        startedMs: steps[0][0],
        detectedMs: steps[0][0],
        restoredMs: isOpen ? null : (last?.toMs ?? null),
      },
      ...{
        stateSinceMs: 0,
        updatedMs: steps[0][0],
        customersOut: isOpen ? last!.customersOut : 0,
        customersRestored: 0,
      },
      ...{
        criticalOut: 0,
        dark: 0,
        back: 0,
        lit: 0,
        crew: null,
        cause,
        mergedInto: state === 'merged' ? 'OUT-1' : null,
      },
      ...{
        nestedIn: nestedIn === undefined ? null : `OUT-${nestedIn}`,
        splitFrom: null,
        phases: 0,
        called: 0,
        revision: 1,
        steps: rows,
      },
    };
    const row = (one: { meter: number; darkMs: number; litMs: number }, inside: boolean): MeterRow => ({
      meter: one.meter,
      state: inside ? 1 : 3,
      darkMs: one.darkMs,
      litMs: inside ? -1 : one.litMs,
      ripeMs: 0,
      outageId: inside ? id : null,
      leftoverOf: null,
    });
    const write = (members: MeterRow[]) =>
      storeOutages(server.pool, {
        outages: [{ record, feederKey: feeder, isOpen }],
        ...{ log: [], meters: members, devices: [], rates: [] },
        marks: { appliedEventId: 0, appliedCallNo: 0, nextOutageNo: number + 1 },
      });
    await write(meters.map((one) => row(one, true)));
    if (!isOpen && meters.length > 0) await write(meters.map((one) => row(one, false)));
  }

  const system = async (from = '2026-01-01', to = '2026-12-31'): Promise<ReliabilityIndices> =>
    (await service.rows(from, to, 'system'))[0].all;
  const list = (
    from: string,
    to: string,
    limit = 10_000,
    more: { planned?: boolean; isMajor?: boolean } = {},
  ): Promise<Interruption[]> =>
    service.ask((snapshot) =>
      listInterruptions(
        snapshot,
        periodOf(from, to),
        {
          level: 'system',
          id: null,
          planned: more.planned ?? null,
          isMajor: more.isMajor ?? null,
          limit,
          visible: null,
        },
        service.places(),
      ),
    );
  return { server, network, service, forget, store, system, list };
}

export const sumOf = <T>(rows: readonly T[], field: (row: T) => number): number =>
  rows.reduce((sum, row) => sum + field(row), 0);
/** Sums of whole milliseconds, in minutes: the same to the last bit of a division each. */
export const same = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);
