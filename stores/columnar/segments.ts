/**
 * Bronze: readings as received, in Parquet segments. Written aside, synced, renamed, folder synced; the name says
 * source, partition, offsets and owner, so the same batch written twice is the same file and nobody overwrites another.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { FluxError, messageOf } from '#model/errors.ts';
import type { ReadingColumns } from '#model/reading.ts';
import type { Batch, Landing, SegmentManifest, SegmentSink } from '#model/stream.ts';
import type { Engine } from '#stores/columnar/engine.ts';
import type { TextColumn, WireColumn } from '#stores/columnar/engine_wire.ts';
import { quoted } from '#stores/columnar/literal.ts';

export const segmentFolder = (dataFolder: string): string => path.join(dataFolder, 'segments');

/** Columns of a segment as they travel to the engine, and what makes the file's columns of them. */
function segmentShape({ readings, landing, receivedAtMs, ...batch }: Batch): { columns: WireColumn[]; select: string } {
  const n = readings.count;
  const offsets = batch.recordOffsets?.subarray(0, n);
  const texts = landing ? landingTexts(landing) : [];
  const shaped: Shaped[] = [
    plain({ name: 'meter_key', type: 'integer', values: readings.meterKey.subarray(0, n) }),
    plain({ name: 'interval_start_s', type: 'integer', values: readings.intervalStartS.subarray(0, n) }),
    mostlyOne('interval_minutes', readings.intervalMinutes.subarray(0, n)),
    plain({ name: 'wh', type: 'integer', values: readings.wh.subarray(0, n) }),
    plain({ name: 'decivolt', type: 'usmallint', values: readings.decivolt.subarray(0, n) }),
    mostlyOne('quality', readings.quality.subarray(0, n)),
    wholeNumbers('source_seq', readings.sourceSeq.subarray(0, n)),
    offsets ? wholeNumbers('record_offset', offsets) : rising('record_offset', batch.offsetFrom),
    { sql: `${Math.round(receivedAtMs)}::bigint as received_at_ms` },
    ...(landing ? [wholeNumbers('create_time_ms', landing.createTimeMs.subarray(0, n))] : []),
    ...texts.map((column) => (column.texts.size > 0 ? plain(column) : { sql: `null::varchar as ${column.name}` })),
    // The arrival of each row is the segment it came in; only merged segments have to say it row by row.
    { sql: 'null::bigint as segment_id' },
  ];
  return {
    columns: shaped.flatMap(({ column }) => (column ? [column] : [])),
    select: shaped.map(({ sql }) => sql).join(', '),
  };
}

/** A column of the file: what travels for it, where anything does, and its SQL. */
interface Shaped {
  column?: WireColumn;
  sql: string;
}

const plain = (column: WireColumn): Shaped => ({ column, sql: column.name });
const rising = (name: string, first: number): Shaped => ({ sql: `${first}::bigint + rowid as ${name}` });

/** Small codes of which a batch nearly always has one. */
function mostlyOne(name: string, values: Uint8Array): Shaped {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return plain({ name, type: 'utinyint', values });
  return { sql: `${values[0]}::utinyint as ${name}` };
}

/**
 * 64-bit integers below 2^53. Those that rise by one do not travel, those of a narrow range as 32 bits; the others as
 * doubles: a BigInt per value would cost more than all the rest.
 */
function wholeNumbers(name: string, values: Float64Array): Shaped {
  const first = values[0];
  let [low, high, isRising] = [first, first, true];
  for (let i = 1; i < values.length; i++) {
    const value = values[i];
    if (value < low) low = value;
    if (value > high) high = value;
    if (value !== first + i) isRising = false;
  }
  if (isRising) return rising(name, first);
  if (high === low) return { sql: `${first}::bigint as ${name}` };
  if (high - low > 0x7fffffff) return { column: { name, type: 'double', values }, sql: `${name}::bigint as ${name}` };
  const above = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) above[i] = values[i] - low;
  return { column: { name, type: 'integer', values: above }, sql: `${low}::bigint + ${name} as ${name}` };
}

/** Only segments of messages have these; see landing.ts. */
function landingTexts({ key, headers, content }: Landing): TextColumn[] {
  return [
    { name: 'record_key', type: 'varchar', texts: key },
    { name: 'record_headers', type: 'varchar', texts: headers },
    { name: 'record_content', type: 'varchar', texts: content },
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

/** Small integers, sorted runs: zstd over Parquet v2 encodings. */
const parquetOptions = 'format parquet, parquet_version v2, compression zstd, row_group_size 122880';

const pieceBytes = 256 * 1024;
/** Used again: a stream makes new memory for every piece of a file. */
const pieces: Buffer[] = [];

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  const piece = pieces.pop() ?? Buffer.allocUnsafeSlow(pieceBytes);
  const handle = await fs.open(file, 'r');
  try {
    for (;;) {
      const { bytesRead } = await handle.read(piece, 0, pieceBytes);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, bytesRead));
    }
  } finally {
    pieces.push(piece);
    await handle.close();
  }
}

/** Makes a file that stands aside durable under its name. @returns its checksum and size */
export async function settle(aside: string, final: string): Promise<{ sha256: string; byteCount: number }> {
  await syncPath(aside);
  const [sha256, { size }] = await Promise.all([sha256Of(aside), fs.stat(aside)]);
  await fs.rename(aside, final);
  await syncPath(path.dirname(final));
  return { sha256, byteCount: size };
}

