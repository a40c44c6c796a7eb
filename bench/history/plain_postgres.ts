/** The opponent: the same readings in one PostgreSQL heap with a BRIN index on time, the same questions as SQL. */
import path from 'node:path';
import type { Engine } from '#stores/columnar/engine.ts';
import type { Pool } from '#stores/postgres/pool.ts';

/** Readings of [fromS, toS) of silver, in arrival order, and the meter dimension. @returns bytes of the heap and its index */
export async function fillPlain(
  pool: Pool,
  engine: Engine,
  folder: string,
  fromS: number,
  toS: number,
): Promise<number> {
  const csv = path.join(folder, 'plain.csv');
  const dimension = path.join(folder, 'dimension.csv');
  await engine.script([
    `copy (select meter_key, interval_start_s, interval_minutes, wh, decivolt, quality from silver
           where interval_start_s >= ${fromS} and interval_start_s < ${toS} order by interval_start_s, meter_key) to '${csv}' (format csv, header false)`,
    `copy (select meter_key, transformer_key, feeder_key, substation_key, rated_kva from meter_dimension
           left join transformer_dimension using (transformer_key, feeder_key)) to '${dimension}' (format csv, header false)`,
  ]);
  await pool.query(
    'create unlogged table plain_reading (meter_key integer, interval_start_s integer, interval_minutes smallint, wh integer, decivolt integer, quality smallint)',
  );
  await pool.query(
    'create table plain_meter (meter_key integer primary key, transformer_key integer, feeder_key integer, substation_key integer, rated_kva float8)',
  );
  await pool.query(`copy plain_reading from '${csv}' (format csv)`);
  await pool.query(`copy plain_meter from '${dimension}' (format csv)`);
  await pool.query('create index plain_time on plain_reading using brin (interval_start_s)');
  await pool.query('vacuum analyze plain_reading');
  await pool.query('analyze plain_meter');
  const { rows } = await pool.query<{ bytes: string }>("select pg_total_relation_size('plain_reading') as bytes");
  return Number(rows[0].bytes);
}

const hour = 'interval_start_s - interval_start_s % 3600';

export interface PlainSpan {
  fromS: number;
  toS: number;
  key: number | null;
}

export const plainQuestions: Record<string, (span: PlainSpan) => string> = {
  system_load_by_hour: ({ fromS, toS }) =>
    `select ${hour} as time_s, sum(wh) as wh from plain_reading join plain_meter using (meter_key)
     where interval_start_s >= ${fromS} and interval_start_s < ${toS} and substation_key >= 0 group by 1 order by 1`,
  feeder_load_by_hour: ({ fromS, toS, key }) =>
    `select ${hour} as time_s, sum(wh) as wh from plain_reading join plain_meter using (meter_key)
     where interval_start_s >= ${fromS} and interval_start_s < ${toS} and feeder_key = ${key} group by 1 order by 1`,
  meter_year_by_day: ({ fromS, toS, key }) =>
    `select sum(wh) as wh, count(*) as readings from plain_reading
     where interval_start_s >= ${fromS} and interval_start_s < ${toS} and meter_key = ${key}`,
  top_transformers_by_overload_hours: ({ fromS, toS }) =>
    `with hours as (select transformer_key, ${hour} as hour_s, sum(wh) as wh, max(rated_kva) as rated_kva
       from plain_reading join plain_meter using (meter_key)
       where interval_start_s >= ${fromS} and interval_start_s < ${toS} and transformer_key >= 0 group by 1, 2)
     select transformer_key, count(*) as overload_hours from hours where rated_kva > 0 and wh > rated_kva * 950
     group by 1 order by 2 desc, 1 limit 50`,
};
