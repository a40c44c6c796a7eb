import type { Command, Option } from 'commander';
import type { PipelineService } from '#services/pipeline/service.ts';
import { readConfig } from '../config.ts';
import { onStoppedCenter } from '../stopped_center.ts';
import { table } from '../terminal.ts';

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
        const isWell = await onStoppedCenter(
          config,
          {
            applicationName: 'flux layers',
            askInstead: 'GET /api/pipeline, POST /api/pipeline/refresh, POST /api/pipeline/verify',
          },
          ({ pipeline }) => work(pipeline, flags.json === true),
        );
        if (!isWell) process.exitCode = 1;
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
