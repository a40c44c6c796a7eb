/** The generator's way into Kafka: readings and events as a head-end would send them, keyed by meter. */
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { ReadingColumns } from '#model/reading.ts';
import { readingSchema } from '#sources/kafka/avro.ts';
import type { KafkaAccess } from '#sources/kafka/cluster.ts';
import { avroEncoder, jsonEncoder, meterKeyBytes, type ReadingEncoder } from '#sources/kafka/encode_readings.ts';
import { openProducer } from '#sources/kafka/producer.ts';
import { openSchemaRegistry } from '#sources/kafka/schema_registry.ts';

export interface KafkaTarget {
  access: KafkaAccess;
  topic: string;
  eventsTopic: string;
  format: 'json' | 'avro';
  registry: string | undefined;
  compression: 'none' | 'lz4' | 'zstd';
  /** readings a second at most */
  perSecond: number;
}

export interface KafkaWriter {
  /** @returns bytes of the batches brokers took */
  take(readings: ReadingColumns): Promise<number>;
  takeEvents(records: { meter_id: string }[]): Promise<number>;
  end(): Promise<void>;
}

/** Records between two looks at the clock and at what is due. */
const pieceRows = 2000;

export async function openKafkaWriter(target: KafkaTarget, network: NetworkColumns): Promise<KafkaWriter> {
  const { access, compression, perSecond } = target;
  const encode = await encoderFor(target, network);
  const producer = await openProducer({ access, topic: target.topic, compression });
  const { id: ids, count: meters } = network.meter;
  const partitionOf = new Int32Array(meters);
  for (let m = 0; m < meters; m++) partitionOf[m] = producer.partitionOf(meterKeyBytes(ids, m));
  const piece = Math.max(1, Math.min(pieceRows, Math.floor(perSecond / 10)));
  const beganMs = performance.now();
  let sent = 0;

  /** Waits where this would be faster than asked; what is written is sent first. */
  async function keepPace(): Promise<void> {
    const aheadMs = (sent / perSecond) * 1000 - (performance.now() - beganMs);
    if (aheadMs < 20) return;
    await producer.flush();
    await new Promise((resolve) => setTimeout(resolve, aheadMs));
  }

  return {
    take: async (readings) => {
      const before = producer.bytesSent();
      for (let from = 0; from < readings.count; from += piece) {
        const to = Math.min(readings.count, from + piece);
        const nowMs = Date.now();
        for (let i = from; i < to; i++) {
          const meter = readings.meterKey[i];
          producer.add(partitionOf[meter], nowMs, meterKeyBytes(ids, meter), encode(readings, i));
        }
        sent += to - from;
        await producer.pump();
        await keepPace();
      }
      await producer.flush();
      return producer.bytesSent() - before;
    },
    takeEvents: async (records) => {
      const events = await openProducer({ access, topic: target.eventsTopic, compression });
      try {
        for (const [i, record] of records.entries()) {
          const key = Buffer.from(record.meter_id);
          events.add(events.partitionOf(key), Date.now(), key, Buffer.from(JSON.stringify(record)));
          if (i % pieceRows === 0) await events.pump();
        }
        await events.flush();
        return events.bytesSent();
      } finally {
        await events.close();
      }
    },
    end: () => producer.close(),
  };
}

async function encoderFor(target: KafkaTarget, network: NetworkColumns): Promise<ReadingEncoder> {
  const { id: ids } = network.meter;
  if (target.format === 'json') return jsonEncoder(ids);
  if (target.registry === undefined)
    throw new FluxError('bad_usage', '--format avro needs a schema registry: set FLUX_SCHEMA_REGISTRY');
  const registry = openSchemaRegistry(target.registry);
  return avroEncoder(ids, await registry.register(`${target.topic}-value`, JSON.stringify(readingSchema)));
}
