/**
 * Sealed history: the current readings of one UTC day and one block of meters in one Parquet file, sorted by meter and
 * time, with the versions they replaced. Every value is lossless; what makes it small is where its bits lie.
 *
 * Energy and voltage are split into digits of base 15. DuckDB packs dictionary codes with exactly as many bits as the
 * dictionary needs, so 15 values take 4 bits and stay aligned to bytes, where zstd's entropy coding works; whole values
 * take 11 or 13 bits that zstd can not see through (2.41 bytes a reading; in digits 1.96).
 *
 *     wh       = wh_base * 64 + wh_top * 3600 + wh_mid * 15 + wh_low     (wh_base: one per meter and day)
 *     decivolt = decivolt_high * 15 + decivolt_low
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { FluxError } from '#model/errors.ts';
import type { Engine } from '#stores/columnar/engine.ts';
import type { WireColumn } from '#stores/columnar/engine_wire.ts';
import { quoted } from '#stores/columnar/literal.ts';
import { settle, sha256Of, writeError } from '#stores/columnar/segments.ts';

export const partFolder = (dataFolder: string): string => path.join(dataFolder, 'history');

/** A part these layers stand on. */
export interface Part {
  partId: number;
  dayStartS: number;
  meterFrom: number;
  meterTo: number;
  /** absolute path; empty where the readings were dropped */
  file: string;
  sealedThroughSegmentId: number;
}

const joined = `meter_key, interval_start_s, interval_minutes,
    wh_base * 64 + wh_top * 3600 + wh_mid::integer * 15 + wh_low as wh,
    (decivolt_high * 15 + decivolt_low)::usmallint as decivolt, quality, source_key, segment_id, record_offset`;

/**
 * Rows of parts as a relation in parentheses: current ones have no segment_id. Without parts an empty one.
 * @param parts where they carry it, each row says through which segment its part was sealed
 */
export function partsRelation(
  parts: readonly (Pick<Part, 'file'> & Partial<Pick<Part, 'sealedThroughSegmentId'>>)[],
): string {
  if (parts.length === 0)
    return `(select null::integer as meter_key, null::integer as interval_start_s, null::utinyint as interval_minutes,
      null::integer as wh, null::usmallint as decivolt, null::utinyint as quality, null::smallint as source_key,
      null::bigint as segment_id, null::bigint as record_offset, null::bigint as sealed_through_segment_id limit 0)`;
  const byMark = Map.groupBy(parts, (part) => part.sealedThroughSegmentId ?? 0);
  const selects = [...byMark].map(
    ([mark, files]) =>
      `select ${joined}, ${mark}::bigint as sealed_through_segment_id
       from read_parquet([${files.map(({ file }) => quoted(file)).join(', ')}])`,
  );
  return `(${selects.join(' union all ')})`;
}

/** Splits values into digits; a `wh` of negative or huge extent has no base. */
const split = `meter_key, interval_start_s, interval_minutes, wh_base,
    ((wh - wh_base * 64) % 15)::tinyint as wh_low,
    ((wh - wh_base * 64) // 15 % 240)::smallint as wh_mid,
    ((wh - wh_base * 64) // 3600)::integer as wh_top,
    (decivolt % 15)::tinyint as decivolt_low, (decivolt // 15)::smallint as decivolt_high, quality, source_key`;

/** At most 300 different values get a dictionary: digits do, meters and intervals are better packed as differences. */
const partOptions =
  'format parquet, parquet_version v2, compression zstd, row_group_size 122880, dictionary_size_limit 300';

export interface WrittenPart {
  path: string;
  byteCount: number;
  sha256: string;
}

/** Names of parts are never used twice for different rows: the mark or the owner that wrote them is in it. */
export const partName = (dayStartS: number, meterFrom: number, made: string): string =>
  `${new Date(dayStartS * 1000).toISOString().slice(0, 10)}-m${String(meterFrom).padStart(7, '0')}-${made}.parquet`;

/**
 * Writes the rows of a relation as a part: aside, synced, renamed, folder synced. Nothing refers to it yet.
 * @param current columns as in silver, of one cell; @param earlier the same with segment_id and record_offset
 */
export async function writePart(
  engine: Engine,
  dataFolder: string,
  name: string,
  { current, earlier }: { current: string; earlier: string },
): Promise<WrittenPart> {
  return settled(dataFolder, name, (aside) =>
    engine.script([
      'set preserve_insertion_order = true',
      `copy (
       with versions as (
         select *, null::bigint as segment_id, null::bigint as record_offset from ${current}
         union all by name
         select * from ${earlier}
       ),
       based as (
         select versions.*, case when min(versions.wh) over meter >= 0 then min(versions.wh) over meter // 64 else 0 end as wh_base
         from versions window meter as (partition by versions.meter_key)
       )
       select ${split}, segment_id, record_offset from based
       order by meter_key, interval_start_s, segment_id nulls first, record_offset
     ) to ${quoted(aside)} (${partOptions})`,
      'set preserve_insertion_order = false',
    ]),
  );
}

