/** How to reach the brokers, with the secrets read from their files. */
import fs from 'node:fs/promises';
import { FluxError, messageOf } from '#model/errors.ts';
import type { KafkaAccess } from '#sources/kafka/cluster.ts';
import type { KafkaConfig } from './config.ts';

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
