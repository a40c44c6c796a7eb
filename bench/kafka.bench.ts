/**
 * Readings from a real Kafka: to durable (segments and ledger) and on to silver, against KafkaJS with multi-row INSERT,
 * and against the two floors: only consuming (into columns, and without decoding), and only storing the same columns from
 * memory, offsets and times of messages among them.
 *
 *   flux bench kafka [--meters 100000] [--readings 2000000] [--opponent 200000] [--raw 1000000] [--repetitions 1]
 *
 * Broker, stores and program share one machine. CPU is that of all processes but the broker's. KafkaJS has no lz4, so it
 * reads the same messages without compression. All readings are history: older than the hot window.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '#bin/config.ts';
import { openKafkaReadings } from '#bin/generator/kafka_target.ts';
import { makeKafkaReader } from '#bin/kafka_reader.ts';
import { openStore } from '#bin/store.ts';
import { makeReadingColumns, type ReadingColumns } from '#model/reading.ts';
import { makePipelineService, openAnalytics } from '#services/pipeline/service.ts';
import { makeReadingGenerator } from '#sources/generator/generate_readings.ts';
import { type PartitionReader, startConsumer } from '#sources/kafka/consumer.ts';
import { startDecoder } from '#sources/kafka/decode_thread.ts';
import { openProducer } from '#sources/kafka/producer.ts';
import { readBatches } from '#sources/kafka/record_batch.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink, sweepSegments } from '#stores/columnar/segments.ts';
import { makeLedger } from '#stores/postgres/ledger.ts';
import { commitReadings } from '#stream/commit.ts';
import { startBroker } from '../test/kafka/broker.ts';
import { startRegistry } from '../test/kafka/registry.ts';
import { removeFolder, temporaryFolder } from './center/center_process.ts';
import { cpuSecondsOf } from './center/process_tree.ts';
import { insertPlain, makePlainTable } from './ingest/plain_insert.ts';
import { kafkaJs, platformaticStream } from './kafka/clients.ts';
import { median } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';

const { values: options } = parseArgs({
  options: {
    meters: { type: 'string', default: '100000' },
    readings: { type: 'string', default: '2000000' },
    opponent: { type: 'string', default: '200000' },
    raw: { type: 'string', default: '1000000' },
    repetitions: { type: 'string', default: '1' },
  },
});
const partitions = 6;
const network = generateTerritory({ scale: Number(options.meters), seed: 1 });
const meters = network.meter.count;
const intervals = Math.max(1, Math.round(Number(options.readings) / meters));
const total = intervals * meters;
const opponentCount = Math.min(total, Number(options.opponent));
const firstS = Date.UTC(2026, 0, 1) / 1000;

const broker = await startBroker({ heap: '1g' });
const registry = await startRegistry();
const access = { brokers: [broker.address] };
/** One for the whole run, as a consuming process has one for its life: it is warm after the first topic. */
const decoder = startDecoder({ meterIds: () => network.meter.id, schemaRegistry: registry.address });

interface Cost {
  readings: number;
  seconds: number;
  cpuSeconds: number;
}
const costs = new Map<string, Cost[]>();
const cpu = (): number => cpuSecondsOf(process.pid) - cpuSecondsOf(broker.pid());

async function measure(name: string, readings: number, work: () => Promise<unknown>): Promise<void> {
  const cpuBefore = cpu();
  const begin = performance.now();
  await work();
  const cost = { readings, seconds: (performance.now() - begin) / 1000, cpuSeconds: cpu() - cpuBefore };
  costs.set(name, [...(costs.get(name) ?? []), cost]);
  const perMillion = (cost.cpuSeconds / readings) * 1e6;
  say(
    `${name}: ${Math.round(readings / cost.seconds).toLocaleString('en-US')}/s, ${perMillion.toFixed(2)} CPU-s per million`,
  );
}

function* columns(): Generator<ReadingColumns> {
  const generator = makeReadingGenerator(network, { seed: 1 });
  for (let i = 0; i < intervals; i++) {
    const readings = makeReadingColumns(meters);
    generator.fillInterval(firstS + i * 900, 0, meters, readings);
    yield readings;
  }
}

async function fill(topic: string, format: 'json' | 'avro', compression: 'none' | 'lz4'): Promise<void> {
  await broker.createTopic(topic, partitions);
  const writer = await openKafkaReadings(
    { access, topic, eventsTopic: 'none', registry: registry.address, compression },
    format,
    network,
  );
  await measure(`produce ${format} ${compression}`, total, async () => {
    for (const readings of columns()) await writer.take(readings);
  });
  await writer.end();
}

async function fillRaw(topic: string, bytes: number, count: number): Promise<void> {
  await broker.createTopic(topic, partitions);
  const producer = await openProducer({ access, topic, compression: 'none' });
  const value = Buffer.from(JSON.stringify({ meter_id: 'MTR-00000001', filler: '' }).padEnd(bytes, ' '));
  for (let i = 0; i < count; i++) {
    producer.add(i % partitions, Date.now(), undefined, value);
    if (i % 2000 === 0) await producer.pump();
  }
  await producer.flush();
  await producer.close();
}

