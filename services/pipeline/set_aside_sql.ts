import type { SetAsideCount } from '#model/api/pipeline.ts';
import { type NamedQuery, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

export interface SetAsideRow {
  id: number;
  source: string;
  partition: number;
  offset: number | null;
  kind: 'reading' | 'event';
  code: string;
  reason: string;
  content: string;
  received_at: Date;
  state: 'open' | 'resubmitted' | 'dismissed';
  resolved_at: Date | null;
  resolved_by: string | null;
  resolution: string | null;
}

/** What a list or a re-submission is about; what is left out does not filter. */
export interface SetAsideFilter {
  source?: string;
  code?: string;
  state?: string;
  /** part of the record or of the reason, whatever the case */
  text?: string;
}

const columns = `
    refused.set_aside_id as id, refused.source, refused.partition_no as "partition", refused.record_offset as "offset",
    coalesce(position.kind, 'reading') as kind, refused.code, refused.reason, refused.content, refused.received_at, refused.state, refused.resolved_at,
    refused.resolved_by, refused.resolution`;
const from = `
    from set_aside as refused
    left join stream_position as position using (source, partition_no)`;
const where = `
    ($1::text is null or refused.source = $1)
      and ($2::text is null or refused.code = $2)
      and ($3::text is null or refused.state = $3)
      and ($4::text is null or refused.content ilike $4 or refused.reason ilike $4)`;

const valuesOf = ({ source, code, state, text }: SetAsideFilter): unknown[] => [
  source ?? null,
  code ?? null,
  state ?? null,
  text ? `%${text.replaceAll(/[\\%_]/g, '\\$&')}%` : null,
];

const newest: NamedQuery = {
  name: 'set_aside_newest',
  text: `
    select ${columns} ${from}
    where ${where} and ($5::bigint is null or refused.set_aside_id < $5)
    order by refused.set_aside_id desc
    limit $6`,
};
/** Home: operational store. Refused records, newest first, paged by id. */
export const setAsideRecords = (on: Queryable, filter: SetAsideFilter, beforeId: number | null, limit: number) =>
  rowsOf<SetAsideRow>(on, newest, [...valuesOf(filter), beforeId, limit]);

const oldestOpen: NamedQuery = {
  name: 'set_aside_open_after',
  text: `
    select ${columns} ${from}
    where ${where} and refused.set_aside_id > $5 and refused.set_aside_id <= $6
    order by refused.set_aside_id
    limit $7`,
};
/** Open records with ids in (after, upTo], oldest first. */
export const openRecords = (on: Queryable, filter: SetAsideFilter, after: number, upTo: number, limit: number) =>
  rowsOf<SetAsideRow>(on, oldestOpen, [...valuesOf({ ...filter, state: 'open' }), after, upTo, limit]);

const byId: NamedQuery = {
  name: 'set_aside_by_id',
  text: `select ${columns} ${from} where refused.set_aside_id = $1`,
};
export const setAsideById = async (on: Queryable, id: number) => (await rowsOf<SetAsideRow>(on, byId, [id]))[0];

const newestId: NamedQuery = {
  name: 'set_aside_newest_id',
  text: 'select coalesce(max(refused.set_aside_id), 0) as id from set_aside as refused',
};
export const newestSetAsideId = async (on: Queryable) => (await rowsOf<{ id: number }>(on, newestId))[0].id;

const counts: NamedQuery = {
  name: 'set_aside_counts',
  text: `
    select refused.source, refused.code, refused.state, count(*)::int as count
    from set_aside as refused
    group by refused.source, refused.code, refused.state
    order by refused.source, refused.code, refused.state`,
};
export const setAsideCounts = (on: Queryable) => rowsOf<SetAsideCount>(on, counts);

const settle: NamedQuery = {
  name: 'set_aside_settle',
  text: `
    update set_aside as refused
    set state = $3, resolved_at = now(), resolved_by = $4, resolution = given.resolution
    from unnest($1::bigint[], $2::text[]) as given (id, resolution)
    where refused.set_aside_id = given.id and refused.state = 'open'
    returning refused.set_aside_id as id`,
};
/** Closes open records, each with what became of it. @returns those that were open, and are not any more */
export const settleRecords = async (
  on: Queryable,
  ids: number[],
  resolutions: string[],
  state: 'resubmitted' | 'dismissed',
  by: string,
): Promise<number[]> => (await rowsOf<{ id: number }>(on, settle, [ids, resolutions, state, by])).map((row) => row.id);
