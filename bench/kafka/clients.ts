/** The opponents' ways of reading a topic: KafkaJS message by message and by batch, the library's own stream. */
import { Consumer } from '@platformatic/kafka';
import { Kafka, logLevel } from 'kafkajs';

/** Told of each value. */
export type Eat = (value: Buffer) => void;

let groups = 0;

/** Reads `count` messages. @returns when the last one was told */
export async function kafkaJs(
  address: string,
  topic: string,
  count: number,
  way: 'eachMessage' | 'eachBatch',
  eat: (value: Buffer) => void | Promise<void>,
): Promise<void> {
  const kafka = new Kafka({ clientId: 'bench', brokers: [address], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({
    groupId: `kafkajs_${process.pid}_${groups++}`,
    maxBytes: 24 * 1024 * 1024,
    maxBytesPerPartition: 4 * 1024 * 1024,
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let seen = 0;
  await new Promise<void>((resolve, reject) => {
    const one = (value: Buffer | null): void | Promise<void> => {
      if (++seen === count) resolve();
      return eat(value!);
    };
    consumer
      .run({
        autoCommit: true,
        ...(way === 'eachMessage'
          ? { eachMessage: async ({ message }) => one(message.value) }
          : {
              eachBatch: async ({ batch }) => {
                for (const message of batch.messages) await one(message.value);
              },
            }),
      })
      .catch(reject);
  });
  await consumer.disconnect();
}

export async function platformaticStream(address: string, topic: string, count: number, eat: Eat): Promise<void> {
  const consumer = new Consumer({
    clientId: 'bench',
    groupId: `platformatic_${process.pid}_${groups++}`,
    bootstrapBrokers: [address],
  });
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'earliest',
    autocommit: false,
    maxBytes: 24 * 1024 * 1024,
    maxBytesPerPartition: 4 * 1024 * 1024,
    highWaterMark: 65_536,
  });
  let seen = 0;
  for await (const message of stream) {
    eat(message.value);
    if (++seen === count) break;
  }
  await stream.close();
  await consumer.close(true);
}
