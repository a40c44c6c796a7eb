/** How far a run into a folder got: beside its files, replaced as a whole, so that `--resume` can go on after anything. */
import fs from 'node:fs/promises';
import path from 'node:path';
import { FluxError } from '#model/errors.ts';
import type { GeneratorOptions } from '#model/generator.ts';
import type { RunPosition } from '#sources/generator/run.ts';

export interface RunState {
  options: GeneratorOptions;
  /** where the meters come from: a territory made of scale and seed, or a data folder */
  territory: { scale: number | 'demo' | 'poc' } | { dataFolder: string };
  position: RunPosition;
  bytes: number;
  files: number;
}

const fileOf = (folder: string): string => path.join(folder, 'generate.state.json');

export async function writeRunState(folder: string, state: RunState): Promise<void> {
  await fs.writeFile(`${fileOf(folder)}.tmp`, JSON.stringify(state));
  await fs.rename(`${fileOf(folder)}.tmp`, fileOf(folder));
}

/** @throws FluxError `nothing_to_resume` */
export async function readRunState(folder: string): Promise<RunState> {
  const text = await fs.readFile(fileOf(folder), 'utf8').catch(() => undefined);
  if (text === undefined)
    throw new FluxError('nothing_to_resume', `there is no unfinished run in ${folder}; start one without --resume`);
  return JSON.parse(text) as RunState;
}

/** A run that is whole leaves no state. */
export const removeRunState = (folder: string): Promise<void> => fs.rm(fileOf(folder), { force: true });
