import type { Command, Option } from 'commander';
import { FluxError } from '#model/errors.ts';
import { acceptTopic } from '#stores/postgres/kafka_topics.ts';
import { readConfig } from '../config.ts';
import { kafkaAccess } from '../kafka_access.ts';
import { openStore } from '../store.ts';
import { endWith } from '../terminal.ts';

export function kafkaCommands(program: Command, dataOption: () => Option): void {
  const kafka = program.command('kafka').description('topics the center reads');
  kafka
    .command('accept <topic>')
    .description(
      'go on with a topic that was deleted and made again (from its beginning), or that lost messages (from its end)',
    )
    .addOption(dataOption())
    .option('--json', 'one JSON document')
    .action(async (topic: string, flags: { data?: string; json?: boolean }) => {
      try {
        const accepted = await accept(topic, flags.data);
        if (flags.json) process.stdout.write(`${JSON.stringify({ topic, partitions: accepted })}\n`);
        else if (accepted.length === 0) process.stdout.write(`${topic} is read as it is; nothing to accept\n`);
        else
          for (const { partition, offset } of accepted)
            process.stdout.write(`${topic} partition ${partition}: read from offset ${offset} on, within seconds\n`);
      } catch (error) {
        endWith(error, flags.json ?? false);
      }
    });
}

async function accept(name: string, data: string | undefined): Promise<{ partition: number; offset: number }[]> {
  const { config } = readConfig({ dataFolder: data }, process.env);
  if (!config.kafka) throw new FluxError('bad_usage', 'set FLUX_KAFKA to the brokers of the topic');
  const { openCluster } = await import('#sources/kafka/cluster.ts');
  const cluster = openCluster(await kafkaAccess(config.kafka), 'flux accept');
  const store = await openStore(config, 'flux kafka accept');
  try {
    const topic = (await cluster.topics([name])).get(name);
    if (!topic)
      throw new FluxError('kafka_no_topic', `there is no topic ${name} on ${config.kafka.brokers.join(', ')}`);
    const ends = await Promise.all(
      topic.partitions.map(async ({ partition }) => ({
        partition,
        end: (await cluster.offsetsOf(topic, partition)).next,
      })),
    );
    return await acceptTopic(store.pool, { name, id: topic.id, ends });
  } finally {
    await cluster.close();
    await store.leave();
  }
}
