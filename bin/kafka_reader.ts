/**
 * A partition of Kafka joined to the stream: decode, commit exactly once. Where to read from is the ledger's word alone;
 * the id of the topic the offsets belong to is written in the transaction that moves them.
 */
import { FluxError } from '#model/errors.ts';
import { makeMeterEventColumns, makeReadingColumns } from '#model/reading.ts';
import type { Claim, CommitOptions, Ledger, SegmentSink } from '#model/stream.ts';
import type { PartitionReader, Place } from '#sources/kafka/consumer.ts';
import { decodeEvents, type EventFacts } from '#sources/kafka/decode_events.ts';
import type { ReadingDecoder } from '#sources/kafka/decode_thread.ts';
import type { FetchedPartition } from '#sources/kafka/fetch.ts';
import { releaseRecords } from '#sources/kafka/records_memory.ts';
import { beginLife, type Life, lifeOf, recordGap, storeDeviceStates } from '#stores/postgres/kafka_topics.ts';
import type { Client, Pool } from '#stores/postgres/pool.ts';
import { commitEvents, commitReadings } from '#stream/commit.ts';

export interface KafkaReaderNeeds {
  pool: Pool;
  sink: SegmentSink;
  ledger: Ledger<Client>;
  kindOf: (topic: string) => 'reading' | 'event';
  decoder: Pick<ReadingDecoder, 'decode' | 'giveBack'>;
  facts: () => EventFacts;
}

interface Held {
  claim: Claim;
  life: Life;
  /** nothing of this topic is committed yet: its id goes into the first transaction */
  isFirst: boolean;
}

export const sourceOf = (topic: string): string => `kafka.${topic}`;

export function makeKafkaReader(needs: KafkaReaderNeeds): PartitionReader {
  const { pool, ledger } = needs;
  const held = new Map<string, Held>();
  const keyOf = ({ topic, partition }: Place): string => `${topic}/${partition}`;

  function heldOf(place: Place, from: number): Held {
    const found = held.get(keyOf(place));
    if (!found || found.life.topicId !== place.topicId || found.claim.nextOffset !== found.life.baseOffset + from)
      throw new FluxError('kafka_out_of_step', `offset ${from} is not the next one of the ledger; opened again there`, {
        canRetry: true,
      });
    return found;
  }

  /** What goes into the transaction beside rows and position. */
  function alongside(
    place: Place,
    { life, isFirst }: Held,
    more?: (client: Client) => Promise<void>,
  ): CommitOptions<Client> {
    return {
      tellDuplicates: false,
      alongside: async (client) => {
        if (isFirst) await beginLife(client, place.topic, place.partition, life);
        await more?.(client);
      },
    };
  }

  async function takeReadings(place: Place, from: number, fetched: FetchedPartition, own: Held): Promise<number> {
    const decoded = await needs.decoder.decode(place, from, fetched);
    const { readings, offsets, landing, setAside, nextOffset } = decoded;
    const { claim, life } = own;
    const base = life.baseOffset;
    const recordOffsets = offsets.subarray(0, readings.count);
    if (base !== 0) for (let i = 0; i < recordOffsets.length; i++) recordOffsets[i] += base;
    await commitReadings(
      needs.sink,
      ledger,
      claim,
      {
        source: claim.source,
        partition: claim.partition,
        offsetFrom: claim.nextOffset,
        offsetTo: base + nextOffset,
        receivedAtMs: Date.now(),
        readings,
        recordOffsets,
        landing,
        setAside: setAside.map((record) => ({ ...record, offset: base + record.offset! })),
      },
      alongside(place, own),
    );
    needs.decoder.giveBack(decoded);
    return nextOffset;
  }

  async function takeEvents(place: Place, from: number, fetched: FetchedPartition, own: Held): Promise<number> {
    const { events, devices, setAside, nextOffset } = decodeEvents(
      fetched.records,
      from,
      place,
      needs.facts(),
      fetched.aborted,
    );
    releaseRecords(fetched.records);
    const { claim, life } = own;
    const receivedAtMs = Date.now();
    await commitEvents(
      ledger,
      claim,
      {
        source: claim.source,
        partition: claim.partition,
        offsetFrom: claim.nextOffset,
        offsetTo: life.baseOffset + nextOffset,
        receivedAtMs,
        events,
        besides: devices.deviceId.length,
        setAside: setAside.map((record) => ({ ...record, offset: life.baseOffset + record.offset! })),
      },
      alongside(place, own, (client) => storeDeviceStates(client, devices, claim.source, receivedAtMs)),
    );
    return nextOffset;
  }

  /** Moves the position over offsets that hold nothing (any more). */
  async function passOver(place: Place, own: Held, first: number): Promise<void> {
    const { claim, life, isFirst } = own;
    const offsetTo = life.baseOffset + first;
    const span = { source: claim.source, partition: claim.partition, offsetFrom: claim.nextOffset, offsetTo };
    // what was gone before anybody asked is no gap
    const options = alongside(place, own, async (client) => {
      if (!isFirst) await recordGap(client, place.topic, place.partition, claim.nextOffset, offsetTo);
    });
    const rest = { ...span, receivedAtMs: Date.now(), setAside: [] };
    if (claim.kind === 'reading')
      await commitReadings(needs.sink, ledger, claim, { ...rest, readings: makeReadingColumns(0) }, options);
    else await commitEvents(ledger, claim, { ...rest, events: makeMeterEventColumns(0) }, options);
  }

  return {
    open: async (place) => {
      const claim = await ledger.claim(sourceOf(place.topic), place.partition, needs.kindOf(place.topic));
      const known = await lifeOf(pool, place.topic, place.partition);
      if (known && known.topicId !== place.topicId)
        throw new FluxError(
          'kafka_topic_recreated',
          `topic ${place.topic} was deleted and made again: partition ${place.partition} is stopped at offset ${claim.nextOffset - known.baseOffset} of the former one; to read the new topic from its beginning run \`flux kafka accept ${place.topic}\``,
        );
      const life = known ?? { topicId: place.topicId, baseOffset: claim.nextOffset };
      held.set(keyOf(place), { claim, life, isFirst: known === undefined });
      return claim.nextOffset - life.baseOffset;
    },
    take: async (place, from, fetched) => {
      const own = heldOf(place, from);
      const next = await (own.claim.kind === 'reading' ? takeReadings : takeEvents)(place, from, fetched, own);
      own.isFirst = false;
      return next;
    },
    outOfRange: async (place, offset, first, next) => {
      const own = heldOf(place, offset);
      if (offset > next)
        throw new FluxError(
          'kafka_log_truncated',
          `topic ${place.topic} partition ${place.partition} ends at offset ${next}, but ${offset} were read: the brokers lost messages that are stored here; to go on with what comes now run \`flux kafka accept ${place.topic}\``,
        );
      if (offset < first) {
        await passOver(place, own, first);
        own.isFirst = false;
        return first;
      }
      return offset;
    },
  };
}
