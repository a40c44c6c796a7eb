/**
 * The three interfaces between what comes in, how it travels and where it rests: Source, Batch, Sink.
 *
 * The order of a commit is the promise: a segment becomes durable under a name made from its offsets, then one
 * transaction writes offsets, segment manifest, hot rows and set-aside records. A crash before the transaction leaves
 * a file nobody refers to and the source sends the same offsets again; a crash after it leaves everything.
 */
import type { MeterEventColumns, ReadingColumns, SetAside } from '#model/reading.ts';

/**
 * What a message says beyond its columns, so that it can be shown as it came: kept only where it says more.
 * Rows are those of the batch's readings.
 */
export interface Landing {
  /** when the producer made the message, UTC epoch milliseconds, a row each */
  createTimeMs: Float64Array;
  /** the message's key, where it is not the meter's id; empty where it has none */
  key: Map<number, string>;
  /** headers as a JSON list of [name, value], where there are any */
  headers: Map<number, string>;
  /** the message itself, where the columns do not say all of it */
  content: Map<number, string>;
}

/** Records of one source and partition with consecutive offsets [offsetFrom, offsetTo). */
export interface Batch {
  source: string;
  partition: number;
  offsetFrom: number;
  offsetTo: number;
  receivedAtMs: number;
  readings: ReadingColumns;
  /** offset of each reading at its source, ascending; absent where row i has offset `offsetFrom + i` */
  recordOffsets?: Float64Array;
  /** where each reading came as a message of its own */
  landing?: Landing;
  setAside: SetAside[];
}

export interface EventBatch {
  source: string;
  partition: number;
  offsetFrom: number;
  offsetTo: number;
  receivedAtMs: number;
  events: MeterEventColumns;
  /** records that are neither of these: stored by the source itself, in the same transaction */
  besides?: number;
  setAside: SetAside[];
}

/** What is in a segment file; enough to notice that it changed. */
export interface SegmentManifest {
  source: string;
  partition: number;
  offsetFrom: number;
  offsetTo: number;
  rowCount: number;
  /** relative to the segments folder */
  path: string;
  byteCount: number;
  sha256: string;
  sumWh: number;
  minIntervalStartS: number;
  maxIntervalStartS: number;
}

/** Right to write for one source and partition; a later claim ends it. */
export interface Claim {
  source: string;
  partition: number;
  kind: 'reading' | 'event';
  epoch: number;
  nextOffset: number;
}

export interface Committed {
  /**
   * Rows of the batch that repeat an earlier row of it, what is current for the meter, or a stored event. Repeated
   * readings land all the same (the silver layer has the last word); repeated events do not.
   */
  duplicateRows: number[];
}

export interface CommittedEvents extends Committed {
  /** ids of the events that were new, ascending, and the batch rows they belong to */
  eventIds: number[];
  eventRows: number[];
  /** the newest event before these; 0 where none is new. Events of other processes stand in between or do not. */
  previousEventId: number;
}

/** Writes segments that survive a power cut once `write` returns. */
export interface SegmentSink {
  /** @param epoch the owner's, part of the name: an owner that was replaced can not overwrite its successor's file */
  write(batch: Batch, epoch: number): Promise<SegmentManifest>;
}

/** What a source may ask of a commit. */
export interface CommitOptions<Transaction> {
  /** written in the transaction of the batch: the source's own record of how far it got */
  alongside?: (transaction: Transaction) => Promise<void>;
  /** false where nobody waits to hear which rows repeat: the silver layer finds them all the same, and commits are cheaper */
  tellDuplicates?: boolean;
}

/** Keeps offsets, manifest and hot rows in step. */
export interface Ledger<Transaction = unknown> {
  claim(source: string, partition: number, kind: 'reading' | 'event'): Promise<Claim>;
  /** @throws FluxError `fenced` where a later claim exists or the offsets do not follow */
  commitReadings(
    claim: Claim,
    batch: Batch,
    manifest: SegmentManifest | undefined,
    options?: CommitOptions<Transaction>,
  ): Promise<Committed>;
  commitEvents(claim: Claim, batch: EventBatch, options?: CommitOptions<Transaction>): Promise<CommittedEvents>;
}