let groups = 0;
/** Reads a topic with our consumer until `count` records were taken. */
async function consumeAll(topic: string, count: number, reader: PartitionReader): Promise<void> {
  let taken = 0;
  let finish: () => void;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const counting: PartitionReader = {
    ...reader,
    take: async (place, from, fetched) => {
      const next = await reader.take(place, from, fetched);
      taken += next - from;
      if (taken >= count) finish();
      return next;
    },
  };
  const report = (message: string, error: unknown): void => say(`${message}: ${String(error)}`);
  const consumer = startConsumer({ access, group: `bench_${groups++}`, topics: [topic], reader: counting, report });
  await finished;
  await consumer.stop();
}

/** Fetch, checksum, decompress, walk every record. */
const walking: PartitionReader = {
  open: async () => 0,
  take: async (place, from, fetched) => readBatches(fetched.records, from, place, { record: () => undefined }),
  outOfRange: async () => 0,
};

/** The same, and decoded into columns: everything but storing. */
const decoding: PartitionReader = {
  open: async () => 0,
  take: async (place, from, fetched) => {
    const decoded = await decoder.decode(place, from, fetched);
    decoder.giveBack(decoded);
    return decoded.nextOffset;
  },
  outOfRange: async () => 0,
};

/** A fresh store of everything. */
async function withStores(work: (stores: Awaited<ReturnType<typeof openStores>>) => Promise<void>): Promise<void> {
  const stores = await openStores();
  try {
    await work(stores);
  } finally {
    await stores.close();
  }
}

async function openStores() {
  const folder = await temporaryFolder();
  const { config } = readConfig({ dataFolder: folder }, {});
  const store = await openStore(config, 'flux bench');
  await sweepSegments(folder, new Set());
  const temporaryFolderOf = path.join(folder, 'tmp');
  const segments = startEngine({
    name: 'segments',
    path: ':memory:',
    memoryLimit: '512MB',
    threads: 1,
    temporaryFolder: temporaryFolderOf,
  });
  const analytics = startEngine({
    name: 'analytics',
    path: path.join(folder, 'analytics.duckdb'),
    memoryLimit: config.analyticsMemory,
    temporaryFolder: temporaryFolderOf,
    onOpen: openAnalytics,
  });
  const report = (message: string, error: unknown): void => say(`${message}: ${String(error)}`);
  const pipeline = makePipelineService({
    pool: store.pool,
    engine: analytics,
    dataFolder: folder,
    network: () => network,
    report,
  });
  pipeline.networkChanged(network);
  await pipeline.caughtUp();
  const sink = makeSegmentSink(segments, folder);
  const ledger = makeLedger(store.pool);
  const { meter } = network;
  const reader = makeKafkaReader({
    pool: store.pool,
    sink,
    ledger,
    kindOf: () => 'reading',
    decoder,
    facts: () => ({
      nowMs: Date.now(),
      meterRowOf: (id) => meter.id.rowOf(id),
      isDevice: () => false,
    }),
  });
  return {
    pool: store.pool,
    pipeline,
    sink,
    ledger,
    reader,
    close: async () => {
      await pipeline.stop();
      await Promise.all([segments.stop(), analytics.stop()]);
      await store.close();
      await removeFolder(folder);
    },
  };
}

const segmentBytes = new Map<string, number>();
async function bytesPerReading(pool: Awaited<ReturnType<typeof openStores>>['pool']): Promise<number> {
  const { rows } = await pool.query<{ bytes: number }>(
    'select sum(byte_count)::float8 / sum(row_count)::float8 as bytes from segment',
  );
  return rows[0].bytes;
}

async function check(stores: Awaited<ReturnType<typeof openStores>>): Promise<void> {
  const { sources } = await stores.pipeline.status();
  const stored = sources.reduce((sum, source) => sum + source.stored, 0);
  if (stored !== total || sources.some((source) => !source.balanced || source.set_aside > 0))
    throw new Error(`silver holds ${stored} of ${total}: ${JSON.stringify(sources)}`);
}

/** KafkaJS as it is usually written: a message at a time, rows gathered, multi-row INSERT. */
async function opponent(pool: Awaited<ReturnType<typeof openStores>>['pool']): Promise<void> {
  const rows = makeReadingColumns(1000);
  await kafkaJs(broker.address, 'json_plain', opponentCount, 'eachMessage', async (value) => {
    const record = JSON.parse(value.toString()) as {
      meter_id: string;
      reading_time: string;
      kwh: number;
      voltage: number;
      source_seq: number;
    };
    const i = rows.count++;
    rows.meterKey[i] = network.meter.id.rowOf(record.meter_id);
    rows.intervalStartS[i] = Date.parse(record.reading_time) / 1000;
    rows.intervalMinutes[i] = 15;
    rows.wh[i] = Math.round(record.kwh * 1000);
    rows.decivolt[i] = Math.round(record.voltage * 10);
    rows.sourceSeq[i] = record.source_seq;
    if (rows.count < 1000) return;
    await insertPlain(pool, 'heap', rows);
    rows.count = 0;
  });
}

