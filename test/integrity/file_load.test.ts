/** A file is loaded once, whatever kills the process that loads it and wherever; and the check finds a loader that is not so. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, rowsFrom, startEngine } from '#stores/columnar/engine.ts';
import { segmentFolder, sweepSegments, verifySegment } from '#stores/columnar/segments.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { knownSegmentPaths, segmentsAfter } from '#stores/postgres/ledger.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { openPool, type Pool } from '#stores/postgres/pool.ts';
import { cleanUp, ended, temporaryFolder } from '../running_center.ts';
import type { FileChildTask } from './file_load_child.ts';
import { rowAt } from './sequence.ts';

const childFile = path.join(import.meta.dirname, 'file_load_child.ts');
let folder: string;
let inbox: string;
let postgres: EmbeddedPostgres;
let pool: Pool;
let engine: Engine;

before(async () => {
  folder = await temporaryFolder();
  inbox = path.join(folder, 'inbox');
  postgres = await startEmbeddedPostgres(folder);
  pool = openPool({ connection: postgres.connection });
  await migrate(pool);
  engine = startEngine({ name: 'check', path: ':memory:', temporaryFolder: folder });
});
after(async () => {
  await engine?.stop();
  await pool?.end();
  await postgres?.stop();
  await cleanUp(folder);
});
beforeEach(async () => {
  await pool.query('truncate segment, stream_position, ami_realtime, set_aside, file_load restart identity');
  await sweepSegments(folder, new Set());
  await fs.rm(inbox, { recursive: true, force: true });
  await fs.mkdir(inbox);
});

const taskOf = (task: Partial<FileChildTask> = {}): FileChildTask => ({
  dataFolder: folder,
  connection: postgres.connection,
  folder: inbox,
  pieceRecords: 40,
  ...task,
});

/** Readings [from, to) of the sequence, one record a line; every 97th line is broken. */
function linesBetween(from: number, to: number): string {
  const lines: string[] = [];
  for (let k = from; k < to; k++) {
    const { meter, intervalStartS, wh } = rowAt(k);
    const reading_time = new Date(intervalStartS * 1000).toISOString();
    lines.push(JSON.stringify({ meter_id: `M${meter}`, reading_time, kwh: wh / 1000, source_seq: k }));
    if (k % 97 === 0) lines.push(`broken ${k}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Runs the watching process and kills it `afterMs` after it is ready; undefined: once nothing is left to load. */
async function watchAndKill(task: FileChildTask, afterMs: number | undefined): Promise<string> {
  const child = spawn(process.execPath, [childFile, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  while (!said.includes('ready') && child.exitCode === null) await sleep(2);
  if (afterMs !== undefined) await sleep(afterMs);
  else while (child.exitCode === null && (said.match(/looked/g)?.length ?? 0) < 6) await sleep(5);
  child.kill('SIGKILL');
  await ended(child);
  return said;
}

/** What is wrong with what landed of readings [0, count), in words. */
async function check(count: number): Promise<string[]> {
  const problems: string[] = [];
  const segments = await segmentsAfter(pool, 0, 1e6);
  for (const segment of segments) await verifySegment(folder, segment);
  const files = segments.map((segment) => `'${path.join(segmentFolder(folder), segment.path)}'`).join(', ');
  const rows = rowsFrom<{ seq: number; wh: number; record_offset: number }>(
    await engine.query(`select source_seq as seq, wh, record_offset from read_parquet([${files}])`),
  );
  const seen = new Map<number, number>();
  for (const { seq, wh } of rows) {
    seen.set(seq, (seen.get(seq) ?? 0) + 1);
    if (wh !== rowAt(seq).wh) problems.push(`reading ${seq} has ${wh} Wh`);
  }
  for (const [seq, times] of seen) if (times > 1) problems.push(`doubled: reading ${seq} is stored ${times} times`);
  for (let k = 0; k < count; k++) if (!seen.has(k)) problems.push(`lost: reading ${k} is in no segment`);
  const { rows: refused } = await pool.query<{ content: string; n: number }>(
    'select content, count(*)::int as n from set_aside group by content',
  );
  const broken = Math.ceil(count / 97);
  if (refused.length !== broken || refused.some(({ n }) => n > 1))
    problems.push(`${refused.length} of ${broken} set aside, or doubled`);
  const { rows: sums } = await pool.query<{ balanced: boolean }>(
    `select position.received = position.landed + position.set_aside and position.next_offset = position.received
            and position.received = (select sum(load.records) from file_load as load) as balanced
     from stream_position as position`,
  );
  if (!sums[0]?.balanced) problems.push('file_load and the ledger do not count the same');
  return problems.slice(0, 10);
}

describe('kill -9 while files are loaded', () => {
  test('30 kills at random moments, files renamed meanwhile: every record once', async (t) => {
    const count = 12_000;
    await fs.writeFile(path.join(inbox, 'a.jsonl'), linesBetween(0, 6000));
    await fs.writeFile(path.join(inbox, 'b.jsonl'), linesBetween(6000, count));
    let interrupted = 0;
    for (let kill = 0; kill < 30; kill++) {
      await watchAndKill(taskOf(), 20 + Math.random() * 180);
      const { rows } = await pool.query("select from file_load where state = 'loading' and records > 0");
      if (rows.length > 0) interrupted++;
      // the content is what counts, not the name
      if (kill === 10) await fs.rename(path.join(inbox, 'a.jsonl'), path.join(inbox, 'renamed.jsonl'));
    }
    const said = await watchAndKill(taskOf(), undefined);
    assert.doesNotMatch(said, /problem/);
    assert.deepEqual(await check(count), []);
    const { rows: loads } = await pool.query('select name, state from file_load order by file_load_id');
    assert.deepEqual(
      loads.map(({ state }) => state).filter((state) => state !== 'duplicate'),
      ['loaded', 'loaded'],
    );
    assert.ok(interrupted > 0, 'no kill hit the middle of a file');
    t.diagnostic(`${interrupted} of 30 kills hit the middle of a file`);
    assert.equal((await fs.readdir(segmentFolder(folder))).length, (await knownSegmentPaths(pool)).size);
  });

  test('the check finds the planted bug: progress written behind the batch', async () => {
    const count = 3000;
    await fs.writeFile(path.join(inbox, 'a.jsonl'), linesBetween(0, count));
    let problems: string[] = [];
    for (let kill = 0; kill < 60 && problems.length === 0; kill++) {
      await watchAndKill(taskOf({ plant: 'progress_later', pieceRecords: 10 }), 20 + Math.random() * 150);
      if ((await pool.query("select from file_load where state <> 'loading'")).rows.length > 0) {
        problems = await check(count);
        await pool.query('truncate segment, stream_position, set_aside, file_load restart identity');
      } else if ((await segmentsAfter(pool, 0, 1)).length > 0)
        problems = (await check(0)).filter((problem) => /doubled/.test(problem));
    }
    assert.match(problems.join('\n'), /doubled/);
  });
});
