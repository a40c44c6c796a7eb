import { type NamedQuery, type Pool, rowsOf } from '#stores/postgres/pool.ts';

export interface PositionRow {
  source: string;
  partition_no: number;
  kind: 'reading' | 'event';
  next_offset: number;
  received: number;
  landed: number;
  duplicate: number;
  set_aside: number;
  last_at: Date | null;
}

const positions: NamedQuery = {
  name: 'stream_position_all',
  text: `
    select position.source, position.partition_no, position.kind, position.next_offset, position.received, position.landed,
           position.duplicate, position.set_aside, position.last_at
    from stream_position as position
    order by position.source, position.partition_no`,
};
/** Home: operational store. Every source with its offsets and counts. */
export const streamPositions = (pool: Pool) => rowsOf<PositionRow>(pool, positions);

export interface SetAsideRow {
  id: number;
  source: string;
  code: string;
  reason: string;
  content: string;
  received_at: Date;
}

const setAsideNewest: NamedQuery = {
  name: 'set_aside_newest',
  text: `
    select refused.set_aside_id as id, refused.source, refused.code, refused.reason, refused.content, refused.received_at
    from set_aside as refused
    where $1::bigint is null or refused.set_aside_id < $1
    order by refused.set_aside_id desc
    limit $2`,
};
/** Home: operational store. Refused records, newest first, paged by id. */
export const setAsideRecords = (pool: Pool, beforeId: number | null, limit: number) =>
  rowsOf<SetAsideRow>(pool, setAsideNewest, [beforeId, limit]);
