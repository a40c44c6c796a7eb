/** How the kept interruptions are brought forward: outages that changed, and pairs of meter events. */
import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';
import type { InterruptionRow } from './sql.ts';

const lock: NamedQuery = {
  name: 'reliability_lock',
  text: 'select pg_advisory_xact_lock(7266014)',
};
/** One process brings the kept rows forward at a time; held to the end of the transaction. */
export const lockSummary = (on: Queryable) => rowsOf(on, lock);

const takeDue: NamedQuery = {
  name: 'reliability_take_due',
  text: `
    with taken as (
      delete from reliability_due as due
      where due.due_id in (select oldest.due_id from reliability_due as oldest order by oldest.due_id limit $1)
      returning due.outage_id
    )
    select distinct taken.outage_id as id from taken`,
};
export const takeDueOutages = async (on: Queryable, limit: number): Promise<string[]> =>
  (await rowsOf<{ id: string }>(on, takeDue, [limit])).map(({ id }) => id);

const keep: NamedQuery = {
  name: 'reliability_keep',
  text: `
    insert into reliability_interruption (id, origin, day, started_at, ended_at, feeder_key, device_key, device, cause, planned,
                                          customers_interrupted, customer_ms, momentary_customers, continues, source_file, source_line,
                                          imported_at)
    select given.id, given.origin, given.day, to_timestamp(given."startedMs" / 1000), to_timestamp(given."endedMs" / 1000),
           given."feederKey", given."deviceKey", given.device, given.cause, given.planned, given."customersInterrupted",
           given."customerMs", given."momentaryCustomers", given.continues, given."sourceFile", given."sourceLine",
           case when given.origin = 'history' then now() end
    from jsonb_to_recordset($1::jsonb) as given (
      id text, origin text, day date, "startedMs" float8, "endedMs" float8, "feederKey" int, "deviceKey" int, device text,
      cause text, planned boolean, "customersInterrupted" int, "customerMs" bigint, "momentaryCustomers" int,
      continues text, "sourceFile" text, "sourceLine" int)
    on conflict (id) do update
      set day = excluded.day, started_at = excluded.started_at, ended_at = excluded.ended_at, feeder_key = excluded.feeder_key,
          device_key = excluded.device_key, cause = excluded.cause, planned = excluded.planned,
          customers_interrupted = excluded.customers_interrupted, customer_ms = excluded.customer_ms,
          momentary_customers = excluded.momentary_customers, continues = excluded.continues
      where excluded.origin <> 'history'
    returning (xmax = 0) as added`,
};
/** @returns how many were not there before; a line of history that is there already stays as it is */
export const keepInterruptions = async (on: Queryable, rows: readonly InterruptionRow[]): Promise<number> =>
  rows.length === 0
    ? 0
    : (await rowsOf<{ added: boolean }>(on, keep, [JSON.stringify(rows)])).filter(({ added }) => added).length;

const drop: NamedQuery = {
  name: 'reliability_drop',
  text: "delete from reliability_interruption as kept where kept.id = any($1) and kept.origin <> 'history'",
};
export const dropInterruptions = (on: Queryable, ids: readonly string[]) =>
  ids.length === 0 ? Promise.resolve([]) : rowsOf(on, drop, [ids]);

const daysOfKept: NamedQuery = {
  name: 'reliability_days_of_kept',
  text: 'select distinct kept.day::text as day from reliability_interruption as kept where kept.id = any($1)',
};
export const daysOfInterruptions = async (on: Queryable, ids: readonly string[]): Promise<string[]> =>
  (await rowsOf<{ day: string }>(on, daysOfKept, [ids])).map(({ day }) => day);

const dropDays: NamedQuery = {
  name: 'reliability_drop_days',
  text: 'delete from reliability_day as summed where $1::date[] is null or summed.day = any($1)',
};
const sumDays: NamedQuery = {
  name: 'reliability_sum_days',
  text: `
    insert into reliability_day (day, planned, interruptions, customers_interrupted, customer_ms, momentary_customers)
    select kept.day, kept.planned, count(*), sum(kept.customers_interrupted), sum(kept.customer_ms), sum(kept.momentary_customers)
    from reliability_interruption as kept
    where $1::date[] is null or kept.day = any($1)
    group by kept.day, kept.planned`,
};
/** Sums these days anew; null = all. */
export async function sumDaysAnew(on: Queryable, days: readonly string[] | null): Promise<void> {
  if (days?.length === 0) return;
  await rowsOf(on, dropDays, [days]);
  await rowsOf(on, sumDays, [days]);
}

