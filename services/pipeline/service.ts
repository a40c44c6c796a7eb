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
import { loadDimensions, loadLocalDays, loadSources, localZone } from '#stores/columnar/dimensions.ts';
import type { Engine } from '#stores/columnar/engine.ts';
import {
  layerMark,
  layerRows,
  layers,
  type NewSegment,
  prepareCatalogue,
  refreshLayers,
  refreshLength,
  resetLayers,
  sourceCounts,
} from '#stores/columnar/layers.ts';
import { openCells } from '#stores/columnar/sealing.ts';
import { segmentFolder, verifySegment } from '#stores/columnar/segments.ts';
import { type LayerDifference, verifyLayers } from '#stores/columnar/verify_layers.ts';
import { workersAlive } from '#stores/postgres/kafka_topics.ts';
import { newestSegmentId, type SegmentRow, segmentsAfter } from '#stores/postgres/ledger.ts';
import { partFingerprint, partTotals, type SourceKey, sourceKeys } from '#stores/postgres/part_ledger.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { copyObservations } from './observations.ts';
import { streamPositions } from './sql.ts';
import {
  defaultPolicy,
  dropBronze,
  dropHistory,
  followManifest,
  type HistoryPolicy,
  mergeSmall,
  seal,
  sealNext,
  verifyParts,
} from './tidying.ts';

export interface PipelineService {
  /** call after each commit of readings */
  wake(): void;
  status(): Promise<Pipeline>;
  /** resolves when everything committed before the call is in all layers; rejects where they can not be brought forward */
  caughtUp(): Promise<void>;
  verify(): Promise<{ segments: number; parts: number; differences: LayerDifference[] }>;
  /** seals every day that is over before `beforeS` (UTC seconds), whatever the policy says */
  sealBefore(beforeS: number): Promise<number>;
  /** what the policy does behind a running center, done now */
  tidy(): Promise<void>;
  /** the network changed: meters belong elsewhere now; the next refresh begins with that */
  networkChanged(network: NetworkColumns): void;
  /** end of the newest interval known to be in the layers */
  freshTo(): Date | null;
  /** seconds the oldest committed but unresolved segment has waited; 0 when none waits, null before the first */
  lagS(): number | null;
  stop(): Promise<void>;
}

export interface PipelineNeeds {
  pool: Pool;
  engine: Engine;
  dataFolder: string;
  network: () => NetworkColumns;
  /** IANA name: days of the utility */
  timeZone?: string;
  policy?: Partial<HistoryPolicy>;
  /** what was done behind a running center, in words for its log */
  note?: (message: string) => void;
  report: (message: string, error: unknown) => void;
}

const refreshed = channel('flux:layers.refreshed');
/** Rows one refresh takes at most: bounds its memory. */
const maxRowsPerRefresh = 2_000_000;
const maxSegmentsPerRefresh = 500;
const tidyEveryMs = 60_000;
/** Refreshes are gathered for this long: a segment a second would otherwise be a transaction a second. */
const gatherMs = 500;

