/**
 * The process that watches folder and bucket. Apart from the center, so that decoding a file of gigabytes never holds up
 * a request; it ends with its parent, and what it was at goes on in its successor.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { FluxError, messageOf } from '#model/errors.ts';
import { watchedBucket } from '#sources/files/bucket.ts';
import { watchedFolder } from '#sources/files/folder.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink } from '#stores/columnar/segments.ts';
import { readSnapshot } from '#stores/network_snapshot.ts';
import { makeLedger } from '#stores/postgres/ledger.ts';
import { networkState, readNetwork } from '#stores/postgres/network_tables.ts';
import { openPool, type PoolOptions } from '#stores/postgres/pool.ts';
import { type FileWatch, makeFileWatch, type WatchNeeds } from './file_watch.ts';

/** What the parent sends first, and never again. Not in arguments or the environment: others can read those. */
export interface FilesTask {
  connection: PoolOptions['connection'];
  dataFolder: string;
  folder: string | undefined;
  bucket: { url: string; region: string; keyId: string; secret: string } | undefined;
  after: 'keep' | 'move';
}

/** What the child tells. */
export interface FilesNews {
  problem?: { message: string; error: string };
  committed?: true;
}

const lookEveryMs = 2_000;
const afterProblemMs = 5_000;

function tell(news: FilesNews): void {
  if (process.connected) process.send!(news);
}

async function run(task: FilesTask): Promise<() => Promise<void>> {
  const { dataFolder } = task;
  const pool = openPool({ connection: task.connection, max: 4, applicationName: 'flux files' });
  const temporaryFolder = path.join(dataFolder, 'tmp');
  const engine = startEngine({
    name: 'files',
    path: ':memory:',
    memoryLimit: '512MB',
    threads: 1,
    background: true,
    temporaryFolder,
  });
  const ledger = makeLedger(pool, { announce: true });
  let network: { version: number; meters: Awaited<ReturnType<WatchNeeds['meters']>> } | undefined;

  async function meters(): Promise<Awaited<ReturnType<WatchNeeds['meters']>>> {
    const state = await networkState(pool);
    if (!state) throw new FluxError('no_network', 'there is no network yet', { canRetry: true });
    if (network?.version !== state.version) {
      const { meter } = (await readSnapshot(dataFolder, state.sha256)) ?? (await readNetwork(pool));
      network = {
        version: state.version,
        meters: {
          rowOf: (id) => meter.id.rowOf(id),
          idOf: (key) => (key >= 0 && key < meter.count ? meter.id.at(key) : undefined),
        },
      };
    }
    return network.meters;
  }

  const saidAt = new Map<string, number>();
  /** The same problem once a minute: a bucket that is away is away at every look. */
  const report = (message: string, error: unknown): void => {
    const words = `${message}: ${messageOf(error)}`;
    if (Date.now() - (saidAt.get(words) ?? 0) < 60_000) return;
    if (saidAt.size > 1000) saidAt.clear();
    saidAt.set(words, Date.now());
    tell({ problem: { message, error: messageOf(error) } });
  };
  const common = {
    pool,
    ledger: {
      ...ledger,
      commitReadings: async (...args: Parameters<typeof ledger.commitReadings>) => {
        const committed = await ledger.commitReadings(...args);
        tell({ committed: true });
        return committed;
      },
    },
    sink: makeSegmentSink(engine, dataFolder),
    ask: (sql: string) => engine.query(sql, [], 300_000),
    meters,
    after: task.after,
    report,
  };
  const makers: (() => Promise<FileWatch>)[] = [];
  await removeLeftSpools(temporaryFolder);
  // A folder of its own: the child of a killed center may still be at its last piece.
  const spool = (name: string): string => path.join(temporaryFolder, `files-${name}-${process.pid}`);
  const { folder, bucket } = task;
  if (folder)
    makers.push(() =>
      makeFileWatch({
        ...common,
        place: watchedFolder(folder),
        origin: 'folder',
        source: 'files',
        spoolFolder: spool('folder'),
      }),
    );
  if (bucket)
    makers.push(() =>
      makeFileWatch({
        ...common,
        place: watchedBucket(bucket),
        origin: 'bucket',
        source: 'bucket',
        spoolFolder: spool('bucket'),
      }),
    );

  let isStopping = false;
  const watches: FileWatch[] = [];
  /** One place after the other would let a slow bucket hold up the folder. */
  const loops = makers.map(async (make) => {
    let watch: FileWatch | undefined;
    while (!isStopping) {
      let waitMs = lookEveryMs;
      try {
        if (!watch) {
          watch = await make();
          watches.push(watch);
        }
        await watch.round();
      } catch (error) {
        if (!isStopping) report('watching for files', error);
        waitMs = afterProblemMs;
      }
      if (!isStopping) await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  });
  return async () => {
    isStopping = true;
    for (const watch of watches) watch.stop();
    await Promise.race([
      Promise.all(loops),
      new Promise((resolve) => setTimeout(resolve, lookEveryMs + afterProblemMs)),
    ]);
    await engine.stop();
    await pool.end();
    for (const name of ['folder', 'bucket']) await fs.rm(spool(name), { recursive: true, force: true });
  };
}

/** Copies that a killed process left. */
async function removeLeftSpools(temporaryFolder: string): Promise<void> {
  for (const name of await fs.readdir(temporaryFolder).catch(() => [])) {
    const pid = Number(/^files-\w+-(\d+)$/.exec(name)?.[1] ?? Number.NaN);
    if (!Number.isNaN(pid) && !isAlive(pid))
      await fs.rm(path.join(temporaryFolder, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

process.once('message', (task: FilesTask) => {
  const running = run(task);
  const end = (): void => {
    running
      .then((stop) => stop())
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  };
  process.once('disconnect', end);
  running.catch((error: unknown) => {
    tell({ problem: { message: 'files can not be watched', error: messageOf(error) } });
    process.exit(1);
  });
});
// Ctrl+C reaches the whole group: the parent ends this process in order.
process.on('SIGINT', () => undefined);
