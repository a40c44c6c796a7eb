import path from 'node:path';
import type { Command, Option } from 'commander';
import { FluxError } from '#model/errors.ts';
import { makePipelineService, openAnalytics, type PipelineService } from '#services/pipeline/service.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { networkState } from '#stores/postgres/network_tables.ts';
import { type Config, readConfig } from '../config.ts';
import { holdCenterLock, openStore } from '../store.ts';
import { table } from '../terminal.ts';
import { loadOrCreateNetwork } from '../territory.ts';

export function layersCommands(program: Command, dataOption: () => Option): void {
  const layers = program
    .command('layers')
    .description('the analytical layers; a running center answers the same at /api/pipeline');
  const add = (
    name: string,
    description: string,
    work: (pipeline: PipelineService, json: boolean) => Promise<boolean>,
  ): void => {
    layers
      .command(name)
      .description(description)
      .addOption(dataOption())
      .option('--json', 'one JSON document')
      .action(async (flags: { data?: string; json?: boolean }) => {
        const { config } = readConfig({ dataFolder: flags.data }, process.env);
        if (!(await withPipeline(config, (pipeline) => work(pipeline, flags.json === true)))) process.exitCode = 1;
      });
  };
  add('status', 'rows, lag and conservation', async (pipeline, json) => {
    const status = await pipeline.status();
    if (json) process.stdout.write(`${JSON.stringify(status, null, 2)}\n`);
    else process.stdout.write(`${table(status.layers)}\n\n${table(status.sources)}\n`);
    return status.sources.every((source) => source.balanced);
  });
  add('refresh', 'bring all layers forward now', async (pipeline, json) => {
    await pipeline.caughtUp();
    const { layers: after } = await pipeline.status();
    process.stdout.write(json ? `${JSON.stringify(after, null, 2)}\n` : `${table(after)}\n`);
    return true;
  });
  add(
    'seal',
    'seal every day that is over into parts of the history, whatever the policy says',
    async (pipeline, json) => {
      await pipeline.caughtUp();
      const sealed = await pipeline.sealBefore(Math.floor(Date.now() / 86_400_000) * 86_400);
      process.stdout.write(json ? `${JSON.stringify({ sealed })}\n` : `${sealed} days of meter blocks sealed\n`);
      return true;
    },
  );
  add(
    'tidy',
    'seal, drop segments that are sealed and history that is too old, as the policy says',
    async (pipeline, json) => {
      await pipeline.caughtUp();
      await pipeline.tidy();
      const { layers: after } = await pipeline.status();
      process.stdout.write(json ? `${JSON.stringify(after, null, 2)}\n` : `${table(after)}\n`);
      return true;
    },
  );
  add('verify', 'recompute every layer from parts and segments and compare cell by cell', async (pipeline, json) => {
    await pipeline.caughtUp();
    const result = await pipeline.verify();
    const differing = result.differences.reduce((sum, d) => sum + d.onlyLive + d.onlyRecomputed, 0);
    if (json) process.stdout.write(`${JSON.stringify({ ...result, differing_rows: differing }, null, 2)}\n`);
    else
      process.stdout.write(
        `${result.segments} segments and ${result.parts} parts recomputed: ${differing} differing rows\n${table(result.differences.map((d) => ({ ...d })))}`,
      );
    return differing === 0;
  });
}

/** Only one process may have the analytical file open: these commands are for a center that is stopped. */
async function withPipeline<T>(config: Config, work: (pipeline: PipelineService) => Promise<T>): Promise<T> {
  const store = await openStore(config, 'flux layers');
  try {
    const lock = await holdCenterLock(store, () => undefined).catch((error: unknown) => {
      if (!(error instanceof FluxError) || error.code !== 'already_running') throw error;
      throw new FluxError(
        'already_running',
        'a center is running on this data: ask it (GET /api/pipeline, POST /api/pipeline/refresh, POST /api/pipeline/verify), or stop it first',
      );
    });
    if (!(await networkState(store.pool)))
      throw new FluxError('no_network', 'there is nothing here yet; `flux start` makes a territory');
    const { network } = await loadOrCreateNetwork(store.pool, config, () => undefined);
    const engine = startEngine({
      name: 'analytics',
      path: path.join(config.dataFolder, 'analytics.duckdb'),
      memoryLimit: config.analyticsMemory,
      temporaryFolder: config.dataFolder,
      onOpen: openAnalytics,
    });
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
      return await work(pipeline);
    } finally {
      await pipeline.stop();
      await engine.stop();
      await lock.release();
    }
  } finally {
    await store.leave();
  }
}
