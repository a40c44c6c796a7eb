/**
 * A center for a drill: the services of a real one on a store of its own in a temporary folder, with a clock that
 * whoever runs the drill moves on. No readings, no history, no screen; everything that outages need, and the addresses
 * that look-ups ask while the storm runs.
 */

import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { makeMetrics } from '#http/metrics.ts';
import { makeHub } from '#http/push.ts';
import { makeServer } from '#http/server.ts';
import type { Outage } from '#model/api/outages.ts';
import type { HeadEnd } from '#model/headend.ts';
import { makeAccessService } from '#services/access/service.ts';
import { makeAlarmService } from '#services/alarms/service.ts';
import type { CrewService } from '#services/crews/service.ts';
import { keepCrew } from '#services/crews/sql.ts';
import type { EtrService } from '#services/etr/service.ts';
import { placeOfEdge } from '#services/network/assets.ts';
import type { DeviceStates } from '#services/network/device_states.ts';
import { networkRoutes } from '#services/network/routes.ts';
import { makeNetworkService, type NetworkService } from '#services/network/service.ts';
import type { CallService } from '#services/outages/calls.ts';
import { isOut } from '#services/outages/lifecycle.ts';
import type { PingService } from '#services/outages/pings.ts';
import type { PlannedService } from '#services/outages/planned.ts';
import { makeOutageService, type OutageNews, type OutageService } from '#services/outages/service.ts';
import { inTransaction, type Pool } from '#stores/postgres/pool.ts';
import { version } from '../about.ts';
import type { Config } from '../config.ts';
import { openCrews } from '../crews.ts';
import { type Door, openDoor } from '../door.ts';
import { openEtr } from '../etr.ts';
import { gridViewOf } from '../grid_view.ts';
import { kpiReader } from '../kpi.ts';
import { openStores } from '../open_stores.ts';
import { joinOutageWork } from '../outage_work.ts';
import { openPublicFace } from '../public_face.ts';
import { openStorm, type Storm } from '../storm_mode.ts';
import { loadOrCreateNetwork, type Progress } from '../territory.ts';
import { thresholdsFor } from '../thresholds.ts';
import { webFolder } from '../web_app.ts';
import { crewFactsOf, stormRoster } from './roster.ts';

