/**
 * History at utility scale: made, stored, asked.
 *
 *   flux bench history [--scale poc] [--days 1] [--start 2026-07-14] [--asks 20] [--postgres-days 1] [--skip-raw] [--keep]
 *
 * 17.5 days of 596,906 meters are a billion readings (`--days 18`: whole days, 1.03 billion). Opponents in the same run:
 * the same question as a scan over all readings in the same engine; DuckDB's own `copy ... parquet` in arrival order, for
 * size; a PostgreSQL heap with BRIN, of `--postgres-days` of the same readings.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { backfill } from '#bin/backfill.ts';
import { readConfig, scaleFrom } from '#bin/config.ts';
import { openStore } from '#bin/store.ts';
import { deadlineMs } from '#services/analytics/ask_question.ts';
import { type QuestionSpan, questions } from '#services/analytics/questions.ts';
import { makePipelineService, openAnalytics } from '#services/pipeline/service.ts';
import { storeObservations } from '#services/pipeline/sql.ts';
import { lmpUsdPerMwh } from '#sources/generator/price.ts';
import { temperatureC } from '#sources/generator/weather.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { partFolder } from '#stores/columnar/parts.ts';
import { meterReadings } from '#stores/columnar/sealing.ts';
import { makeSegmentSink, sweepSegments } from '#stores/columnar/segments.ts';
import { makeLedger } from '#stores/postgres/ledger.ts';
import { bytesOnDisk, removeFolder, temporaryFolder } from './center/center_process.ts';
import { cpuSecondsOf, watchPeak } from './center/process_tree.ts';
import { fillPlain, plainQuestions } from './history/plain_postgres.ts';
import { rawQuestions } from './history/raw_questions.ts';
import { median, quantiles } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';

const { values: options } = parseArgs({
  options: {
    scale: { type: 'string', default: 'poc' },
    days: { type: 'string', default: '1' },
    start: { type: 'string', default: '2026-07-14' },
    asks: { type: 'string', default: '20' },
    'postgres-days': { type: 'string', default: '1' },
    'skip-raw': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const days = Number(options.days);
const startS = Date.parse(`${options.start}T00:00:00Z`) / 1000;
const endS = startS + days * 86_400;
const network = generateTerritory({
  scale: scaleFrom(['demo', 'poc'].includes(options.scale) ? options.scale : Number(options.scale)),
  seed: 1,
});
const folder = await temporaryFolder();
const { config } = readConfig({ dataFolder: folder }, {});
const store = await openStore(config, 'flux bench');
const temporary = path.join(folder, 'tmp');
await fs.mkdir(temporary, { recursive: true });
await sweepSegments(folder, new Set());
const writer = startEngine({
  name: 'segments',
  path: ':memory:',
  memoryLimit: '512MB',
  threads: 1,
  temporaryFolder: temporary,
});
const engine = startEngine({
  name: 'analytics',
  path: path.join(folder, 'analytics.duckdb'),
  memoryLimit: config.analyticsMemory,
  temporaryFolder: temporary,
  onOpen: openAnalytics,
});
const pipeline = makePipelineService({
  pool: store.pool,
  engine,
  dataFolder: folder,
  network: () => network,
  timeZone: config.timeZone,
  report: (message, error) => say(`${message}: ${String(error)}`),
});

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; seconds: number; cpuSeconds: number }> {
  const cpu = cpuSecondsOf(process.pid);
  const begin = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - begin) / 1000, cpuSeconds: cpuSecondsOf(process.pid) - cpu };
}

async function build() {
  pipeline.networkChanged(network);
  await pipeline.caughtUp();
  const at = Array.from({ length: days * 96 }, (_, i) => startS + i * 900);
  await storeObservations(
    store.pool,
    'bench',
    at,
    at.map((t) => temperatureC(t, 1)),
    at.map((t) => lmpUsdPerMwh(t, 1)),
  );
  const made = await timed(() =>
    backfill({
      pool: store.pool,
      ledger: makeLedger(store.pool),
      sink: makeSegmentSink(writer, folder),
      engine: writer,
      dataFolder: folder,
      network,
      seed: 1,
      startS,
      days,
      source: 'backfill',
      progress: (share) => say(`${(share * 100).toFixed(0)} % made`),
    }),
  );
  const adopted = await timed(() => pipeline.caughtUp());
  const { readings, bytes } = made.result;
  const { sources } = await pipeline.status();
  if (sources[0].stored !== readings || !sources[0].balanced)
    throw new Error(`conservation: ${JSON.stringify(sources)}`);
  await engine.script(['checkpoint']);
  const rate = (run: { seconds: number; cpuSeconds: number }) => ({
    readings_per_s: Math.round(readings / run.seconds),
    cpu_seconds_per_million: (run.cpuSeconds / readings) * 1e6,
  });
  return {
    readings,
    generated_and_stored: rate(made),
    rollups: rate(adopted),
    part_bytes_per_reading: bytes / readings,
    rollup_bytes_per_reading: (await fs.stat(path.join(folder, 'analytics.duckdb'))).size / readings,
    history_bytes: await bytesOnDisk(partFolder(folder)),
  };
}

let drawn = 12_345;
/** Plain congruential numbers: the same questions in every run. */
const draw = (below: number): number => {
  drawn = (Math.imul(drawn, 1_103_515_245) + 12_345) & 0x7fffffff;
  return drawn % below;
};

