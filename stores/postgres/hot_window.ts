/**
 * The hot window: the newest recent reading of every meter, one row each. Readings older than the window never enter it,
 * so a backfill of history costs the operational store nothing.
 */
import { hotWindowHours, type ReadingColumns } from '#model/reading.ts';
import { type Client, type NamedQuery, oneRow, rowsOf } from '#stores/postgres/pool.ts';

/** A typed array as a PostgreSQL array literal (joining is ~20x faster than the driver's own array encoding). */
export const arrayLiteral = (
  values: { subarray(from: number, to: number): { join(by: string): string } },
  count: number,
): string => `{${values.subarray(0, count).join(',')}}`;

// Rows are taken in meter order, so that two sources that commit at once never wait for each other in a circle.
const upsertTellingDuplicates: NamedQuery = {
  name: 'ami_realtime_upsert_telling',
  text: `
    with incoming as (
      select row_no, meter_key, to_timestamp(interval_start_s) as interval_start, interval_minutes, wh, decivolt, quality,
             -- a repeated row of the batch
             row_number() over (partition by meter_key, interval_start_s, interval_minutes, wh, decivolt, quality order by row_no) > 1 as is_repeated
      from unnest($1::int[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[])
           with ordinality as batch (meter_key, interval_start_s, interval_minutes, wh, decivolt, quality, row_no)
    ),
    duplicates as (
      select incoming.row_no
      from incoming
      left join ami_realtime as hot
        on hot.meter_key = incoming.meter_key and hot.interval_start = incoming.interval_start
       and hot.interval_minutes = incoming.interval_minutes and hot.wh = incoming.wh
       and hot.decivolt = incoming.decivolt and hot.quality = incoming.quality
      where incoming.is_repeated or hot.meter_key is not null
    ),
    newest as (
      select distinct on (meter_key) meter_key, interval_start, interval_minutes, wh, decivolt, quality
      from incoming
      where interval_start >= to_timestamp($8)
      order by meter_key, interval_start desc, quality, row_no desc
    ),
    stored as (
      insert into ami_realtime as hot (meter_key, interval_start, interval_minutes, wh, decivolt, quality, received_at)
      select meter_key, interval_start, interval_minutes, wh, decivolt, quality, $7 from newest
      on conflict (meter_key) do update
        set interval_start = excluded.interval_start, interval_minutes = excluded.interval_minutes, wh = excluded.wh,
            decivolt = excluded.decivolt, quality = excluded.quality, received_at = excluded.received_at
        where excluded.interval_start > hot.interval_start
           or (excluded.interval_start = hot.interval_start and excluded.quality <= hot.quality)
    )
    select coalesce(array_agg((row_no - 1)::int order by row_no), '{}') as duplicate_rows from duplicates`,
};

// The winners of a batch are picked before they are sent: one row a meter.
const upsertNewest: NamedQuery = {
  name: 'ami_realtime_upsert',
  text: `
    insert into ami_realtime as hot (meter_key, interval_start, interval_minutes, wh, decivolt, quality, received_at)
    select batch.meter_key, to_timestamp(batch.interval_start_s), batch.interval_minutes, batch.wh, batch.decivolt, batch.quality, $7
    from unnest($1::int[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[])
      as batch (meter_key, interval_start_s, interval_minutes, wh, decivolt, quality)
    order by batch.meter_key
    on conflict (meter_key) do update
      set interval_start = excluded.interval_start, interval_minutes = excluded.interval_minutes, wh = excluded.wh,
          decivolt = excluded.decivolt, quality = excluded.quality, received_at = excluded.received_at
      where excluded.interval_start > hot.interval_start
         or (excluded.interval_start = hot.interval_start and excluded.quality <= hot.quality)`,
};

/** Rows of a batch that are the newest of their meter and recent, in meter order. */
export function newestRows(readings: ReadingColumns, fromS: number): Int32Array {
  const { count, meterKey, intervalStartS, quality } = readings;
  let last = -1;
  for (let i = 0; i < count; i++) if (intervalStartS[i] >= fromS && meterKey[i] > last) last = meterKey[i];
  const newest = new Int32Array(last + 1).fill(-1);
  let found = 0;
  for (let i = 0; i < count; i++) {
    if (intervalStartS[i] < fromS) continue;
    const known = newest[meterKey[i]];
    if (known < 0) found++;
    else if (
      intervalStartS[i] < intervalStartS[known] ||
      (intervalStartS[i] === intervalStartS[known] && quality[i] > quality[known])
    )
      continue;
    newest[meterKey[i]] = i;
  }
  const rows = new Int32Array(found);
  let at = 0;
  for (const row of newest) if (row >= 0) rows[at++] = row;
  return rows;
}

/**
 * Brings the hot window forward by a batch, within its transaction.
 * @returns rows of the batch that repeat an earlier row of it or the meter's newest reading; empty where not asked for
 */
export async function keepHotReadings(
  client: Client,
  readings: ReadingColumns,
  receivedAtMs: number,
  tellDuplicates: boolean,
): Promise<number[]> {
  const n = readings.count;
  const fromS = receivedAtMs / 1000 - hotWindowHours * 3600;
  const received = new Date(receivedAtMs);
  if (tellDuplicates) {
    const row = await oneRow<{ duplicate_rows: number[] }>(client, upsertTellingDuplicates, [
      arrayLiteral(readings.meterKey, n),
      arrayLiteral(readings.intervalStartS, n),
      arrayLiteral(readings.intervalMinutes, n),
      arrayLiteral(readings.wh, n),
      arrayLiteral(readings.decivolt, n),
      arrayLiteral(readings.quality, n),
      received,
      fromS,
    ]);
    return row!.duplicate_rows;
  }
  const rows = newestRows(readings, fromS);
  if (rows.length === 0) return [];
  const picked = (column: ArrayLike<number>): string =>
    arrayLiteral(
      rows.map((row) => column[row]),
      rows.length,
    );
  await rowsOf(client, upsertNewest, [
    picked(readings.meterKey),
    picked(readings.intervalStartS),
    picked(readings.intervalMinutes),
    picked(readings.wh),
    picked(readings.decivolt),
    picked(readings.quality),
    received,
  ]);
  return [];
}
