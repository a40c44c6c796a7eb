/** No acknowledged reading is lost or doubled after kill -9, wherever it hits; and the check itself finds those who break it. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { makePipelineService, openAnalytics } from '#services/pipeline/service.ts';
import { type Engine, startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink, sweepSegments } from '#stores/columnar/segments.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { makeLedger, segmentsAfter } from '#stores/postgres/ledger.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { openPool, type Pool } from '#stores/postgres/pool.ts';
import { commitReadings } from '#stream/commit.ts';
import { cleanUp, temporaryFolder } from '../running_center.ts';
import { checkIngest, ingestAndKill } from './ingest.ts';
import type { ChildTask } from './ingest_child.ts';
import { readingsBetween, sequenceNetwork } from './sequence.ts';

let folder: string;
let postgres: EmbeddedPostgres;
let pool: Pool;
let engine: Engine;
const source = 'sequence';

before(async () => {
  folder = await temporaryFolder();
  postgres = await startEmbeddedPostgres(folder);
  pool = openPool({ connection: postgres.connection });
  await migrate(pool);
  await sweepSegments(folder, new Set());
  engine = startEngine({ name: 'check', path: ':memory:', temporaryFolder: folder });
});
after(async () => {
  await engine?.stop();
  await pool?.end();
  await postgres?.stop();
  await cleanUp(folder);
});
beforeEach(async () => {
  await pool.query('truncate segment, stream_position, ami_realtime, set_aside restart identity');
  await sweepSegments(folder, new Set());
});

const taskOf = (task: Partial<ChildTask> = {}): ChildTask => ({
  dataFolder: folder,
  connection: postgres.connection,
  source,
  ...task,
});
const check = (acknowledged: number): Promise<string[]> =>
  checkIngest({ pool, engine, dataFolder: folder, source }, acknowledged);

describe('kill -9 while readings come in', () => {
  test('50 kills at random moments: every acknowledged reading is there once, none twice', async (t) => {
    let acknowledged = 0;
    let kills = 0;
    for (; kills < 50 || (acknowledged < 1000 && kills < 200); kills++) {
      // every fifth dies while it starts, the others while they work
      const afterMs = kills % 5 === 4 ? -(50 + Math.random() * 400) : Math.random() * 150;
      acknowledged = Math.max(acknowledged, (await ingestAndKill(taskOf(), afterMs)).acknowledged);
    }
    assert.deepEqual(await check(acknowledged), []);
    assert.ok(acknowledged > 1000, `only ${acknowledged} readings came in`);
    t.diagnostic(`${kills} kills, ${acknowledged} readings acknowledged`);
  });

  test('10 kills while layers come forward and segments are merged: they equal a recomputation', async () => {
    // many small segments first: the refresher merges them
    let acknowledged = 0;
    for (let segments = 0; segments < 130; ) {
      acknowledged = (await ingestAndKill(taskOf(), 2000)).acknowledged;
      segments = (await segmentsAfter(pool, 0, 1000)).length;
    }
    for (let kill = 0; kill < 10; kill++) {
      const run = await ingestAndKill(taskOf({ layers: true }), Math.random() * 2500);
      acknowledged = Math.max(acknowledged, run.acknowledged);
      assert.doesNotMatch(run.said, /problem/);
    }
    assert.deepEqual(await check(acknowledged), []);
    const analytics = startEngine({
      name: 'analytics',
      path: `${folder}/analytics.duckdb`,
      temporaryFolder: folder,
      onOpen: openAnalytics,
    });
    const network = sequenceNetwork();
    const problems: string[] = [];
    const report = (message: string, error: unknown): number => problems.push(`${message}: ${String(error)}`);
    const pipeline = makePipelineService({
      pool,
      engine: analytics,
      dataFolder: folder,
      network: () => network,
      report,
    });
    try {
      await pipeline.caughtUp();
      // on a busy machine no child may have lived long enough to merge
      await pipeline.tidy();
      assert.deepEqual(problems, []);
      assert.deepEqual(await check(acknowledged), []);
      const merged = (await segmentsAfter(pool, 0, 1000)).filter((segment) => /-m\d+\./.test(segment.path));
      assert.ok(merged.length > 0, 'no segments were merged');
      const { differences, segments } = await pipeline.verify();
      assert.deepEqual(differences, []);
      // one where all were merged at the end
      assert.ok(segments > 0);
      const [row] = (await pipeline.status()).sources;
      assert.deepEqual([row.pending, row.balanced, row.stored], [0, true, row.received]);
    } finally {
      await pipeline.stop();
      await analytics.stop();
    }
  });
});

describe('the check finds', () => {
  const plants: [NonNullable<ChildTask['plant']>, RegExp][] = [
    ['offsets_first', /is missing/],
    ['blind_retry', /doubled|holds reading/],
    ['early_answer', /lost: \d+ were acknowledged/],
    ['hot_rows_later', /hot window/],
  ];
  for (const [plant, expected] of plants)
    test(`the planted bug ${plant}`, async () => {
      const { acknowledged } = await ingestAndKill(taskOf({ plant }), 20_000);
      const problems = await check(acknowledged);
      assert.match(problems.join('\n'), expected);
    });

  test('a row that went missing, a row that came twice, a file that was changed', async () => {
    const { acknowledged } = await ingestAndKill(taskOf(), 300);
    assert.deepEqual(await check(acknowledged), []);
    const { rows } = await pool.query('select * from segment order by segment_id limit 1');
    await pool.query('update segment set sha256 = reverse(sha256) where segment_id = $1', [rows[0].segment_id]);
    assert.match((await check(acknowledged)).join(), /not what was committed/);
    await pool.query('delete from segment where segment_id = $1', [rows[0].segment_id]);
    assert.match((await check(acknowledged)).join(), /lost: reading 0/);
  });
});

describe('two owners of one source', () => {
  const batchOf = (from: number, to: number) => ({
    source,
    partition: 0,
    offsetFrom: from,
    offsetTo: to,
    receivedAtMs: 0,
    readings: readingsBetween(from, to),
    setAside: [],
  });

  test('the older one is fenced, whatever it tries, and nothing of it lands', async () => {
    const ledger = makeLedger(pool);
    const sink = makeSegmentSink(engine, folder);
    const older = await ledger.claim(source, 0, 'reading');
    await commitReadings(sink, ledger, older, batchOf(0, 10));
    const newer = await ledger.claim(source, 0, 'reading');
    assert.equal(newer.nextOffset, 10);
    // both write a file for the same offsets: neither can overwrite the other's
    await assert.rejects(commitReadings(sink, ledger, older, batchOf(10, 25)), { code: 'fenced' });
    await commitReadings(sink, ledger, newer, batchOf(10, 20));
    await assert.rejects(commitReadings(sink, ledger, older, batchOf(20, 30)), { code: 'fenced' });
    // also the owner itself can not skip or repeat
    await assert.rejects(commitReadings(sink, ledger, newer, batchOf(25, 30)), { code: 'fenced' });
    await assert.rejects(commitReadings(sink, ledger, newer, batchOf(10, 20)), { code: 'fenced' });
    assert.deepEqual(await check(20), []);
    assert.equal(newer.nextOffset, 20);
  });

  test('two processes at once: what is there is still the sequence', async () => {
    const runs = await Promise.all([
      ingestAndKill(taskOf(), 700).catch(String),
      ingestAndKill(taskOf(), 700).catch(String),
    ]);
    const acknowledged = Math.max(...runs.map((run) => (typeof run === 'string' ? 0 : run.acknowledged)));
    const fenced = runs.filter((run) => typeof run === 'string');
    assert.ok(fenced.length === 0 || String(fenced[0]).includes('fenced'), String(fenced[0]));
    assert.deepEqual(await check(acknowledged), []);
  });
});