const mark: NamedQuery = {
  name: 'reliability_mark',
  text: 'select mark.event_id as "eventId", mark.time_zone as zone from reliability_mark as mark',
};
export const summaryMark = async (on: Queryable) => (await oneRow<{ eventId: number; zone: string | null }>(on, mark))!;

const rezone: NamedQuery = {
  name: 'reliability_rezone',
  text: `
    with momentary as (
      update reliability_momentary as momentary set day = (momentary.from_at at time zone $1)::date
      where momentary.day <> (momentary.from_at at time zone $1)::date
    ),
    marked as (update reliability_mark set time_zone = $1),
    -- these have the day of what they continue
    due as (
      insert into reliability_due (outage_id)
      select kept.id from reliability_interruption as kept where kept.continues is not null
    )
    update reliability_interruption as kept set day = (kept.started_at at time zone $1)::date
    where kept.day <> (kept.started_at at time zone $1)::date`,
};
/** The utility's zone is another than the days were counted in. */
export async function countDaysIn(on: Queryable, zone: string): Promise<void> {
  await rowsOf(on, rezone, [zone]);
  await sumDaysAnew(on, null);
}

const eventEnd: NamedQuery = {
  name: 'reliability_event_end',
  text: `
    select coalesce(max(event.event_id), 0) as "eventId", pg_snapshot_xmax(pg_current_snapshot())::text::bigint as xid
    from meter_event as event`,
};
/** The newest event seen, and the first transaction that had not begun: once all before it ended, no older id appears. */
export const newestEvent = async (on: Queryable) => (await oneRow<{ eventId: number; xid: number }>(on, eventEnd))!;

const oldestRunning: NamedQuery = {
  name: 'reliability_oldest_running',
  text: 'select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xid',
};
export const oldestWriter = async (on: Queryable): Promise<number> =>
  (await oneRow<{ xid: number }>(on, oldestRunning))!.xid;

// A pair is found from either side: its two messages come in any order. A lit message ends the newest darkness before it.
const pairEvents: NamedQuery = {
  name: 'reliability_pair_events',
  text: `
    with fresh as (
      select event.meter_key, event.event_time, event.event_type
      from meter_event as event
      where event.event_id > $1 and event.event_id <= $2 and event.event_type in (0, 1)
    ),
    lit as (
      select fresh.meter_key, fresh.event_time as to_at from fresh where fresh.event_type = 1
      union
      select fresh.meter_key, restored.event_time
      from fresh
      cross join lateral (
        select event.event_time from meter_event as event
        where event.meter_key = fresh.meter_key and event.event_type = 1 and event.event_time >= fresh.event_time
          and event.event_time <= fresh.event_time + $4::interval
        order by event.event_time
        limit 1
      ) as restored
      where fresh.event_type = 0
      union
      -- a return that comes late ends what the next return was paired with
      select fresh.meter_key, later.event_time
      from fresh
      cross join lateral (
        select event.event_time from meter_event as event
        where event.meter_key = fresh.meter_key and event.event_type = 1 and event.event_time > fresh.event_time
        order by event.event_time
        limit 1
      ) as later
      where fresh.event_type = 1
    ),
    pair as (
      select lit.meter_key, lit.to_at, min(gasp.event_time) as from_at
      from lit
      join meter_event as gasp
        on gasp.meter_key = lit.meter_key and gasp.event_type = 0 and gasp.event_time <= lit.to_at
      where gasp.event_time > coalesce(
        (select max(before.event_time) from meter_event as before
         where before.meter_key = lit.meter_key and before.event_type = 1 and before.event_time < lit.to_at), '-infinity')
      group by lit.meter_key, lit.to_at
    )
    insert into reliability_momentary as kept (meter_key, to_at, from_at, feeder_key, day, in_outage)
    select pair.meter_key, pair.to_at, pair.from_at, coalesce(node.feeder_key, -1), (pair.from_at at time zone $3)::date,
           exists (
             select from meter_outage_span_counted as span
             where span.meter_key = pair.meter_key and span.from_at <= pair.to_at
               and (span.to_at is null or span.to_at >= pair.from_at))
           or exists (
             select from planned_window_counted as planned
             where planned.from_at <= pair.to_at and planned.ends_at >= pair.from_at and pair.meter_key = any(planned.meter_keys))
    from pair
    left join meter on meter.meter_key = pair.meter_key
    left join connectivity_node as node on node.node_key = meter.node_key
    where pair.to_at - pair.from_at <= $4::interval
    on conflict (meter_key, to_at) do update
      set from_at = excluded.from_at, day = excluded.day, in_outage = excluded.in_outage`,
};
/** Events (after, upTo] paired into momentary interruptions of at most `limit` (an interval). */
export const pairMeterEvents = (on: Queryable, after: number, upTo: number, zone: string, limit: string) =>
  rowsOf(on, pairEvents, [after, upTo, zone, limit]);

