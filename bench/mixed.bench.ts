/**
 * Conservation under everything at once: millions of Kafka messages of which some are poison, some repeat, some are
 * late, read by processes of one group, one of which is killed again and again. Afterwards the account is exact.
 *
 *   flux bench mixed [--messages 10000000] [--meters 100000] [--poison 0.01] [--duplicates 0.05] [--late 0.1] [--kills 5]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readConfig } from '#bin/config.ts';
import { openStore } from '#bin/store.ts';
import { loadOrCreateNetwork } from '#bin/territory.ts';
import { makePipelineService, openAnalytics } from '#services/pipeline/service.ts';
import { meterKeyBytes } from '#sources/kafka/encode_readings.ts';
import { openProducer } from '#sources/kafka/producer.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { sweepSegments } from '#stores/columnar/segments.ts';
import { startBroker } from '../test/kafka/broker.ts';
import { removeFolder, temporaryFolder } from './center/center_process.ts';
import { printReport, say } from './report/report.ts';

const { values: options } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000000' },
    meters: { type: 'string', default: '100000' },
    poison: { type: 'string', default: '0.01' },
    duplicates: { type: 'string', default: '0.05' },
    late: { type: 'string', default: '0.1' },
    kills: { type: 'string', default: '5' },
  },
});
const topic = 'ami_readings';
const firstMs = Date.UTC(2026, 0, 1);
const program = path.join(import.meta.dirname, '..', 'bin', 'flux.mjs');
const began = performance.now();

/** Evenly spread in [0, 1), the same for the same k. */
const chanceOf = (k: number, salt: number): number => (Math.imul(k + salt, 2_654_435_761) >>> 0) / 2 ** 32;

/** Messages that can not be a reading, each in its own way. */
const poisons = [
  (id: string) => `{"meter_id":"${id}","reading_time":"2026-01-01T00:0`,
  () => '{"meter_id":"NOBODY","reading_time":"2026-01-01T00:00:00Z","kwh":1}',
  (id: string) => `{"meter_id":"${id}","reading_time":"2026-01-01T00:00:00Z","kwh":"much"}`,
  (id: string) => `{"meter_id":"${id}","reading_time":"yesterday","kwh":1}`,
  () => '[1,2,3]',
  (id: string) => `{"meter_id":"${id}","reading_time":"2026-01-01T00:07:00Z","kwh":1}`,
];

const folder = await temporaryFolder();
const broker = await startBroker({ heap: '1g' });
const { config } = readConfig({ dataFolder: folder, scale: options.meters }, {});
const store = await openStore(config, 'flux bench');
const workers = new Map<number, ChildProcess>();

function startWorker(slot: number): void {
  const child = spawn(process.execPath, [program, 'start', '--role', 'ingest', '--data', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, FLUX_KAFKA: broker.address, FLUX_LOG: 'error' },
  });
  workers.set(slot, child);
}

