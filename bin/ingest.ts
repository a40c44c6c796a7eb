/** A consuming process: Kafka -> stream -> stores. It serves nothing; the center hears of its commits from the store. */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { Ledger } from '#model/stream.ts';
import { type PartitionReader, startConsumer } from '#sources/kafka/consumer.ts';
import { startDecoder } from '#sources/kafka/decode_thread.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink, segmentFolder } from '#stores/columnar/segments.ts';
import { forgetWorker, type PartitionReport, reportWorker } from '#stores/postgres/kafka_topics.ts';
import { makeLedger } from '#stores/postgres/ledger.ts';
import { listenTo } from '#stores/postgres/listen.ts';
import { networkState } from '#stores/postgres/network_tables.ts';
import type { Client, Pool } from '#stores/postgres/pool.ts';
import type { Config } from './config.ts';
import { kafkaAccess } from './kafka_access.ts';
import { makeKafkaReader } from './kafka_reader.ts';
import { openStore, type Store } from './store.ts';
import { loadOrCreateNetwork } from './territory.ts';

export interface IngestWorker {
  partitions(): PartitionReport[];
  stop(): Promise<void>;
}

const reportMs = 1000;

/** Where the integrity tests plant their bugs. */
export interface Alterations {
  reader?: (reader: PartitionReader, pool: Pool) => PartitionReader;
  ledger?: (ledger: Ledger<Client>) => Ledger<Client>;
}

/** @throws FluxError `bad_usage` without FLUX_KAFKA, and those of the stores */
export async function startIngest(config: Config, alter: Alterations = {}): Promise<IngestWorker> {
  const { kafka, dataFolder } = config;
  if (!kafka) throw new FluxError('bad_usage', 'the role ingest reads Kafka: set FLUX_KAFKA to its brokers');
  const log = pino(
    { level: config.logLevel, base: { role: 'ingest', pid: process.pid } },
    pino.destination({ dest: 2, sync: false }),
  );
  const report = (message: string, error: unknown): void => log.error({ err: error }, message);
  const access = await kafkaAccess(kafka);

  // stores
  const store = await openStore({ ...config, connections: Math.min(config.connections, 8) }, 'flux ingest');
  const { pool } = store;
  const temporaryFolder = path.join(dataFolder, 'tmp');
  await Promise.all(
    [temporaryFolder, segmentFolder(dataFolder)].map((folder) => fs.mkdir(folder, { recursive: true })),
  );
  const engine = startEngine({ name: 'segments', path: ':memory:', memoryLimit: '512MB', threads: 1, temporaryFolder });
  const network = await followNetwork(store, config, report);

  // sources
  const decoder = startDecoder({
    meterIds: () => network.columns().meter.id,
    schemaRegistry: kafka.schemaRegistry,
  });
  const ledger = makeLedger(pool, { announce: true });
  const ordinary = makeKafkaReader({
    pool,
    sink: makeSegmentSink(engine, dataFolder),
    ledger: alter.ledger?.(ledger) ?? ledger,
    kindOf: (topic) => (topic === kafka.eventsTopic ? 'event' : 'reading'),
    decoder,
    facts: () => {
      const { meter, edge } = network.columns();
      return {
        nowMs: Date.now(),
        meterRowOf: (id) => meter.id.rowOf(id),
        isDevice: (id) => edge.id.rowOf(id) >= 0,
      };
    },
  });
  const reader = alter.reader?.(ordinary, pool) ?? ordinary;
  const topics = [kafka.readingsTopic, kafka.eventsTopic];
  const consumer = startConsumer({ access, group: kafka.group, topics, reader, report });

  // how it stands, for the center
  const worker = { worker_id: randomUUID(), host: os.hostname(), pid: process.pid };
  const rates = rateReporter();
  let partitions: PartitionReport[] = [];
  let reporting: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    partitions = rates(consumer.partitions());
    reporting = reportWorker(pool, { ...worker, partitions }).catch(() => undefined);
  }, reportMs);

  return {
    partitions: () => partitions,
    stop: async () => {
      clearInterval(timer);
      await consumer.stop();
      await reporting;
      await forgetWorker(pool, worker.worker_id).catch(() => undefined);
      await decoder.stop();
      await network.stop();
      await engine.stop();
      await store.leave();
    },
  };
}

/** Partition states with what each has read a second since the last look. */
function rateReporter(): (states: ReturnType<ReturnType<typeof startConsumer>['partitions']>) => PartitionReport[] {
  let lastMs = performance.now();
  let before = new Map<string, number>();
  return (states) => {
    const nowMs = performance.now();
    const seconds = Math.max(0.001, (nowMs - lastMs) / 1000);
    const reports = states.map((state) => {
      const read = state.records - (before.get(`${state.topic}/${state.partition}`) ?? 0);
      return {
        topic: state.topic,
        partition: state.partition,
        state: state.state,
        next_offset: state.nextOffset,
        high_watermark: state.highWatermark,
        lag: Math.max(0, state.highWatermark - state.nextOffset),
        records_per_s: Math.max(0, Math.round(read / seconds)),
        code: state.code,
        reason: state.reason,
      };
    });
    before = new Map(states.map((state) => [`${state.topic}/${state.partition}`, state.records]));
    lastMs = nowMs;
    return reports;
  };
}

interface FollowedNetwork {
  columns(): NetworkColumns;
  stop(): Promise<void>;
}

/** The network as it is in the store, also after it was replaced. The center makes the first one: it is waited for. */
async function followNetwork(
  store: Store,
  config: Config,
  report: (message: string, error: unknown) => void,
): Promise<FollowedNetwork> {
  const { pool } = store;
  for (let waitedS = 0; !(await networkState(pool)); waitedS++) {
    if (waitedS === 10)
      report('there is no network yet', new FluxError('no_network', 'start the center, or import a network'));
    await sleep(1000);
  }
  let loaded = await loadOrCreateNetwork(pool, config, () => undefined);
  let loading: Promise<void> = Promise.resolve();
  async function look(): Promise<void> {
    const state = await networkState(pool);
    if (state && String(state.version) !== loaded.version)
      loaded = await loadOrCreateNetwork(pool, config, () => undefined);
  }
  const listener = await listenTo(store.connection, 'network_changed', () => {
    loading = loading.then(look).catch((error: unknown) => report('the network could not be read again', error));
  });
  return {
    columns: () => loaded.network,
    stop: async () => {
      await listener.close();
      await loading;
    },
  };
}
