/**
 * Readings in: straight from the generator to durable (segment and ledger) and on to silver, and over HTTP.
 *
 *   flux bench ingest [--scale poc] [--batches 12] [--rows 250000] [--connections 4,16] [--seconds 10] [--repetitions 3]
 *
 * The opponent is multi-row INSERT over node-postgres of the same batches, into the same PostgreSQL. Making readings is
 * outside all figures. CPU is that of all processes: the program, PostgreSQL, the DuckDB children.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig, scaleFrom } from '#bin/config.ts';
import { openStore } from '#bin/store.ts';
import type { ReadingColumns } from '#model/reading.ts';
import { makePipelineService, openAnalytics } from '#services/pipeline/service.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink, sweepSegments } from '#stores/columnar/segments.ts';
import { makeLedger } from '#stores/postgres/ledger.ts';
import { commitReadings } from '#stream/commit.ts';
import { bytesOnDisk, removeFolder, startCenter, temporaryFolder } from './center/center_process.ts';
import { cpuSecondsOf } from './center/process_tree.ts';
import { insertPlain, makePlainTable, type PlainTable } from './ingest/plain_insert.ts';
import { median } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';
import { makeClient } from './traffic/http_client.ts';
import { bodyOf, lastIntervalS, readingBatches } from './traffic/reading_bodies.ts';

const { values: options } = parseArgs({
  options: {
    scale: { type: 'string', default: 'poc' },
    batches: { type: 'string', default: '12' },
    rows: { type: 'string', default: '250000' },
    connections: { type: 'string', default: '4,16' },
    seconds: { type: 'string', default: '10' },
    repetitions: { type: 'string', default: '3' },
  },
});
const { scale } = options;
const batchCount = Number(options.batches);
const rows = Number(options.rows);
const rowsPerPost = 1000;
/** the opponent is slow: fewer batches give the same rate */
const opponentBatches = Math.min(batchCount, 4);

interface Cost {
  readings: number;
  seconds: number;
  cpuSeconds: number;
}

const network = generateTerritory({
  scale: scaleFrom(scale === 'demo' || scale === 'poc' ? scale : Number(scale)),
  seed: 1,
});
const intervals = Math.ceil((batchCount * rows) / network.meter.count);
const firstS = lastIntervalS() - intervals * 900;

/** What `work` takes of this process and its children: PostgreSQL and DuckDB are among them. */
async function cost(readings: number, work: () => Promise<unknown>): Promise<Cost> {
  const cpuBefore = cpuSecondsOf(process.pid);
  const begin = performance.now();
  await work();
  return {
    readings,
    seconds: (performance.now() - begin) / 1000,
    cpuSeconds: cpuSecondsOf(process.pid) - cpuBefore,
  };
}

const sum = (costs: Cost[]): Cost => ({
  readings: costs.reduce((total, one) => total + one.readings, 0),
  seconds: costs.reduce((total, one) => total + one.seconds, 0),
  cpuSeconds: costs.reduce((total, one) => total + one.cpuSeconds, 0),
});

const asFigures = (runs: Cost[]) => ({
  readings: runs[0].readings,
  readings_per_s: Math.round(median(runs.map((run) => run.readings / run.seconds))),
  all_readings_per_s: runs.map((run) => Math.round(run.readings / run.seconds)),
  cpu_seconds_per_million: median(runs.map((run) => (run.cpuSeconds / run.readings) * 1e6)),
});

/** One fresh data folder: ours, then the opponent on the same PostgreSQL. */
async function direct() {
  const folder = await temporaryFolder();
  const { config } = readConfig({ dataFolder: folder }, {});
  const store = await openStore(config, 'flux bench');
  const temporary = path.join(folder, 'tmp');
  await sweepSegments(folder, new Set());
  const segments = startEngine({
    name: 'segments',
    path: ':memory:',
    memoryLimit: '512MB',
    threads: 1,
    temporaryFolder: temporary,
  });
  const analytics = startEngine({
    name: 'analytics',
    path: path.join(folder, 'analytics.duckdb'),
    memoryLimit: config.analyticsMemory,
    temporaryFolder: temporary,
    onOpen: openAnalytics,
  });
  const pipeline = makePipelineService({
    pool: store.pool,
    engine: analytics,
    dataFolder: folder,
    network: () => network,
    report: (message, error) => say(`${message}: ${String(error)}`),
  });
  try {
    pipeline.networkChanged(network);
    const ledger = makeLedger(store.pool);
    const sink = makeSegmentSink(segments, folder);
    const claim = await ledger.claim('bench', 0, 'reading');
    const commit = (readings: ReadingColumns): Promise<unknown> =>
      commitReadings(sink, ledger, claim, {
        source: 'bench',
        partition: 0,
        offsetFrom: claim.nextOffset,
        offsetTo: claim.nextOffset + readings.count,
        receivedAtMs: Date.now(),
        readings,
        setAside: [],
      });
    const durable: Cost[] = [];
    const batches = readingBatches(network, firstS, rows);
    for (let b = 0; b < batchCount; b++) {
      const batch = batches.next().value as ReadingColumns;
      durable.push(await cost(batch.count, () => commit(batch)));
    }
    const segmentBytes = await bytesOnDisk(path.join(folder, 'segments'));
    const silver = await cost(batchCount * rows, () => pipeline.caughtUp());
    const { sources } = await pipeline.status();
    if (sources.length !== 1 || sources[0].stored !== batchCount * rows || !sources[0].balanced)
      throw new Error(`silver does not hold what was sent: ${JSON.stringify(sources)}`);
    const plain: Record<PlainTable, Cost> = { heap: await insertAll('heap'), keyed: await insertAll('keyed') };
    return { durable: sum(durable), silver, plain, bytesPerReading: segmentBytes / (batchCount * rows) };
  } finally {
    await pipeline.stop();
    await Promise.all([segments.stop(), analytics.stop()]);
    await store.close();
    await removeFolder(folder);
  }

  async function insertAll(table: PlainTable): Promise<Cost> {
    await makePlainTable(store.pool, table);
    const costs: Cost[] = [];
    const batches = readingBatches(network, firstS, rows);
    for (let b = 0; b < opponentBatches; b++) {
      const batch = batches.next().value as ReadingColumns;
      costs.push(await cost(batch.count, () => insertPlain(store.pool, table, batch)));
    }
    return sum(costs);
  }
}

