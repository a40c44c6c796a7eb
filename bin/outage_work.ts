/** What surrounds the outages: pings, trouble calls, planned work and reported device states, joined to grid and door. */
import fs from 'node:fs/promises';
import { FluxError, messageOf } from '#model/errors.ts';
import type { HeadEnd } from '#model/headend.ts';
import type { RouteDeclaration } from '#model/route.ts';
import type { CrewService } from '#services/crews/service.ts';
import { areaOf } from '#services/network/assets.ts';
import { type DeviceStates, makeDeviceStates } from '#services/network/device_states.ts';
import { gridEventRoutes } from '#services/network/grid_events.ts';
import type { NetworkService } from '#services/network/service.ts';
import { positionsOf } from '#services/network/sql.ts';
import { type CallService, makeCallService } from '#services/outages/calls.ts';
import { callRoutes } from '#services/outages/calls_routes.ts';
import { makePingService, type PingService } from '#services/outages/pings.ts';
import { type PingSettings, readPingSettings } from '#services/outages/pings_settings.ts';
import { makePlannedService, type PlannedService } from '#services/outages/planned.ts';
import { plannedRoutes } from '#services/outages/planned_routes.ts';
import { outageRoutes } from '#services/outages/routes.ts';
import type { OutageNeeds, OutageService } from '#services/outages/service.ts';
import { makeStandingService, type PlaceFinder } from '#services/outages/standing.ts';
import { httpHeadEnd } from '#sources/headend/http.ts';
import { simulatedDefaults, simulatedHeadEnd } from '#sources/headend/simulated.ts';
import { Random } from '#sources/territory/random.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { metersNotHeardSince } from '#stores/postgres/silent_meters.ts';
import type { Config } from './config.ts';
import type { Door } from './door.ts';
import { makePlannedBoard, type PlannedBoard } from './planned_board.ts';
import type { LiveStormPieces } from './storm/live.ts';

const hourMs = 3_600_000;
/** A meter whose newest reading came this long ago does not communicate. */
const silentAfterMs = 48 * hourMs;

export interface OutageWork {
  calls: CallService;
  pings: PingService;
  planned: PlannedService;
  states: DeviceStates;
  /** what the outage service asks when it starts */
  facts: Pick<OutageNeeds, 'positions' | 'planned' | 'withoutCommunication'>;
  /** the doors a storm that is played goes through */
  stormPieces(crews: CrewService): LiveStormPieces;
  routes(): RouteDeclaration[];
  /** planned work as it was last read */
  plannedNow: Pick<PlannedBoard, 'at' | 'lasting'>;
  /** after the outages: takes what is stored and not taken yet */
  start(): Promise<void>;
  /** another process stored something */
  wake(): void;
  stop(): Promise<void>;
}

interface OutageWorkNeeds {
  config: Config;
  pool: Pool;
  network: NetworkService;
  outages: () => OutageService;
  door: () => Door;
  places: () => PlaceFinder;
  /** meter of a customer's account, -1 where there is none */
  meterOfAccount: (account: string) => Promise<number>;
  /** the simulated field's truth; undefined where no field is simulated */
  isDark: () => ((meter: number) => boolean) | undefined;
  /** the head-end went away (priority and words), or is back */
  alarm: (id: string, wrong: { priority: 2; text: string } | null) => void;
  report: (message: string, error: unknown) => void;
  /** a simulated clock, UTC epoch ms */
  drivenMs?: () => number;
  /** in place of the utility's and of the live simulation's */
  headEnd?: HeadEnd;
}

