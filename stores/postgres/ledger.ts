/**
 * The ledger: offsets, segment manifest, hot rows and set-aside records of a batch in one transaction. The update of
 * the position is first and is the fence: it matches only for the present owner and the next expected offset.
 */
import { FluxError } from '#model/errors.ts';
import type { SetAside } from '#model/reading.ts';
import type { Batch, Claim, EventBatch, Ledger, SegmentManifest } from '#model/stream.ts';
import { arrayLiteral, keepHotReadings } from '#stores/postgres/hot_window.ts';
import { type Client, inTransaction, type NamedQuery, oneRow, type Pool, rowsOf } from '#stores/postgres/pool.ts';

const claimPosition: NamedQuery = {
  name: 'stream_position_claim',
  text: `
    insert into stream_position as position (source, partition_no, kind, owner_epoch)
    values ($1, $2, $3, 1)
    on conflict (source, partition_no) do update set owner_epoch = position.owner_epoch + 1
    returning position.owner_epoch as epoch, position.next_offset, position.kind`,
};

const movePosition: NamedQuery = {
  name: 'stream_position_advance',
  text: `
    update stream_position as position
    set next_offset = $4,
        received = position.received + $6,
        landed = position.landed + $7,
        set_aside = position.set_aside + $8,
        last_at = $9
    where position.source = $1 and position.partition_no = $2 and position.next_offset = $3 and position.owner_epoch = $5`,
};

const countDuplicateEvents: NamedQuery = {
  name: 'stream_position_duplicates',
  text: `
    update stream_position as position
    set duplicate = position.duplicate + $3, landed = position.landed - $3
    where position.source = $1 and position.partition_no = $2`,
};

