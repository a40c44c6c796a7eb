/** How to reach the brokers, with the secrets read from their files. */
import fs from 'node:fs/promises';
import { FluxError, messageOf } from '#model/errors.ts';
import type { KafkaAccess } from '#sources/kafka/cluster.ts';
import { type KafkaConfig, readConfig } from './config.ts';
import type { KafkaPlace } from './generator/kafka_target.ts';

async function fileOf(path: string, variable: string): Promise<string> {
  return fs.readFile(path, 'utf8').catch((cause: unknown) => {
    throw new FluxError('bad_usage', `the file of ${variable} can not be read: ${messageOf(cause)}`, { cause });
  });
}

/** @throws FluxError `bad_usage` where a file can not be read */
export async function kafkaAccess(kafka: KafkaConfig): Promise<KafkaAccess> {
  const password = kafka.passwordFile && (await fileOf(kafka.passwordFile, 'FLUX_KAFKA_PASSWORD_FILE'));
  const ca = kafka.caFile && (await fileOf(kafka.caFile, 'FLUX_KAFKA_CA'));
  return {
    brokers: kafka.brokers,
    ...(kafka.sasl
      ? { sasl: { mechanism: kafka.sasl, username: kafka.user!, password: (password ?? '').split(/\r?\n/)[0] } }
      : {}),
    ...(kafka.tls ? { tls: ca ? { ca } : {} } : {}),
  };
}

/** Flags of a run of the generator that say where in Kafka it delivers; the settings say the rest. */
export interface KafkaPlaceFlags {
  brokers?: string;
  topic?: string;
  eventsTopic?: string;
  compression?: string;
}

/** @throws FluxError `bad_usage` where there are no brokers, or the compression is none */
export async function kafkaPlace(flags: KafkaPlaceFlags, environment: NodeJS.ProcessEnv): Promise<KafkaPlace> {
  const given = flags.brokers ? { ...environment, FLUX_KAFKA: flags.brokers } : environment;
  const { kafka } = readConfig({}, given).config;
  if (!kafka) throw new FluxError('bad_usage', 'say where the brokers are: --brokers HOST:PORT, or FLUX_KAFKA');
  const { compression = 'lz4' } = flags;
  if (compression !== 'none' && compression !== 'lz4' && compression !== 'zstd')
    throw new FluxError('bad_usage', `--compression must be none, lz4 or zstd, not ${compression}`);
  return placeIn(kafka, { ...flags, compression });
}

/** The topics of the settings, unless others are said. */
export async function placeIn(
  kafka: KafkaConfig,
  said: { topic?: string; eventsTopic?: string; compression: KafkaPlace['compression'] },
): Promise<KafkaPlace> {
  return {
    access: await kafkaAccess(kafka),
    topic: said.topic ?? kafka.readingsTopic,
    eventsTopic: said.eventsTopic ?? kafka.eventsTopic,
    registry: kafka.schemaRegistry,
    compression: said.compression,
  };
}
