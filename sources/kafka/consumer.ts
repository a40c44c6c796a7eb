/**
 * Reads the partitions a group gives to this process. One fetch per broker is always under way while the answer before
 * it is decoded and committed. Where to read from is never Kafka's word but the reader's (its ledger): whatever goes
 * wrong with a partition, it is opened again there, after a pause, and the others go on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FluxError, messageOf } from '#model/errors.ts';
import { type Cluster, type KafkaAccess, openCluster, type Topic } from './cluster.ts';
import { type FetchedPartition, type FetchLimits, fetchFrom } from './fetch.ts';
import { joinGroup, type OwnedPartition } from './membership.ts';
import { offsetAfter, type PartitionPlace } from './record_batch.ts';

/** A partition together with the id of the topic it is read from. */
export interface Place extends PartitionPlace {
  topicId: string;
}

/** Offsets are Kafka's. */
export interface PartitionReader {
  /** Takes the partition over. @returns the offset to read from */
  open(place: Place): Promise<number>;
  /** Makes what was fetched durable; its records are the reader's to release. @returns the offset to go on from */
  take(place: Place, from: number, fetched: FetchedPartition): Promise<number>;
  /** The offset to read from is not there (any more). @returns the offset to go on from */
  outOfRange(place: Place, offset: number, first: number, next: number): Promise<number>;
}

export interface PartitionState {
  topic: string;
  partition: number;
  /** `waiting`: it is opened again after a pause, `code` and `reason` say why */
  state: 'opening' | 'reading' | 'waiting';
  nextOffset: number;
  /** the offset the next message will get */
  highWatermark: number;
  records: number;
  code: string | null;
  reason: string | null;
}

export interface ConsumerNeeds {
  access: KafkaAccess;
  group: string;
  topics: string[];
  reader: PartitionReader;
  limits?: Partial<FetchLimits>;
  report: (message: string, error: unknown) => void;
}

export interface Consumer {
  partitions(): PartitionState[];
  /** Commits what is being taken, leaves the group, closes the connections. */
  stop(): Promise<void>;
}

const limitsOfOrdinary: FetchLimits = {
  maxBytes: 24 * 1024 * 1024,
  maxPartitionBytes: 4 * 1024 * 1024,
  minBytes: 256 * 1024,
  maxWaitMs: 400,
};
const idleMs = 50;
/** What nobody but an operator can mend is looked at again this often. */
const stuckPauseMs = 2000;
const longestPauseMs = 10_000;
const leaderlessMs = 1000;

interface Reading extends PartitionState {
  place: Place;
  leader: number;
  leaderEpoch: number;
  /** where the next fetch begins: ahead of `nextOffset` while an answer is being taken */
  fetchOffset: number;
  /** rises with each opening: an answer that was asked for before does not count */
  opening: number;
  failures: number;
  retryAtMs: number;
  /** the work on it that is under way */
  busy: Promise<void>;
  isGone: boolean;
}