async function syncPath(target: string): Promise<void> {
  const handle = await fs.open(target, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** @throws FluxError `disk_full`, `disk_read_only`, `segment_write_failed` from `write`: nothing is committed then. */
export function makeSegmentSink(engine: Engine, dataFolder: string): SegmentSink {
  const folder = segmentFolder(dataFolder);
  return {
    write: async (batch, epoch) => {
      const name = `${batch.source}-p${batch.partition}-${String(batch.offsetFrom).padStart(14, '0')}-${String(batch.offsetTo).padStart(14, '0')}-e${epoch}.parquet`;
      const final = path.join(folder, name);
      const aside = `${final}.tmp`;
      try {
        const { columns, select } = segmentShape(batch);
        await engine.export(
          'segment',
          columns,
          batch.readings.count,
          `copy (select ${select} from segment) to ${quoted(aside)} (${parquetOptions})`,
        );
        const written = await settle(aside, final);
        return {
          source: batch.source,
          partition: batch.partition,
          offsetFrom: batch.offsetFrom,
          offsetTo: batch.offsetTo,
          rowCount: batch.readings.count,
          path: name,
          ...written,
          ...controlSums(batch.readings),
        };
      } catch (cause) {
        await fs.rm(aside, { force: true }).catch(() => undefined);
        throw writeError(cause, folder);
      }
    },
  };
}

/** Words for what went wrong while a file of readings was written. */
export function writeError(cause: unknown, folder: string): FluxError {
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
  return new FluxError('segment_write_failed', `readings could not be written to ${folder}: ${message}`, {
    cause,
    canRetry: true,
  });
}

const ownedName = /^(.+)-p(\d+)-\d+-\d+-e(\d+)\.parquet(\.tmp)?$/;

/**
 * Makes the folder; removes what a killed writer left: files that no manifest row names.
 * @param mayCommit whether the owner that wrote a file could still commit it: then it stays (another process may be
 *   between the rename and the transaction at this very moment)
 */
export async function sweepSegments(
  dataFolder: string,
  known: ReadonlySet<string>,
  mayCommit: (source: string, partition: number, epoch: number) => boolean = () => false,
): Promise<string[]> {
  const folder = segmentFolder(dataFolder);
  await fs.mkdir(folder, { recursive: true });
  const orphans = (await fs.readdir(folder)).filter((name) => {
    if (known.has(name)) return false;
    const owned = ownedName.exec(name);
    return !owned || !mayCommit(owned[1], Number(owned[2]), Number(owned[3]));
  });
  for (const name of orphans) await fs.rm(path.join(folder, name), { force: true, recursive: true });
  return orphans;
}

/** Deletes files that no manifest row names any more; one that stays behind is swept at the next start. */
export async function removeSegmentFiles(dataFolder: string, gone: readonly { path: string }[]): Promise<void> {
  for (const { path: name } of gone) await fs.rm(path.join(segmentFolder(dataFolder), name), { force: true });
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

/** A committed segment with the number that orders it. */
export interface PlacedSegment extends SegmentManifest {
  segmentId: number;
}

/**
 * One file out of consecutive segments of one source: the same rows, each with the segment it came in, sorted by time
 * and meter. The parts stay until the caller has put the new manifest in their place.
 * @throws FluxError `segment_damaged` where the rows or their sum are not those of the parts
 */
export async function mergeSegments(
  engine: Engine,
  dataFolder: string,
  parts: PlacedSegment[],
): Promise<SegmentManifest> {
  const folder = segmentFolder(dataFolder);
  const [first, last] = [parts[0], parts[parts.length - 1]];
  const fileOf = (part: PlacedSegment): string => quoted(path.join(folder, part.path));
  const name = `${first.source}-p${first.partition}-${String(first.offsetFrom).padStart(14, '0')}-${String(last.offsetTo).padStart(14, '0')}-m${last.segmentId}.parquet`;
  const final = path.join(folder, name);
  const aside = `${final}.tmp`;
  const values = parts.map((part) => `(${fileOf(part)}, ${part.segmentId})`).join(', ');
  await engine.script([
    `copy (
       select bronze.* exclude (filename, segment_id), coalesce(bronze.segment_id, part.segment_id) as segment_id
       from read_parquet([${parts.map(fileOf).join(', ')}], filename = true, union_by_name = true) as bronze
       join (values ${values}) as part (path, segment_id) on part.path = bronze.filename
       order by bronze.interval_start_s, bronze.meter_key, segment_id, bronze.record_offset
     ) to ${quoted(aside)} (${parquetOptions})`,
  ]);
  const merged = await engine.query(
    `select count(*) as row_count, sum(wh)::bigint as sum_wh from read_parquet(${quoted(aside)})`,
  );
  const rowCount = parts.reduce((sum, part) => sum + part.rowCount, 0);
  const sumWh = parts.reduce((sum, part) => sum + part.sumWh, 0);
  if (Number(merged.row_count[0]) !== rowCount || Number(merged.sum_wh[0]) !== sumWh) {
    await fs.rm(aside, { force: true });
    throw new FluxError(
      'segment_damaged',
      `merging ${parts.length} segments of ${first.source} gave other rows than they hold; they stay as they are`,
    );
  }
  return {
    source: first.source,
    partition: first.partition,
    offsetFrom: first.offsetFrom,
    offsetTo: last.offsetTo,
    rowCount,
    path: name,
    ...(await settle(aside, final)),
    sumWh,
    minIntervalStartS: Math.min(...parts.map((part) => part.minIntervalStartS)),
    maxIntervalStartS: Math.max(...parts.map((part) => part.maxIntervalStartS)),
  };
}
