/**
 * Bronze: readings as received, in Parquet segments. Written aside, synced, renamed, folder synced; the name says
 * source, partition, offsets and owner, so the same batch written twice is the same file and nobody overwrites another.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FluxError, messageOf } from '#model/errors.ts';
import type { ReadingColumns } from '#model/reading.ts';
import type { Batch, SegmentManifest, SegmentSink } from '#model/stream.ts';
import type { Engine } from '#stores/columnar/engine.ts';
import type { WireColumn } from '#stores/columnar/engine_wire.ts';

export const segmentFolder = (dataFolder: string): string => path.join(dataFolder, 'segments');

/** Column names and types of a segment; the bronze layer reads exactly these. */
function segmentColumns(batch: Batch): WireColumn[] {
  const { readings } = batch;
  const n = readings.count;
  const recordOffset = new Float64Array(n);
  for (let i = 0; i < n; i++) recordOffset[i] = batch.offsetFrom + i;
  return [
    { name: 'meter_key', type: 'integer', values: readings.meterKey.subarray(0, n) },
    { name: 'interval_start_s', type: 'integer', values: readings.intervalStartS.subarray(0, n) },
    { name: 'interval_minutes', type: 'utinyint', values: readings.intervalMinutes.subarray(0, n) },
    { name: 'wh', type: 'integer', values: readings.wh.subarray(0, n) },
    { name: 'decivolt', type: 'usmallint', values: readings.decivolt.subarray(0, n) },
    { name: 'quality', type: 'utinyint', values: readings.quality.subarray(0, n) },
    { name: 'source_seq', type: 'bigint', values: readings.sourceSeq.subarray(0, n) },
    { name: 'record_offset', type: 'bigint', values: recordOffset },
    { name: 'received_at_ms', type: 'bigint', values: new Float64Array(n).fill(batch.receivedAtMs) },
  ];
}

function controlSums(
  readings: ReadingColumns,
): Pick<SegmentManifest, 'sumWh' | 'minIntervalStartS' | 'maxIntervalStartS'> {
  let sumWh = 0;
  let min = 0x7fffffff;
  let max = -0x80000000;
  for (let i = 0; i < readings.count; i++) {
    sumWh += readings.wh[i];
    if (readings.intervalStartS[i] < min) min = readings.intervalStartS[i];
    if (readings.intervalStartS[i] > max) max = readings.intervalStartS[i];
  }
  return { sumWh, minIntervalStartS: min, maxIntervalStartS: max };
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function syncPath(target: string): Promise<void> {
  const handle = await fs.open(target, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** @throws FluxError `disk_full`, `disk_read_only`, `segment_write_failed` from `write`: nothing is committed then. */
export function makeSegmentSink(engine: Engine, dataFolder: string): SegmentSink {
  const folder = segmentFolder(dataFolder);
  return {
    write: async (batch, epoch) => {
      const name = `${batch.source}-p${batch.partition}-${String(batch.offsetFrom).padStart(14, '0')}-${String(batch.offsetTo).padStart(14, '0')}-e${epoch}.parquet`;
      const final = path.join(folder, name);
      const aside = `${final}.tmp`;
      try {
        await engine.export(
          'segment',
          segmentColumns(batch),
          batch.readings.count,
          `copy segment to ${quoted(aside)} (format parquet, parquet_version v2, compression zstd, row_group_size 122880)`,
        );
        await syncPath(aside);
        const [sha256, { size }] = await Promise.all([sha256Of(aside), fs.stat(aside)]);
        await fs.rename(aside, final);
        await syncPath(folder);
        return {
          source: batch.source,
          partition: batch.partition,
          offsetFrom: batch.offsetFrom,
          offsetTo: batch.offsetTo,
          rowCount: batch.readings.count,
          path: name,
          byteCount: size,
          sha256,
          ...controlSums(batch.readings),
        };
      } catch (cause) {
        await fs.rm(aside, { force: true }).catch(() => undefined);
        throw segmentError(cause, folder);
      }
    },
  };
}

function segmentError(cause: unknown, folder: string): FluxError {
  if (cause instanceof FluxError && cause.code === 'columnar_engine_lost') return cause;
  const message = messageOf(cause);
  if (/No space left|ENOSPC/i.test(message)) {
    return new FluxError(
      'disk_full',
      `the disk of ${folder} is full: nothing was accepted; free space and send again`,
      { cause, canRetry: true },
    );
  }
  if (/Read-only file system|EROFS|EACCES|Permission denied/i.test(message)) {
    return new FluxError(
      'disk_read_only',
      `${folder} can not be written: nothing was accepted; check the mount and its permissions, then send again`,
      { cause, canRetry: true },
    );
  }
  return new FluxError('segment_write_failed', `a segment could not be written to ${folder}: ${message}`, {
    cause,
    canRetry: true,
  });
}

/** Makes the folder; removes what a killed writer left: `*.tmp`, and files that no manifest row names. */
export async function sweepSegments(dataFolder: string, known: ReadonlySet<string>): Promise<string[]> {
  const folder = segmentFolder(dataFolder);
  await fs.mkdir(folder, { recursive: true });
  const orphans = (await fs.readdir(folder)).filter((name) => !known.has(name));
  for (const name of orphans) await fs.rm(path.join(folder, name), { force: true, recursive: true });
  return orphans;
}

/** @throws FluxError `segment_damaged` where a file is missing or is not what was committed. */
export async function verifySegment(
  dataFolder: string,
  manifest: Pick<SegmentManifest, 'path' | 'sha256' | 'byteCount'>,
): Promise<void> {
  const file = path.join(segmentFolder(dataFolder), manifest.path);
  const stat = await fs.stat(file).catch(() => undefined);
  if (!stat) throw new FluxError('segment_damaged', `segment ${manifest.path} is missing; restore it from a backup`);
  if (stat.size !== manifest.byteCount || (await sha256Of(file)) !== manifest.sha256) {
    throw new FluxError(
      'segment_damaged',
      `segment ${manifest.path} is not what was committed (its checksum differs); restore it from a backup`,
    );
  }
}
