/**
 * The landing view of messages: what came (RECORD_CONTENT) and where it stood (RECORD_METADATA), for any row. Segments
 * keep key, headers and content only where they say more than the columns; for all others the message is made again
 * from the columns, with the same meaning.
 */
import path from 'node:path';
import { readingQualities } from '#model/reading.ts';
import { type Engine, rowsFrom } from '#stores/columnar/engine.ts';
import { quoted } from '#stores/columnar/literal.ts';
import { segmentFolder } from '#stores/columnar/segments.ts';

export interface LandingRow {
  RECORD_CONTENT: string;
  RECORD_METADATA: {
    topic: string;
    partition: number;
    /** Kafka's */
    offset: number;
    /** UTC epoch milliseconds, by the producer */
    CreateTime: number;
    key: string | null;
    headers: [string, string | null][];
  };
}

export interface LandingSpan {
  topic: string;
  partition: number;
  /** files of the source and partition, relative to the segments folder, that may hold rows of the span */
  paths: string[];
  /** the ledger's, first one */
  offsetFrom: number;
  limit: number;
}

export interface LandingFacts {
  meterIdAt: (row: number) => string;
  /** Kafka's offset of an offset of the ledger */
  kafkaOffset: (offset: number) => number;
}

interface StoredRow {
  record_offset: number;
  meter_key: number;
  interval_start_s: number;
  interval_minutes: number;
  wh: number;
  decivolt: number;
  quality: number;
  source_seq: number;
  create_time_ms: number;
  record_key: string | null;
  record_headers: string | null;
  record_content: string | null;
}

/** Rows of one partition from an offset on, in their order. */
export async function landingRows(
  engine: Engine,
  dataFolder: string,
  span: LandingSpan,
  facts: LandingFacts,
): Promise<LandingRow[]> {
  if (span.paths.length === 0) return [];
  const files = span.paths.map((file) => quoted(path.join(segmentFolder(dataFolder), file)));
  const rows = rowsFrom<StoredRow>(
    await engine.query(
      `select landed.record_offset, landed.meter_key, landed.interval_start_s, landed.interval_minutes, landed.wh,
              landed.decivolt, landed.quality, landed.source_seq, landed.create_time_ms, landed.record_key,
              landed.record_headers, landed.record_content
       from read_parquet([${files.join(', ')}], union_by_name = true) as landed
       where landed.record_offset >= ?
       order by landed.record_offset
       limit ?`,
      [span.offsetFrom, span.limit],
    ),
  );
  return rows.map((row) => {
    const meterId = facts.meterIdAt(row.meter_key);
    return {
      RECORD_CONTENT: row.record_content ?? contentOf(row, meterId),
      RECORD_METADATA: {
        topic: span.topic,
        partition: span.partition,
        offset: facts.kafkaOffset(row.record_offset),
        CreateTime: row.create_time_ms,
        key: row.record_key === '' ? null : (row.record_key ?? meterId),
        headers: JSON.parse(row.record_headers ?? '[]') as [string, string | null][],
      },
    };
  });
}

function contentOf(row: StoredRow, meterId: string): string {
  return JSON.stringify({
    meter_id: meterId,
    reading_time: new Date(row.interval_start_s * 1000).toISOString(),
    interval_minutes: row.interval_minutes,
    kwh: row.wh / 1000,
    ...(row.decivolt > 0 ? { voltage: row.decivolt / 10 } : {}),
    quality: readingQualities[row.quality],
    ...(row.source_seq >= 0 ? { source_seq: row.source_seq } : {}),
  });
}