try {
  await fill('json', 'json', 'lz4');
  await fill('json_plain', 'json', 'none');
  await fill('avro', 'avro', 'lz4');
  const raw = Number(options.raw);
  for (const size of [60, 250]) await fillRaw(`raw_${size}`, size, raw);
  for (let round = 0; round < Number(options.repetitions); round++) {
    for (const size of [60, 250]) {
      const topic = `raw_${size}`;
      await measure(`raw ${size} B, ours`, raw, () => consumeAll(topic, raw, walking));
      await measure(`raw ${size} B, @platformatic/kafka stream`, raw, () =>
        platformaticStream(broker.address, topic, raw, () => undefined),
      );
      for (const way of ['eachBatch', 'eachMessage'] as const)
        await measure(`raw ${size} B, KafkaJS ${way}`, raw, () =>
          kafkaJs(broker.address, topic, raw, way, () => undefined),
        );
    }
    for (const format of ['json', 'avro']) {
      await measure(`consume only, ${format}`, total, () => consumeAll(format, total, walking));
      await measure(`consume and decode, ${format}`, total, () => consumeAll(format, total, decoding));
      await withStores(async (stores) => {
        await measure(`to durable, ${format}`, total, () => consumeAll(format, total, stores.reader));
        segmentBytes.set(format, await bytesPerReading(stores.pool));
        await measure(`durable to silver, ${format}`, total, () => stores.pipeline.caughtUp());
        await check(stores);
      });
      await withStores(async (stores) => {
        const waking = setInterval(() => stores.pipeline.wake(), 200);
        await measure(`to silver, ${format}`, total, async () => {
          await consumeAll(format, total, stores.reader);
          await stores.pipeline.caughtUp();
        });
        clearInterval(waking);
        await check(stores);
      });
    }
    await withStores(async (stores) => {
      const batches = [...columns()];
      const claims = await Promise.all(
        batches.slice(0, partitions).map((_, p) => stores.ledger.claim('memory', p, 'reading')),
      );
      const createTimeMs = new Float64Array(meters).fill(Date.now());
      const landing = { createTimeMs, key: new Map(), headers: new Map(), content: new Map() };
      await measure('sink only, durable', total, async () => {
        for (const [i, readings] of batches.entries()) {
          const claim = claims[i % claims.length];
          const recordOffsets = new Float64Array(readings.count);
          for (let k = 0; k < recordOffsets.length; k++) recordOffsets[k] = claim.nextOffset + k;
          const span = { offsetFrom: claim.nextOffset, offsetTo: claim.nextOffset + readings.count };
          const batch = {
            source: 'memory',
            partition: claim.partition,
            ...span,
            receivedAtMs: Date.now(),
            readings,
            recordOffsets,
            landing,
            setAside: [],
          };
          await commitReadings(stores.sink, stores.ledger, claim, batch, { tellDuplicates: false });
        }
      });
      await measure('sink only, durable to silver', total, () => stores.pipeline.caughtUp());
      await makePlainTable(stores.pool, 'heap');
      await measure('KafkaJS eachMessage and INSERT, json', opponentCount, () => opponent(stores.pool));
    });
  }
} finally {
  await decoder.stop();
  await registry.close();
  await broker.stop();
}

const figures = Object.fromEntries(
  [...costs].map(([name, runs]) => [
    name,
    {
      readings_per_s: Math.round(median(runs.map((run) => run.readings / run.seconds))),
      cpu_seconds_per_million: median(runs.map((run) => (run.cpuSeconds / run.readings) * 1e6)),
    },
  ]),
);
const rate = (name: string): number => figures[name].readings_per_s;
const floorOf = (format: string): number => Math.min(rate(`consume and decode, ${format}`), rate('sink only, durable'));
await printReport('kafka', {
  meters,
  readings: total,
  opponent_readings: opponentCount,
  partitions,
  segment_bytes_per_reading: Object.fromEntries(segmentBytes),
  figures,
  ratios: {
    durable_to_kafkajs: rate('to durable, json') / rate('KafkaJS eachMessage and INSERT, json'),
    silver_to_kafkajs: rate('to silver, json') / rate('KafkaJS eachMessage and INSERT, json'),
    durable_to_smaller_floor: {
      json: rate('to durable, json') / floorOf('json'),
      avro: rate('to durable, avro') / floorOf('avro'),
    },
    durable_to_sink_only: {
      json: rate('to durable, json') / rate('sink only, durable'),
      avro: rate('to durable, avro') / rate('sink only, durable'),
    },
  },
});