function spanFor(question: (typeof questions)[number], wholeSpan: boolean): QuestionSpan {
  const level = question.id?.level;
  const rows = { feeder: network.feeder.count, substation: network.substation.count, meter: network.meter.count };
  const count = level === 'feeder' || level === 'substation' || level === 'meter' ? rows[level] : 1;
  const key = question.id?.required ? draw(count) : level && !wholeSpan && draw(2) === 1 ? draw(count) : null;
  const length = wholeSpan ? days : 1 + draw(days);
  const fromS = startS + draw(days - length + 1) * 86_400;
  return { fromS, toS: fromS + length * 86_400, bucketS: 3600, key, limit: 50 };
}

/** The same question over everything there is, by the rollups and by a scan. @throws Error where one digit differs */
async function compare(question: (typeof questions)[number]) {
  const whole = spanFor(question, true);
  const ours = await timed(() => engine.query(question.sql(whole)));
  const raw = await timed(() => engine.query(rawQuestions[question.name](whole), [], 1_200_000));
  if (JSON.stringify(ours.result) !== JSON.stringify(raw.result))
    throw new Error(`${question.name} differs from the raw scan`);
  return { raw_scan_ms: raw.seconds * 1000, times_faster: raw.seconds / ours.seconds };
}

async function ask() {
  const all: number[] = [];
  const byQuestion: Record<string, unknown> = {};
  for (const question of questions) {
    const ms: number[] = [];
    for (let i = 0; i < Number(options.asks); i++) {
      const sql = question.sql(spanFor(question, i === 0));
      const { seconds } = await timed(() => engine.query(sql, [], deadlineMs));
      ms.push(seconds * 1000);
    }
    all.push(...ms);
    const { p50, max } = quantiles(ms);
    const compared = options['skip-raw'] ? {} : await compare(question);
    byQuestion[question.name] = { p50_ms: p50, max_ms: max, ...compared };
    say(`${question.name}: p50 ${p50.toFixed(0)} ms, max ${max.toFixed(0)} ms ${JSON.stringify(compared)}`);
  }
  const sorted = Float64Array.from(all).sort();
  const factors = Object.values(byQuestion).flatMap((one) => (one as { times_faster?: number }).times_faster ?? []);
  return {
    asks: all.length,
    p50_ms: median(all),
    p95_ms: sorted[Math.floor(sorted.length * 0.95)],
    max_ms: sorted[sorted.length - 1],
    ...(factors.length > 0
      ? { times_faster_than_raw_scan: { median: median(factors), least: Math.min(...factors) } }
      : {}),
    by_question: byQuestion,
  };
}

async function size() {
  const file = path.join(folder, 'naive.parquet');
  const toS = startS + 86_400;
  const columns =
    'meter_key, to_timestamp(interval_start_s) as interval_start, interval_minutes, wh, decivolt, quality';
  await engine.script([
    'set preserve_insertion_order = true',
    `copy (select ${columns} from silver where interval_start_s >= ${startS} and interval_start_s < ${toS} order by interval_start_s, meter_key) to '${file}' (format parquet)`,
    'set preserve_insertion_order = false',
  ]);
  const bytes = (await fs.stat(file)).size;
  await fs.rm(file);
  return { naive_parquet_bytes_per_reading: bytes / (96 * network.meter.count) };
}

async function postgres() {
  const share = Math.min(days, Number(options['postgres-days']));
  if (share === 0) return undefined;
  const toS = startS + share * 86_400;
  const bytes = await fillPlain(store.pool, engine, folder, startS, toS);
  const byQuestion: Record<string, unknown> = {};
  const factors: number[] = [];
  for (const [name, sql] of Object.entries(plainQuestions)) {
    const question = questions.find((one) => one.name === name)!;
    const key = question.id ? draw(question.id.level === 'meter' ? network.meter.count : network.feeder.count) : null;
    const ours: number[] = [];
    for (let i = 0; i < 5; i++)
      ours.push(
        (await timed(() => engine.query(question.sql({ fromS: startS, toS, bucketS: 3600, key, limit: 50 })))).seconds,
      );
    const theirs = await timed(() => store.pool.query(sql({ fromS: startS, toS, key })));
    const factor = theirs.seconds / median(ours);
    factors.push(factor);
    byQuestion[name] = { ours_ms: median(ours) * 1000, postgres_ms: theirs.seconds * 1000, times_faster: factor };
    say(`${name}: PostgreSQL ${(theirs.seconds * 1000).toFixed(0)} ms, ${factor.toFixed(0)} times`);
  }
  return {
    days: share,
    share_of_readings: share / days,
    bytes_per_reading: bytes / (share * 96 * network.meter.count),
    times_faster: { median: median(factors), least: Math.min(...factors) },
    by_question: byQuestion,
  };
}

try {
  const stopWatching = watchPeak(process.pid);
  const built = await build();
  const buildPeakMb = stopWatching();
  say(JSON.stringify(built));
  const stopAsking = watchPeak(process.pid);
  const asked = await ask();
  const askPeakMb = stopAsking();
  const meter = draw(network.meter.count);
  const history = await timed(async () =>
    engine.query(`select sum(wh) from ${await meterReadings(engine, meter, startS, endS)} where meter_key = ${meter}`),
  );
  const naive = await size();
  await printReport('history', {
    scale: options.scale,
    meters: network.meter.count,
    days,
    ...built,
    peak_pss_mb: { building: buildPeakMb, asking_and_raw_scans: askPeakMb },
    questions: asked,
    one_meter_all_readings_ms: history.seconds * 1000,
    ...naive,
    times_smaller_than_naive: naive.naive_parquet_bytes_per_reading / built.part_bytes_per_reading,
    postgres_heap_brin: await postgres(),
  });
} finally {
  await pipeline.stop();
  await Promise.all([writer.stop(), engine.stop()]);
  await store.close();
  if (options.keep) say(`kept: ${folder}`);
  else await removeFolder(folder);
}
