/** What the Kafka tests share: a store with the meters of the sequence, consuming processes, a producer of the sequence. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { Producer } from '@platformatic/kafka';
import type { NetworkColumns } from '#model/network.ts';
import { type Engine, rowsFrom, startEngine } from '#stores/columnar/engine.ts';
import { segmentFolder, sweepSegments, verifySegment } from '#stores/columnar/segments.ts';
import { networkSha256, writeSnapshot } from '#stores/network_snapshot.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { segmentsAfter } from '#stores/postgres/ledger.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { writeNetwork } from '#stores/postgres/network_tables.ts';
import { openPool, type Pool } from '#stores/postgres/pool.ts';
import { rowAt, sequenceNetwork } from '../integrity/sequence.ts';
import { cleanUp, ended, temporaryFolder, until } from '../running_center.ts';
import type { ConsumeTask } from './consume_child.ts';

export interface Scene {
  folder: string;
  postgres: EmbeddedPostgres;
  pool: Pool;
  databaseUrl: string;
  engine: Engine;
  network: NetworkColumns;
  end(): Promise<void>;
}

export async function openScene(): Promise<Scene> {
  const folder = await temporaryFolder();
  const postgres = await startEmbeddedPostgres(folder);
  const { user, database, host } = postgres.connection;
  const pool = openPool({ connection: postgres.connection });
  pool.on('error', () => undefined);
  await migrate(pool);
  await sweepSegments(folder, new Set());
  const network = sequenceNetwork();
  await writeSnapshot(folder, network);
  await writeNetwork(pool, network, { sha256: networkSha256(network), seed: 1 });
  const engine = startEngine({ name: 'check', path: ':memory:', temporaryFolder: folder });
  const scene: Scene = {
    folder,
    postgres,
    pool,
    databaseUrl: `postgresql://${user}@/${database}?host=${encodeURIComponent(host)}`,
    engine,
    network,
    end: async () => {
      await engine.stop();
      await pool.end();
      await scene.postgres.stop();
      await cleanUp(folder);
    },
  };
  return scene;
}

/** Forgets everything that was ingested. */
export async function emptyScene({ pool, folder }: Scene): Promise<void> {
  await pool.query(
    'truncate segment, stream_position, ami_realtime, set_aside, meter_event, kafka_life, kafka_gap, kafka_worker, device_state restart identity',
  );
  await sweepSegments(folder, new Set());
}

export interface ConsumingProcess {
  child: ChildProcess;
  said(): string;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();

/** Ends what a test left running. */
export async function killConsuming(): Promise<void> {
  const left = [...running];
  for (const child of left) child.kill('SIGKILL');
  await Promise.all(left.map((child) => ended(child)));
}

function startConsuming(task: ConsumeTask): ConsumingProcess {
  const file = path.join(import.meta.dirname, 'consume_child.ts');
  const child = spawn(process.execPath, [file, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let said = '';
  const listen = (chunk: Buffer): void => {
    said += chunk.toString();
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  return {
    child,
    said: () => said,
    kill: async () => {
      child.kill('SIGKILL');
      await ended(child);
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended(child);
    },
  };
}

/** A consuming process on the scene's stores. */
export function consumeInto(
  scene: Scene,
  environment: Record<string, string>,
  plant?: ConsumeTask['plant'],
): ConsumingProcess {
  return startConsuming({
    dataFolder: scene.folder,
    environment: { DATABASE_URL: scene.databaseUrl, ...environment },
    plant,
  });
}

/** The message of reading k of the sequence, as the generator writes it. */
export function messageAt(k: number): { meter_id: string; [field: string]: unknown } {
  const { meter, intervalStartS, wh } = rowAt(k);
  return {
    meter_id: `M${meter}`,
    reading_time: new Date(intervalStartS * 1000).toISOString(),
    interval_minutes: 15,
    kwh: wh / 1000,
    voltage: 240,
    quality: 'actual',
    source_seq: k,
  };
}

export type TextProducer = Producer<string, string | Buffer, string, string>;
export function openProducer(address: string, transactionalId?: string): TextProducer {
  const text = (value?: string): Buffer | undefined => (value === undefined ? undefined : Buffer.from(value));
  const any = (value?: string | Buffer): Buffer | undefined =>
    value === undefined ? undefined : Buffer.from(value as string);
  const serializers = { key: text, value: any, headerKey: text, headerValue: text };
  return new Producer({
    clientId: 'flux-test-producer',
    bootstrapBrokers: [address],
    idempotent: true,
    ...(transactionalId ? { transactionalId } : {}),
    retries: 200,
    retryDelay: 100,
    serializers,
  });
}

/** Sends readings [from, to) of the sequence, keyed by meter. */
export async function sendSequence(producer: TextProducer, topic: string, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += 1000) {
    const messages = Array.from({ length: Math.min(1000, to - start) }, (_, i) => {
      const message = messageAt(start + i);
      return { topic, key: message.meter_id, value: JSON.stringify(message) };
    });
    await producer.send({ messages, compression: 'lz4' });
  }
}

/** Sum of what the ledger has received from a topic. */
export async function receivedFrom(pool: Pool, topic: string): Promise<number> {
  const { rows } = await pool.query<{ received: number }>(
    'select coalesce(sum(received), 0)::bigint as received from stream_position where source = $1',
    [`kafka.${topic}`],
  );
  return rows[0].received;
}

export async function untilReceived(
  scene: Scene,
  topic: string,
  count: number,
  said: () => string,
  deadlineMs = 40_000,
) {
  let last = 0;
  // a database that is being killed does not answer for a moment
  const look = (): Promise<number> => receivedFrom(scene.pool, topic).catch(() => last);
  await until(
    `${count} messages of ${topic} are in the ledger`,
    async () => {
      last = await look();
      return last >= count;
    },
    deadlineMs,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; there are ${last}; said: ${said().slice(-3000)}`);
  });
}

/** What is wrong with the sequence's readings [0, count) in the segments of a topic; nothing where each is there once. */
export async function checkSequence({ pool, engine, folder }: Scene, topic: string, count: number): Promise<string[]> {
  const problems: string[] = [];
  const segments = (await segmentsAfter(pool, 0, 1e6)).filter((segment) => segment.source === `kafka.${topic}`);
  for (const segment of segments) await verifySegment(folder, segment);
  const files = segments.map((segment) => `'${path.join(segmentFolder(folder), segment.path)}'`).join(', ');
  const rows = files
    ? rowsFrom<{ seq: number; times: number; meter_key: number; start_s: number; wh: number; offsets: number }>(
        await engine.query(
          `select source_seq as seq, count(*) as times, min(meter_key) as meter_key, min(interval_start_s) as start_s, min(wh) as wh
           from read_parquet([${files}]) group by source_seq order by source_seq`,
        ),
      )
    : [];
  const seen = new Set<number>();
  for (const row of rows) {
    seen.add(row.seq);
    const { meter, intervalStartS, wh } = rowAt(row.seq);
    if (row.times !== 1) problems.push(`doubled: reading ${row.seq} is stored ${row.times} times`);
    if (row.meter_key !== meter || row.start_s !== intervalStartS || row.wh !== wh)
      problems.push(`reading ${row.seq} has other values`);
  }
  for (let k = 0; k < count; k++) if (!seen.has(k)) problems.push(`lost: reading ${k} is in no segment`);
  const { rows: unbalanced } = await pool.query(
    'select source, partition_no from stream_position where received <> landed + duplicate + set_aside',
  );
  for (const row of unbalanced) problems.push(`not balanced: ${row.source}/${row.partition_no}`);
  return problems.slice(0, 10);
}
