/** The public face joined to the outages: the look-up of one home, the public map, the feeds. */
import { createHmac, randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPublicFiles, type PublicFiles } from '#http/public_files.ts';
import type { Outage } from '#model/api/outages.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { RouteDeclaration } from '#model/route.ts';
import { isOut } from '#services/outages/lifecycle.ts';
import type { OutageNews } from '#services/outages/service.ts';
import type { PlaceFinder } from '#services/outages/standing.ts';
import { makeCells } from '#services/public_map/cells.ts';
import { type Ground, makeGround } from '#services/public_map/drawing.ts';
import { framedPage } from '#services/public_map/frame.ts';
import { type Masking, publicPicture, type Zone } from '#services/public_map/picture.ts';
import { makePublisher, type Publisher } from '#services/public_map/publisher.ts';
import { feedRoutes } from '#services/public_map/routes.ts';
import { normalAddress } from '#services/restoration/address.ts';
import { placeOfMeter, placesLike } from '#services/restoration/places.ts';
import { restorationRoutes } from '#services/restoration/routes.ts';
import { makeRestorationService, type RestorationService } from '#services/restoration/service.ts';
import {
  type Premise,
  type PremiseRow,
  premiseRevision,
  premisesAfter,
  raisePremiseRevision,
  storePremises,
} from '#services/restoration/sql.ts';
import { serviceAddresses } from '#sources/territory/addresses.ts';
import { inTransaction, type Pool } from '#stores/postgres/pool.ts';
import type { Config } from './config.ts';
import type { PlannedBoard } from './planned_board.ts';

export interface PublicFaceNeeds {
  config: Config;
  pool: Pool;
  network: () => NetworkColumns;
  /** seed of a synthetic territory; 0 where the network was imported */
  seed: number;
  membersOf: (outageId: string) => ArrayLike<number>;
  planned: Pick<PlannedBoard, 'at' | 'lasting'>;
  /** resolves when everything applied to the outages so far is durable and told */
  settled: () => Promise<void>;
  report: (message: string, error: unknown) => void;
  alarm: (id: string, wrong: { priority: 1 | 2 | 3 | 4; text: string } | null) => void;
}

