/**
 * Brings the analytical layers forward and says how far everything is. The refresher follows the ledger: it reads the
 * manifest after its mark, resolves those segments, and rests until more are committed.
 */
import { channel } from 'node:diagnostics_channel';
import path from 'node:path';
import type { Static } from 'typebox';
import type { LayerStatus, Pipeline, SourceStatus } from '#model/api/readings.ts';
import { messageOf } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { Engine } from '#stores/columnar/engine.ts';
import {
  type LayerDifference,
  layerMark,
  layerRows,
  layers,
  loadMeterDimension,
  type NewSegment,
  prepareCatalogue,
  refreshLayers,
  sourceCounts,
  verifyLayers,
} from '#stores/columnar/layers.ts';
import { mergeSegments, removeSegmentFiles, segmentFolder, verifySegment } from '#stores/columnar/segments.ts';
import { workersAlive } from '#stores/postgres/kafka_topics.ts';
import {
  newestSegmentId,
  replaceSegments,
  type SegmentRow,
  segmentsAfter,
  smallSegments,
} from '#stores/postgres/ledger.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { pricesAfter, streamPositions, weatherAfter } from './sql.ts';

export interface PipelineService {
  /** call after each commit of readings */
  wake(): void;
  status(): Promise<Pipeline>;
  /** resolves when everything committed before the call is in all layers; rejects where they can not be brought forward */
  caughtUp(): Promise<void>;
  verify(): Promise<{ segments: number; differences: LayerDifference[] }>;
  /** the network changed: meters belong elsewhere now; the next refresh begins with that */
  networkChanged(network: NetworkColumns): void;
  /** end of the newest interval known to be in the layers */
  freshTo(): Date | null;
  /** seconds the oldest committed but unresolved segment has waited; 0 when none waits, null before the first */
  lagS(): number | null;
  stop(): Promise<void>;
}

/** Segments below this are merged, once there are so many in a row. */
const smallSegmentRows = 100_000;
const mergeFrom = 120;
const maxMergedRows = 1_500_000;

/** The first parts that follow each other without a gap, as many as one file should hold; none where they are few. */
function mergeableRun(parts: SegmentRow[]): SegmentRow[] {
  const run: SegmentRow[] = [];
  let rows = 0;
  for (const part of parts) {
    const follows = run.length === 0 || run[run.length - 1].offsetTo <= part.offsetFrom;
    if (!follows || rows + part.rowCount > maxMergedRows) break;
    run.push(part);
    rows += part.rowCount;
  }
  return run.length >= mergeFrom ? run : [];
}

export interface PipelineNeeds {
  pool: Pool;
  engine: Engine;
  dataFolder: string;
  network: () => NetworkColumns;
  report: (message: string, error: unknown) => void;
}

/** Real-time price of the load zone the territory lies in. */
const settlementPoint = 'LZ_HOUSTON';

const refreshed = channel('flux:layers.refreshed');
/** Rows one refresh takes at most: bounds its memory. */
const maxRowsPerRefresh = 2_000_000;
/** Refreshes are gathered for this long: a segment a second would otherwise be a transaction a second. */
const gatherMs = 700;

