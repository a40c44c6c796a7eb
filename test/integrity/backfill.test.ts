/** History in bulk: parts where a day is empty, silver where it is not; stopped and taken up again, each reading once. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { backfill } from '#bin/backfill.ts';
import { makeReadingColumns } from '#model/reading.ts';
import { makePipelineService, openAnalytics, type PipelineService } from '#services/pipeline/service.ts';
import { makeReadingGenerator } from '#sources/generator/generate_readings.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { type Engine, startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink, sweepSegments } from '#stores/columnar/segments.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { makeLedger } from '#stores/postgres/ledger.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { partsAfter } from '#stores/postgres/part_ledger.ts';
import { openPool, type Pool } from '#stores/postgres/pool.ts';
import { commitReadings } from '#stream/commit.ts';
import { cleanUp, temporaryFolder } from '../running_center.ts';

const network = generateTerritory({ scale: 400, seed: 2 });
const meters = network.meter.count;
const startS = Date.parse('2026-03-07T00:00:00Z') / 1000;
let folder: string;
let postgres: EmbeddedPostgres;
let pool: Pool;
let writer: Engine;
let engine: Engine;
let pipeline: PipelineService;

before(async () => {
  folder = await temporaryFolder();
  postgres = await startEmbeddedPostgres(folder);
  pool = openPool({ connection: postgres.connection });
  await migrate(pool);
  await sweepSegments(folder, new Set());
  writer = startEngine({ name: 'writer', path: ':memory:', threads: 1, temporaryFolder: folder });
  engine = startEngine({
    name: 'analytics',
    path: path.join(folder, 'analytics.duckdb'),
    temporaryFolder: folder,
    onOpen: openAnalytics,
  });
  pipeline = makePipelineService({
    pool,
    engine,
    dataFolder: folder,
    network: () => network,
    report: (message, error) => assert.fail(`${message}: ${String(error)}`),
  });
  pipeline.networkChanged(network);
});
after(async () => {
  await pipeline?.stop();
  await Promise.all([writer?.stop(), engine?.stop()]);
  await pool?.end();
  await postgres?.stop();
  await cleanUp(folder);
});

const run = (days: number, isStopped?: () => boolean) =>
  backfill({
    pool,
    ledger: makeLedger(pool),
    sink: makeSegmentSink(writer, folder),
    engine: writer,
    dataFolder: folder,
    network,
    seed: 2,
    startS,
    days,
    source: 'backfill',
    isStopped,
  });

test('parts where nothing was, silver where something is, and the same readings as the generator makes', async () => {
  // one reading of the second day came before: that day goes the ordinary way
  const early = makeReadingColumns(1);
  makeReadingGenerator(network, { seed: 2 }).fillInterval(startS + 86_400 + 4500, 3, 4, early);
  early.wh[0] += 1;
  const ledger = makeLedger(pool);
  const claim = await ledger.claim('http', 0, 'reading');
  await commitReadings(makeSegmentSink(writer, folder), ledger, claim, {
    source: 'http',
    partition: 0,
    offsetFrom: 0,
    offsetTo: 1,
    receivedAtMs: Date.now(),
    readings: early,
    setAside: [],
  });
  const outcome = await run(3);
  assert.deepEqual([outcome.parts, outcome.readings, outcome.ordinary], [2, 3 * 96 * meters, 96 * meters]);
  await pipeline.caughtUp();

  const wanted = makeReadingColumns(3 * 96 * meters);
  const generator = makeReadingGenerator(network, { seed: 2 });
  for (let i = 0; i < 3 * 96; i++) generator.fillInterval(startS + i * 900, 0, meters, wanted);
  const silver = await engine.query('select * from silver order by interval_start_s, meter_key');
  assert.equal(silver.wh.length, wanted.count);
  for (const [column, values] of [
    ['wh', wanted.wh],
    ['decivolt', wanted.decivolt],
    ['quality', wanted.quality],
    ['interval_minutes', wanted.intervalMinutes],
  ] as const)
    assert.deepEqual(silver[column], Array.from(values), column);

  const { sources } = await pipeline.status();
  assert.deepEqual(
    sources.map(({ source, received, stored, superseded, balanced }) => [
      source,
      received,
      stored,
      superseded,
      balanced,
    ]),
    [
      ['backfill', 3 * 96 * meters, 3 * 96 * meters, 0, true],
      ['http', 1, 0, 1, true],
    ],
  );
  assert.deepEqual((await pipeline.verify()).differences, []);
});

test('layers that come forward meanwhile leave the files that are not committed yet alone', async () => {
  const steps = setInterval(() => pipeline.wake(), 5);
  try {
    let looks = 0;
    const refresh = () => {
      void pipeline.caughtUp();
      return ++looks > 40;
    };
    assert.equal((await run(23, refresh)).parts, 20);
  } finally {
    clearInterval(steps);
  }
  await pipeline.caughtUp();
  assert.deepEqual((await pipeline.verify()).differences, []);
});

test('stopped in between and called again: it goes on where it stopped', async () => {
  let looks = 0;
  const stopped = await run(26, () => ++looks > 1);
  assert.equal(stopped.readings, 96 * meters);
  const rest = await run(26);
  assert.equal(rest.readings, 2 * 96 * meters);
  assert.equal((await run(26)).readings, 0);
  await pipeline.caughtUp();
  const { n } = await engine.query('select count(*) as n from silver');
  assert.equal(Number(n[0]), 26 * 96 * meters);
  assert.equal((await partsAfter(pool)).length, 25);
  assert.deepEqual((await pipeline.verify()).differences, []);
});

test('a correction of a reading in a part: the new version is current, the old one is kept, sources are charged right', async () => {
  const corrected = makeReadingColumns(2);
  const generator = makeReadingGenerator(network, { seed: 2 });
  generator.fillInterval(startS + 9000, 5, 6, corrected);
  // the second one says what is known already
  generator.fillInterval(startS + 9000, 6, 7, corrected);
  corrected.wh[0] += 1234;
  const ledger = makeLedger(pool);
  const claim = await ledger.claim('http', 0, 'reading');
  await commitReadings(makeSegmentSink(writer, folder), ledger, claim, {
    source: 'http',
    partition: 0,
    offsetFrom: claim.nextOffset,
    offsetTo: claim.nextOffset + 2,
    receivedAtMs: Date.now(),
    readings: corrected,
    setAside: [],
  });
  const countOf = async (name: string) => {
    const { stored, superseded, duplicate } = (await pipeline.status()).sources.find(({ source }) => source === name)!;
    return { stored, superseded, duplicate };
  };
  const before = { backfill: await countOf('backfill'), http: await countOf('http') };
  const total = async () => Number((await engine.query('select sum(wh)::bigint as wh from daily_feeder')).wh[0]);
  const wh = await total();
  await pipeline.caughtUp();
  assert.equal(await total(), wh + 1234);
  const { stored, superseded } = before.backfill;
  assert.deepEqual(await countOf('backfill'), { ...before.backfill, stored: stored - 1, superseded: superseded + 1 });
  const { duplicate } = before.http;
  assert.deepEqual(await countOf('http'), { ...before.http, stored: before.http.stored + 1, duplicate: duplicate + 1 });
  const found = await engine.query(
    `select wh, source from silver_with_origin where interval_start_s = ${startS + 9000} and meter_key = 5
     union all select wh, source from silver_earlier_with_origin where interval_start_s = ${startS + 9000} and meter_key = 5`,
  );
  assert.deepEqual(found, { wh: [corrected.wh[0], corrected.wh[0] - 1234], source: ['http', 'backfill'] });
  assert.deepEqual((await pipeline.verify()).differences, []);
});