export function makePipelineService(needs: PipelineNeeds): PipelineService {
  const { pool, engine, dataFolder } = needs;
  const policy = { ...defaultPolicy, ...needs.policy };
  const tidying = { pool, engine, dataFolder, policy, madeAtMs: Date.now(), note: needs.note ?? (() => undefined) };
  /** the manifest of parts that these layers follow */
  let followed: string | undefined;
  let tidiedMs = Date.now();
  let rebuildsSeen = 0;
  let sourcesNamed = -1;
  const counters = { refreshes: 0, rows: 0, contested: 0, rebuilds: 0 };
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

  /** Numbers of all sources; the analytical store hears of new ones. */
  async function namedSources(wanted: SegmentRow[] = []): Promise<SourceKey[]> {
    const keys = await sourceKeys(pool, wanted);
    if (keys.length !== sourcesNamed) await loadSources(engine, keys);
    sourcesNamed = keys.length;
    return keys;
  }

  async function placed(rows: SegmentRow[]): Promise<NewSegment[]> {
    const keys = new Map((await namedSources(rows)).map((k) => [`${k.source}/${k.partition}`, k.sourceKey]));
    return rows.map((row) => ({
      segmentId: row.segmentId,
      sourceKey: keys.get(`${row.source}/${row.partition}`)!,
      file: path.join(segmentFolder(dataFolder), row.path),
    }));
  }

  async function nextSegments(): Promise<SegmentRow[]> {
    const rows = await segmentsAfter(pool, await layerMark(engine), 5000);
    return rows.slice(0, refreshLength(rows, maxRowsPerRefresh, maxSegmentsPerRefresh));
  }

  /** Stands on the parts of the manifest; where the file and the manifest tell different stories, all is made anew. */
  async function followParts(): Promise<void> {
    const fingerprint = await partFingerprint(pool);
    if (fingerprint === followed) return;
    if ((await followManifest(tidying)) === 'rebuild') {
      counters.rebuilds++;
      await resetLayers(engine);
      await followManifest(tidying);
    }
    await namedSources();
    followed = fingerprint;
  }

  async function placeMeters(): Promise<void> {
    while (unplaced) {
      const network = unplaced;
      await loadDimensions(engine, network);
      await placeDays(needs.timeZone ?? 'America/Chicago');
      if (unplaced === network) unplaced = undefined;
    }
  }

  async function placeDays(timeZone: string): Promise<void> {
    const present = await localZone(engine);
    if (present === timeZone) return;
    // Days begin elsewhere now. Emptied first: a crash in between is found by the zone that is still the old one.
    if (present !== undefined) await resetLayers(engine);
    followed = undefined;
    await loadLocalDays(engine, timeZone);
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
    // Segments first: a part that was there before one of them is seen after it.
    const rows = await nextSegments();
    await followParts();
    if (rows.length === 0) {
      oldestWaiting = null;
      refreshedAt ??= new Date();
      await mergeSmall(tidying);
      return Date.now() - tidiedMs > tidyEveryMs && tidyStep();
    }
    // The layers were emptied: what was read of them is old.
    if ((await layerMark(engine)) >= rows[0].segmentId || counters.rebuilds !== rebuildsSeen) {
      rebuildsSeen = counters.rebuilds;
      return true;
    }
    oldestWaiting = rows[0].committedAt;
    // A file that is not what was committed stops the layers here, loudly, instead of making them wrong.
    for (const row of rows) await verifySegment(dataFolder, row);
    const startMs = performance.now();
    const { rows: read, contested } = await refreshLayers(engine, await placed(rows));
    lastRefreshMs = performance.now() - startMs;
    refreshedAt = new Date();
    for (const row of rows) freshToS = Math.max(freshToS ?? 0, row.maxIntervalStartS + 900);
    const rowCount = rows.reduce((sum, row) => sum + row.rowCount, 0);
    counters.refreshes++;
    counters.rows += read;
    counters.contested += contested;
    refreshed.publish({ ms: lastRefreshMs, rows: rowCount, segments: rows.length });
    return true;
  }

  /**
   * One step of what the policy asks for: a cell sealed (seconds, in which refreshes wait), or what is too old dropped.
   * @returns whether there may be more; new segments come first
   */
  async function tidyStep(): Promise<boolean> {
    // Parts that others commit meanwhile are seen by the next round.
    followed = undefined;
    if (await sealNext(tidying)) return true;
    await dropBronze(tidying);
    await dropHistory(tidying);
    tidiedMs = Date.now();
    return false;
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
    oldestWaiting ??= new Date();
    later(gatherMs);
  }

  const lagS = (): number | null =>
    oldestWaiting ? (Date.now() - oldestWaiting.getTime()) / 1000 : refreshedAt ? 0 : null;

  return {
    wake,
    lagS,
    freshTo: () => (freshToS === null ? null : new Date(freshToS * 1000)),
    status: async () => {
      const [positions, keys, workers, history, columnar] = await Promise.all([
        streamPositions(pool),
        sourceKeys(pool),
        workersAlive(pool),
        partTotals(pool),
        Promise.all([layerRows(engine), sourceCounts(engine)]).catch((error: unknown) => ({ lost: messageOf(error) })),
      ]);
      const [rows, counts] = Array.isArray(columnar) ? columnar : [undefined, undefined];
      const layerStatus = layers.map(
        ({ name, targetLagS }): Static<typeof LayerStatus> => ({
          layer: name,
          rows: rows?.[name] ?? 0,
          target_lag_s: targetLagS,
          // one transaction brings all of them forward: they are as old as each other
          lag_s: lagS(),
          refreshed_at: refreshedAt?.toISOString() ?? null,
          last_refresh_ms: lastRefreshMs,
        }),
      );
      const sources = positions.map((p): Static<typeof SourceStatus> => {
        const key = keys.find((k) => k.source === p.source && k.partition === p.partition_no)?.sourceKey;
        const silver = counts?.find((c) => c.sourceKey === key);
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
        refreshes: {
          count: counters.refreshes,
          rows: counters.rows,
          contested: counters.contested,
          rebuilds: counters.rebuilds,
        },
        history,
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
        await followParts();
        const parts = await verifyParts(tidying);
        const differences = await verifyLayers(engine, await placed(segments), dataFolder, parts);
        return { segments: segments.length, parts: parts.length, differences };
      }),
    sealBefore: (beforeS) =>
      inTurn(async () => {
        await followParts();
        const cells = await openCells(engine, beforeS);
        followed = undefined;
        for (const cell of cells) await seal(tidying, cell);
        return cells.length;
      }),
    tidy: () =>
      inTurn(async () => {
        await followParts();
        await mergeSmall(tidying);
        while (!stopped && (await tidyStep()));
      }),
    networkChanged: (network) => {
      unplaced = network;
      wanted = true;
      later(gatherMs);
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

/** What the analytical engine does after each (re)start, before it takes requests. */
export async function openAnalytics(engine: Engine): Promise<void> {
  await prepareCatalogue(engine);
}
