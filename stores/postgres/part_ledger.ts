/**
 * The manifest of sealed history. A part becomes true with its row here: in the same transaction its predecessor of the
 * same cell (UTC day and block of meters) goes, or the position of the source that wrote it moves on.
 */
import { FluxError } from '#model/errors.ts';
import type { Claim } from '#model/stream.ts';
import { advancePosition, lockSegmentOrder } from '#stores/postgres/ledger.ts';
import { type Client, inTransaction, type NamedQuery, oneRow, type Pool, rowsOf } from '#stores/postgres/pool.ts';

/** What silver made of one source's rows. */
export interface CellCount {
  sourceKey: number;
  stored: number;
  superseded: number;
  duplicate: number;
}

/** One UTC day of one block of meters: what is sealed, dropped and replaced as a whole. */
export interface Cell {
  /** UTC midnight, epoch seconds */
  dayStartS: number;
  /** meter keys [meterFrom, meterTo) */
  meterFrom: number;
  meterTo: number;
}

/** What is in a part file; enough to notice that it changed. */
export interface PartManifest extends Cell {
  /** relative to the folder of parts */
  path: string;
  /** current readings */
  rowCount: number;
  /** replaced versions kept in the same file */
  earlierCount: number;
  byteCount: number;
  sha256: string;
  sumWh: number;
  counts: CellCount[];
}

export interface PartRow extends PartManifest {
  partId: number;
  sealedThroughSegmentId: number;
  droppedAt: Date | null;
}

const listParts: NamedQuery = {
  name: 'silver_part_list',
  text: `
    select part.part_id as "partId", part.day_start_s as "dayStartS", part.meter_from as "meterFrom", part.meter_to as "meterTo",
           part.path, part.row_count as "rowCount", part.earlier_count as "earlierCount", part.byte_count as "byteCount",
           part.sha256, part.sum_wh as "sumWh", part.sealed_through_segment_id as "sealedThroughSegmentId", part.counts,
           part.dropped_at as "droppedAt"
    from silver_part as part
    where part.part_id > $1
    order by part.part_id`,
};
/** Parts after a number, dropped ones included (their counts stay). */
export const partsAfter = (pool: Pool, partId = 0): Promise<PartRow[]> => rowsOf<PartRow>(pool, listParts, [partId]);

const partState: NamedQuery = {
  name: 'silver_part_state',
  text: `
    select coalesce(max(part.part_id), 0) as newest, count(*) as parts, count(part.dropped_at) as dropped
    from silver_part as part`,
};
/** Changes whenever a part comes, goes or is dropped: tells whether the list has to be read again. */
export async function partFingerprint(pool: Pool): Promise<string> {
  const { newest, parts, dropped } = (await oneRow<{ newest: number; parts: number; dropped: number }>(
    pool,
    partState,
  ))!;
  return `${newest}/${parts}/${dropped}`;
}

const historyTotals: NamedQuery = {
  name: 'silver_part_totals',
  text: `
    select count(*) filter (where part.dropped_at is null)::int as parts,
           coalesce(sum(part.row_count) filter (where part.dropped_at is null), 0)::bigint as rows,
           coalesce(sum(part.byte_count) filter (where part.dropped_at is null), 0)::bigint as bytes,
           count(part.dropped_at)::int as dropped_parts
    from silver_part as part`,
};
/** What is sealed, and how many parts the retention policy took. */
export const partTotals = async (pool: Pool) =>
  (await oneRow<{ parts: number; rows: number; bytes: number; dropped_parts: number }>(pool, historyTotals))!;

const insertPart: NamedQuery = {
  name: 'silver_part_insert',
  text: `
    insert into silver_part (day_start_s, meter_from, meter_to, path, row_count, earlier_count, byte_count, sha256, sum_wh,
                             sealed_through_segment_id, counts)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    returning part_id as "partId"`,
};
async function keepPart(client: Client, part: PartManifest, sealedThroughSegmentId: number): Promise<number> {
  const values = [
    part.dayStartS,
    part.meterFrom,
    part.meterTo,
    part.path,
    part.rowCount,
    part.earlierCount,
    part.byteCount,
    part.sha256,
    part.sumWh,
    sealedThroughSegmentId,
    JSON.stringify(part.counts),
  ];
  return (await rowsOf<{ partId: number }>(client, insertPart, values))[0].partId;
}