export interface DrillCenter {
  url: string;
  pool: Pool;
  network: NetworkService;
  outages: OutageService;
  calls: CallService;
  pings: PingService;
  planned: PlannedService;
  states: DeviceStates;
  crews: CrewService;
  etr: EtrService;
  door: Door;
  storm: Storm;
  /** resolves when outages, crews and everything between them are durable and of one mind */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface DrillNeeds {
  config: Config;
  /** UTC epoch ms */
  nowMs: () => number;
  crews: number | undefined;
  headEnd: HeadEnd;
  news: (news: readonly OutageNews[]) => void;
  progress: Progress;
}

export async function openDrillCenter(needs: DrillNeeds): Promise<DrillCenter> {
  const { config, nowMs: drivenMs } = needs;
  const log = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: false }));
  const problems: string[] = [];
  const report = (message: string, error: unknown): void => {
    problems.push(message);
    log.error({ err: error }, message);
  };
  const fail = (error: Error): void => report('the drill lost its store', error);
  const { store, lock, segmentEngine, analytics, ledger, sink } = await openStores(config, log, fail);
  const { pool } = store;
  // the order of commits is what counts here, not a power cut: the folder goes with the drill
  await pool.query('alter system set synchronous_commit = off');
  await pool.query('select pg_reload_conf()');
  const loaded = await loadOrCreateNetwork(pool, config, needs.progress);
  const network = makeNetworkService({
    pool,
    operated: ({ edge, open, atMs }) => outages.deviceMoved(edge, open, atMs),
  });
  await network.replace(loaded.network, loaded.version);
  const columns = () => network.grid().network;
  const alarms = makeAlarmService(pool, report);
  const nobody = () => undefined;
  const quiet = { alarmsChanged: nobody, crewsChanged: nobody, say: nobody };
  const work = await joinOutageWork({
    ...{ config, pool, network, report, drivenMs, alarm: nobody },
    outages: () => outages,
    door: () => door,
    places: () => publicFace.places,
    meterOfAccount: async () => -1,
    isDark: () => undefined,
    headEnd: needs.headEnd,
  });
  const thresholds = await thresholdsFor(config, loaded.network);
  const storm = openStorm({
    ...{ pool, network: columns, thresholds, timeZone: config.timeZone, report, drivenMs, say: quiet.say },
    ...{ automatic: false, messagesPerS: config.stormMessagesPerS },
    ...{ outages: () => outages, crews: () => crews.service, etr: () => etr.service },
  });
  const outages: OutageService = makeOutageService({
    holdBack: storm.holdBack,
    thresholds,
    ...{ pool, report, drivenMs },
    ...work.facts,
    grid: () => ({
      view: gridViewOf(network.grid()),
      network: columns(),
      placeOf: (edge) => placeOfEdge(network.grid(), edge),
    }),
    etrOf: (id) => etr.service.valueOf(id),
    changed: (news) => {
      etr.service.follow(news);
      publicFace.follow(news);
      crews.service.outagesChanged(news.map(({ outage }) => outage.id));
      hub.publish({ outages: news.map(({ outage }) => outage) });
      needs.news(news);
    },
  });
  const roster = stormRoster(columns(), loaded.seed, needs.crews);
  await inTransaction(pool, async (client) => {
    for (const crew of roster) await keepCrew(client, crew, new Date(drivenMs()), false);
  });
  const crews = openCrews(config, {
    ...{ pool, network, alarms, report, drivenMs, ...quiet },
    outages: () => outages,
  });
  const etr = await openEtr(config, {
    ...{ pool, network: columns, report, drivenMs, inStorm: storm.service.inStorm },
    placeOfEdge: (edge) => placeOfEdge(network.grid(), edge),
    outages: () => outages,
    crews: async () => crewFactsOf(roster),
  });
  const publicFace = await openPublicFace({
    ...{ config, pool, network: columns, report, seed: 0, planned: work.plannedNow },
    alarm: nobody,
    membersOf: outages.membersOf,
    settled: outages.settled,
  });
  const door = openDoor({
    ...{ sink, ledger, nowMs: drivenMs },
    meterIds: () => columns().meter.id,
    eventsStored: outages.apply,
  });
  const kpi = kpiReader({
    pool,
    meters: () => columns().meter.count,
    outages: () => outages.totals(),
    layersLagS: () => null,
  });
  const hub = makeHub({
    snapshot: () => ({
      network_version: network.grid().version,
      kpi: kpi.now(),
      outages: outages.open(),
      alarms: alarms.active(),
      edges: network.packEdges(network.grid().abnormalEdges()),
      notes: [],
    }),
    packEdges: (rows) => network.packEdges(rows),
  });
  const metrics = makeMetrics();
  const server = await makeServer({
    ...{ version, logger: log, hub, metrics, webFolder, secureCookies: false },
    access: makeAccessService(pool, { timeZone: config.timeZone }),
    openSession: {
      ...{ user: 'drill', role: 'operator', areas: null, open: true, must_change_password: false },
      utility_time_zone: config.timeZone,
    },
    isReady: async () => ({ store: true, network: true }),
    routes: [
      ...networkRoutes(network),
      ...work.routes(),
      ...crews.routes,
      ...etr.routes,
      ...storm.routes,
      ...publicFace.routes,
    ],
    publicFiles: publicFace.files,
  });
  await alarms.start();
  await storm.service.start();
  await outages.start();
  await storm.service.watch();
  await crews.service.start();
  await etr.service.start();
  await server.listen({ host: '127.0.0.1', port: 0 });
  await publicFace.start();
  for (const { id, status, revision } of await crews.service.list())
    if (status === 'off_shift') await crews.service.act(id, { verb: 'sign_on', revision, reason: 'storm' }, 'drill');
  return {
    url: `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    ...{
      pool,
      network,
      outages,
      door,
      calls: work.calls,
      pings: work.pings,
      planned: work.planned,
      states: work.states,
    },
    ...{ storm, crews: crews.service, etr: etr.service },
    settled: async () => {
      // an outage moves its crew, and the crew the outage
      for (let turn = 0; turn < 2; turn++) {
        await outages.settled();
        await crews.service.settled();
      }
    },
    stop: async () => {
      await publicFace.stop();
      hub.close();
      await server.close();
      await door.drained();
      await Promise.all([crews.service.stop(), etr.service.stop(), storm.service.stop()]);
      await Promise.all([outages.stop(), alarms.stop()]);
      metrics.close();
      await Promise.all([analytics.stop(), segmentEngine.stop()]);
      await lock.release();
      await store.close();
    },
  };
}

/** True while customers are out by it. */
export const isOutNow = ({ state }: Outage): boolean => isOut(state);
