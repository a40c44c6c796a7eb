/** What the store knows of Kafka beside the ledger: lives of topics, gaps, consuming processes. */
import { inTransaction, type NamedQuery, oneRow, type Pool, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

/** Offsets of a topic under one id: the ledger's offset is `baseOffset` + Kafka's. */
export interface Life {
  topicId: string;
  baseOffset: number;
}

const currentLife: NamedQuery = {
  name: 'kafka_life_current',
  text: `
    select life.topic_id as "topicId", life.base_offset as "baseOffset"
    from kafka_life as life
    where life.topic = $1 and life.partition_no = $2
    order by life.base_offset desc
    limit 1`,
};
/** Home: operational store. The life whose offsets are committed now, undefined before the first. */
export const lifeOf = (on: Queryable, topic: string, partition: number) =>
  oneRow<Life>(on, currentLife, [topic, partition]);

const insertLife: NamedQuery = {
  name: 'kafka_life_insert',
  text: `
    insert into kafka_life (topic, partition_no, base_offset, topic_id) values ($1, $2, $3, $4)
    on conflict (topic, partition_no, base_offset) do update set topic_id = excluded.topic_id, since = now()`,
};
/** Home: operational store. From `life.baseOffset` on, offsets belong to this topic id. */
export async function beginLife(on: Queryable, topic: string, partition: number, life: Life): Promise<void> {
  await rowsOf(on, insertLife, [topic, partition, life.baseOffset, life.topicId]);
}

const insertGap: NamedQuery = {
  name: 'kafka_gap_insert',
  text: 'insert into kafka_gap (topic, partition_no, offset_from, offset_to) values ($1, $2, $3, $4)',
};
/** Home: operational store. Offsets of the ledger that were gone before they were read. */
export async function recordGap(
  on: Queryable,
  topic: string,
  partition: number,
  from: number,
  to: number,
): Promise<void> {
  await rowsOf(on, insertGap, [topic, partition, from, to]);
}

export interface Gap {
  id: number;
  topic: string;
  partition: number;
  from: number;
  to: number;
}

const gapsUntold: NamedQuery = {
  name: 'kafka_gap_untold',
  text: `
    select gap.gap_id as id, gap.topic, gap.partition_no as "partition", gap.offset_from as "from", gap.offset_to as "to"
    from kafka_gap as gap
    where not exists (select from alarm where alarm.id = 'ALM-KAFKA-GAP-' || gap.gap_id)
    order by gap.gap_id`,
};
/** Home: operational store. Gaps no alarm was ever raised for, oldest first. */
export const untoldGaps = (pool: Pool) => rowsOf<Gap>(pool, gapsUntold);

/** How one partition stands in the process that reads it. Offsets are Kafka's. */
export interface PartitionReport {
  topic: string;
  partition: number;
  state: 'opening' | 'reading' | 'waiting';
  next_offset: number;
  high_watermark: number;
  lag: number;
  records_per_s: number;
  /** why it waits */
  code: string | null;
  reason: string | null;
}

export interface Worker {
  worker_id: string;
  host: string;
  pid: number;
  started_at: Date;
  seen_at: Date;
  partitions: PartitionReport[];
}

const upsertWorker: NamedQuery = {
  name: 'kafka_worker_upsert',
  text: `
    insert into kafka_worker (worker_id, host, pid, partitions) values ($1, $2, $3, $4)
    on conflict (worker_id) do update set seen_at = now(), partitions = excluded.partitions`,
};
/** Home: operational store. A consuming process says how it stands. */
export async function reportWorker(
  pool: Pool,
  worker: Pick<Worker, 'worker_id' | 'host' | 'pid' | 'partitions'>,
): Promise<void> {
  await rowsOf(pool, upsertWorker, [worker.worker_id, worker.host, worker.pid, JSON.stringify(worker.partitions)]);
}

const deleteWorker: NamedQuery = {
  name: 'kafka_worker_delete',
  text: "delete from kafka_worker where worker_id = $1 or seen_at < now() - interval '1 hour'",
};
/** Home: operational store. A process that ends in order takes its row with it, and those long forgotten. */
export async function forgetWorker(pool: Pool, workerId: string): Promise<void> {
  await rowsOf(pool, deleteWorker, [workerId]);
}

const liveWorkers: NamedQuery = {
  name: 'kafka_worker_live',
  text: `
    select worker.worker_id, worker.host, worker.pid, worker.started_at, worker.seen_at, worker.partitions
    from kafka_worker as worker
    where worker.seen_at > now() - interval '15 seconds'
    order by worker.started_at, worker.worker_id`,
};
/** Home: operational store. Processes that were alive within the last 15 s. */
export const workersAlive = (pool: Pool) => rowsOf<Worker>(pool, liveWorkers);

const insertDeviceStates: NamedQuery = {
  name: 'device_state_insert',
  text: `
    insert into device_state (device_id, event_time, state, source, received_at)
    select given.device_id, to_timestamp(given.event_time_ms / 1000.0), given.state, $4, $5
    from unnest($1::text[], $2::float8[], $3::text[]) as given (device_id, event_time_ms, state)
    on conflict (device_id, event_time, state) do nothing`,
};
export interface DeviceStates {
  deviceId: string[];
  eventTimeMs: number[];
  state: ('open' | 'closed')[];
}
/** Home: operational store. States of devices; one that is known already is there once. */
export async function storeDeviceStates(
  on: Queryable,
  states: DeviceStates,
  source: string,
  receivedAtMs: number,
): Promise<void> {
  if (states.deviceId.length === 0) return;
  await rowsOf(on, insertDeviceStates, [
    states.deviceId,
    states.eventTimeMs,
    states.state,
    source,
    new Date(receivedAtMs),
  ]);
}

const readPositions: NamedQuery = {
  name: 'kafka_position_of_topic',
  text: `
    select position.partition_no as "partition", position.next_offset as "nextOffset"
    from stream_position as position
    where position.source = 'kafka.' || $1
    order by position.partition_no
    for update`,
};
const endOwners: NamedQuery = {
  name: 'kafka_position_end_owner',
  text: `
    update stream_position as position set owner_epoch = position.owner_epoch + 1
    where position.source = 'kafka.' || $1 and position.partition_no = $2`,
};

/**
 * From now on the offsets of a topic are those of the topic as it is: a recreated one is read from its beginning, one
 * that lost messages from its end. What is committed keeps its offsets; who reads a changed partition is fenced.
 * @param topic with the next offset of each of its partitions
 * @returns partitions that changed, with the offset of Kafka they are read from
 */
export function acceptTopic(
  pool: Pool,
  topic: { name: string; id: string; ends: { partition: number; end: number }[] },
): Promise<{ partition: number; offset: number }[]> {
  return inTransaction(pool, async (client) => {
    const positions = await rowsOf<{ partition: number; nextOffset: number }>(client, readPositions, [topic.name]);
    const changed: { partition: number; offset: number }[] = [];
    for (const { partition, nextOffset } of positions) {
      const life = await lifeOf(client, topic.name, partition);
      const end = topic.ends.find((one) => one.partition === partition)?.end;
      if (!life || end === undefined) continue;
      const isRecreated = life.topicId !== topic.id;
      if (!isRecreated && nextOffset - life.baseOffset <= end) continue;
      const offset = isRecreated ? 0 : end;
      await beginLife(client, topic.name, partition, { topicId: topic.id, baseOffset: nextOffset - offset });
      await rowsOf(client, endOwners, [topic.name, partition]);
      changed.push({ partition, offset });
    }
    return changed;
  });
}