async function killWorker(slot: number): Promise<void> {
  const child = workers.get(slot)!;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

const counts = { messages: 0, poison: 0, duplicates: 0, late: 0, distinct: 0, wh: 0 };

/** Fills the topic. Late readings are sent three intervals after their own. */
async function produce(meters: number, idOf: (meter: number) => string, keyOf: (meter: number) => Buffer) {
  const producer = await openProducer({ access: { brokers: [broker.address] }, topic });
  const partitionOf = Int32Array.from({ length: meters }, (_, meter) => producer.partitionOf(keyOf(meter)));
  const [poison, duplicates, late] = [options.poison, options.duplicates, options.late].map(Number);
  const whOf = (k: number): number => (Math.imul(k, 2_246_822_519) >>> 14) % 3000;
  const held: { k: number; dueInterval: number }[] = [];
  let at = 0;
  const send = async (meter: number, value: string): Promise<void> => {
    counts.messages++;
    producer.add(partitionOf[meter], Date.now(), keyOf(meter), Buffer.from(value));
    if (at++ % 2000 === 0) await producer.pump();
  };
  const sendReading = async (k: number): Promise<void> => {
    const [meter, interval] = [k % meters, Math.floor(k / meters)];
    const time = new Date(firstMs + interval * 900_000).toISOString();
    const value = `{"meter_id":"${idOf(meter)}","reading_time":"${time}","kwh":${whOf(k) / 1000},"voltage":240.1}`;
    counts.distinct++;
    counts.wh += whOf(k);
    await send(meter, value);
    if (chanceOf(k, 7) < duplicates) {
      counts.duplicates++;
      await send(meter, value);
    }
  };
  const intervals = Math.max(4, Math.round(Number(options.messages) / (1 + poison + duplicates) / meters));
  for (let interval = 0; interval < intervals; interval++) {
    for (; held.length > 0 && held[0].dueInterval <= interval; held.shift()) await sendReading(held[0].k);
    for (let meter = 0; meter < meters; meter++) {
      const k = interval * meters + meter;
      if (chanceOf(k, 1) < poison) {
        counts.poison++;
        await send(meter, poisons[k % poisons.length](idOf(meter)));
      }
      if (chanceOf(k, 3) < late) {
        counts.late++;
        held.push({ k, dueInterval: interval + 3 });
      } else await sendReading(k);
    }
  }
  for (const { k } of held) await sendReading(k);
  await producer.flush();
  await producer.close();
}

try {
  await sweepSegments(folder, new Set());
  await Promise.all([broker.createTopic(topic, 6), broker.createTopic('grid_events', 3)]);
  const { network } = await loadOrCreateNetwork(store.pool, config, () => undefined);
  const { id: ids, count: meters } = network.meter;
  await produce(
    meters,
    (meter) => ids.at(meter),
    (meter) => Buffer.from(meterKeyBytes(ids, meter)),
  );
  say(`sent ${JSON.stringify(counts)} in ${((performance.now() - began) / 1000).toFixed(0)} s`);

  const analytics = startEngine({
    name: 'analytics',
    path: path.join(folder, 'analytics.duckdb'),
    memoryLimit: config.analyticsMemory,
    temporaryFolder: path.join(folder, 'tmp'),
    onOpen: openAnalytics,
  });
  const pipeline = makePipelineService({
    pool: store.pool,
    engine: analytics,
    dataFolder: folder,
    network: () => network,
    report: (message, error) => say(`${message}: ${String(error)}`),
  });
  pipeline.networkChanged(network);
  const readingBegan = performance.now();
  for (const slot of [0, 1]) startWorker(slot);
  const waking = setInterval(() => pipeline.wake(), 500);
  const received = async (): Promise<number> =>
    (await store.pool.query('select coalesce(sum(received), 0)::float8 as n from stream_position')).rows[0].n;
  let kills = 0;
  for (let n = 0; n < counts.messages; n = await received()) {
    if (kills < Number(options.kills) && n > ((kills + 1) * counts.messages) / (Number(options.kills) + 2)) {
      await killWorker(kills % 2);
      startWorker(kills % 2);
      kills++;
      say(`killed a process at ${n.toLocaleString('en-US')} messages`);
    }
    await sleep(300);
  }
  const seconds = (performance.now() - readingBegan) / 1000;
  for (const slot of workers.keys()) await killWorker(slot);
  clearInterval(waking);
  await pipeline.caughtUp();
  const { sources } = await pipeline.status();
  const sum = (name: 'received' | 'stored' | 'superseded' | 'duplicate' | 'set_aside' | 'pending'): number =>
    sources.reduce((total, source) => total + source[name], 0);
  const { wh } = await analytics.query('select sum(wh)::double as wh from silver');
  const { differences } = await pipeline.verify();
  await pipeline.stop();
  await analytics.stop();
  const account = {
    received: sum('received'),
    stored: sum('stored'),
    superseded: sum('superseded'),
    duplicate: sum('duplicate'),
    set_aside: sum('set_aside'),
    pending: sum('pending'),
  };
  const expected = {
    received: counts.messages,
    stored: counts.distinct,
    superseded: 0,
    duplicate: counts.duplicates,
    set_aside: counts.poison,
    pending: 0,
  };
  const isExact =
    JSON.stringify(account) === JSON.stringify(expected) && Number(wh[0]) === counts.wh && differences.length === 0;
  if (!isExact)
    throw new Error(
      `not exact: ${JSON.stringify({ account, expected, wh: wh[0], expectedWh: counts.wh, differences })}`,
    );
  await printReport('mixed', {
    messages: counts,
    processes: { at_once: 2, killed: kills },
    account,
    sum_wh: counts.wh,
    differing_layer_rows: 0,
    messages_per_s: counts.messages / seconds,
  });
} finally {
  for (const child of workers.values()) child.kill('SIGKILL');
  await store.close();
  await broker.stop();
  await removeFolder(folder);
}