export function startConsumer(needs: ConsumerNeeds): Consumer {
  const limits = { ...limitsOfOrdinary, ...needs.limits };
  const cluster: Cluster = openCluster(needs.access, 'flux');
  const readings = new Map<string, Reading>();
  const loops = new Map<number, Promise<void>>();
  let topics = new Map<string, Topic>();
  let stopping = false;
  let refreshing: Promise<void> | undefined;

  /** Who leads which partition now; one look at a time. */
  function refresh(): Promise<void> {
    refreshing ??= cluster
      .topics(needs.topics)
      .then((found) => {
        topics = found;
        for (const reading of readings.values()) {
          const topic = found.get(reading.topic);
          const now = topic?.partitions.find((part) => part.partition === reading.partition);
          reading.leader = now?.leader ?? -1;
          reading.leaderEpoch = now?.leaderEpoch ?? -1;
          if (topic && topic.id !== reading.place.topicId) reading.place = { ...reading.place, topicId: topic.id };
        }
        startLoops();
      })
      .finally(() => {
        refreshing = undefined;
      });
    return refreshing;
  }

  function startLoops(): void {
    for (const { leader } of readings.values()) {
      if (leader < 0 || loops.has(leader) || stopping) continue;
      const loop = fetchLoop(leader).finally(() => loops.delete(leader));
      loops.set(leader, loop);
    }
  }

  const keyOf = (topicId: string, partition: number): string => `${topicId}/${partition}`;

  async function assigned(owned: OwnedPartition[]): Promise<void> {
    const wanted = new Set(owned.map((one) => keyOf(one.topicId, one.partition)));
    const leaving: Promise<void>[] = [];
    for (const [key, reading] of readings) {
      if (wanted.has(key)) continue;
      reading.isGone = true;
      readings.delete(key);
      leaving.push(reading.busy);
    }
    await Promise.all(leaving);
    if (owned.length === 0) return;
    await refresh();
    const names = new Map([...topics.values()].map((topic) => [topic.id, topic.name]));
    const unknown = new Set<string>();
    for (const { topicId, partition } of owned) {
      const key = keyOf(topicId, partition);
      const topic = names.get(topicId);
      if (topic === undefined) unknown.add(topicId);
      if (readings.has(key) || topic === undefined) continue;
      const reading = newReading({ topic, partition, topicId });
      readings.set(key, reading);
      open(reading);
    }
    await refresh();
    // not taken for ours yet: the group says it again, and by then the topic is known or gone
    if (unknown.size > 0) throw new Error(`no topic has the id ${[...unknown].join(', ')}`);
  }

  /** Work on a partition follows the work before it, and leaves no rejection behind. */
  function inTurn(reading: Reading, work: () => Promise<void>): Promise<void> {
    reading.busy = reading.busy
      .then(() => (reading.isGone ? undefined : work()))
      .catch((error: unknown) => pause(reading, error));
    return reading.busy;
  }

  function begin(reading: Reading, offset: number): void {
    reading.nextOffset = offset;
    reading.fetchOffset = offset;
    reading.highWatermark = Math.max(reading.highWatermark, offset);
    reading.state = 'reading';
    reading.code = null;
    reading.reason = null;
  }

  function open(reading: Reading): void {
    reading.state = 'opening';
    reading.opening++;
    void inTurn(reading, async () => begin(reading, await needs.reader.open(reading.place)));
  }

  function pause(reading: Reading, error: unknown): void {
    if (reading.isGone) return;
    const canRetry = !(error instanceof FluxError) || error.canRetry || error.code === 'fenced';
    const isNews = reading.reason !== messageOf(error);
    reading.failures++;
    reading.opening++;
    reading.state = 'waiting';
    reading.code = error instanceof FluxError ? error.code : 'internal';
    reading.reason = messageOf(error);
    const pauseMs = canRetry ? Math.min(longestPauseMs, 200 * 2 ** Math.min(reading.failures, 8)) : stuckPauseMs;
    reading.retryAtMs = performance.now() + pauseMs;
    if (isNews && (!canRetry || reading.failures > 2))
      needs.report(`topic ${reading.topic} partition ${reading.partition} waits`, error);
  }

  /** Partitions of a broker that can be read now; those whose pause is over are opened on the way. */
  function readable(node: number): Reading[] {
    const ready: Reading[] = [];
    for (const reading of readings.values()) {
      if (reading.state === 'waiting' && reading.retryAtMs <= performance.now()) open(reading);
      if (reading.leader === node && reading.state === 'reading') ready.push(reading);
    }
    return ready;
  }

  interface Asked {
    readings: { reading: Reading; opening: number; from: number }[];
    answer: Promise<FetchedPartition[]>;
  }

  function fetchNext(node: number): Asked | undefined {
    const ready = readable(node);
    if (ready.length === 0) return undefined;
    const asked = ready.map((reading) => ({ reading, opening: reading.opening, from: reading.fetchOffset }));
    const partitions = ready.map((reading) => ({
      topicId: reading.place.topicId,
      partition: reading.partition,
      leaderEpoch: reading.leaderEpoch,
      offset: reading.fetchOffset,
    }));
    const answer = cluster.connection(node, 'fetch').then((connection) => fetchFrom(connection, partitions, limits));
    answer.catch(() => undefined);
    return { readings: asked, answer };
  }

  async function fetchLoop(node: number): Promise<void> {
    let under: Asked | undefined;
    let taking: Promise<unknown> = Promise.resolve();
    let failures = 0;
    while (!stopping && [...readings.values()].some((reading) => reading.leader === node)) {
      under ??= fetchNext(node);
      if (!under) {
        await sleep(idleMs);
        continue;
      }
      const { readings: asked, answer } = under;
      under = undefined;
      let fetched: FetchedPartition[];
      try {
        fetched = await answer;
        failures = 0;
      } catch (error) {
        if (stopping) break;
        if (failures++ === 3) needs.report(`broker ${node} can not be fetched from; tried again until it can`, error);
        await sleep(Math.min(2000, 50 * 2 ** Math.min(failures, 8)));
        await refresh().catch(() => undefined);
        continue;
      }
      const work = asked.flatMap(({ reading, opening, from }) => {
        const isStale = reading.isGone || reading.opening !== opening;
        const part = fetched.find(
          (one) => one.partition === reading.partition && one.topicId === reading.place.topicId,
        );
        if (isStale || !part) return [];
        // what follows is asked for before this is taken
        if (part.error === undefined) reading.fetchOffset = offsetAfter(part.records, from);
        return [{ reading, opening, from, part }];
      });
      if (work.every(({ part }) => part.error === undefined)) under = fetchNext(node);
      const before = taking;
      taking = Promise.all(work.map(({ reading, opening, from, part }) => take(reading, opening, from, part)));
      // One answer is decoded while the one before it is stored: more would only be memory.
      await before;
    }
    await Promise.all([taking, under?.answer.catch(() => undefined)]);
  }

  function take(reading: Reading, opening: number, from: number, part: FetchedPartition): Promise<void> {
    return inTurn(reading, async () => {
      if (reading.opening !== opening) return;
      if (part.error !== undefined) return refused(reading, from, part.error);
      reading.highWatermark = part.highWatermark;
      if (part.records.length === 0) return;
      const end = offsetAfter(part.records, from);
      const next = await needs.reader.take(reading.place, from, part);
      reading.records += next - from;
      reading.nextOffset = next;
      reading.failures = 0;
      // the usual case: what was read ahead begins where this ended
      if (reading.fetchOffset !== next && end !== next) {
        reading.opening++;
        reading.fetchOffset = next;
      }
    });
  }

  async function refused(reading: Reading, from: number, error: string): Promise<void> {
    if (error === 'OFFSET_OUT_OF_RANGE') {
      const topic = topics.get(reading.topic);
      if (!topic) throw new FluxError('kafka_no_topic', `topic ${reading.topic} is gone`, { canRetry: true });
      const { first, next } = await cluster.offsetsOf(topic, reading.partition);
      begin(reading, await needs.reader.outOfRange(reading.place, from, first, next));
      reading.opening++;
      return;
    }
    await refresh();
    throw new FluxError('kafka_partition', `the broker answers ${error}`, { canRetry: true });
  }

  // A partition without a leader has no fetch that would notice that it has one again.
  const watching = setInterval(() => {
    if ([...readings.values()].some((reading) => reading.leader < 0)) refresh().catch(() => undefined);
  }, leaderlessMs);
  const membership = joinGroup({ cluster, group: needs.group, topics: needs.topics, assigned, report: needs.report });
  return {
    partitions: () =>
      [...readings.values()].map(
        ({ topic, partition, state, nextOffset, highWatermark, records, code, reason }): PartitionState => ({
          topic,
          partition,
          state,
          nextOffset,
          highWatermark,
          records,
          code,
          reason,
        }),
      ),
    stop: async () => {
      await membership.leave();
      clearInterval(watching);
      stopping = true;
      await cluster.close();
      await Promise.all(loops.values());
    },
  };
}

function newReading(place: Place): Reading {
  return {
    topic: place.topic,
    partition: place.partition,
    state: 'opening',
    nextOffset: 0,
    highWatermark: 0,
    records: 0,
    code: null,
    reason: null,
    place,
    leader: -1,
    leaderEpoch: -1,
    fetchOffset: 0,
    opening: 0,
    failures: 0,
    retryAtMs: 0,
    busy: Promise.resolve(),
    isGone: false,
  };
}
