/** The opponent: readings into a plain table by multi-row INSERT over node-postgres, as most programs would do it. */
import type { ReadingColumns } from '#model/reading.ts';
import { inTransaction, type Pool } from '#stores/postgres/pool.ts';

const rowsPerInsert = 1000;
const columnsPerRow = 6;

export const plainTables = {
  /** nothing but the rows: cheapest, and a repeated batch is stored twice */
  heap: { key: '', conflict: '' },
  /** one row per meter and interval: what it takes to notice a repeated or corrected reading */
  keyed: {
    key: ', primary key (meter_key, interval_start)',
    conflict: `on conflict (meter_key, interval_start) do update
      set interval_minutes = excluded.interval_minutes, wh = excluded.wh, decivolt = excluded.decivolt, quality = excluded.quality`,
  },
} as const;
export type PlainTable = keyof typeof plainTables;

export async function makePlainTable(pool: Pool, table: PlainTable): Promise<void> {
  await pool.query(`drop table if exists bench_${table}`);
  await pool.query(`create table bench_${table} (
    meter_key integer not null, interval_start timestamptz not null, interval_minutes smallint not null,
    wh integer not null, decivolt integer not null, quality smallint not null${plainTables[table].key})`);
}

const textOf = (table: PlainTable, rows: number): string => {
  const tuples = Array.from({ length: rows }, (_, row) => {
    const first = row * columnsPerRow;
    return `($${first + 1}, to_timestamp($${first + 2}), $${first + 3}, $${first + 4}, $${first + 5}, $${first + 6})`;
  });
  return `insert into bench_${table} values ${tuples.join(', ')} ${plainTables[table].conflict}`;
};
const texts = new Map<string, string>();

/** One transaction for the batch, a prepared statement of 1,000 rows after the other: the best case of this way. */
export async function insertPlain(pool: Pool, table: PlainTable, readings: ReadingColumns): Promise<void> {
  await inTransaction(pool, async (client) => {
    for (let from = 0; from < readings.count; from += rowsPerInsert) {
      const to = Math.min(readings.count, from + rowsPerInsert);
      const values: number[] = [];
      for (let i = from; i < to; i++) {
        values.push(
          readings.meterKey[i],
          readings.intervalStartS[i],
          readings.intervalMinutes[i],
          readings.wh[i],
          readings.decivolt[i],
          readings.quality[i],
        );
      }
      const name = `bench_${table}_${to - from}`;
      if (!texts.has(name)) texts.set(name, textOf(table, to - from));
      await client.query({ name, text: texts.get(name)!, values });
    }
  });
}
