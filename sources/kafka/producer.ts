/**
 * An idempotent producer of whole batches: records are written straight into the batch of their partition, and one
 * request per broker carries the batches of its partitions while the next ones are written. A request that gets no
 * answer is sent again; the broker knows a batch it has by its sequence number.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, initProducerIdV4, murmur2, produceV9, Writer } from '@platformatic/kafka';
import { FluxError } from '#model/errors.ts';
import { type BatchWriter, type Compression, makeBatchWriter } from './batch_writer.ts';
import { ask, hasKafkaError, type KafkaAccess, openCluster, reasonOf, type Topic } from './cluster.ts';

export interface KafkaProducer {
  readonly partitions: number;
  /** The partition every Kafka client gives this key. */
  partitionOf(key: Uint8Array): number;
  add(partition: number, timeMs: number, key: Uint8Array | undefined, value: Uint8Array): void;
  /** Sends what is due; resolves when there is room for more. */
  pump(): Promise<void>;
  /** Sends everything; resolves when the brokers have it. */
  flush(): Promise<void>;
  /** bytes of batches that brokers have */
  bytesSent(): number;
  close(): Promise<void>;
}

export interface ProducerOptions {
  access: KafkaAccess;
  topic: string;
  compression?: Compression;
  /** a partition's batch is sent when it has this many bytes, before compression */
  batchBytes?: number;
}

interface Lane {
  partition: number;
  writer: BatchWriter;
  sequence: number;
}
interface Ready {
  partition: number;
  batch: Buffer;
}

const produceKey = 0;
const produceVersion = 9;
const allReplicas = -1;
const giveUpMs = 120_000;
/** Brokers take batches of up to 1 MB unless told otherwise. */
const ordinaryBatchBytes = 900_000;

/** @throws FluxError `kafka_unreachable`, `kafka_no_topic` */
export async function openProducer(options: ProducerOptions): Promise<KafkaProducer> {
  const { compression = 'lz4', batchBytes = ordinaryBatchBytes } = options;
  const cluster = openCluster(options.access, 'flux producer');
  const found = await cluster.topics([options.topic]).catch(async (error: unknown) => {
    await cluster.close();
    throw error;
  });
  let topic = found.get(options.topic);
  if (!topic) {
    await cluster.close();
    throw new FluxError('kafka_no_topic', `there is no topic ${options.topic}; make it first`);
  }
  const identity = await identify(topic);
  const lanes: Lane[] = topic.partitions.map(({ partition }) => ({
    partition,
    writer: makeBatchWriter(),
    sequence: 0,
  }));
  let ready: Ready[] = [];
  let sending: Promise<void> | undefined;
  let failure: unknown;
  let bytesSent = 0;

  async function identify({ partitions }: Topic): Promise<initProducerIdV4.InitProducerIdResponse> {
    for (let attempt = 0; ; attempt++) {
      try {
        const connection = await cluster.connection(partitions[0].leader, 'produce');
        return await ask(initProducerIdV4.api, connection, null, 60_000, -1n, -1);
      } catch (error) {
        // a cluster that has just started can not give identities yet
        if (attempt === 20) {
          await cluster.close();
          throw new FluxError('kafka_unreachable', `no identity for a producer: ${reasonOf(error)}`, { cause: error });
        }
        await sleep(250);
      }
    }
  }

  function seal(lane: Lane): void {
    const { count } = lane.writer;
    if (count === 0) return;
    const batch = lane.writer.finish({
      compression,
      producerId: identity.producerId,
      producerEpoch: identity.producerEpoch,
      firstSequence: lane.sequence,
    });
    lane.sequence = (lane.sequence + count) % 2 ** 31;
    ready.push({ partition: lane.partition, batch });
  }

  /** One batch per partition and request, in their order. */
  async function send(): Promise<void> {
    while (ready.length > 0) {
      const seen = new Set<number>();
      const now: Ready[] = [];
      const later: Ready[] = [];
      for (const one of ready) {
        (seen.has(one.partition) ? later : now).push(one);
        seen.add(one.partition);
      }
      ready = later;
      await deliver(now);
    }
  }

  async function deliver(batches: Ready[]): Promise<void> {
    const untilMs = performance.now() + giveUpMs;
    for (let left = batches, attempt = 0; left.length > 0; attempt++) {
      const outcomes = await Promise.all([...Map.groupBy(left, leaderOf)].map(([node, part]) => deliverTo(node, part)));
      left = outcomes.flatMap((outcome) => outcome.left);
      if (left.length === 0) break;
      const { error } = outcomes.find((outcome) => outcome.error !== undefined)!;
      if (performance.now() > untilMs)
        throw new FluxError('kafka_unreachable', `the brokers do not take ${options.topic}: ${reasonOf(error)}`, {
          cause: error,
        });
      await sleep(Math.min(2000, 50 * 2 ** Math.min(attempt, 8)));
      topic = (await cluster.topics([options.topic]).catch(() => undefined))?.get(options.topic) ?? topic;
    }
    for (const { batch } of batches) bytesSent += batch.length;
  }

  const leaderOf = ({ partition }: Ready): number =>
    topic!.partitions.find((part) => part.partition === partition)?.leader ?? -1;

  async function deliverTo(node: number, batches: Ready[]): Promise<{ left: Ready[]; error?: unknown }> {
    try {
      const connection = await cluster.connection(node, 'produce');
      await produce(connection, options.topic, batches);
      return { left: [] };
    } catch (error) {
      // the answer before was lost, the batches were not
      if (hasKafkaError(error, 'DUPLICATE_SEQUENCE_NUMBER') && batches.length === 1) return { left: [] };
      if (hasKafkaError(error, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'MESSAGE_TOO_LARGE', 'TOPIC_AUTHORIZATION_FAILED'))
        throw new FluxError('kafka_refused', `the broker refuses ${options.topic}: ${reasonOf(error)}`, {
          cause: error,
        });
      return { left: batches, error };
    }
  }

  function start(): void {
    sending ??= send()
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => {
        sending = undefined;
      });
  }

  async function settle(): Promise<void> {
    while (sending) await sending;
    if (failure !== undefined) throw failure;
  }

  return {
    partitions: lanes.length,
    partitionOf: (key) => (murmur2(Buffer.from(key)) & 0x7fffffff) % lanes.length,
    add: (partition, timeMs, key, value) => lanes[partition].writer.add(timeMs, key, value),
    pump: async () => {
      for (const lane of lanes) if (lane.writer.bytes >= batchBytes) seal(lane);
      if (ready.length === 0) return;
      // one request is under way while the next is written, not more
      if (sending && ready.length >= lanes.length) await settle();
      start();
      if (failure !== undefined) throw failure;
    },
    flush: async () => {
      for (const lane of lanes) seal(lane);
      while (ready.length > 0 || sending) {
        start();
        await settle();
      }
      if (failure !== undefined) throw failure;
    },
    bytesSent: () => bytesSent,
    close: () => cluster.close(),
  };
}

function produce(connection: Connection, topic: string, batches: Ready[]): Promise<unknown> {
  const request = (): Writer =>
    Writer.create()
      .appendString(null)
      .appendInt16(allReplicas)
      .appendInt32(30_000)
      .appendArray([topic], (w, name) =>
        w
          .appendString(name)
          .appendArray(batches, (p, { partition, batch }) => p.appendInt32(partition).appendBytes(batch)),
      )
      .appendTaggedFields();
  return new Promise((resolve, reject) => {
    connection.send(produceKey, produceVersion, request, produceV9.parseResponse, true, true, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
}
