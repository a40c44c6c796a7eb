/** Sealing a day, sealing it anew after a correction and dropping its segments: killed at every step, nothing is lost or doubled. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeReadingColumns } from '#model/reading.ts';
import type { Claim } from '#model/stream.ts';
import { makePipelineService, openAnalytics, type PipelineService } from '#services/pipeline/service.ts';
import { type Engine, startEngine } from '#stores/columnar/engine.ts';
import { partFolder } from '#stores/columnar/parts.ts';
import { makeSegmentSink, segmentFolder, sweepSegments } from '#stores/columnar/segments.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { makeLedger } from '#stores/postgres/ledger.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { partsAfter } from '#stores/postgres/part_ledger.ts';
import { openPool, type Pool } from '#stores/postgres/pool.ts';
import { commitReadings } from '#stream/commit.ts';
import { cleanUp, temporaryFolder } from '../running_center.ts';
import type { SealTask } from './seal_child.ts';
import { sequenceNetwork } from './sequence.ts';

let folder: string;
let postgres: EmbeddedPostgres;
let pool: Pool;
let writer: Engine;
let claim: Claim;
const firstDayS = Date.parse('2026-03-06T00:00:00Z') / 1000;
/** what silver must hold: by meter and interval */
const expected = new Map<string, number>();
let received = 0;

before(async () => {
  folder = await temporaryFolder();
  postgres = await startEmbeddedPostgres(folder);
  pool = openPool({ connection: postgres.connection });
  await migrate(pool);
  await sweepSegments(folder, new Set());
  writer = startEngine({ name: 'writer', path: ':memory:', threads: 1, temporaryFolder: folder });
  claim = await makeLedger(pool).claim('test', 0, 'reading');
});
after(async () => {
  await writer?.stop();
  await pool?.end();
  await postgres?.stop();
  await cleanUp(folder);
});

async function send(rows: [meter: number, intervalStartS: number, wh: number][]): Promise<void> {
  const readings = makeReadingColumns(rows.length);
  for (const [meter, at, wh] of rows) {
    const i = readings.count++;
    readings.meterKey[i] = meter;
    readings.intervalStartS[i] = at;
    readings.intervalMinutes[i] = 15;
    readings.wh[i] = wh;
    readings.decivolt[i] = 2400;
    readings.quality[i] = 1;
    readings.sourceSeq[i] = -1;
    expected.set(`${meter}/${at}`, wh);
  }
  const offsetTo = claim.nextOffset + rows.length;
  await commitReadings(makeSegmentSink(writer, folder), makeLedger(pool), claim, {
    source: 'test',
    partition: 0,
    offsetFrom: claim.nextOffset,
    offsetTo,
    receivedAtMs: Date.now(),
    readings,
    setAside: [],
  });
  received += rows.length;
}

/** A day of three meters; a correction, a repetition and a late row of the day before, which is sealed by then. */
async function sendDay(day: number): Promise<void> {
  const startS = firstDayS + day * 86_400;
  const rows: [number, number, number][] = [];
  for (let meter = 0; meter < 3; meter++)
    for (let i = 0; i < 95; i++) rows.push([meter, startS + i * 900, (day * 7 + meter * 31 + i * 3) % 500]);
  await send(rows);
  if (day === 0) return;
  const before = startS - 86_400;
  await send([
    [0, before + 900, 9000 + day],
    [1, before + 1800, expected.get(`1/${before + 1800}`) ?? 5],
    [2, before + 95 * 900, 77],
  ]);
}

async function runAndDie(dieAt: number): Promise<{ said: string; killed: boolean }> {
  const task: SealTask = { dataFolder: folder, connection: postgres.connection, dieAt };
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'seal_child.ts'), JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (piece) => {
    said += piece;
  });
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => child.once('close', (_, s) => resolve(s)));
  return { said, killed: signal === 'SIGKILL' };
}

async function withPipeline(
  work: (pipeline: PipelineService, engine: Engine) => Promise<void>,
  { dataFolder = folder, timeZone = 'America/Chicago' } = {},
): Promise<void> {
  const engine = startEngine({
    name: 'analytics',
    path: path.join(folder, 'analytics.duckdb'),
    temporaryFolder: folder,
    onOpen: openAnalytics,
  });
  const network = sequenceNetwork();
  const problems: string[] = [];
  const pipeline = makePipelineService({
    pool,
    engine,
    dataFolder,
    network: () => network,
    timeZone,
    policy: { sealAfterDays: 1000, keepBronzeDays: 1000 },
    report: (message, error) => problems.push(`${message}: ${String(error)}`),
  });
  pipeline.networkChanged(network);
  try {
    await pipeline.caughtUp();
    await work(pipeline, engine);
    assert.deepEqual(problems, []);
  } finally {
    await pipeline.stop();
    await engine.stop();
  }
}

/** Everything is there once, every layer equals a recomputation, conservation holds. */
async function check(pipeline: PipelineService, engine: Engine): Promise<void> {
  const silver = await engine.query('select meter_key, interval_start_s, wh from silver');
  const found = new Map(
    silver.wh.map((wh, i) => [`${silver.meter_key[i]}/${silver.interval_start_s[i]}`, Number(wh)] as const),
  );
  assert.equal(silver.wh.length, found.size, 'a reading is there twice');
  assert.deepEqual(found, expected);
  const { source } = await engine.query('select distinct source from silver_with_origin');
  assert.deepEqual(source, ['test']);
  assert.deepEqual((await pipeline.verify()).differences, []);
  const [row] = (await pipeline.status()).sources;
  assert.deepEqual([row.received, row.stored, row.balanced, row.pending], [received, expected.size, true, 0]);
}

