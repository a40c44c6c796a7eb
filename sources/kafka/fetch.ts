/** One fetch from one broker: its answer with the record batches of each partition as they came, undecoded. */
import { type Connection, fetchV13, protocolErrorsCodesById, type Reader } from '@platformatic/kafka';
import type { AbortedTransaction } from './record_batch.ts';
import { recordsOf, type SharedBytes } from './records_memory.ts';

export interface FetchFrom {
  topicId: string;
  partition: number;
  leaderEpoch: number;
  offset: number;
}

export interface FetchedPartition {
  topicId: string;
  partition: number;
  /** name of the protocol error, undefined where there is none */
  error: string | undefined;
  /** the next offset the partition will give, as far as transactions are settled */
  highWatermark: number;
  /** oldest offset that retention has left */
  logStart: number;
  aborted: AbortedTransaction[];
  records: SharedBytes;
}

export interface FetchLimits {
  maxBytes: number;
  maxPartitionBytes: number;
  /** the broker waits for this many bytes, but no longer than `maxWaitMs` */
  minBytes: number;
  maxWaitMs: number;
}

const fetchKey = 1;
/** The first version that names topics by id: a recreated topic is another one. */
const fetchVersion = 13;
const readCommitted = 1;
const noBytes = recordsOf([]);

export function fetchFrom(
  connection: Connection,
  partitions: readonly FetchFrom[],
  limits: FetchLimits,
): Promise<FetchedPartition[]> {
  const topics = [...Map.groupBy(partitions, (part) => part.topicId)].map(([topicId, parts]) => ({
    topicId,
    partitions: parts.map((part) => ({
      partition: part.partition,
      currentLeaderEpoch: part.leaderEpoch,
      fetchOffset: BigInt(part.offset),
      lastFetchedEpoch: -1,
      partitionMaxBytes: limits.maxPartitionBytes,
    })),
  }));
  return new Promise((resolve, reject) => {
    connection.send<FetchedPartition[]>(
      fetchKey,
      fetchVersion,
      () =>
        fetchV13.createRequest(
          limits.maxWaitMs,
          limits.minBytes,
          limits.maxBytes,
          readCommitted,
          0,
          -1,
          topics,
          [],
          '',
        ),
      answerOf,
      true,
      true,
      (error, answer) => (error ? reject(error) : resolve(answer!)),
    );
  });
}

const errorName = (code: number): string | undefined =>
  code === 0 ? undefined : (protocolErrorsCodesById[code] ?? `error ${code}`);

function answerOf(_correlationId: number, _key: number, _version: number, reader: Reader): FetchedPartition[] {
  reader.readInt32(); // throttled for, which the broker has waited already
  const error = errorName(reader.readInt16());
  reader.readInt32(); // session
  const partitions: FetchedPartition[] = [];
  reader.readArray((r) => {
    const topicId = r.readUUID();
    r.readArray((part) => partitions.push(partitionOf(part, topicId)));
  });
  reader.readTaggedFields();
  if (error !== undefined) throw new Error(`the broker refuses to be fetched from: ${error}`);
  return partitions;
}

function partitionOf(r: Reader, topicId: string): FetchedPartition {
  const partition = r.readInt32();
  const error = errorName(r.readInt16());
  r.readInt64(); // high watermark: also of transactions that are still open
  const highWatermark = Number(r.readInt64());
  const logStart = Number(r.readInt64());
  const aborted = r.readNullableArray((t) => ({ producerId: t.readInt64(), firstOffset: t.readInt64() })) ?? [];
  r.readInt32(); // preferred replica
  const size = r.readUnsignedVarInt() - 1;
  let records = noBytes;
  if (size > 0) {
    records = recordsOf(r.buffer.subarray(r.position, r.position + size).buffers);
    r.skip(size);
  }
  return { topicId, partition, error, highWatermark, logStart, aborted, records };
}
