/**
 * The stores of a center that is stopped, for commands that work on them as the center would: only one process may have
 * the analytical file open.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { SegmentSink } from '#model/stream.ts';
import { makePipelineService, openAnalytics, type PipelineService } from '#services/pipeline/service.ts';
import { type Engine, startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink } from '#stores/columnar/segments.ts';
import { networkState } from '#stores/postgres/network_tables.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import type { Config } from './config.ts';
import { holdCenterLock, openStore } from './store.ts';
import { loadOrCreateNetwork } from './territory.ts';

export interface StoppedCenter {
  pool: Pool;
  network: NetworkColumns;
  /** of the layers */
  engine: Engine;
  /** of segments and parts */
  writer: Engine;
  sink: SegmentSink;
  pipeline: PipelineService;
}

export interface StoppedCenterOptions {
  applicationName: string;
  /** what to ask a running center instead, e.g. `GET /api/pipeline` */
  askInstead: string;
  /** makes the network of a folder that has none; otherwise it is an error */
  mayCreate?: boolean;
}

export const noNetwork = (): FluxError =>
  new FluxError('no_network', 'there is nothing here yet; `flux start` makes a territory');

/** Warnings go to stderr: stdout is the command's. */
export function reportToTerminal(message: string, error: unknown): void {
  process.stderr.write(`flux: ${message}: ${String(error)}\n`);
}

/** @throws FluxError `already_running`, `no_network` */
export async function onStoppedCenter<T>(
  config: Config,
  options: StoppedCenterOptions,
  work: (center: StoppedCenter) => Promise<T>,
): Promise<T> {
  const { dataFolder } = config;
  const store = await openStore(config, options.applicationName);
  const { pool } = store;
  try {
    const lock = await holdCenterLock(store, () => undefined).catch((error: unknown) => {
      if (!(error instanceof FluxError) || error.code !== 'already_running') throw error;
      throw new FluxError(
        'already_running',
        `a center is running on this data: ask it (${options.askInstead}), or stop it first`,
      );
    });
    if (!options.mayCreate && !(await networkState(pool))) throw noNetwork();
    const { network } = await loadOrCreateNetwork(pool, config, () => undefined);
    const temporaryFolder = path.join(dataFolder, 'tmp');
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
      path: path.join(dataFolder, 'analytics.duckdb'),
      memoryLimit: config.analyticsMemory,
      temporaryFolder,
      onOpen: openAnalytics,
    });
    const pipeline = makePipelineService({
      pool,
      engine,
      dataFolder,
      network: () => network,
      timeZone: config.timeZone,
      policy: config.history,
      report: reportToTerminal,
    });
    try {
      pipeline.networkChanged(network);
      return await work({ pool, network, engine, writer, sink: makeSegmentSink(writer, dataFolder), pipeline });
    } finally {
      await pipeline.stop();
      await Promise.all([engine.stop(), writer.stop()]);
      await lock.release();
    }
  } finally {
    await store.leave();
  }
}