const dropLonger: NamedQuery = {
  name: 'reliability_drop_longer',
  text: `
    delete from reliability_momentary as kept
    using meter_event as event
    where event.event_id > $1 and event.event_id <= $2 and event.event_type in (0, 1) and kept.meter_key = event.meter_key
      and (
        -- an older last gasp came late: the darkness was longer
        (event.event_type = 0 and event.event_time < kept.from_at and kept.to_at - event.event_time > $3::interval
         and not exists (
           select from meter_event as between_them
           where between_them.meter_key = kept.meter_key and between_them.event_type = 1
             and between_them.event_time >= event.event_time and between_them.event_time < kept.to_at))
        -- it was back earlier than known: the later message ends nothing
        or (event.event_type = 1 and event.event_time >= kept.from_at and event.event_time < kept.to_at
            and not exists (
              select from meter_event as gasp
              where gasp.meter_key = kept.meter_key and gasp.event_type = 0 and gasp.event_time > event.event_time
                and gasp.event_time <= kept.to_at)))`,
};
/** Pairs that later messages of (after, upTo] prove wrong go. */
export const dropDisproved = (on: Queryable, after: number, upTo: number, limit: string) =>
  rowsOf(on, dropLonger, [after, upTo, limit]);

const markEvents: NamedQuery = {
  name: 'reliability_mark_events',
  text: 'update reliability_mark set event_id = $1',
};
export const markEventsSeen = (on: Queryable, eventId: number) => rowsOf(on, markEvents, [eventId]);

const claimed: NamedQuery = {
  name: 'reliability_momentary_claimed',
  text: `
    with concerned as (
      select momentary.meter_key, momentary.from_at, momentary.to_at
      from meter_outage_span as span
      join outage on outage.id = span.outage_id
      join reliability_momentary as momentary
        on momentary.meter_key = span.meter_key and momentary.to_at >= span.from_at
          and (span.to_at is null or momentary.from_at <= span.to_at)
      where span.outage_id = any($1) and (outage.restored_at is not null or not outage.is_open)
      union
      select momentary.meter_key, momentary.from_at, momentary.to_at
      from planned_window_counted as planned
      join reliability_momentary as momentary
        on momentary.meter_key = any(planned.meter_keys) and momentary.to_at >= planned.from_at
          and momentary.from_at <= planned.ends_at
      where planned.id = any($1)
    ),
    again as (
      select concerned.meter_key, concerned.to_at,
             exists (
               select from meter_outage_span_counted as other
               where other.meter_key = concerned.meter_key and other.from_at <= concerned.to_at
                 and (other.to_at is null or other.to_at >= concerned.from_at))
             or exists (
               select from planned_window_counted as planned
               where planned.from_at <= concerned.to_at and planned.ends_at >= concerned.from_at
                 and concerned.meter_key = any(planned.meter_keys)) as in_outage
      from concerned
    )
    update reliability_momentary as kept
    set in_outage = again.in_outage
    from again
    where kept.meter_key = again.meter_key and kept.to_at = again.to_at and kept.in_outage <> again.in_outage`,
};
/** Whether blinks of their meters are counted by steps may have changed with the outages and windows. */
export const claimMomentary = (on: Queryable, outageIds: readonly string[]) => rowsOf(on, claimed, [outageIds]);
