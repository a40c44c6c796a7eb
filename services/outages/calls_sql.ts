import type { CallKind } from '#model/api/outages.ts';
import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

export interface NewCall {
  id: string;
  /** null: the place is not known as a meter yet */
  meter_key: number | null;
  place: string | null;
  kind: string;
  words: string;
  callback: string | null;
  taken_by: string;
  called_at: string;
}

export interface CallRow {
  call_no: number;
  id: string;
  meter_key: number | null;
  place: string | null;
  kind: string;
  words: string;
  callback: string | null;
  taken_by: string;
  called_at: Date;
  received_at: Date;
  called_back_at: Date | null;
  called_back_by: string | null;
  placed_at: Date | null;
  placed_by: string | null;
  /** the outage the meter was a member of when the call came, or became one since; null: none */
  outage_id: string | null;
  outage_state: string | null;
}

const callInsert: NamedQuery = {
  name: 'trouble_call_insert',
  text: `
    insert into trouble_call (id, meter_key, place, kind, words, callback, taken_by, called_at, placed_no)
    select given.id, given.meter_key, given.place, given.kind, given.words, given.callback, given.taken_by, given.called_at,
           case when given.meter_key is not null then nextval('trouble_call_placed') end
    from rows from (jsonb_to_recordset($1::jsonb) as (
      id text, meter_key int, place text, kind text, words text, callback text, taken_by text, called_at timestamptz))
      with ordinality as given (id, meter_key, place, kind, words, callback, taken_by, called_at, row_no)
    order by given.row_no
    on conflict (id) do nothing
    returning id`,
};
/** Home: operational store. Calls, each once by its id; answers the ids that are new. One writer at a time. */
export const insertCalls = (on: Queryable, calls: NewCall[]) =>
  rowsOf<{ id: string }>(on, callInsert, [JSON.stringify(calls)]);

export interface StoredCall {
  placed_no: number;
  id: string;
  meter_key: number;
  kind: CallKind;
  called_ms: number;
  received_ms: number;
}
const callsNewer: NamedQuery = {
  name: 'trouble_call_after',
  text: `
    select call.placed_no, call.id, call.meter_key, call.kind, (extract(epoch from call.called_at) * 1000)::float8 as called_ms,
           (extract(epoch from call.received_at) * 1000)::float8 as received_ms
    from trouble_call as call
    where call.placed_no > $1
    order by call.placed_no
    limit $2`,
};
/** Home: operational store. Calls of known meters whose effect may not be in the outages yet. */
export const callsAfter = (on: Queryable, placedNo: number, limit: number) =>
  rowsOf<StoredCall>(on, callsNewer, [placedNo, limit]);

const columns = `
  call.call_no, call.id, call.meter_key, call.place, call.kind, call.words, call.callback, call.taken_by, call.called_at,
  call.received_at, call.called_back_at, call.called_back_by, call.placed_at, call.placed_by,
  outage.id as outage_id, outage.state as outage_state`;
/** The first outage of the meter that goes on after the call and began an hour after it at most; all others are another story. */
const withOutage = `
  left join lateral (
    select span.outage_id
    from meter_outage_span as span
    join outage as member on member.id = span.outage_id and member.state <> 'rejected' and member.merged_into is null
    where span.meter_key = call.meter_key and (span.to_at is null or span.to_at > call.called_at)
      and member.started_at <= call.called_at + interval '1 hour'
    order by span.from_at
    limit 1
  ) as hit on true
  left join outage on outage.id = hit.outage_id`;

const callsOf: NamedQuery = {
  name: 'trouble_call_of_outage',
  text: `
    select ${columns}
    from meter_outage_span as span
    join trouble_call as call on call.meter_key = span.meter_key and (span.to_at is null or span.to_at > call.called_at)
    join outage on outage.id = span.outage_id
    where span.outage_id = $1 and call.called_at >= outage.started_at - interval '1 hour'
    order by call.called_at desc
    limit $2`,
};
/** Home: operational store. Calls of members of an outage, newest first. */
export const callsOfOutage = (on: Queryable, outageId: string, limit: number) =>
  rowsOf<CallRow>(on, callsOf, [outageId, limit]);

/** Of areas of responsibility, or of no known place. */
const ofAreas = (areas: string): string => `(${areas}::text[] is null or call.meter_key is null or exists (
      select 1
      from meter
      join connectivity_node as node on node.node_key = meter.node_key
      join feeder on feeder.feeder_key = node.feeder_key
      join substation on substation.substation_key = feeder.substation_key
      join area on area.area_key = substation.area_key
      where meter.meter_key = call.meter_key and area.id = any(${areas})))`;

const callsNewest: NamedQuery = {
  name: 'trouble_call_newest',
  text: `
    select ${columns}
    from trouble_call as call
    ${withOutage}
    where ($1::int is null or call.meter_key = $1) and ${ofAreas('$3')}
    order by call.call_no desc
    limit $2`,
};
export const newestCalls = (on: Queryable, meterKey: number | null, limit: number, areas: readonly string[] | null) =>
  rowsOf<CallRow>(on, callsNewest, [meterKey, limit, areas]);

const callsUnplaced: NamedQuery = {
  name: 'trouble_call_unplaced',
  text: `
    select ${columns}
    from trouble_call as call
    ${withOutage}
    where call.meter_key is null
    order by call.call_no
    limit $1`,
};
export const unplacedCalls = (on: Queryable, limit: number) => rowsOf<CallRow>(on, callsUnplaced, [limit]);

const callbacksDue: NamedQuery = {
  name: 'trouble_call_callback_due',
  text: `
    select ${columns}
    from trouble_call as call
    ${withOutage}
    where call.callback is not null and call.called_back_at is null and outage.restored_at is not null
      and ${ofAreas('$2')}
    order by outage.restored_at, call.call_no
    limit $1`,
};
/** Home: operational store. Who asked to be called back, and has power again as far as is known. */
export const callbacks = (on: Queryable, limit: number, areas: readonly string[] | null) =>
  rowsOf<CallRow>(on, callbacksDue, [limit, areas]);

const callById: NamedQuery = {
  name: 'trouble_call_by_id',
  text: `select ${columns} from trouble_call as call ${withOutage} where call.id = $1`,
};
export const findCall = (on: Queryable, id: string) => oneRow<CallRow>(on, callById, [id]);

const callsById: NamedQuery = {
  name: 'trouble_call_by_ids',
  text: `select ${columns} from trouble_call as call ${withOutage} where call.id = any($1)`,
};
export const findCalls = (on: Queryable, ids: readonly string[]) => rowsOf<CallRow>(on, callsById, [ids]);

const callBack: NamedQuery = {
  name: 'trouble_call_called_back',
  text: `
    update trouble_call set called_back_at = now(), called_back_by = $2
    where id = $1 and called_back_at is null
    returning id`,
};
export const setCalledBack = (on: Queryable, id: string, by: string) => oneRow<{ id: string }>(on, callBack, [id, by]);

const callPlace: NamedQuery = {
  name: 'trouble_call_place',
  text: `
    update trouble_call set meter_key = $2, placed_no = nextval('trouble_call_placed'), placed_at = now(), placed_by = $3
    where id = $1 and meter_key is null
    returning id`,
};
export const setPlace = (on: Queryable, id: string, meterKey: number, by: string) =>
  oneRow<{ id: string }>(on, callPlace, [id, meterKey, by]);
