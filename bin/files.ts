/** Watching for files, joined to the center: a process of its own, started again where it ends. */
import { type ChildProcess, fork } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { FluxError, messageOf } from '#model/errors.ts';
import { bucketParts } from '#sources/files/bucket.ts';
import type { Config } from './config.ts';
import type { FilesNews, FilesTask } from './files_child.ts';

export interface Files {
  stop(): Promise<void>;
}

const startAgainMs = 2_000;
const stopMs = 10_000;

/**
 * What is to be watched, checked before anything is started; undefined where nothing is.
 * @throws FluxError `bad_usage` where the settings of folder or bucket can not be used
 */
export async function filesTask(config: Config): Promise<Omit<FilesTask, 'connection'> | undefined> {
  if (!config.filesFolder && !config.bucketUrl) return undefined;
  return {
    dataFolder: config.dataFolder,
    folder: config.filesFolder ? await folderOf(config.filesFolder) : undefined,
    bucket: config.bucketUrl ? await bucketOf(config, config.bucketUrl) : undefined,
    after: config.filesAfter,
  };
}

export function startFiles(
  task: FilesTask,
  committed: () => void,
  report: (message: string, error: unknown) => void,
): Files {
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopping = false;
  function start(): void {
    const started = fork(path.join(import.meta.dirname, 'files_child.ts'), {
      execArgv: [],
      env: {},
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child = started;
    started.on('message', ({ problem, committed: isCommitted }: FilesNews) => {
      if (problem) report(problem.message, new Error(problem.error));
      if (isCommitted) committed();
    });
    started.once('error', (error) => report('the process that watches for files could not be started', error));
    started.once('exit', () => {
      child = undefined;
      if (isStopping) return;
      report('the process that watches for files ended; it is started again', undefined);
      timer = setTimeout(start, startAgainMs);
    });
    started.send(task);
  }
  start();
  return {
    stop: async () => {
      isStopping = true;
      clearTimeout(timer);
      const last = child;
      if (!last) return;
      const exited = new Promise((resolve) => last.once('exit', resolve));
      last.disconnect();
      const kill = setTimeout(() => last.kill('SIGKILL'), stopMs);
      await exited;
      clearTimeout(kill);
    },
  };
}

async function folderOf(folder: string): Promise<string> {
  const resolved = path.resolve(folder);
  const isFolder = await fs.stat(resolved).then(
    (stat) => stat.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new FluxError('bad_usage', `FLUX_FILES ${resolved} is no folder; make it first`);
  return resolved;
}

async function bucketOf(config: Config, url: string): Promise<FilesTask['bucket']> {
  bucketParts(url);
  if (!config.bucketKeyId || !config.bucketSecretFile)
    throw new FluxError('bad_usage', 'FLUX_BUCKET needs FLUX_BUCKET_KEY_ID and FLUX_BUCKET_SECRET_FILE');
  const secret = await fs.readFile(config.bucketSecretFile, 'utf8').catch((cause: unknown) => {
    throw new FluxError('bad_usage', `FLUX_BUCKET_SECRET_FILE can not be read: ${messageOf(cause)}`, { cause });
  });
  return { url, region: config.bucketRegion, keyId: config.bucketKeyId, secret: secret.trim() };
}