export async function joinOutageWork(needs: OutageWorkNeeds): Promise<OutageWork> {
  const { config, pool, network, outages, report } = needs;
  const columns = () => network.grid().network;
  const areaOfMeter = (row: number): string | null => areaOf(network.grid(), { type: 'meter', row });
  const states = makeDeviceStates({ pool, network: columns, moved: network.follow, report });
  const calls = makeCallService({
    pool,
    network: columns,
    meterOfAccount: needs.meterOfAccount,
    areaOfMeter,
    stored: () => outages().catchUp(),
    nowMs: needs.drivenMs,
  });
  const plannedNow = makePlannedBoard();
  const planned = makePlannedService({
    pool,
    network: columns,
    metersBelow: (edge) => network.grid().operated.metersBelow(edge),
    areaOfMeter,
    changed: (windows) => {
      plannedNow.take(windows);
      outages().setPlanned(windows);
    },
    drivenMs: needs.drivenMs,
  });
  const standing = makeStandingService({
    pool,
    network: columns,
    areaOfMeter,
    outage: async (id) => (await outages().detail(id)).outage,
    plannedOf: planned.ofMeter,
    calls,
    places: {
      like: (text, most) => needs.places().like(text, most),
      ofMeter: (meter) => needs.places().ofMeter(meter),
      exact: (place) => needs.places().exact(place),
    },
  });
  const pings = makePingService({
    pool,
    headEnd: needs.headEnd ? () => needs.headEnd : headEndOf(needs),
    // one request after the other in a drill: the same order each time
    settings: { ...(await pingSettingsOf(config)), ...(needs.drivenMs ? { requestsAtOnce: 1 } : {}) },
    drivenMs: needs.drivenMs,
    network: columns,
    open: () => outages().open(),
    membersOf: (id) => outages().membersOf(id),
    decidingMeters: (id) => outages().decidingMeters(id),
    metersBeside: (id, round) => outages().metersBeside(id, round),
    commit: (events) => needs.door().commitPingAnswers(events),
    condition: (wrong) =>
      needs.alarm('ALM-HEADEND', wrong === null ? null : { priority: 2, text: `No pings: ${wrong}` }),
    report,
  });
  const withoutCommunication = () => metersNotHeardSince(pool, new Date(Date.now() - silentAfterMs));
  let timer: NodeJS.Timeout | undefined;
  return {
    calls,
    pings,
    planned,
    states,
    facts: {
      positions: async () =>
        (await positionsOf(pool, null)).map((one) => ({
          edge: one.equipment_key,
          open: one.is_open,
          atMs: one.at_ms,
        })),
      planned: async () => {
        const windows = await planned.windows();
        plannedNow.take(windows);
        return windows;
      },
      withoutCommunication,
    },
    stormPieces: (crews) => ({
      ...{ pool, crews, report },
      outages: {
        open: () => outages().open(),
        membersOf: (id) => outages().membersOf(id),
        act: (...order) => outages().act(...order),
      },
      takeCall: (call) => calls.take(call, 'simulation'),
      statesStored: states.wake,
    }),
    plannedNow,
    routes: () => [
      ...outageRoutes({
        service: outages(),
        pings,
        standing,
        pool,
        areaOfDevice: network.areaOfAsset,
      }),
      ...callRoutes(calls, standing, (id) => outages().areaOf(id)),
      ...plannedRoutes(planned),
      ...gridEventRoutes(pool, states),
    ],
    start: async () => {
      await states.caughtUp();
      await pings.start();
      timer = setInterval(() => {
        withoutCommunication().then(
          (meters) => outages().setWithoutCommunication(meters),
          (error: unknown) => report('it could not be read which meters are silent; tried again in an hour', error),
        );
      }, hourMs);
    },
    wake: states.wake,
    stop: () => {
      clearInterval(timer);
      return pings.stop();
    },
  };
}

async function pingSettingsOf({ pingsFile }: Config): Promise<PingSettings> {
  if (!pingsFile) return readPingSettings({});
  const text = await fs.readFile(pingsFile, 'utf8').catch((cause: unknown) => {
    throw new FluxError('bad_pings', `the file of ping settings can not be read: ${messageOf(cause)}`, { cause });
  });
  try {
    return readPingSettings(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof FluxError) throw new FluxError(cause.code, `${pingsFile}: ${cause.message}`, { cause });
    throw new FluxError('bad_pings', `${pingsFile} is not JSON: ${messageOf(cause)}`, { cause });
  }
}

/** The utility's own where it is named; else that of the simulated field; else none. */
function headEndOf({ config, network, isDark, report }: OutageWorkNeeds): () => HeadEnd | undefined {
  const ids = () => network.grid().network.meter.id;
  if (config.headEndUrl) {
    const theirs = httpHeadEnd({
      url: config.headEndUrl,
      capPerRequest: 1000,
      idOf: (meter) => ids().at(meter),
      rowOf: (id) => ids().rowOf(id),
      now: Date.now,
      odd: (line, why) =>
        report('the head-end sent something that is no answer', new Error(`${why}: ${line.slice(0, 200)}`)),
    });
    return () => theirs;
  }
  const random = new Random(config.seed, 0x4ead);
  const simulated = simulatedHeadEnd({
    ...simulatedDefaults,
    isDark: (meter) => isDark()?.(meter) ?? false,
    traitOf: (meter) => new Random(config.seed ^ 0x7ead, meter).unit(),
    random: () => random.unit(),
    now: Date.now,
  });
  return () => (isDark() ? simulated : undefined);
}