/** POST /api/readings as fast as it is answered; the bodies are made before. */
async function overHttp(connections: number) {
  const folder = await temporaryFolder();
  const center = await startCenter({ folder, scale, flags: ['--open', '--no-simulation'] });
  const client = makeClient(center.url, connections);
  try {
    const bodies = Array.from({ length: 1500 }, () => '');
    const batches = readingBatches(network, firstS, rowsPerPost);
    for (let i = 0; i < bodies.length; i++) bodies[i] = bodyOf(batches.next().value as ReadingColumns, network);
    let next = 0;
    let accepted = 0;
    const send = async (untilMs: number): Promise<void> => {
      while (performance.now() < untilMs && next < bodies.length) {
        const { status, body } = await client.send('POST', '/api/readings', bodies[next++]);
        if (status !== 200) throw new Error(`POST /api/readings answered ${status}: ${body}`);
        accepted += (JSON.parse(body.toString()) as { accepted: number }).accepted;
      }
    };
    const all = (seconds: number): Promise<unknown> => {
      const untilMs = performance.now() + seconds * 1000;
      return Promise.all(Array.from({ length: connections }, () => send(untilMs)));
    };
    await all(2);
    accepted = 0;
    const cpuBefore = cpuSecondsOf(center.pid);
    const ownBefore = process.cpuUsage();
    const begin = performance.now();
    await all(Number(options.seconds));
    const own = process.cpuUsage(ownBefore);
    return {
      readings: accepted,
      seconds: (performance.now() - begin) / 1000,
      cpuSeconds: cpuSecondsOf(center.pid) - cpuBefore,
      clientCpuSeconds: (own.user + own.system) / 1e6,
    };
  } finally {
    client.close();
    await center.stop();
    await removeFolder(folder);
  }
}

const directRuns: Awaited<ReturnType<typeof direct>>[] = [];
for (let round = 0; round < Number(options.repetitions); round++) {
  directRuns.push(await direct());
  const { durable, silver, plain } = directRuns[round];
  const rate = (one: Cost): string => Math.round(one.readings / one.seconds).toLocaleString('en-US');
  say(
    `durable ${rate(durable)}/s, silver ${rate(silver)}/s; INSERT ${rate(plain.heap)}/s, keyed ${rate(plain.keyed)}/s`,
  );
}
const http = [];
for (const connections of options.connections.split(',').map(Number)) {
  const runs: Awaited<ReturnType<typeof overHttp>>[] = [];
  for (let round = 0; round < Number(options.repetitions); round++) {
    runs.push(await overHttp(connections));
    say(
      `HTTP, ${connections} connections: ${Math.round(runs[round].readings / runs[round].seconds).toLocaleString('en-US')}/s`,
    );
  }
  http.push({
    connections,
    ...asFigures(runs),
    client_cpu_seconds_per_million: median(runs.map((run) => (run.clientCpuSeconds / run.readings) * 1e6)),
  });
}
const figuresOf = (read: (run: (typeof directRuns)[0]) => Cost) => asFigures(directRuns.map(read));
const durable = figuresOf((run) => run.durable);
const toSilver = figuresOf((run) => sum([run.durable, { ...run.silver, readings: 0 }]));
const opponents = { heap: figuresOf((run) => run.plain.heap), keyed: figuresOf((run) => run.plain.keyed) };
const ratios = (ours: typeof durable, theirs: typeof durable) => ({
  rate: ours.readings_per_s / theirs.readings_per_s,
  cpu: theirs.cpu_seconds_per_million / ours.cpu_seconds_per_million,
});
await printReport('ingest', {
  scale,
  meters: network.meter.count,
  rows_per_batch: rows,
  direct_to_durable: durable,
  durable_to_silver: figuresOf((run) => run.silver),
  direct_to_silver: toSilver,
  segment_bytes_per_reading: median(directRuns.map((run) => run.bytesPerReading)),
  http: { rows_per_request: rowsPerPost, by_connections: http },
  opponents: {
    insert_plain: { name: 'INSERT of 1,000 rows, no key, one transaction a batch', ...opponents.heap },
    insert_keyed: { name: 'the same with a key and ON CONFLICT', ...opponents.keyed },
  },
  ratios: {
    durable_to_insert_plain: ratios(durable, opponents.heap),
    durable_to_insert_keyed: ratios(durable, opponents.keyed),
    silver_to_insert_keyed: ratios(toSilver, opponents.keyed),
  },
});