export function makePipelineService(needs: PipelineNeeds): PipelineService {
  const { pool, engine, dataFolder } = needs;
  let stopped = false;
  let running: Promise<void> | undefined;
  let lastTurn: Promise<unknown> = Promise.resolve();
  let wanted = false;
  let wakeTimer: NodeJS.Timeout | undefined;
  let oldestWaiting: Date | null = null;
  let refreshedAt: Date | null = null;
  let lastRefreshMs: number | null = null;
  let freshToS: number | null = null;
  /** a network whose meters are not in the dimension yet: 0.5 s at 600,000 meters, which a start does not wait for */
  let unplaced: NetworkColumns | undefined;

  const fileOf = (row: SegmentRow): NewSegment => ({
    segmentId: row.segmentId,
    source: row.source,
    partition: row.partition,
    file: path.join(segmentFolder(dataFolder), row.path),
  });

  async function nextSegments(): Promise<SegmentRow[]> {
    const rows = await segmentsAfter(pool, await layerMark(engine), 500);
    const taken: SegmentRow[] = [];
    let count = 0;
    for (const row of rows) {
      if (taken.length > 0 && count + row.rowCount > maxRowsPerRefresh) break;
      taken.push(row);
      count += row.rowCount;
    }
    return taken;
  }

  async function placeMeters(): Promise<void> {
    while (unplaced) {
      const network = unplaced;
      await loadMeterDimension(engine, network);
      if (unplaced === network) unplaced = undefined;
    }
  }

  /** Rounds and verifications one after another: what one reads, the other does not move or merge away. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = lastTurn.then(work);
    lastTurn = turn.catch(() => undefined);
    return turn;
  }

  /** Brings the layers forward by what one refresh takes. @returns whether it found something to do */
  async function round(): Promise<boolean> {
    if (stopped) return false;
    freshToS ??= await newestIntervalEndS(engine);
    await copyObservations(pool, engine);
    await placeMeters();
    const rows = await nextSegments();
    if (rows.length === 0) {
      oldestWaiting = null;
      refreshedAt ??= new Date();
      await tidySegments();
      return false;
    }
    oldestWaiting = rows[0].committedAt;
    // A file that is not what was committed stops the layers here, loudly, instead of making them wrong.
    for (const row of rows) await verifySegment(dataFolder, row);
    const startMs = performance.now();
    await refreshLayers(engine, rows.map(fileOf));
    lastRefreshMs = performance.now() - startMs;
    refreshedAt = new Date();
    for (const row of rows) freshToS = Math.max(freshToS ?? 0, row.maxIntervalStartS + 900);
    const rowCount = rows.reduce((sum, row) => sum + row.rowCount, 0);
    refreshed.publish({ ms: lastRefreshMs, rows: rowCount, segments: rows.length });
    return true;
  }

  /** A segment a second would be 86,400 files a day: runs of small ones that all layers have passed become one. */
  async function tidySegments(): Promise<void> {
    const small = await smallSegments(pool, await layerMark(engine), smallSegmentRows, 4000);
    for (const parts of Map.groupBy(small, (row) => `${row.source}/${row.partition}`).values()) {
      const run = mergeableRun(parts);
      if (run.length === 0 || stopped) continue;
      for (const row of run) await verifySegment(dataFolder, row);
      const merged = await mergeSegments(engine, dataFolder, run);
      await replaceSegments(pool, run, merged);
      await removeSegmentFiles(dataFolder, run);
    }
  }

  async function run(): Promise<void> {
    let hasFailed = false;
    try {
      do wanted = false;
      while (await inTurn(round));
    } catch (error) {
      hasFailed = true;
      if (!stopped) needs.report('layers could not be brought forward; tried again in 5 s', error);
    }
    running = undefined;
    if (hasFailed) later(5000);
    else if (wanted) later(gatherMs);
  }

  function later(ms: number): void {
    if (stopped || running || wakeTimer) return;
    wakeTimer = setTimeout(() => {
      wakeTimer = undefined;
      running = run();
    }, ms);
  }

  function wake(): void {
    wanted = true;
    later(gatherMs);
  }

  const lagS = (): number | null =>
    oldestWaiting ? (Date.now() - oldestWaiting.getTime()) / 1000 : refreshedAt ? 0 : null;

  return {
    wake,
    lagS,
    freshTo: () => (freshToS === null ? null : new Date(freshToS * 1000)),
    status: async () => {
      const [positions, workers, columnar] = await Promise.all([
        streamPositions(pool),
        workersAlive(pool),
        Promise.all([layerRows(engine), sourceCounts(engine)]).catch((error: unknown) => ({ lost: messageOf(error) })),
      ]);
      const [rows, counts] = Array.isArray(columnar) ? columnar : [undefined, undefined];
      const layerStatus = layers.map(
        ({ name, targetLagS }): Static<typeof LayerStatus> => ({
          layer: name,
          rows: rows?.[name] ?? 0,
          target_lag_s: targetLagS,
          lag_s: lagS(),
          refreshed_at: refreshedAt?.toISOString() ?? null,
          last_refresh_ms: lastRefreshMs,
        }),
      );
      const sources = positions.map((p): Static<typeof SourceStatus> => {
        const silver = counts?.find((c) => c.source === p.source && c.partition === p.partition_no);
        const resolved = silver ? silver.stored + silver.superseded + silver.duplicate : 0;
        const isEvents = p.kind === 'event';
        const parts = {
          stored: isEvents ? p.landed : (silver?.stored ?? 0),
          superseded: silver?.superseded ?? 0,
          duplicate: isEvents ? p.duplicate : (silver?.duplicate ?? 0),
          set_aside: p.set_aside,
          pending: isEvents ? 0 : Math.max(0, p.landed - resolved),
        };
        const sum = parts.stored + parts.superseded + parts.duplicate + parts.set_aside + parts.pending;
        return {
          source: p.source,
          partition: p.partition_no,
          kind: p.kind,
          next_offset: p.next_offset,
          received: p.received,
          ...parts,
          balanced: sum === p.received,
          last_at: p.last_at?.toISOString() ?? null,
        };
      });
      return {
        at: new Date().toISOString(),
        layers: layerStatus,
        sources,
        consumers: workers.map(({ host, pid, started_at, seen_at, partitions }) => ({
          host,
          pid,
          started_at: started_at.toISOString(),
          seen_at: seen_at.toISOString(),
          partitions,
        })),
        analytics: { state: engine.state(), restarts: engine.restarts },
      };
    },
    caughtUp: async () => {
      // What is committed meanwhile is not waited for: under load there is always more.
      const target = await newestSegmentId(pool);
      while ((await inTurn(round)) && (await layerMark(engine)) < target);
    },
    verify: () =>
      inTurn(async () => {
        const mark = await layerMark(engine);
        const segments = (await segmentsAfter(pool, 0, 10_000_000)).filter((row) => row.segmentId <= mark);
        for (const row of segments) await verifySegment(dataFolder, row);
        return { segments: segments.length, differences: await verifyLayers(engine, segments.map(fileOf)) };
      }),
    networkChanged: (network) => {
      unplaced = network;
      wake();
    },
    stop: async () => {
      stopped = true;
      clearTimeout(wakeTimer);
      await running;
      await lastTurn;
    },
  };
}

