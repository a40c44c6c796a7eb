/** `flux generate --to store`: history straight into the data folder of a center that is stopped. */
import fs from 'node:fs/promises';
import path from 'node:path';
import { FluxError } from '#model/errors.ts';
import { makePipelineService, openAnalytics } from '#services/pipeline/service.ts';
import { storeObservations } from '#services/pipeline/sql.ts';
import { lmpUsdPerMwh } from '#sources/generator/price.ts';
import { temperatureC } from '#sources/generator/weather.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink } from '#stores/columnar/segments.ts';
import { makeLedger } from '#stores/postgres/ledger.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { type BackfillOutcome, backfill } from '../backfill.ts';
import { readConfig, scaleFrom } from '../config.ts';
import { holdCenterLock, openStore } from '../store.ts';
import { progressLine } from '../terminal.ts';
import { loadOrCreateNetwork } from '../territory.ts';

export interface StoreFlags {
  meters: string;
  days: string;
  start?: string;
  seed: string;
  data?: string;
}

/**
 * Fills the history of the center's own network: its meters, whatever `--meters` says, unless there is no network yet.
 * The same call goes on where it was stopped. @throws FluxError `bad_usage`, `already_running`
 */
export async function generateToStore(
  flags: StoreFlags,
): Promise<BackfillOutcome & { seconds: number; readings_per_s: number }> {
  const startMs = Date.parse(flags.start ?? '2026-01-01T00:00:00Z');
  const days = Number(flags.days);
  if (!Number.isInteger(days) || days < 1 || days > 3660)
    throw new FluxError('bad_usage', `--days must be a whole number from 1 to 3660 with --to store, not ${flags.days}`);
  if (Number.isNaN(startMs) || startMs % 86_400_000 !== 0)
    throw new FluxError('bad_usage', `--start must be midnight UTC with --to store, not ${flags.start}`);
  const seed = Number(flags.seed);
  const scale = scaleFrom(flags.meters === 'poc' || flags.meters === 'demo' ? flags.meters : Number(flags.meters));
  const { config } = readConfig({ dataFolder: flags.data, scale }, process.env);
  const store = await openStore(config, 'flux generate');
  const progress = progressLine();
  try {
    const lock = await holdCenterLock(store, () => undefined);
    const temporaryFolder = path.join(config.dataFolder, 'tmp');
    await fs.mkdir(temporaryFolder, { recursive: true });
    const writer = startEngine({
      name: 'segments',
      path: ':memory:',
      memoryLimit: '512MB',
      threads: 1,
      temporaryFolder,
    });
    const engine = startEngine({
      name: 'analytics',
      path: path.join(config.dataFolder, 'analytics.duckdb'),
      memoryLimit: config.analyticsMemory,
      temporaryFolder,
      onOpen: openAnalytics,
    });
    const { network } = await loadOrCreateNetwork(store.pool, config, () => undefined);
    const pipeline = makePipelineService({
      pool: store.pool,
      engine,
      dataFolder: config.dataFolder,
      network: () => network,
      timeZone: config.timeZone,
      policy: config.history,
      report: (message, error) => process.stderr.write(`flux: ${message}: ${String(error)}\n`),
    });
    try {
      pipeline.networkChanged(network);
      const beganMs = performance.now();
      await observe(store.pool, startMs / 1000, days, seed);
      const outcome = await backfill({
        pool: store.pool,
        ledger: makeLedger(store.pool),
        sink: makeSegmentSink(writer, config.dataFolder),
        engine: writer,
        dataFolder: config.dataFolder,
        network,
        seed,
        startS: startMs / 1000,
        days,
        source: `backfill-${new Date(startMs).toISOString().slice(0, 10)}-s${seed}`,
        progress: (share, readings) => progress.show(share, `${readings.toLocaleString('en-US')} readings`),
      });
      progress.show(1, 'bringing the layers forward');
      await pipeline.caughtUp();
      const seconds = (performance.now() - beganMs) / 1000;
      return {
        ...outcome,
        seconds: Math.round(seconds * 100) / 100,
        readings_per_s: Math.round(outcome.readings / seconds),
      };
    } finally {
      await pipeline.stop();
      await Promise.all([writer.stop(), engine.stop()]);
      await lock.release();
    }
  } finally {
    progress.done();
    await store.leave();
  }
}

/** Weather and price of every interval, from the model the loads follow. */
async function observe(pool: Pool, startS: number, days: number, seed: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    const at = Array.from({ length: 96 }, (_, i) => startS + day * 86_400 + i * 900);
    await storeObservations(
      pool,
      'generated',
      at,
      at.map((time) => temperatureC(time, seed)),
      at.map((time) => lmpUsdPerMwh(time, seed)),
    );
  }
}