/** Runs the copy to a name beside, then makes the file durable under its own. @throws FluxError `disk_full`, `disk_read_only`, ... */
async function settled(
  dataFolder: string,
  name: string,
  copyTo: (aside: string) => Promise<unknown>,
): Promise<WrittenPart> {
  const folder = partFolder(dataFolder);
  const final = path.join(folder, name);
  try {
    await fs.mkdir(folder, { recursive: true });
    await copyTo(`${final}.tmp`);
    return { path: name, ...(await settle(`${final}.tmp`, final)) };
  } catch (cause) {
    await fs.rm(`${final}.tmp`, { force: true }).catch(() => undefined);
    throw writeError(cause, folder);
  }
}

/** Readings of one cell in the order (meter, time), all current, all of one source. */
export interface CellColumns {
  count: number;
  meterKey: Int32Array;
  intervalStartS: Int32Array;
  wh: Int32Array;
  decivolt: Uint16Array;
  quality: Uint8Array;
  /** smallest `wh` of the meter in this cell divided by 64, rounded down; 0 where it is negative */
  whBase: Int32Array;
}

/** Writes readings that are sorted already: nothing is sorted or grouped here. @param engine one of its own, single-threaded */
export async function writeSortedPart(
  engine: Engine,
  dataFolder: string,
  name: string,
  cell: CellColumns,
  { sourceKey, intervalMinutes }: { sourceKey: number; intervalMinutes: number },
): Promise<WrittenPart> {
  const n = cell.count;
  const columns: WireColumn[] = [
    { name: 'meter_key', type: 'integer', values: cell.meterKey.subarray(0, n) },
    { name: 'interval_start_s', type: 'integer', values: cell.intervalStartS.subarray(0, n) },
    { name: 'wh', type: 'integer', values: cell.wh.subarray(0, n) },
    { name: 'decivolt', type: 'usmallint', values: cell.decivolt.subarray(0, n) },
    { name: 'quality', type: 'utinyint', values: cell.quality.subarray(0, n) },
    { name: 'wh_base', type: 'integer', values: cell.whBase.subarray(0, n) },
  ];
  return settled(dataFolder, name, (aside) =>
    engine.export(
      'cell',
      columns,
      n,
      `copy (
       select ${split}, null::bigint as segment_id, null::bigint as record_offset
       from (select *, ${intervalMinutes}::utinyint as interval_minutes, ${sourceKey}::smallint as source_key from cell)
     ) to ${quoted(aside)} (${partOptions})`,
    ),
  );
}

interface CommittedFile {
  path: string;
  sha256: string;
  byteCount: number;
}

const damaged = (name: string, how: string): FluxError =>
  new FluxError('part_damaged', `part ${name} of the history ${how}; restore it from a backup`);

/** A quick look, for parts that were verified when they came. @throws FluxError `part_damaged` where one is missing or torn */
export async function checkPart(dataFolder: string, { path: name, byteCount }: CommittedFile): Promise<void> {
  const stat = await fs.stat(path.join(partFolder(dataFolder), name)).catch(() => undefined);
  if (!stat) throw damaged(name, 'is missing');
  if (stat.size !== byteCount) throw damaged(name, `has ${stat.size} bytes instead of ${byteCount}`);
}

/** @throws FluxError `part_damaged` where a file is missing or is not what was committed. */
export async function verifyPart(dataFolder: string, manifest: CommittedFile): Promise<void> {
  await checkPart(dataFolder, manifest);
  if ((await sha256Of(path.join(partFolder(dataFolder), manifest.path))) !== manifest.sha256)
    throw damaged(manifest.path, 'is not what was committed (its checksum differs)');
}

/**
 * Deletes files that no manifest row names, left by a writer that was killed.
 * @param beforeMs only what was written before: a writer of this process may be between file and manifest at this moment
 * @returns their names
 */
export async function sweepParts(
  dataFolder: string,
  known: ReadonlySet<string>,
  beforeMs = Date.now(),
): Promise<string[]> {
  const folder = partFolder(dataFolder);
  await fs.mkdir(folder, { recursive: true });
  const swept: string[] = [];
  for (const name of await fs.readdir(folder)) {
    if (known.has(name)) continue;
    const stat = await fs.stat(path.join(folder, name)).catch(() => undefined);
    if (!stat || stat.mtimeMs >= beforeMs) continue;
    await fs.rm(path.join(folder, name), { force: true });
    swept.push(name);
  }
  return swept;
}
