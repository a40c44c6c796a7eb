/**
 * A whole center in one process: sources -> stream -> stores -> services -> http. Reads like the diagram; every piece is
 * made here and given what it needs.
 */
import { channel } from 'node:diagnostics_channel';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { makeMetrics } from '#http/metrics.ts';
import { makeHub } from '#http/push.ts';
import { makeServer } from '#http/server.ts';
import type { Session } from '#model/api/common.ts';
import type { LiveNote } from '#model/api/live.ts';
import { makeAccessService } from '#services/access/service.ts';
import { makeAlarmService } from '#services/alarms/service.ts';
import { allCrews } from '#services/crews/sql.ts';
import { areaOf, placeOfEdge } from '#services/network/assets.ts';
import { makeNetworkService } from '#services/network/service.ts';
import { isOut } from '#services/outages/lifecycle.ts';
import { makeOutageService } from '#services/outages/service.ts';
import { makePipelineService } from '#services/pipeline/service.ts';
import { makeSetAsideService } from '#services/pipeline/set_aside.ts';
import { version } from './about.ts';
import type { Config } from './config.ts';
import { startConsumers } from './consumers.ts';
import { type CrewTellers, crewFacts, openCrews, seedTerritoryCrews } from './crews.ts';
import { openDoor } from './door.ts';
import { openEtr } from './etr.ts';
import { filesTask, startFiles } from './files.ts';
import { joinGenerator } from './generator/join.ts';
import { gridViewOf } from './grid_view.ts';
import { kafkaAccess } from './kafka_access.ts';
import { kpiReader } from './kpi.ts';
import { checkPort, listen } from './listen.ts';
import { openStores } from './open_stores.ts';
import { makeLineColours, outageNotes } from './outage_news.ts';
import { joinOutageWork } from './outage_work.ts';
import { openPublicFace } from './public_face.ts';
import { openReliability } from './reliability.ts';
import { makeResubmit } from './resubmit.ts';
import { centerRoutes } from './routes.ts';
import { type Simulation, startSimulation } from './simulation.ts';
import { openStorm } from './storm_mode.ts';
import { openSwitching } from './switching.ts';
import { loadOrCreateNetwork, type Progress } from './territory.ts';
import { thresholdsFor } from './thresholds.ts';
import { watchThroughput } from './throughput.ts';
import { openVee } from './vee.ts';
import { ensureWebApp, webFolder } from './web_app.ts';

export interface Center {
  url: string;
  /** one-time link for the administrator, and the password where the account is new */
  signInUrl: string;
  newPassword: string | undefined;
  created: boolean;
  meters: number;
  stop(): Promise<void>;
}

/** How many readings a first start looks back: enough for a chart, seconds to make. */
const backfillRows = 2_400_000;

