/**
 * How far the layers are behind: readings committed through the ledger at a fixed rate, each commit timed until every
 * layer holds it.
 *
 *   flux bench lag [--scale poc] [--rates 3000,30000] [--seconds 60] [--commits 4] [--days 1]
 *
 * The center has days of history behind it. The opponent is a full recompute of all there is: CPU of one refresh over its
 * CPU.
 */
import { channel } from 'node:diagnostics_channel';
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { backfill } from '#bin/backfill.ts';
import { readConfig, scaleFrom } from '#bin/config.ts';
import { openStore } from '#bin/store.ts';
import type { ReadingColumns } from '#model/reading.ts';
import { makePipelineService, openAnalytics, type PipelineService } from '#services/pipeline/service.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { layerMark, resetLayers } from '#stores/columnar/layers.ts';
import { makeSegmentSink, sweepSegments } from '#stores/columnar/segments.ts';
import { makeLedger, newestSegmentId } from '#stores/postgres/ledger.ts';
import { commitReadings } from '#stream/commit.ts';
import { removeFolder, temporaryFolder } from './center/center_process.ts';
import { cpuSecondsOf } from './center/process_tree.ts';
import { quantiles } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';
import { lastIntervalS, readingBatches } from './traffic/reading_bodies.ts';

const { values: options } = parseArgs({
  options: {
    scale: { type: 'string', default: 'poc' },
    rates: { type: 'string', default: '3000,30000' },
    seconds: { type: 'string', default: '60' },
    commits: { type: 'string', default: '4' },
    days: { type: 'string', default: '1' },
  },
});
const network = generateTerritory({
  scale: scaleFrom(['demo', 'poc'].includes(options.scale) ? options.scale : Number(options.scale)),
  seed: 1,
});

async function atRate(rate: number) {
  const folder = await temporaryFolder();
  const { config } = readConfig({ dataFolder: folder }, {});
  const store = await openStore(config, 'flux bench');
  const temporary = path.join(folder, 'tmp');
  await fs.mkdir(temporary, { recursive: true });
  await sweepSegments(folder, new Set());
  const segments = startEngine({
    name: 'segments',
    path: ':memory:',
    threads: 1,
    memoryLimit: '512MB',
    temporaryFolder: temporary,
  });
  const engine = startEngine({
    name: 'analytics',
    path: path.join(folder, 'analytics.duckdb'),
    memoryLimit: config.analyticsMemory,
    background: true,
    temporaryFolder: temporary,
    onOpen: openAnalytics,
  });
  const open = (): PipelineService => {
    const opened = makePipelineService({
      pool: store.pool,
      engine,
      dataFolder: folder,
      network: () => network,
      timeZone: config.timeZone,
      report: (message, error) => say(`${message}: ${String(error)}`),
    });
    opened.networkChanged(network);
    return opened;
  };
  let pipeline = open();
  const committed: { segmentId: number; atMs: number }[] = [];
  const lagMs: number[] = [];
  const refreshed = async (): Promise<void> => {
    const mark = await layerMark(engine);
    const nowMs = performance.now();
    while (committed.length > 0 && committed[0].segmentId <= mark) lagMs.push(nowMs - committed.shift()!.atMs);
  };
  const onRefreshed = (): void => void refreshed();
  try {
    await pipeline.caughtUp();
    const ledger = makeLedger(store.pool);
    const sink = makeSegmentSink(segments, folder);
    const today = Math.floor(Date.now() / 86_400_000);
    await backfill({
      ...{ pool: store.pool, ledger, sink, engine: segments, dataFolder: folder, network, seed: 1 },
      startS: (today - 1 - Number(options.days)) * 86_400,
      days: Number(options.days),
      source: 'backfill',
      progress: () => undefined,
    });
    await pipeline.caughtUp();
    const refreshesBefore = (await pipeline.status()).refreshes.count;
    const claim = await ledger.claim('bench', 0, 'reading');
    const commits = Number(options.commits);
    const rows = Math.round(rate / commits);
    const batches = readingBatches(network, lastIntervalS() - 96 * 900, rows);
    channel('flux:layers.refreshed').subscribe(onRefreshed);
    const cpuBefore = cpuSecondsOf(engine.pid()!);
    const begin = performance.now();
    for (let i = 0; i < commits * Number(options.seconds); i++) {
      const readings = batches.next().value as ReadingColumns;
      const offsetTo = claim.nextOffset + readings.count;
      await commitReadings(
        sink,
        ledger,
        claim,
        {
          source: 'bench',
          partition: 0,
          offsetFrom: claim.nextOffset,
          offsetTo,
          receivedAtMs: Date.now(),
          readings,
          setAside: [],
        },
        { tellDuplicates: false },
      );
      committed.push({ segmentId: await newestSegmentId(store.pool), atMs: performance.now() });
      pipeline.wake();
      const aheadMs = ((i + 1) * 1000) / commits - (performance.now() - begin);
      if (aheadMs > 0) await sleep(aheadMs);
    }
    const seconds = (performance.now() - begin) / 1000;
    const { refreshes } = await pipeline.status();
    const refreshCount = refreshes.count - refreshesBefore;
    const cpu = cpuSecondsOf(engine.pid()!) - cpuBefore;
    await pipeline.caughtUp();
    await refreshed();
    channel('flux:layers.refreshed').unsubscribe(onRefreshed);
    // everything again from parts and segments, as one recompute would
    await pipeline.stop();
    await resetLayers(engine);
    const before = cpuSecondsOf(engine.pid()!);
    pipeline = open();
    await pipeline.caughtUp();
    const recompute = cpuSecondsOf(engine.pid()!) - before;
    const { p50, p99, max } = quantiles(lagMs);
    say(`${rate}/s: lag p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`);
    return {
      readings_per_s: rate,
      reached_per_s: Math.round((rows * commits * Number(options.seconds)) / seconds),
      lag_ms: { commits: lagMs.length, p50, p99, max },
      refreshes: refreshCount,
      engine_cpu_share: cpu / seconds,
      refresh_cpu_s: cpu / refreshCount,
      full_recompute_cpu_s: recompute,
      refresh_share_of_recompute: cpu / refreshCount / recompute,
    };
  } finally {
    await pipeline.stop();
    await Promise.all([segments.stop(), engine.stop()]);
    await store.close();
    await removeFolder(folder);
  }
}

const rates = [];
for (const rate of options.rates.split(',').map(Number)) rates.push(await atRate(rate));
await printReport('lag', {
  scale: options.scale,
  meters: network.meter.count,
  seconds: Number(options.seconds),
  commits_per_s: Number(options.commits),
  days_of_history: Number(options.days),
  rates,
});
