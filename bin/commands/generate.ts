import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { FluxError } from '#model/errors.ts';
import { expectedReadings, type GeneratorOptions } from '#model/generator.ts';
import type { NetworkColumns } from '#model/network.ts';
import { type RunPosition, runBegin, runPlan } from '#sources/generator/run.ts';
import { makeRunPlan } from '#sources/generator/run_plan.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { networkState } from '#stores/postgres/network_tables.ts';
import { readConfig } from '../config.ts';
import { type GenerateFlags, generateFlags, optionsFrom, territoryScale } from '../generator/command_flags.ts';
import { type RunState, readRunState, removeRunState, writeRunState } from '../generator/run_state.ts';
import { openTarget } from '../generator/targets.ts';
import { kafkaPlace } from '../kafka_access.ts';
import { openStore, type Store } from '../store.ts';
import { progressLine } from '../terminal.ts';
import { loadOrCreateNetwork } from '../territory.ts';
import { generateHistory } from './generate_history.ts';

interface Outcome {
  /** readings, as delivered */
  rows: number;
  readings_lost: number;
  readings_duplicated: number;
  /** meter events, as delivered */
  events: number;
  events_lost: number;
  events_duplicated: number;
  bytes: number;
  sha256: string;
  files: number;
  seconds: number;
  readings_per_s: number;
}

export function generateCommand(program: Command): void {
  generateFlags(
    program
      .command('generate')
      .description('interval readings of a generated territory: the same seed gives the same bytes'),
  ).action(async (flags: GenerateFlags) => {
    const outcome = flags.to === 'history' ? await generateHistory(flags) : await generate(flags);
    if (flags.json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
    else
      for (const [name, value] of Object.entries(outcome))
        process.stdout.write(
          `${name.padEnd(20)}${typeof value === 'number' ? value.toLocaleString('en-US') : value}\n`,
        );
  });
}

async function generate(flags: GenerateFlags): Promise<Outcome> {
  if (flags.resume && !flags.out) throw new FluxError('bad_usage', 'say which run: --resume needs --out FOLDER');
  const folder = flags.out && path.resolve(flags.out);
  const state = flags.resume ? await readRunState(folder!) : newRun(flags);
  const store = 'dataFolder' in state.territory ? await openStoreOf(state.territory.dataFolder) : undefined;
  try {
    return await run(state, await networkOf(state, store), folder, flags, store);
  } finally {
    await store?.leave();
  }
}

function newRun(flags: GenerateFlags): RunState {
  const options = optionsFrom(flags, Date.now());
  const territory =
    flags.data === undefined ? { scale: territoryScale(flags) } : { dataFolder: path.resolve(flags.data) };
  return { options, territory, position: runBegin, bytes: 0, files: 0 };
}

const openStoreOf = (dataFolder: string): Promise<Store> =>
  openStore(readConfig({ dataFolder }, process.env).config, 'flux generate');

async function networkOf({ territory, options }: RunState, store: Store | undefined): Promise<NetworkColumns> {
  if ('scale' in territory) return generateTerritory({ scale: territory.scale, seed: options.seed });
  if (!(await networkState(store!.pool)))
    throw new FluxError('no_network', 'there is nothing here yet; `flux start` makes a territory');
  const { config } = readConfig({ dataFolder: territory.dataFolder }, process.env);
  return (await loadOrCreateNetwork(store!.pool, config, () => undefined)).network;
}

/** Each run of the command has a name of its own in the ledger. */
const sourceOf = (options: GeneratorOptions): string => `generator-command-${Date.now().toString(36)}-${options.seed}`;

async function run(
  state: RunState,
  network: NetworkColumns,
  folder: string | undefined,
  flags: GenerateFlags,
  store: Store | undefined,
): Promise<Outcome> {
  const { options } = state;
  const plan = makeRunPlan(network, options);
  const expected = expectedReadings(options, plan.meters.length);
  const target = await openTarget({
    network,
    options,
    from: state.position,
    folder,
    url: flags.url,
    token: flags.token,
    kafka: options.target === 'kafka' ? await kafkaPlace(flags, process.env) : undefined,
    store:
      store && 'dataFolder' in state.territory
        ? { pool: store.pool, dataFolder: state.territory.dataFolder, source: sourceOf(options) }
        : undefined,
  });
  const progress = progressLine();
  const beganMs = performance.now();
  const before = state.position.rows;
  let isFinished = false;
  let end: RunPosition;
  try {
    end = await runPlan({
      plan,
      from: state.position,
      live: options.live,
      rate: options.rate,
      pieceRows: target.pieceRows,
      nowMs: Date.now,
      sleep,
      take: async (piece) => {
        state.bytes += await target.take(piece, async (bytes) => {
          if (!folder) return;
          const files = state.files + (piece.readings.count > 0 ? 1 : 0);
          await writeRunState(folder, { ...state, position: piece.to, bytes: state.bytes + bytes, files });
        });
        if (options.target === 'files' && piece.readings.count > 0) state.files++;
        progress.show(Math.min(1, piece.to.rows / expected), `${piece.to.rows.toLocaleString('en-US')} readings`);
      },
    });
    isFinished = true;
  } finally {
    progress.done();
    await target.end(isFinished);
  }
  if (folder) await removeRunState(folder);
  const seconds = (performance.now() - beganMs) / 1000;
  return {
    rows: end.rows,
    readings_lost: end.lost,
    readings_duplicated: end.duplicated,
    events: end.events,
    events_lost: end.eventsLost,
    events_duplicated: end.eventsDuplicated,
    bytes: state.bytes,
    sha256: end.chain,
    files: state.files,
    seconds: Math.round(seconds * 100) / 100,
    readings_per_s: Math.round((end.rows - before) / seconds),
  };
}
