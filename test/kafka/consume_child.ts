/** A consuming process of the tests: the real one, or one with a bug that somebody could have written. */
import fs from 'node:fs';
import { offsetCommitV9, offsetFetchV9 } from '@platformatic/kafka';
import { readConfig } from '#bin/config.ts';
import { type IngestWorker, startIngest } from '#bin/ingest.ts';
import type { Ledger } from '#model/stream.ts';
import { ask, openCluster } from '#sources/kafka/cluster.ts';
import type { PartitionReader, Place } from '#sources/kafka/consumer.ts';
import { offsetAfter } from '#sources/kafka/record_batch.ts';
import type { Client, Pool } from '#stores/postgres/pool.ts';

export interface ConsumeTask {
  dataFolder: string;
  environment: Record<string, string>;
  plant?: 'offsets_of_kafka' | 'offsets_of_kafka_dying' | 'no_fence';
}

const { dataFolder, environment, plant } = JSON.parse(process.argv[2]) as ConsumeTask;
let worker: IngestWorker | undefined;
process.on('SIGTERM', () => void (worker?.stop() ?? Promise.resolve()).then(() => process.exit(0)));
process.on('disconnect', () => process.exit(1));
const { config } = readConfig({ dataFolder, logLevel: 'warn' }, environment);

/** The position is what Kafka's group says, and it moves before the rows are durable. */
function trustKafka(reader: PartitionReader, pool: Pool): PartitionReader {
  const cluster = openCluster({ brokers: config.kafka!.brokers }, 'planted');
  const group = `${config.kafka!.group}_planted`;
  const toCoordinator = async () => cluster.connection(await cluster.coordinatorOf(group), 'group');
  const committed = async ({ topic, partition }: Place): Promise<number> => {
    const groups = [
      { groupId: group, memberId: null, memberEpoch: -1, topics: [{ name: topic, partitionIndexes: [partition] }] },
    ];
    const answer = await ask(offsetFetchV9.api, await toCoordinator(), groups, false);
    return Math.max(0, Number(answer.groups[0].topics[0].partitions[0].committedOffset));
  };
  const commit = async ({ topic, partition }: Place, offset: number): Promise<void> => {
    const partitions = [
      { partitionIndex: partition, committedOffset: BigInt(offset), committedLeaderEpoch: -1, committedMetadata: null },
    ];
    await ask(offsetCommitV9.api, await toCoordinator(), group, -1, '', null, [{ name: topic, partitions }]);
  };
  return {
    ...reader,
    open: async (place) => {
      await reader.open(place);
      await pool.query('update stream_position set next_offset = $3 where source = $1 and partition_no = $2', [
        `kafka.${place.topic}`,
        place.partition,
        await committed(place),
      ]);
      return reader.open(place);
    },
    take: async (place, from, fetched) => {
      await commit(place, offsetAfter(fetched.records, from));
      if (plant === 'offsets_of_kafka_dying') process.kill(process.pid, 'SIGKILL');
      return reader.take(place, from, fetched);
    },
  };
}

/** An owner that was replaced puts its rows behind the others all the same. */
function withoutFence(ledger: Ledger<Client>): Ledger<Client> {
  return {
    ...ledger,
    commitReadings: async (claim, batch, manifest, options) => {
      try {
        return await ledger.commitReadings(claim, batch, manifest, options);
      } catch {
        const taken = await ledger.claim(batch.source, batch.partition, 'reading');
        const offsetTo = taken.nextOffset + batch.offsetTo - batch.offsetFrom;
        const forced = { ...batch, offsetFrom: taken.nextOffset, offsetTo };
        fs.writeSync(1, 'forced\n');
        const renamed = manifest && { ...manifest, offsetFrom: forced.offsetFrom, offsetTo };
        return ledger.commitReadings(taken, forced, renamed, options);
      }
    },
  };
}

worker = await startIngest(config, {
  reader: (reader, pool) => (plant?.startsWith('offsets_of_kafka') ? trustKafka(reader, pool) : reader),
  ledger: (ledger) => (plant === 'no_fence' ? withoutFence(ledger) : ledger),
});
process.stdout.write('ready\n');
