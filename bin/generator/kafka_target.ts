/** Into Kafka as a head-end would send: readings and events keyed by meter, by an idempotent producer. */
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { ReadingColumns } from '#model/reading.ts';
import type { PlannedEvent } from '#sources/generator/run_plan.ts';
import { readingSchema } from '#sources/kafka/avro.ts';
import type { KafkaAccess } from '#sources/kafka/cluster.ts';
import { avroEncoder, jsonEncoder, meterKeyBytes, type ReadingEncoder } from '#sources/kafka/encode_readings.ts';
import { type KafkaProducer, openProducer } from '#sources/kafka/producer.ts';
import { openSchemaRegistry } from '#sources/kafka/schema_registry.ts';
import { eventRecord } from './records.ts';
import type { RunTarget, TargetNeeds } from './targets.ts';

/** Where in Kafka a run delivers. */
export interface KafkaPlace {
  access: KafkaAccess;
  topic: string;
  eventsTopic: string;
  registry: string | undefined;
  compression: 'none' | 'lz4' | 'zstd';
}

/** Readings of a piece: the position of the run is kept behind each. */
const pieceRows = 50_000;
/** Records between two looks at what is due to be sent. */
const pumpRows = 2000;

export interface KafkaReadings {
  /** @returns bytes of the batches the brokers took */
  take(readings: ReadingColumns): Promise<number>;
  end(): Promise<void>;
}

/** Readings of a network into a topic. */
export async function openKafkaReadings(
  place: KafkaPlace,
  format: 'json' | 'avro',
  { meter }: NetworkColumns,
): Promise<KafkaReadings> {
  const { id: ids, count: meters } = meter;
  const encode: ReadingEncoder = format === 'avro' ? avroEncoder(ids, await schemaIdOf(place)) : jsonEncoder(ids);
  const producer = await openProducer({ access: place.access, topic: place.topic, compression: place.compression });
  const partitionOf = new Int32Array(meters);
  for (let m = 0; m < meters; m++) partitionOf[m] = producer.partitionOf(meterKeyBytes(ids, m));
  return {
    take: async (readings) => {
      const before = producer.bytesSent();
      for (let i = 0; i < readings.count; i++) {
        const key = readings.meterKey[i];
        producer.add(partitionOf[key], Date.now(), meterKeyBytes(ids, key), encode(readings, i));
        if (i % pumpRows === 0) await producer.pump();
      }
      await producer.flush();
      return producer.bytesSent() - before;
    },
    end: () => producer.close(),
  };
}

export async function kafkaTarget({ network, options, kafka }: TargetNeeds): Promise<RunTarget> {
  if (!kafka) throw new FluxError('bad_usage', 'say where the brokers are: --brokers HOST:PORT, or FLUX_KAFKA');
  const readings = await openKafkaReadings(kafka, options.format === 'avro' ? 'avro' : 'json', network);
  let events: KafkaProducer | undefined;
  async function takeEvents(planned: PlannedEvent[]): Promise<number> {
    if (planned.length === 0) return 0;
    events ??= await openProducer({
      access: kafka!.access,
      topic: kafka!.eventsTopic,
      compression: kafka!.compression,
    });
    const before = events.bytesSent();
    for (const event of planned) {
      const key = meterKeyBytes(network.meter.id, event.meter);
      events.add(events.partitionOf(key), Date.now(), key, Buffer.from(JSON.stringify(eventRecord(event, network))));
    }
    await events.flush();
    return events.bytesSent() - before;
  }
  return {
    pieceRows,
    take: async (piece, save) => {
      const bytes = (await readings.take(piece.readings)) + (await takeEvents(piece.events));
      await save(bytes);
      return bytes;
    },
    end: async () => {
      await Promise.all([readings.end(), events?.close()]);
    },
  };
}

async function schemaIdOf({ registry, topic }: KafkaPlace): Promise<number> {
  if (registry === undefined)
    throw new FluxError('bad_usage', '--format avro needs a schema registry: set FLUX_SCHEMA_REGISTRY');
  return openSchemaRegistry(registry).register(`${topic}-value`, JSON.stringify(readingSchema));
}
