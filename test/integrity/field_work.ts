/** A store, a territory and the real services around crews and switching, without a server. */

import { readConfig } from '#bin/config.ts';
import { openCrews, seedTerritoryCrews } from '#bin/crews.ts';
import { gridViewOf } from '#bin/grid_view.ts';
import { openSwitching } from '#bin/switching.ts';
import type { Crew } from '#model/api/crews.ts';
import type { Alarm } from '#model/api/live.ts';
import type { Outage } from '#model/api/outages.ts';
import { edgeKindCode } from '#model/network.ts';
import { makeAlarmService } from '#services/alarms/service.ts';
import type { CrewNeeds, CrewService } from '#services/crews/service.ts';
import { placeOfEdge } from '#services/network/assets.ts';
import { makeNetworkService, type NetworkService } from '#services/network/service.ts';
import { makeOutageService, type OutageService } from '#services/outages/service.ts';
import { readThresholds } from '#services/outages/thresholds_file.ts';
import type { SwitchingService } from '#services/switching/service.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { writeNetwork } from '#stores/postgres/network_tables.ts';
import { servers, startServer, type TestServer } from '../stores/servers.ts';

export interface FieldWork {
  on: TestServer;
  network: NetworkService;
  outages: OutageService;
  crews: CrewService;
  switching: SwitchingService;
  alarms: () => Alarm[];
  said: string[];
  /** crews as they were pushed, in order */
  told: Crew[];
  reported: string[];
  /** opens a fuse; the outage is there at once */
  outageAt(fuse: number): Promise<Outage>;
  /** fuses with customers below, row numbers */
  fuses: number[];
  stop(): Promise<void>;
}

/** What a crew service of one's own needs, real. */
export function crewNeeds(field: FieldWork): CrewNeeds {
  return {
    pool: field.on.pool,
    nowMs: Date.now,
    settings: { kmh: 40, detour: 1.35 },
    outageOf: async () => null,
    openOutages: () => [],
    act: async (id, verb, { actor, ...said }) => void (await field.outages.act(id, { verb, ...said }, actor)),
    changed: () => undefined,
    notice: () => undefined,
    report: () => undefined,
  };
}

export async function startFieldWork(): Promise<FieldWork> {
  const on = await startServer(servers[0]);
  const { pool } = on;
  await migrate(pool);
  const columns = generateTerritory({ scale: 2000, seed: 11 });
  await writeNetwork(pool, columns, { sha256: 'x', seed: 11 });
  const [said, reported]: string[][] = [[], []];
  const report = (message: string, error: unknown): void => void reported.push(`${message}: ${String(error)}`);
  const { config } = readConfig({ dataFolder: on.folder }, {});
  const network = makeNetworkService({
    pool,
    operated: ({ edge, open, atMs }) => outages.deviceMoved(edge, open, atMs),
    guard: (id, open) => switching.service.guard(id, open),
  });
  await network.replace(columns, '1');
  const alarms = makeAlarmService(pool, report);
  const outages = makeOutageService({
    pool,
    grid: () => ({
      view: gridViewOf(network.grid()),
      network: columns,
      placeOf: (edge) => placeOfEdge(network.grid(), edge),
    }),
    thresholds: readThresholds({}, (id) => columns.area.id.rowOf(id)),
    report,
    etrOf: () => null,
    withoutCommunication: async () => [],
    positions: async () => [],
    planned: async () => [],
    changed: (news) => crews.service.outagesChanged(news.map(({ outage }) => outage.id)),
  });
  const told: Crew[] = [];
  const tellers = {
    alarmsChanged: () => undefined,
    crewsChanged: (crews: Crew[]) => void told.push(...crews),
    say: (text: string) => void said.push(text),
  };
  const crews = openCrews(config, { pool, network, alarms, outages: () => outages, report, ...tellers });
  const switching = openSwitching({ pool, network, alarms, ...tellers });
  await seedTerritoryCrews(pool, network, 11, config.timeZone);
  // whoever is off shift at the hour of the test works all the same
  await pool.query("update crew set status = 'available', was_in_shift = true, shifts = '[]'");
  await alarms.start();
  await outages.start();
  await crews.service.start();
  const fuses = Array.from({ length: columns.edge.count }, (_, e) => e).filter(
    (e) => columns.edge.kind[e] === edgeKindCode.fuse && network.grid().operated.countBelow(e).customers > 3,
  );
  return {
    ...{ on, network, outages, said, told, reported, fuses },
    crews: crews.service,
    switching: switching.service,
    alarms: alarms.active,
    outageAt: async (fuse) => {
      const id = columns.edge.id.at(fuse);
      await network.operate(id, true, 'field', 'blown');
      await outages.settled();
      const found = outages.open().find((outage) => outage.device_id === id && outage.state === 'probable');
      if (!found) throw new Error(`no outage at ${id}`);
      return found;
    },
    stop: async () => {
      await crews.service.stop();
      await outages.stop();
      await alarms.stop();
      await on.stop();
    },
  };
}