export interface PublicFace {
  routes: RouteDeclaration[];
  files: PublicFiles;
  service: RestorationService;
  places: PlaceFinder;
  publisher: Publisher;
  follow(news: readonly OutageNews[]): void;
  networkChanged(): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Scene {
  masking: Masking;
  ground: Ground;
  /** area row of a meter, -1 where it hangs on no feeder */
  zoneOf: (meter: number) => number;
}

/** Homes in the square an outage is shown at, for each customer it must have at least. */
const homesPerCustomer = 10;
const probeMs = 1000;
/** first pause after addresses could not be stored; it doubles */
const settleAgainMs = 1000;
const longestWaitMs = 60_000;
/** pieces that nobody has to wait for */
const rowsAtOnce = 300;

/** Public ids are a keyed hash: they tell nothing of the number or order of outages that are not shown. */
async function publicIds(dataFolder: string): Promise<(outageId: string) => string> {
  const file = path.join(dataFolder, 'public_ids.key');
  let key = await fs.readFile(file).catch(() => undefined);
  if (!key || key.length < 32) {
    key = randomBytes(32);
    await fs.writeFile(file, key, { mode: 0o600 });
  }
  const secret = key;
  return (outageId) => createHmac('sha256', secret).update(outageId).digest('hex').slice(0, 20);
}

function zonesOf({ area, substation, feeder, node, meter }: NetworkColumns): Zone[] {
  const served = new Int32Array(area.count);
  for (let row = 0; row < meter.count; row++) {
    const feederRow = node.feeder[meter.node[row]];
    if (feederRow >= 0) served[substation.area[feeder.substation[feederRow]]]++;
  }
  return Array.from(served, (count, row) => ({ id: area.id.at(row), name: area.name[row], served: count }));
}

export async function openPublicFace(needs: PublicFaceNeeds): Promise<PublicFace> {
  const { config, pool, network, report } = needs;
  const { publicFace: settings } = config;
  const publicId = await publicIds(config.dataFolder);
  const perMinute = settings.lookUpsPerMinute === 0 ? undefined : settings.lookUpsPerMinute;
  let currentToMs = Date.now();
  let loadedRevision = -1;
  let isLoading = false;
  const stopping = new AbortController();
  let probe: NodeJS.Timeout | undefined;
  let settling: Promise<void> | undefined;
  /** until then addresses are "not read yet", never "unknown" */
  let isSettled = needs.seed === 0;
  let made: (Scene & { of: NetworkColumns }) | undefined;

  /** Counts all meters: made at the first picture of a network. */
  function scene(): Scene {
    const columns = network();
    if (made?.of !== columns) {
      const zones = zonesOf(columns);
      const { meter, node, feeder, substation } = columns;
      const zoneOf = (row: number): number => {
        const feederRow = node.feeder[meter.node[row]];
        return feederRow < 0 ? -1 : substation.area[feeder.substation[feederRow]];
      };
      const cells = makeCells(columns, settings.smallest * homesPerCustomer, zoneOf);
      const masking = { smallest: settings.smallest, cells, zones, publicId };
      made = { masking, ground: makeGround(cells, zones), zoneOf, of: columns };
    }
    return made;
  }

  const outNow = (): Outage[] =>
    service
      .board()
      .open()
      .filter(({ state }) => isOut(state));
  const picture = () => {
    const { masking, zoneOf } = scene();
    // A window lies in one area: the planned work is refused otherwise.
    const work = needs.planned.lasting().flatMap(({ meters, toMs }) => {
      const row = zoneOf(meters[0]);
      return row < 0 ? [] : [{ zone_id: masking.zones[row].id, meters, toMs }];
    });
    return publicPicture(outNow(), masking, work);
  };
  const service = makeRestorationService({
    meterCount: () => network().meter.count,
    meterRowOf: (id) => network().meter.id.rowOf(id),
    membersOf: needs.membersOf,
    plannedOf: needs.planned.at,
    currentToMs: () => currentToMs,
    timeZone: config.timeZone,
  });
  const publisher = makePublisher({
    folder: settings.folder,
    picture,
    ground: () => scene().ground,
    currentToMs: () => currentToMs,
    utility: settings.utilityName ?? network().name,
    phone: settings.utilityPhone,
    timeZone: config.timeZone,
    everyMs: settings.seconds * 1000,
    staleAfterS: settings.staleMinutes * 60,
    report,
    told: (wrong) => needs.alarm('ALM-PUBLIC-PAGES', wrong === null ? null : { priority: 2, text: wrong }),
  });
  const files = await openPublicFiles(settings.folder);

  /** The store answers and the outages are durable: so far the picture is right. Also tells of imported premises. */
  async function look(): Promise<void> {
    const askedMs = Date.now();
    const [revision] = await Promise.all([premiseRevision(pool), needs.settled()]);
    currentToMs = Math.max(currentToMs, askedMs);
    // Not waited for: reading all premises takes many looks, and the age of the answers must not grow meanwhile.
    if (isSettled && revision !== loadedRevision && !isLoading) void loadPremises(revision);
  }

  async function loadPremises(revision: number): Promise<void> {
    isLoading = true;
    try {
      await service.loadPremises(allPremises(pool));
      loadedRevision = revision;
    } catch {
      // A store that is away is told by the age of the answers; the next look tries again.
    } finally {
      isLoading = false;
    }
  }

  /** Goes on where it failed, after a while, until all are there: what is not read yet is not unknown. */
  async function settle(): Promise<void> {
    for (
      let waitMs = settleAgainMs;
      !isSettled && !stopping.signal.aborted;
      waitMs = Math.min(2 * waitMs, longestWaitMs)
    )
      try {
        await settleTerritory(pool, network(), needs.seed, stopping.signal);
        isSettled = true;
      } catch (error) {
        if (stopping.signal.aborted) return;
        report('addresses of the territory could not be stored; tried again', error);
        await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
  }

  let looking: Promise<void> | undefined;
  const lookOnce = (): void => {
    looking ??= look()
      // A store that is away is told by the age of the answers.
      .catch(() => undefined)
      .finally(() => {
        looking = undefined;
      });
  };

  return {
    service,
    places: {
      like: (words, most) => placesLike(pool, words, most),
      ofMeter: (meter) => placeOfMeter(pool, meter),
      exact: service.metersOf,
    },
    publisher,
    files,
    routes: [
      ...restorationRoutes({
        service,
        timeZone: config.timeZone,
        perMinute,
        frame: (page) => {
          const facts = publisher.frame();
          return framedPage(page, { ...facts, style: `/public/${facts.style}`, script: `/public/${facts.script}` });
        },
      }),
      ...feedRoutes({
        picture,
        everyMs: settings.seconds * 1000,
        outages: outNow,
        zone: (id) => scene().masking.zones.find((zone) => zone.id === id) ?? { name: id, served: 0 },
        perMinute,
      }),
    ],
    follow: (news) => {
      service.follow(news);
      publisher.changed();
    },
    networkChanged: () => {
      service.networkGrown();
      publisher.changed();
    },
    start: async () => {
      await publisher.start();
      if (stopping.signal.aborted) return;
      probe = setInterval(lookOnce, probeMs);
      lookOnce();
      if (needs.seed === 0) return;
      settling = settle();
      await settling;
    },
    stop: async () => {
      stopping.abort();
      clearInterval(probe);
      files.stop();
      await Promise.all([publisher.stop(), settling]);
      // A look at a store that hangs is not waited for.
      await Promise.race([looking, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    },
  };
}

async function* allPremises(pool: Pool): AsyncGenerator<PremiseRow[]> {
  for (let after = -1; ; ) {
    const beganMs = performance.now();
    const rows = await premisesAfter(pool, after, rowsAtOnce);
    if (rows.length === 0) return;
    yield rows;
    after = rows[rows.length - 1].meter_key;
    await sleep(performance.now() - beganMs);
  }
}

/** Accounts and addresses of a synthetic territory, at its first start; goes on where a stop interrupted it. */
async function settleTerritory(
  pool: Pool,
  network: NetworkColumns,
  seed: number,
  stopping: AbortSignal,
): Promise<void> {
  const { rows } = await pool.query<{ done: number | null }>(
    "select max(premise.meter_key) as done from premise where premise.source = 'synthetic'",
  );
  const { rows: foreign } = await pool.query("select 1 from premise where premise.source = 'import' limit 1");
  // The utility's own accounts are there: nothing is invented beside them.
  if (foreign.length > 0) return;
  const first = (rows[0].done ?? -1) + 1;
  if (first >= network.meter.count) return;
  // A first start serves meanwhile: three quarters of the time and the stores are left to everybody else.
  const store = async (premises: Premise[]): Promise<void> => {
    const beganMs = performance.now();
    await inTransaction(pool, (client) => storePremises(client, premises, 'synthetic'));
    await sleep(3 * (performance.now() - beganMs));
  };
  let waiting: Premise[] = [];
  for (const { meter, account, address, place } of serviceAddresses(network, seed, first)) {
    const normal = normalAddress(`${address}, ${place}`);
    if (!normal) continue;
    const { key, unit, place: placeKey } = normal;
    waiting.push({ meter_key: meter, account_id: account, address, street_key: key, unit, place: placeKey });
    if (waiting.length < rowsAtOnce) continue;
    if (stopping.aborted) return;
    await store(waiting);
    waiting = [];
  }
  if (waiting.length > 0) await store(waiting);
  await raisePremiseRevision(pool);
}