export async function startCenter(config: Config, progress: Progress, fail: (error: Error) => void): Promise<Center> {
  const log = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: false }));
  const report = (message: string, error: unknown): void => log.error({ err: error }, message);
  await checkPort(config);
  const watched = await filesTask(config);
  // a file that can not be read is better said before anything is started
  if (config.kafka) await kafkaAccess(config.kafka);

  // stores
  const webApp = ensureWebApp();
  webApp.catch(() => undefined);
  progress(0, 'starting the stores');
  const { store, lock, segmentEngine, analytics, ledger, sink } = await openStores(config, log, fail);
  const { pool } = store;
  const { dataFolder } = config;

  // services
  const kpi = kpiReader({
    pool,
    meters: () => columns().meter.count,
    outages: () => outages.totals(),
    layersLagS: () => pipeline.lagS(),
  });
  // Reads every row of the hot window: PostgreSQL does that while the network is read here.
  const firstTotals = kpi.refresh();
  firstTotals.catch(() => undefined);
  const loaded = await loadOrCreateNetwork(pool, config, progress);
  const notes: LiveNote[] = [];
  let simulation: Simulation | undefined;
  const network = makeNetworkService({
    pool,
    guard: (id, open) => switching.service.guard(id, open),
    operated: ({ edge, open, atMs, changedEdges, actor }) => {
      hub.publish({ edgeRows: changedEdges });
      outages.deviceMoved(edge, open, atMs);
      simulation?.operate(edge, open);
      say(`${actor} ${open ? 'opened' : 'closed'} ${network.grid().network.edge.id.at(edge)}`, areaOfEdge(edge));
    },
  });
  await network.replace(loaded.network, loaded.version);
  const columns = () => network.grid().network;
  const pipeline = makePipelineService({
    pool,
    engine: analytics,
    dataFolder,
    network: columns,
    timeZone: config.timeZone,
    policy: config.history,
    note: (message) => log.info(message),
    report,
  });
  const vee = await openVee(config, { pool, engine: analytics, network: columns, sink, ledger, pipeline, report });
  const access = makeAccessService(pool, { timeZone: config.timeZone });
  const alarms = makeAlarmService(pool, report);
  const lineColours = makeLineColours(() => network.grid());
  const alarm = (id: string, wrong: { priority: 1 | 2 | 3 | 4; text: string } | null): void => {
    const changed = alarms.condition(id, wrong);
    if (changed.length > 0) hub.publish({ alarms: changed });
  };
  const work = await joinOutageWork({
    ...{ config, pool, network, alarm, report },
    outages: () => outages,
    door: () => door,
    places: () => publicFace.places,
    meterOfAccount: async (account) => publicFace.service.meterOfAccount(account),
    isDark: () => simulation?.isDark,
  });
  const reliability = openReliability({
    ...{ pool, network: columns, timeZone: config.timeZone, condition: alarms.condition, report },
    publish: (changed) => hub.publish({ alarms: changed }),
  });
  const thresholds = await thresholdsFor(config, loaded.network);
  const storm = openStorm({
    ...{ pool, network: columns, thresholds, timeZone: config.timeZone, report },
    ...{ automatic: config.stormAutomatic, messagesPerS: config.stormMessagesPerS },
    ...{ outages: () => outages, crews: () => crews.service, etr: () => etr.service },
    gustAhead: (area) => simulation?.gustAhead(area) ?? null,
    say: (text, area) => say(text, area),
  });
  const outages = makeOutageService({
    pool,
    holdBack: storm.holdBack,
    ...work.facts,
    grid: () => ({
      view: gridViewOf(network.grid()),
      network: columns(),
      placeOf: (edge) => placeOfEdge(network.grid(), edge),
    }),
    ...{ thresholds, report },
    etrOf: (id) => etr.service.valueOf(id),
    changed: (news) => {
      const edgeRows = lineColours.follow(news);
      for (const { text, area_id } of outageNotes(news)) say(text, area_id);
      etr.service.follow(news);
      publicFace.follow(news);
      hub.publish({
        outages: news.map((item) => item.outage),
        alarms: news.flatMap(({ outage, isOpen }) => alarms.follow(outage, isOpen && isOut(outage.state))),
        edgeRows,
        kpi: kpi.now(),
      });
      crews.service.outagesChanged(news.map(({ outage }) => outage.id));
    },
  });
  if (loaded.isSynthetic) await seedTerritoryCrews(pool, network, loaded.seed, config.timeZone);
  const tellers: CrewTellers = {
    alarmsChanged: (alarms) => hub.publish({ alarms }),
    crewsChanged: (changed) => hub.publish({ crews: changed }),
    say: (text, area) => say(text, area),
  };
  const crews = openCrews(config, { pool, network, alarms, outages: () => outages, report, ...tellers });
  const switching = openSwitching({ pool, network, alarms, ...tellers });
  const etr = await openEtr(config, {
    ...{ pool, network: columns, outages: () => outages, report },
    inStorm: storm.service.inStorm,
    placeOfEdge: (edge) => placeOfEdge(network.grid(), edge),
    crews: async () => crewFacts(await allCrews(pool), Date.now()),
  });
  const publicFace = await openPublicFace({
    ...{ config, pool, network: columns, seed: loaded.seed, report, alarm },
    ...{ membersOf: outages.membersOf, settled: outages.settled, planned: work.plannedNow },
  });
  const doorNeeds = { sink, ledger, meterIds: () => columns().meter.id, eventsStored: outages.apply };
  const door = openDoor(doorNeeds);
  const setAside = makeSetAsideService({ pool, resubmit: makeResubmit(doorNeeds) });
  const throughput = watchThroughput(pool, () => pipeline.lagS());
  const generator = joinGenerator({
    config,
    store,
    network: columns,
    access,
    url: () => url,
    lagS: () => pipeline.lagS(),
    committed: () => pipeline.wake(),
    report,
  });
  const hub = makeHub({
    snapshot: () => ({
      network_version: network.grid().version,
      kpi: kpi.now(),
      outages: outages.open(),
      alarms: alarms.active(),
      edges: network.packEdges(network.grid().abnormalEdges()),
      notes: notes.slice(-20),
    }),
    packEdges: (rows) => network.packEdges(rows),
  });
  const areaOfEdge = (row: number): string | null => areaOf(network.grid(), { type: 'edge', row });
  function say(text: string, area_id: string | null = null, at = new Date().toISOString()): void {
    notes.push({ at, text, area_id });
    if (notes.length > 100) notes.shift();
    hub.publish({ notes: [{ at, text, area_id }] });
  }

  pipeline.networkChanged(loaded.network);
  // Awaited before anyone can ask; the server is made meanwhile.
  const rebuilt = Promise.all([
    alarms.start().then(switching.service.start),
    storm.service.start().then(outages.start).then(storm.service.watch).then(crews.service.start),
    firstTotals,
  ]);
  rebuilt.catch(() => undefined);
  const onCommitted = (): void => pipeline.wake();
  channel('flux:stream.readings_committed').subscribe(onCommitted);
  pipeline.wake();
  const kpiTimer = setInterval(
    () =>
      void kpi.refresh().then(
        () => hub.publish({ kpi: kpi.now() }),
        () => undefined,
      ),
    1000,
  );

  // http
  const metrics = makeMetrics();
  metrics.gauge('flux_push_subscribers', 'open push streams', () => hub.subscribers());
  metrics.gauge('flux_customers_out', 'customers without supply', () => outages.totals().customersOut);
  metrics.gauge(
    'flux_layer_lag_seconds',
    'age of the oldest committed segment that is not in the layers',
    () => pipeline.lagS() ?? 0,
  );
  metrics.gauge('flux_public_pages_age_seconds', 'age of the public pages', () => publicFace.files.ageS() ?? -1);
  const openSession: Session | undefined = config.open
    ? {
        user: 'open',
        role: 'engineer',
        areas: null,
        open: true,
        must_change_password: false,
        utility_time_zone: config.timeZone,
      }
    : undefined;
  const webState = await webApp.catch((error: unknown) => {
    report('the web app could not be built', error);
    return 'missing' as const;
  });
  if (webState === 'built') progress(0.98, 'built the web app');
  const server = await makeServer({
    version,
    logger: log,
    access,
    hub,
    metrics,
    openSession,
    webFolder,
    secureCookies: config.secureCookies,
    isReady: async () => ({
      store: await pool.query('select 1').then(
        () => true,
        () => false,
      ),
      network: true,
      analytics: analytics.state() === 'ready',
      push: true,
    }),
    routes: [
      ...centerRoutes({
        ...{ config, pool, analytics, network, outages, alarms, hub, pipeline, door, setAside, generator },
        throughput: throughput.now,
        takesFiles: watched !== undefined,
      }),
      ...work.routes(),
      ...vee.routes,
      ...crews.routes,
      ...switching.routes,
      ...etr.routes,
      ...storm.routes,
      ...reliability.routes,
      ...publicFace.routes,
      kpi.route,
    ],
    publicFiles: publicFace.files,
    trustedProxies: config.publicFace.trustedProxies,
  });

  await rebuilt;
  await etr.service.start();
  const newPassword = await access.ensureAdministrator('admin');
  await listen(server, config);
  const port = (server.server.address() as AddressInfo).port;
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host === '127.0.0.1' ? 'localhost' : config.host}:${port}`;
  generator.start();
  // whoever waits for the center hears that it is ready before its own work begins
  await sleep(100);
  publicFace.start().catch((error: unknown) => report('the public pages could not be started', error));
  const signInUrl = config.open ? url : `${url}/#signin=${await access.makeSignInLink('admin')}`;

  // sources
  const begin = () =>
    startSimulation({
      config,
      seed: loaded.seed,
      network: columns(),
      grid: network.grid().operated,
      pool,
      sink,
      ledger,
      backfillIntervals: Math.max(2, Math.min(96, Math.floor(backfillRows / columns().meter.count))),
      takeEvents: door.commitFieldEvents,
      darkMeters: outages.darkMeters(),
      storm: work.stormPieces(crews.service),
      say: (text, edge, at) => say(text, areaOfEdge(edge), at),
      report,
    });
  vee.service.start();
  simulation = config.simulation ? begin() : undefined;
  await work.start();
  reliability.service.start();
  const consumers = await startConsumers({
    config,
    pool,
    connection: store.connection,
    readingsCommitted: () => pipeline.wake(),
    eventsCommitted: () => {
      outages.catchUp();
      work.wake();
    },
    alarm,
    activeAlarms: () => alarms.active().map((alarm) => alarm.id),
    report,
  });
  const files = watched && startFiles({ ...watched, connection: store.connection }, onCommitted, report);
  let replacing = Promise.resolve();
  lock.onNetworkChanged((next) => {
    replacing = replacing
      .then(() => takeOverNetwork(next))
      .catch((error: unknown) => report('the imported network could not be taken over', error));
  });
  async function takeOverNetwork(next: number): Promise<void> {
    if (String(next) === network.grid().version) return;
    const changed = await loadOrCreateNetwork(pool, config, progress);
    await simulation?.stop();
    await network.replace(changed.network, changed.version);
    lineColours.clear();
    publicFace.networkChanged();
    await outages.gridReplaced();
    await etr.service.start();
    pipeline.networkChanged(changed.network);
    await vee.networkChanged();
    hub.announceNetwork(changed.version);
    say(
      `The network was replaced: version ${changed.version}, ${changed.network.meter.count.toLocaleString('en-US')} meters`,
    );
    if (config.simulation) simulation = begin();
  }

  return {
    url,
    signInUrl,
    newPassword,
    created: loaded.created,
    meters: loaded.network.meter.count,
    stop: async () => {
      clearInterval(kpiTimer);
      throughput.stop();
      await Promise.all([simulation?.stop(), generator.stop(), files?.stop(), consumers.stop(), work.stop()]);
      await publicFace.stop();
      hub.close();
      await server.close();
      await door.drained();
      await Promise.all([vee, crews, etr, reliability, storm].map(({ service }) => service.stop()));
      await Promise.all([outages.stop(), alarms.stop(), pipeline.stop()]);
      channel('flux:stream.readings_committed').unsubscribe(onCommitted);
      metrics.close();
      await Promise.all([analytics.stop(), segmentEngine.stop()]);
      await lock.release();
      await store.close();
    },
  };
}
