import { type NamedQuery, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

export interface ModeRow {
  area_id: string;
  is_on: boolean;
  reason: string;
  author: string;
  since: Date;
  expires_at: Date | null;
}

const all: NamedQuery = {
  name: 'storm_mode_all',
  text: `
    select mode.area_id, mode.is_on, mode.reason, mode.author, mode.since, mode.expires_at
    from storm_mode as mode
    order by mode.area_id`,
};
export const stormModes = (on: Queryable) => rowsOf<ModeRow>(on, all);

const upsert: NamedQuery = {
  name: 'storm_mode_set',
  text: `
    with switched as (
      insert into storm_mode (area_id, is_on, reason, author, since, expires_at)
      values ($1, $2, $3, $4, $5, $6)
      on conflict (area_id) do update
        set is_on = excluded.is_on, reason = excluded.reason, author = excluded.author, since = excluded.since,
            expires_at = excluded.expires_at
    )
    insert into storm_mode_log (area_id, is_on, reason, author, at, expires_at)
    values ($1, $2, $3, $4, $5, $6)`,
};
/** Home: operational store. The mode of an area and its entry in the log, in one statement. */
export const setMode = (on: Queryable, row: ModeRow) =>
  rowsOf(on, upsert, [row.area_id, row.is_on, row.reason, row.author, row.since, row.expires_at]);

const log: NamedQuery = {
  name: 'storm_mode_log_newest',
  text: `
    select entry.area_id, entry.is_on as "on", entry.reason, entry.author, entry.at, entry.expires_at
    from storm_mode_log as entry
    where $2::text[] is null or entry.area_id = any($2)
    order by entry.storm_mode_log_id desc
    limit $1`,
};
export interface ModeLogRow {
  area_id: string;
  on: boolean;
  reason: string;
  author: string;
  at: Date;
  expires_at: Date | null;
}
export const modeLog = (on: Queryable, limit: number, areas: readonly string[] | null) =>
  rowsOf<ModeLogRow>(on, log, [limit, areas]);
