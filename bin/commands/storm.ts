import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Command, Option } from 'commander';
import { FluxError } from '#model/errors.ts';
import { breadthDefaults } from '#sources/storm/breadth.ts';
import { readConfig, scaleFrom } from '../config.ts';
import { runDrill } from '../storm/drill.ts';
import { cardInWords } from '../storm/report_card.ts';
import { progressLine } from '../terminal.ts';

interface Flags {
  seed: string;
  hours: string;
  crews?: string;
  meters: string;
  territorySeed: string;
  lostPoles: string;
  plannedWork: string;
  wrongMapping: string;
  headEndPerS?: string;
  evaluatedPerS?: string;
  keep?: string;
  json?: boolean;
}

function numberOf(name: string, text: string, low: number, high: number, isWhole: boolean): number {
  const value = Number(text.trim() || Number.NaN);
  if (value >= low && value <= high && (!isWhole || Number.isInteger(value))) return value;
  throw new FluxError(
    'bad_usage',
    `${name} must be a ${isWhole ? 'whole ' : ''}number from ${low} to ${high}, not ${text}`,
  );
}

export function stormCommands(program: Command, _dataOption: () => Option): void {
  const storm = program.command('storm').description('storm drills');
  storm
    .command('run')
    .description(
      'a storm through the real pipeline on a store of its own, as fast as it goes, scored against what really happened; the same seed gives the same score',
    )
    .requiredOption('--seed <number>', 'of the weather and of everything that follows from it')
    .option('--hours <number>', 'of weather; the drill goes on until everybody has power again', '6')
    .option('--crews <number>', 'crews on duty (default: one for 2,000 meters)')
    .option('--meters <size>', 'territory: demo, poc, or a number of meters', 'demo')
    .option('--territory-seed <number>', 'seed of that territory', '1')
    .option(
      '--lost-poles <share>',
      'of the faults below a fuse on several phases, the share that blows one pole',
      String(breadthDefaults.poleShare),
    )
    .option(
      '--planned-work <number>',
      'windows of planned work for 10,000 meters',
      String(breadthDefaults.plannedPer10000),
    )
    .option(
      '--wrong-mapping <share>',
      'share of meters that the records have at the wrong transformer',
      String(breadthDefaults.wrongMappingShare),
    )
    .option(
      '--head-end-per-s <number>',
      'messages the head-end passes on in a second (default: meters / 400, at least 50)',
    )
    .option(
      '--evaluated-per-s <number>',
      'messages evaluated in a second; more wait, bellwethers first (default: 5000)',
    )
    .option('--keep <folder>', 'keep the drill’s store there, a new or empty folder, to look into it afterwards')
    .option('--json', 'one JSON document')
    .action(run);
}

/** @throws FluxError `bad_usage` where something is there */
async function newFolder(folder: string): Promise<string> {
  await fs.mkdir(folder, { recursive: true });
  if ((await fs.readdir(folder)).length > 0)
    throw new FluxError('bad_usage', `--keep ${folder} is not empty; name a new folder`);
  return path.resolve(folder);
}

async function run(flags: Flags): Promise<void> {
  const seed = numberOf('--seed', flags.seed, 0, 2 ** 31 - 1, true);
  const hours = numberOf('--hours', flags.hours, 0.25, 72, false);
  const crews = flags.crews === undefined ? undefined : numberOf('--crews', flags.crews, 1, 5000, true);
  const territorySeed = numberOf('--territory-seed', flags.territorySeed, 0, 2 ** 31 - 1, true);
  const breadth = {
    poleShare: numberOf('--lost-poles', flags.lostPoles, 0, 1, false),
    plannedPer10000: numberOf('--planned-work', flags.plannedWork, 0, 100, false),
    wrongMappingShare: numberOf('--wrong-mapping', flags.wrongMapping, 0, 0.2, false),
  };
  const rate = (name: string, text: string | undefined) =>
    text === undefined ? undefined : numberOf(name, text, 1, 1_000_000, false);
  const headEndPerS = rate('--head-end-per-s', flags.headEndPerS);
  const evaluatedPerS = rate('--evaluated-per-s', flags.evaluatedPerS);
  const scale = scaleFrom(flags.meters);
  const dataFolder = flags.keep ? await newFolder(flags.keep) : await fs.mkdtemp(path.join(os.tmpdir(), 'flux-storm-'));
  // the embedded cluster belongs to another account where this runs as root
  await fs.chmod(dataFolder, 0o755);
  const bar = progressLine();
  const removed = async (): Promise<void> =>
    flags.keep ? undefined : fs.rm(dataFolder, { recursive: true, force: true });
  const onSignal = (): void => void removed().finally(() => process.exit(1));
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    // a drill never touches the utility's own store, whatever the environment says
    const { config } = readConfig({ dataFolder, scale, seed: territorySeed, simulation: false, logLevel: 'error' }, {});
    config.publicFace.lookUpsPerMinute = 0;
    const card = await runDrill({
      ...{ config, seed, hours, crews, breadth, headEndPerS, evaluatedPerS },
      progress: bar.show,
    });
    bar.done();
    process.stdout.write(`${flags.json ? JSON.stringify(card, null, 2) : cardInWords(card)}\n`);
  } finally {
    bar.done();
    await removed();
  }
}