describe('kill -9 at every step of sealing', () => {
  test('after each kill the layers stand where the manifest says', async (t) => {
    let kills = 0;
    for (let dieAt = 1; ; dieAt++) {
      await sendDay(kills);
      const { said, killed } = await runAndDie(dieAt);
      assert.doesNotMatch(said, /problem/);
      await withPipeline(check);
      if (!killed) break;
      kills++;
    }
    assert.ok(kills > 12, `only ${kills} steps`);
    t.diagnostic(`${kills} kills`);
  });

  test('the layers made anew from parts and segments alone hold the same', async () => {
    await sendDay(200);
    await withPipeline(async (pipeline) => {
      assert.ok((await pipeline.sealBefore(Math.floor(Date.now() / 1000))) > 0);
    });
    for (const name of await fs.readdir(folder))
      if (name.startsWith('analytics.duckdb')) await fs.rm(path.join(folder, name));
    await withPipeline(check);
  });

  test('a data folder that was moved is found where it is', async () => {
    const elsewhere = `${folder}-moved`;
    await fs.symlink(folder, elsewhere);
    await withPipeline(
      async (pipeline, engine) => {
        await check(pipeline, engine);
        const { file } = await engine.query("select file from sealed_part where file <> ''");
        assert.ok(file.length > 0 && file.every((name) => String(name).startsWith(`${elsewhere}/`)));
      },
      { dataFolder: elsewhere },
    );
    await withPipeline(check);
    await fs.rm(elsewhere);
  });

  test('in another time zone the days are made anew, and back', async () => {
    const days = (engine: Engine) =>
      engine.query('select local_date::varchar as day, wh from daily_substation order by all');
    const found: Record<string, unknown> = {};
    for (const timeZone of ['Asia/Kolkata', 'America/Chicago'])
      await withPipeline(
        async (pipeline, engine) => {
          await check(pipeline, engine);
          found[timeZone] = await days(engine);
        },
        { timeZone },
      );
    assert.notDeepEqual(found['Asia/Kolkata'], found['America/Chicago']);
  });

  test('no file is left that nothing refers to', async () => {
    const parts = new Set((await partsAfter(pool)).map((part) => part.path));
    assert.deepEqual(new Set(await fs.readdir(partFolder(folder))), parts);
    const { rows } = await pool.query<{ path: string }>('select path from segment');
    assert.deepEqual(new Set(await fs.readdir(segmentFolder(folder))), new Set(rows.map((row) => row.path)));
  });

  test('a part whose bytes changed is never trusted', async () => {
    const [part] = await partsAfter(pool);
    const file = path.join(partFolder(folder), part.path);
    const bytes = await fs.readFile(file);
    bytes[bytes.length >> 1] ^= 1;
    await fs.writeFile(file, bytes);
    await withPipeline(async (pipeline) => {
      await assert.rejects(pipeline.verify(), { code: 'part_damaged' });
    });
    for (const name of await fs.readdir(folder))
      if (name.startsWith('analytics.duckdb')) await fs.rm(path.join(folder, name));
    await assert.rejects(withPipeline(check), { code: 'part_damaged' });
    bytes[bytes.length >> 1] ^= 1;
    await fs.writeFile(file, bytes);
    await withPipeline(check);
    // torn or gone: seen when the layers open
    await fs.writeFile(file, bytes.subarray(1));
    await assert.rejects(withPipeline(check), { code: 'part_damaged' });
    await fs.writeFile(file, bytes);
    await withPipeline(check);
  });

  test('history older than the policy keeps goes from every layer, and its counts stay', async () => {
    const engine = startEngine({
      name: 'analytics',
      path: path.join(folder, 'analytics.duckdb'),
      temporaryFolder: folder,
      onOpen: openAnalytics,
    });
    const network = sequenceNetwork();
    const keepHistoryDays = Math.floor(Date.now() / 86_400_000) - (firstDayS / 86_400 + 3);
    const pipeline = makePipelineService({
      pool,
      engine,
      dataFolder: folder,
      network: () => network,
      policy: { sealAfterDays: 1000, keepBronzeDays: 0, keepHistoryDays },
      report: (message, error) => assert.fail(`${message}: ${String(error)}`),
    });
    try {
      await pipeline.caughtUp();
      await pipeline.tidy();
      const cut = firstDayS + 3 * 86_400;
      const left = [...expected.keys()].filter((key) => Number(key.split('/')[1]) >= cut);
      const { n } = await engine.query('select count(*) as n from silver');
      assert.ok(left.length < expected.size);
      assert.equal(Number(n[0]), left.length);
      const { differences } = await pipeline.verify();
      assert.deepEqual(differences, []);
      const [row] = (await pipeline.status()).sources;
      assert.deepEqual([row.received, row.stored, row.balanced], [received, expected.size, true]);
    } finally {
      await pipeline.stop();
      await engine.stop();
    }
  });
});
