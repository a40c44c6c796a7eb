/**
 * A process to be killed: watches a folder as the center's does, through the real sink and ledger, in small pieces so
 * that a kill hits the middle of a file. The planted bug writes a file's progress behind its batch instead of with it.
 */
import path from 'node:path';
import { makeFileWatch } from '#bin/file_watch.ts';
import type { Ledger } from '#model/stream.ts';
import { watchedFolder } from '#sources/files/folder.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink, sweepSegments } from '#stores/columnar/segments.ts';
import { knownSegmentPaths, makeLedger } from '#stores/postgres/ledger.ts';
import { type Client, openPool } from '#stores/postgres/pool.ts';
import { meterCount } from './sequence.ts';

export interface FileChildTask {
  dataFolder: string;
  connection: { host: string; user: string; database: string };
  folder: string;
  /** records of a piece */
  pieceRecords: number;
  plant?: 'progress_later';
}

const { dataFolder, connection, folder, pieceRecords, plant } = JSON.parse(process.argv[2]) as FileChildTask;
const pool = openPool({ connection, max: 4 });
await sweepSegments(dataFolder, await knownSegmentPaths(pool));
const engine = startEngine({ name: 'files', path: ':memory:', threads: 1, temporaryFolder: dataFolder });
const real = makeLedger(pool);
const later: Ledger<Client> = {
  ...real,
  commitReadings: async (claim, batch, manifest, options) => {
    const done = await real.commitReadings(claim, batch, manifest, { ...options, alongside: undefined });
    const client = await pool.connect();
    await options?.alongside?.(client);
    client.release();
    return done;
  },
};
const watch = await makeFileWatch({
  pool,
  ledger: plant ? later : real,
  sink: makeSegmentSink(engine, dataFolder),
  ask: (sql) => engine.query(sql),
  meters: async () => ({
    rowOf: (id) => (/^M\d+$/.test(id) && Number(id.slice(1)) < meterCount ? Number(id.slice(1)) : -1),
    idOf: (key) => (key < meterCount ? `M${key}` : undefined),
  }),
  place: watchedFolder(folder),
  origin: 'folder',
  source: 'files',
  spoolFolder: path.join(dataFolder, 'spool'),
  after: 'keep',
  report: (message, error) => process.stdout.write(`problem ${message}: ${String(error)}\n`),
  pieceRecords,
});
await engine.query('select 1');
process.stdout.write('ready\n');
for (;;) {
  await watch.round();
  process.stdout.write('looked\n');
  await new Promise((resolve) => setTimeout(resolve, 10));
}
