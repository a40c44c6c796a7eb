/** Restoration times on a real store with a clock of the test's own; outages are rows as their owner writes them. */
import type { Outage } from '#model/api/outages.ts';
import { etrDefaults } from '#services/etr/decide.ts';
import type { EtrModel } from '#services/etr/model.ts';
import type { EtrNeeds } from '#services/etr/needs.ts';
import { type EtrService, makeEtrService } from '#services/etr/service.ts';
import { type CrewFact, type Draw, simulationDefaults } from '#services/etr/simulation.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { type ServerUnderTest, startServer, type TestServer } from './servers.ts';

export const minuteMs = 60_000;

/** What a test may set at any time, and what it reads. */
export interface EtrTestbed {
  nowMs: number;
  open: Outage[];
  storm: Set<string>;
  crews: CrewFact[];
  readonly told: string[];
  /** from `start` on */
  server: TestServer;
  service: EtrService;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The service made anew, and started: as after a stop of the process, or with other needs. */
  startAnew(more?: Partial<EtrNeeds>): Promise<void>;
  iso(ms: number): string;
  begin(more?: Partial<Outage>): Promise<Outage>;
  end(id: string): Promise<void>;
  rows(id: string): Promise<Awaited<ReturnType<EtrService['ledger']>>['revisions']>;
}

export function makeEtrTestbed(kind: ServerUnderTest, model: EtrModel, draw: Draw): EtrTestbed {
  let number = 0;
  const iso = (ms: number): string => new Date(ms).toISOString();
  const outageOf = (id: string, more: Partial<Outage> = {}): Outage =>
    ({
      ...{ id, state: 'confirmed', device_id: 'FU-1', device_kind: 'fuse', area_id: 'north', substation_id: 'S-1' },
      ...{ feeder_id: 'F-1', lon: -95.4, lat: 29.7, customers_out: 40, customers_affected: 40, critical_out: 0 },
      ...{ started_at: iso(bed.nowMs), detected_at: iso(bed.nowMs), updated_at: iso(bed.nowMs) },
      ...{ restored_at: null, cause: null, crew: null },
      ...more,
    }) as Outage;
  const made = (more: Partial<EtrNeeds> = {}): EtrService =>
    makeEtrService({
      isDriven: true,
      pool: bed.server.pool,
      model,
      timeZone: 'UTC',
      settings: etrDefaults,
      simulation: { ...simulationDefaults, runs: 30 },
      nowMs: () => bed.nowMs,
      draw,
      open: () => bed.open,
      outage: async (id) =>
        bed.open.find((one) => one.id === id) ??
        ({ ...outageOf(id), state: 'closed', restored_at: iso(bed.nowMs) } as Outage),
      placeOf: () => ({ lat: 29.7, lon: -95.4, zone: 'north', device: 'fuse' }),
      areaOfZone: (zone) => (['north', 'F-1'].includes(zone) ? 'north' : undefined),
      inStorm: (area) => bed.storm.has(area),
      crews: async () => ({ crews: bed.crews, assumed: false }),
      changed: (ids) => {
        bed.told.push(...ids);
      },
      report: (message, error) => {
        throw new Error(message, { cause: error });
      },
      ...more,
    });

  const bed: EtrTestbed = {
    nowMs: Date.parse('2026-07-04T12:00:00Z'),
    open: [],
    storm: new Set(),
    crews: [],
    told: [],
    server: undefined!,
    service: undefined!,
    start: async () => {
      bed.server = await startServer(kind);
      await migrate(bed.server.pool);
      await bed.startAnew();
    },
    stop: async () => {
      await bed.service?.stop();
      await bed.server?.stop();
    },
    startAnew: async (more) => {
      await bed.service?.stop();
      bed.service = made(more);
      await bed.service.start();
    },
    iso,
    begin: async (more) => {
      const outage = outageOf(`O-${++number}`, more);
      await bed.server.pool.query(
        `insert into outage (id, outage_no, state, device_key, feeder_key, customers_out, customers_affected, critical_out,
           started_at, detected_at, is_open, source, revision, updated_at, record)
         values ($1, $2, 'confirmed', 1, 1, 40, 40, 0, $3, $3, true, 'last_gasp', 1, $3, '{"meter": -1, "stateSinceMs": 0}')`,
        [outage.id, number, new Date(bed.nowMs)],
      );
      bed.open.push(outage);
      bed.service.follow([{ outage }]);
      await bed.service.refresh();
      return outage;
    },
    end: async (id) => {
      await bed.server.pool.query(
        `update outage set is_open = false, state = 'restored', restored_at = $2 where id = $1`,
        [id, new Date(bed.nowMs)],
      );
      const over = bed.open.find((one) => one.id === id)!;
      bed.open = bed.open.filter((one) => one !== over);
      bed.service.follow([{ outage: { ...over, state: 'restored', restored_at: iso(bed.nowMs) } }]);
      await bed.service.refresh();
    },
    rows: async (id) => (await bed.service.ledger(id)).revisions,
  };
  return bed;
}