const insertSegment: NamedQuery = {
  name: 'segment_insert',
  text: `
    insert into segment (source, partition_no, offset_from, offset_to, row_count, path, byte_count, sha256,
                         sum_wh, min_interval_start_s, max_interval_start_s)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
};

const insertSetAside: NamedQuery = {
  name: 'set_aside_insert',
  text: `
    insert into set_aside (source, partition_no, batch_offset, record_index, record_offset, code, reason, content, received_at)
    select $1, $2, $3, refused.record_index, refused.record_offset, refused.code, refused.reason, refused.content, $4
    from unnest($5::int[], $6::bigint[], $7::text[], $8::text[], $9::text[])
      as refused (record_index, record_offset, code, reason, content)`,
};

const insertEvents: NamedQuery = {
  name: 'meter_event_insert',
  text: `
    with incoming as (
      select min(row_no) as row_no, meter_key, to_timestamp(event_time_ms / 1000.0) as event_time, event_type
      from unnest($1::int[], $2::float8[], $3::int[]) with ordinality as batch (meter_key, event_time_ms, event_type, row_no)
      group by meter_key, event_time_ms, event_type
    ),
    stored as (
      insert into meter_event (meter_key, event_time, event_type, source, received_at)
      select meter_key, event_time, event_type, $4, $5 from incoming order by row_no
      on conflict (meter_key, event_time, event_type) do nothing
      returning event_id, meter_key, event_time, event_type
    )
    select stored.event_id, (incoming.row_no - 1)::int as row
    from stored
    join incoming
      on incoming.meter_key = stored.meter_key and incoming.event_time = stored.event_time and incoming.event_type = stored.event_type
    order by stored.event_id`,
};

const segmentOrderLock = 7_266_003;
/** Held to the end of the transaction: segment numbers become visible in their order. */
export async function lockSegmentOrder(client: Client): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [segmentOrderLock]);
}
const eventOrderLock = 7_266_002;

/** Where a batch begins and ends at its source, and what of it was refused. */
export type BatchExtent = Pick<Batch, 'source' | 'partition' | 'offsetFrom' | 'offsetTo' | 'receivedAtMs' | 'setAside'>;

/** Moves a source's position by a batch. @throws FluxError `fenced` where the claim is not the present one or a batch is missing */
export async function advancePosition(client: Client, claim: Claim, batch: BatchExtent, landed: number): Promise<void> {
  const values = [
    batch.source,
    batch.partition,
    batch.offsetFrom,
    batch.offsetTo,
    claim.epoch,
    landed + batch.setAside.length,
    landed,
    batch.setAside.length,
    new Date(batch.receivedAtMs),
  ];
  const { rowCount } = await client.query({ name: movePosition.name, text: movePosition.text, values });
  if (rowCount !== 1) {
    throw new FluxError(
      'fenced',
      `source ${batch.source} partition ${batch.partition} is written by another owner now, or offset ${batch.offsetFrom} is not the next one; claim it again`,
    );
  }
}

async function keepSetAside(client: Client, batch: Batch | EventBatch, setAside: SetAside[]): Promise<void> {
  if (setAside.length === 0) return;
  const columns = [
    setAside.map((r) => r.index),
    setAside.map((r) => r.offset ?? batch.offsetFrom + r.index),
    setAside.map((r) => r.code),
    setAside.map((r) => withoutNul(r.reason)),
    setAside.map((r) => withoutNul(r.content)),
  ];
  await rowsOf(client, insertSetAside, [
    batch.source,
    batch.partition,
    batch.offsetFrom,
    new Date(batch.receivedAtMs),
    ...columns,
  ]);
}

/** PostgreSQL text can not hold NUL; hostile records do. */
const withoutNul = (text: string): string => text.replaceAll('\u0000', '\\u0000');

/** Channel that hears of commits of other processes: payload `reading` or `event`. */
export const committedChannel = 'flux_committed';

export interface LedgerOptions {
  /** another process serves what is committed here: tell it */
  announce?: boolean;
}

export function makeLedger(pool: Pool, { announce = false }: LedgerOptions = {}): Ledger<Client> {
  const tell = async (client: Client, kind: 'reading' | 'event'): Promise<void> => {
    if (announce) await client.query('select pg_notify($1, $2)', [committedChannel, kind]);
  };
  return {
    claim: async (source, partition, kind) => {
      const row = await oneRow<{ epoch: number; next_offset: number; kind: 'reading' | 'event' }>(pool, claimPosition, [
        source,
        partition,
        kind,
      ]);
      if (row!.kind !== kind)
        throw new FluxError('source_kind', `source ${source} carries ${row!.kind}s, not ${kind}s`);
      return { source, partition, kind, epoch: row!.epoch, nextOffset: row!.next_offset };
    },

    commitReadings: (claim, batch, manifest, options = {}) =>
      inTransaction(pool, async (client) => {
        const n = batch.readings.count;
        await advancePosition(client, claim, batch, n);
        await keepSetAside(client, batch, batch.setAside);
        await options.alongside?.(client);
        if (n === 0 || !manifest) return { duplicateRows: [] };
        const duplicateRows = await keepHotReadings(
          client,
          batch.readings,
          batch.receivedAtMs,
          options.tellDuplicates ?? true,
        );
        await tell(client, 'reading');
        // Last, because the lock is held until the commit: segment ids become visible in their order, so a reader that
        // goes on from the last id it has seen skips none.
        await lockSegmentOrder(client);
        await rowsOf(client, insertSegment, segmentValues(manifest));
        return { duplicateRows };
      }),

    commitEvents: (claim, batch, options = {}) =>
      inTransaction(pool, async (client) => {
        const { events } = batch;
        const n = events.count;
        // Event ids must become visible in their order: readers go on from the last id they applied.
        await client.query('select pg_advisory_xact_lock($1)', [eventOrderLock]);
        await advancePosition(client, claim, batch, n);
        await keepSetAside(client, batch, batch.setAside);
        await options.alongside?.(client);
        if (n === 0) return { duplicateRows: [], eventIds: [], eventRows: [] };
        await tell(client, 'event');
        const stored = await rowsOf<{ event_id: number; row: number }>(client, insertEvents, [
          arrayLiteral(events.meterKey, n),
          arrayLiteral(events.eventTimeMs, n),
          arrayLiteral(events.type, n),
          batch.source,
          new Date(batch.receivedAtMs),
        ]);
        if (stored.length < n)
          await rowsOf(client, countDuplicateEvents, [batch.source, batch.partition, n - stored.length]);
        const isNew = new Uint8Array(n);
        for (const { row } of stored) isNew[row] = 1;
        const duplicateRows: number[] = [];
        for (let row = 0; row < n; row++) if (isNew[row] === 0) duplicateRows.push(row);
        return { duplicateRows, eventIds: stored.map((e) => e.event_id), eventRows: stored.map((e) => e.row) };
      }),
  };
}

function segmentValues(m: SegmentManifest): unknown[] {
  return [
    m.source,
    m.partition,
    m.offsetFrom,
    m.offsetTo,
    m.rowCount,
    m.path,
    m.byteCount,
    m.sha256,
    m.sumWh,
    m.minIntervalStartS,
    m.maxIntervalStartS,
  ];
}

const segmentColumns = `
    segment.segment_id as "segmentId", segment.source, segment.partition_no as "partition", segment.offset_from as "offsetFrom",
    segment.offset_to as "offsetTo", segment.row_count as "rowCount", segment.path, segment.byte_count as "byteCount",
    segment.sha256, segment.sum_wh as "sumWh", segment.min_interval_start_s as "minIntervalStartS",
    segment.max_interval_start_s as "maxIntervalStartS", segment.committed_at as "committedAt",
    coalesce(segment.first_segment_id, segment.segment_id) as "firstSegmentId"`;

/** A committed segment: its manifest, the number that orders it, and when it was committed. */
export interface SegmentRow extends SegmentManifest {
  segmentId: number;
  /** of a merged segment, the number of the first it stands for; its own number otherwise */
  firstSegmentId: number;
  committedAt: Date;
}

const listSegments: NamedQuery = {
  name: 'segment_list_after',
  text: `select ${segmentColumns} from segment where segment.segment_id > $1 order by segment.segment_id limit $2`,
};
/** Committed segments after a position, oldest first. */
export function segmentsAfter(pool: Pool, segmentId: number, limit: number): Promise<SegmentRow[]> {
  return rowsOf<SegmentRow>(pool, listSegments, [segmentId, limit]);
}

const newestSegment: NamedQuery = {
  name: 'segment_newest',
  text: 'select coalesce(max(segment.segment_id), 0) as id from segment',
};
/** Number of the last committed segment, 0 where there is none. */
export async function newestSegmentId(pool: Pool): Promise<number> {
  return (await oneRow<{ id: number }>(pool, newestSegment))!.id;
}

const listSmallSegments: NamedQuery = {
  name: 'segment_list_small',
  text: `
    select ${segmentColumns} from segment
    where segment.segment_id <= $1 and segment.row_count < $2
    order by segment.source, segment.partition_no, segment.offset_from
    limit $3`,
};
/** Segments up to a position with fewer rows than given, by source and offset. */
export function smallSegments(
  pool: Pool,
  upToSegmentId: number,
  lessThanRows: number,
  limit: number,
): Promise<SegmentRow[]> {
  return rowsOf<SegmentRow>(pool, listSmallSegments, [upToSegmentId, lessThanRows, limit]);
}

const deleteSegments: NamedQuery = {
  name: 'segment_delete',
  text: 'delete from segment where segment.segment_id = any($1)',
};
const insertMerged: NamedQuery = {
  name: 'segment_insert_merged',
  text: `
    insert into segment (source, partition_no, offset_from, offset_to, row_count, path, byte_count, sha256,
                         sum_wh, min_interval_start_s, max_interval_start_s, segment_id, first_segment_id, committed_at)
    overriding system value
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
};
/** Puts a merged segment in the place of its parts, under the number of the last: readers that passed them passed it. */
export async function replaceSegments(pool: Pool, parts: SegmentRow[], merged: SegmentManifest): Promise<void> {
  await inTransaction(pool, async (client) => {
    const ids = parts.map((part) => part.segmentId);
    await rowsOf(client, deleteSegments, [ids]);
    const first = Math.min(...parts.map((part) => part.firstSegmentId));
    const committedAt = new Date(Math.max(...parts.map((part) => part.committedAt.getTime())));
    await rowsOf(client, insertMerged, [...segmentValues(merged), Math.max(...ids), first, committedAt]);
  });
}

/** Deletes manifest rows of segments whose rows are all in parts; the caller removes the files then. */
export async function deleteSegmentRows(pool: Pool, segmentIds: number[]): Promise<void> {
  await rowsOf(pool, deleteSegments, [segmentIds]);
}

/** File names that a manifest row names. */
export async function knownSegmentPaths(pool: Pool): Promise<Set<string>> {
  const rows = await rowsOf<{ path: string }>(pool, {
    name: 'segment_paths',
    text: 'select segment.path from segment',
  });
  return new Set(rows.map((row) => row.path));
}

const ownerEpochs: NamedQuery = {
  name: 'stream_position_owners',
  text: 'select position.source, position.partition_no as "partition", position.owner_epoch as epoch from stream_position as position',
};
/** Present owner of every source and partition, by `source/partition`. */
export async function presentOwners(pool: Pool): Promise<Map<string, number>> {
  const rows = await rowsOf<{ source: string; partition: number; epoch: number }>(pool, ownerEpochs);
  return new Map(rows.map((row) => [`${row.source}/${row.partition}`, row.epoch]));
}
