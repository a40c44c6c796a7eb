import type { Command, Option } from 'commander';
import { FluxError } from '#model/errors.ts';
import { type Center, startCenter } from '../center.ts';
import { type Config, readConfig } from '../config.ts';
import type { IngestWorker } from '../ingest.ts';
import { endWith, progressLine } from '../terminal.ts';
import { runPublic } from './public.ts';

export function startCommand(program: Command, dataOption: () => Option): void {
  program
    .command('start')
    .description('the whole center in one process, on embedded stores unless DATABASE_URL is set')
    .option(
      '--role <role>',
      'center; ingest: only read Kafka into the stores of a center; public: only serve the public pages (default: center)',
    )
    .option('--port <number>', 'port to listen on, 0 = any free one (default: 8080)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .addOption(dataOption())
    .option('--scale <size>', 'territory of a first start: demo, poc, or a number of meters (default: demo)')
    .option('--seed <number>', 'seed of that territory (default: 1)')
    .option('--speed <factor>', 'how much faster than life simulated faults come and crews repair (default: 1)')
    .option('--storm <seed>', 'the simulation plays a storm in place of single faults; --speed makes it pass faster')
    .option('--storm-hours <hours>', 'of that storm (default: 6)')
    .option('--no-simulation', 'no simulated readings and faults: only what comes in')
    .option('--open', 'everyone on this machine is signed in; loopback demos only')
    .action(async (flags: Record<string, unknown>) => {
      const { data, simulation, role = 'center', storm, ...others } = flags;
      // commander sets `simulation` to true where the flag is not given: then the environment decides
      const { config, unknownVariables } = readConfig(
        { ...others, stormSeed: storm, dataFolder: data, simulation: simulation === false ? false : undefined },
        process.env,
      );
      for (const name of unknownVariables)
        process.stderr.write(`flux: ${name} is not a setting of this version; it has no effect\n`);
      if (role === 'ingest') await runIngest(config);
      else if (role === 'public') await runPublic(config);
      else if (role === 'center') await run(config);
      else throw new FluxError('bad_usage', `--role must be center, ingest or public, not ${String(role)}`);
    });
}

/** Reads Kafka until a signal comes, or the process that started it is gone. */
async function runIngest(config: Config): Promise<void> {
  let worker: IngestWorker | undefined;
  let stopping = false;
  const stop = async (status: number): Promise<void> => {
    if (!worker || stopping) process.exit(status);
    stopping = true;
    await worker.stop();
    process.exit(status);
  };
  process.on('SIGTERM', () => void stop(0));
  // Ctrl+C reaches a center's own process too: the center ends it in its turn
  process.on('SIGINT', () => (process.connected ? undefined : void stop(0)));
  process.on('disconnect', () => void stop(0));
  // the Kafka client costs a center without Kafka a quarter of its start
  const { startIngest } = await import('../ingest.ts');
  worker = await startIngest(config);
  process.send?.('ready');
  process.stderr.write(
    `reading ${config.kafka!.readingsTopic} and ${config.kafka!.eventsTopic} as group ${config.kafka!.group}\n`,
  );
}

async function run(config: Config): Promise<void> {
  const startMs = performance.now();
  const progress = progressLine();
  let center: Center | undefined;
  let stopping = false;
  const stop = async (status: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    process.stderr.write('\nstopping ...\n');
    await center?.stop();
    process.exit(status);
  };
  let firstSignalMs = Number.POSITIVE_INFINITY;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // Before the center stands there is nothing to close in order: what is half made is made again next time.
      // A second Ctrl+C insists; one that comes at once is the same, from the terminal and from the launcher.
      if (!center || Date.now() - firstSignalMs > 1000) process.exit(1);
      firstSignalMs = Math.min(firstSignalMs, Date.now());
      void stop(0);
    });
  }
  const fail = (error: Error): void => {
    process.stderr.write(`flux: ${error.message}\n`);
    void stop(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', (reason) =>
    fail(reason instanceof Error ? reason : new FluxError('internal', String(reason))),
  );
  try {
    center = await startCenter(config, progress.show, fail);
  } catch (error) {
    progress.done();
    endWith(error, false);
  }
  progress.done();
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const lines = [
    `Flux Operations Center is ready after ${seconds} s: ${center.meters.toLocaleString('en-US')} meters`,
    `  open      ${center.signInUrl}${config.open ? '' : '   (works once, for an hour)'}`,
    ...(center.newPassword && !config.open
      ? [`  password  user admin, ${center.newPassword}   (shown this once; change it after signing in)`]
      : []),
    `  data      ${config.dataFolder}`,
    `  API       ${center.url}/api/docs`,
    '  Ctrl+C stops it.',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