async function newestIntervalEndS(engine: Engine): Promise<number | null> {
  const { newest } = await engine.query('select max(interval_start_s) as newest from gold_feeder_interval');
  return newest[0] === null ? null : Number(newest[0]) + 900;
}

/** Weather and price that the operational store has and the gold layer has not. */
async function copyObservations(pool: Pool, engine: Engine): Promise<void> {
  const { weather_s: weatherS, price_s: priceS } = await engine.query(
    'select (select max(interval_start_s) from weather_interval) as weather_s, (select max(interval_start_s) from price_interval) as price_s',
  );
  const [weather, prices] = await Promise.all([
    weatherAfter(pool, Number(weatherS[0] ?? 0)),
    pricesAfter(pool, settlementPoint, Number(priceS[0] ?? 0)),
  ]);
  if (weather.length > 0)
    await engine.script([
      `insert into weather_interval values ${weather.map((w) => `(${w.interval_start_s}, ${w.value})`).join(', ')}`,
    ]);
  if (prices.length > 0)
    await engine.script([
      `insert into price_interval values ${prices.map((p) => `(${p.interval_start_s}, ${p.value})`).join(', ')}`,
    ]);
}

/** What the analytical engine does after each (re)start, before it takes requests. */
export async function openAnalytics(engine: Engine): Promise<void> {
  await prepareCatalogue(engine);
}
