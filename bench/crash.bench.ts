/**
 * The long form of the crash tests: ingesting processes killed with SIGKILL, then PostgreSQL killed under them, then
 * both with the layers coming forward. At the end every acknowledged reading is there once, and every layer equals its
 * recomputation.
 *
 *   flux bench crash [--kills 500] [--postgres 50] [--layers 50] [--rows 3000]
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { makePipelineService, openAnalytics } from '#services/pipeline/service.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { sweepSegments } from '#stores/columnar/segments.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { openPool } from '#stores/postgres/pool.ts';
import { checkIngest, ingestAndKill } from '../test/integrity/ingest.ts';
import { sequenceNetwork } from '../test/integrity/sequence.ts';
import { isAlive } from '../test/running_center.ts';
import { removeFolder, temporaryFolder } from './center/center_process.ts';
import { printReport, say } from './report/report.ts';

const { values: options } = parseArgs({
  options: {
    kills: { type: 'string', default: '500' },
    postgres: { type: 'string', default: '50' },
    layers: { type: 'string', default: '50' },
    rows: { type: 'string', default: '3000' },
  },
});
const source = 'sequence';
const childFile = path.join(import.meta.dirname, '..', 'test', 'integrity', 'ingest_child.ts');
const folder = await temporaryFolder();
let postgres: EmbeddedPostgres = await startEmbeddedPostgres(folder);
const pool = openPool({ connection: postgres.connection });
const engine = startEngine({ name: 'check', path: ':memory:', temporaryFolder: folder });
const began = performance.now();
let acknowledged = 0;
const task = () => ({ dataFolder: folder, connection: postgres.connection, source, rows: Number(options.rows) });

/** @throws where the promise is broken */
async function check(when: string): Promise<void> {
  const problems = await checkIngest({ pool, engine, dataFolder: folder, source }, acknowledged);
  if (problems.length > 0) throw new Error(`${when}: ${problems.join('; ')}`);
  say(`${when}: ${acknowledged.toLocaleString('en-US')} readings acknowledged, 0 lost, 0 doubled`);
}

/** A process ingests; the server is killed under it, and started again. */
async function killPostgres(): Promise<void> {
  const child = spawn(process.execPath, [childFile, JSON.stringify(task())], { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  for (const untilMs = performance.now() + 10_000; !said.includes('acknowledged') && performance.now() < untilMs; )
    await sleep(5);
  await sleep(Math.random() * 300);
  const { pid } = postgres;
  process.kill(pid, 'SIGKILL');
  while (isAlive(pid)) await sleep(10);
  // The process ends by itself when its next commit fails; what it acknowledged before that counts.
  await Promise.race([gone, sleep(5000)]);
  child.kill('SIGKILL');
  await gone;
  acknowledged = Math.max(
    acknowledged,
    Number(
      said
        .match(/acknowledged (\d+)\n/g)
        ?.at(-1)
        ?.match(/\d+/)?.[0] ?? 0,
    ),
  );
  for (let attempt = 0; ; attempt++) {
    try {
      postgres = await startEmbeddedPostgres(folder);
      return;
    } catch (error) {
      if (attempt > 60) throw error;
      await sleep(500);
    }
  }
}

try {
  await migrate(pool);
  pool.on('error', () => undefined);
  await sweepSegments(folder, new Set());
  for (let kill = 0; kill < Number(options.kills); kill++) {
    // every fifth dies while it starts, the others while they work
    const afterMs = kill % 5 === 4 ? -(50 + Math.random() * 400) : Math.random() * 250;
    acknowledged = Math.max(acknowledged, (await ingestAndKill(task(), afterMs)).acknowledged);
    if (kill % 100 === 99) await check(`${kill + 1} kills of the process`);
  }
  for (let kill = 0; kill < Number(options.postgres); kill++) {
    await killPostgres();
    if (kill % 10 === 9) await check(`${kill + 1} kills of PostgreSQL`);
  }
  for (let kill = 0; kill < Number(options.layers); kill++) {
    const run = await ingestAndKill({ ...task(), layers: true }, Math.random() * 1500);
    acknowledged = Math.max(acknowledged, run.acknowledged);
    if (/problem/.test(run.said)) throw new Error(run.said);
  }
  await check('at the end');
  const analytics = startEngine({
    name: 'analytics',
    path: path.join(folder, 'analytics.duckdb'),
    temporaryFolder: folder,
    onOpen: openAnalytics,
  });
  const network = sequenceNetwork();
  const pipeline = makePipelineService({
    pool,
    engine: analytics,
    dataFolder: folder,
    network: () => network,
    report: (message, error) => say(`${message}: ${String(error)}`),
  });
  pipeline.networkChanged(network);
  await pipeline.caughtUp();
  const { differences, segments } = await pipeline.verify();
  const [row] = (await pipeline.status()).sources;
  await pipeline.stop();
  await analytics.stop();
  if (differences.length > 0 || !row.balanced || row.pending > 0)
    throw new Error(`layers differ: ${JSON.stringify({ differences, row })}`);
  await printReport('crash', {
    kills: {
      process: Number(options.kills),
      postgresql: Number(options.postgres),
      with_layers: Number(options.layers),
    },
    readings: { acknowledged, stored: row.stored, lost: 0, doubled: 0 },
    layers: { segments, differing_cells: 0 },
    seconds: (performance.now() - began) / 1000,
  });
} finally {
  await engine.stop();
  await pool.end();
  await postgres.stop();
  await removeFolder(folder);
}