const deletePart: NamedQuery = {
  name: 'silver_part_delete',
  text: 'delete from silver_part as part where part.day_start_s = $1 and part.meter_from = $2 and part.dropped_at is null',
};
/** Puts a sealed part in the place of the one before it of the same cell. */
export function replacePart(pool: Pool, part: PartManifest, sealedThroughSegmentId: number): Promise<PartRow> {
  return inTransaction(pool, async (client) => {
    await rowsOf(client, deletePart, [part.dayStartS, part.meterFrom]);
    const partId = await keepPart(client, part, sealedThroughSegmentId);
    return { ...part, partId, sealedThroughSegmentId, droppedAt: null };
  });
}

const dropParts: NamedQuery = {
  name: 'silver_part_drop',
  text: `
    update silver_part as part set dropped_at = now()
    where part.dropped_at is null and part.day_start_s < $1`,
};
/** Marks the parts of days before an instant as removed; their counts stay, so that conservation holds. */
export async function dropPartsBefore(pool: Pool, dayStartS: number): Promise<void> {
  await rowsOf(pool, dropParts, [dayStartS]);
}

const cellIsTaken: NamedQuery = {
  name: 'silver_part_cell_taken',
  text: `
    select exists (select 1 from silver_part as part where part.day_start_s = $1 and part.meter_from = $2)
        or exists (select 1 from segment where segment.max_interval_start_s >= $1 and segment.min_interval_start_s < $1 + 86400)
        as taken,
      (select coalesce(max(segment.segment_id), 0) from segment) as newest`,
};

/**
 * A part as a batch of its source: the position moves on and the part becomes true in one transaction. Only where nothing
 * of its day is there yet; otherwise readings have to go the ordinary way, through silver.
 * @throws FluxError `fenced`, `cell_taken`
 */
export function commitPart(pool: Pool, claim: Claim, part: PartManifest, offsetTo: number): Promise<PartRow> {
  return inTransaction(pool, async (client) => {
    await advancePosition(
      client,
      claim,
      {
        source: claim.source,
        partition: claim.partition,
        offsetFrom: claim.nextOffset,
        offsetTo,
        receivedAtMs: Date.now(),
        setAside: [],
      },
      part.rowCount,
    );
    // Segments that come later have higher numbers, and are compared with the part.
    await lockSegmentOrder(client);
    const { taken, newest } = (await oneRow<{ taken: boolean; newest: number }>(client, cellIsTaken, [
      part.dayStartS,
      part.meterFrom,
    ]))!;
    if (taken)
      throw new FluxError(
        'cell_taken',
        `readings of ${new Date(part.dayStartS * 1000).toISOString().slice(0, 10)} are there already; send these through the door instead`,
      );
    const partId = await keepPart(client, part, newest);
    return { ...part, partId, sealedThroughSegmentId: newest, droppedAt: null };
  });
}

const nameSources: NamedQuery = {
  name: 'reading_source_name',
  text: `
    insert into reading_source (source, partition_no)
    select given.source, given.partition_no from unnest($1::text[], $2::int[]) as given (source, partition_no)
    on conflict (source, partition_no) do nothing`,
};
const listSources: NamedQuery = {
  name: 'reading_source_list',
  text: `
    select known.source_key as "sourceKey", known.source, known.partition_no as "partition"
    from reading_source as known`,
};
export interface SourceKey {
  sourceKey: number;
  source: string;
  partition: number;
}
/** Numbers of sources; those that have none yet get one. */
export async function sourceKeys(
  pool: Pool,
  wanted: readonly { source: string; partition: number }[] = [],
): Promise<SourceKey[]> {
  const known = await rowsOf<SourceKey>(pool, listSources);
  const missing = wanted.filter((w) => !known.some((k) => k.source === w.source && k.partition === w.partition));
  if (missing.length === 0) return known;
  await rowsOf(pool, nameSources, [missing.map((m) => m.source), missing.map((m) => m.partition)]);
  return rowsOf<SourceKey>(pool, listSources);
}
