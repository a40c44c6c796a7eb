/** Windows of planned work that have begun, as their owner publishes them. */
import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';
import type { MeterSpan } from './cohorts.ts';
import { type CountedElsewhere, plannedPieces, plannedSteps } from './planned.ts';
import type { OutageSteps } from './sql.ts';

// Whole milliseconds: sums of parts are compared with the whole, and kept as whole numbers.
const windows: NamedQuery = {
  name: 'reliability_windows',
  text: `
    with begun as (
      select planned.*
      from planned_window_counted as planned
      where planned.id = any($1) and planned.from_at <= $3
    )
    select begun.id, coalesce(begun.equipment_key, -1) as "deviceKey", cardinality(begun.meter_keys) as customers,
           floor(extract(epoch from begun.began_at) * 1000)::float8 as "fromMs",
           floor(extract(epoch from begun.ends_at) * 1000)::float8 as "toMs", (begun.began_at at time zone $2)::date::text as day,
           coalesce(equipment.feeder_key, fed.feeder_key) as "feederKey"
    from begun
    left join equipment on equipment.equipment_key = begun.equipment_key
    -- single meters: of one feeder, or of none in particular
    cross join lateral (
      select case when count(distinct node.feeder_key) = 1 then min(node.feeder_key) else -1 end as feeder_key
      from unnest(begun.meter_keys) as named (meter_key)
      join meter on meter.meter_key = named.meter_key
      join connectivity_node as node on node.node_key = meter.node_key
      where begun.equipment_key is null
    ) as fed
    order by begun.planned_no`,
};

// An outage of who is still dark after a window begins at its end, though the meter went dark in it.
const elsewhere: NamedQuery = {
  name: 'reliability_windows_counted_elsewhere',
  text: `
    with asked as materialized (
      select planned.id, planned.planned_no, planned.from_at, planned.ends_at, planned.meter_keys
      from planned_window_counted as planned
      where planned.id = any($1) and planned.from_at <= $2
    ),
    named as (
      select asked.id, asked.planned_no, asked.from_at, asked.ends_at, member.meter_key
      from asked
      cross join unnest(asked.meter_keys) as member (meter_key)
    ),
    near as (
      select planned.planned_no, planned.from_at, planned.ends_at, member.meter_key
      from (select min(asked.from_at) as from_at, max(asked.ends_at) as ends_at from asked) as bounds
      join planned_window_counted as planned
        on planned.from_at <= $2 and planned.from_at < bounds.ends_at and planned.ends_at > bounds.from_at
      cross join unnest(planned.meter_keys) as member (meter_key)
    ),
    -- by meter, not window by window: thousands of windows overlap in time, few of them share a meter
    shared as materialized (
      select distinct named.id, named.meter_key, near.planned_no
      from named
      join near on near.meter_key = named.meter_key and near.planned_no < named.planned_no
        and near.from_at < named.ends_at and near.ends_at > named.from_at
    ),
    -- when a window began is read from its meters' messages: of those alone that count
    begun as materialized (
      select planned.planned_no, planned.began_at, planned.ends_at
      from planned_window_counted as planned
      where planned.planned_no in (select shared.planned_no from shared)
    ),
    counted as (
      select named.id, named.meter_key, greatest(span.from_at, outage.started_at) as from_at, span.to_at
      from named
      join meter_outage_span as span on span.meter_key = named.meter_key and span.from_at < named.ends_at
        and (span.to_at is null or span.to_at > named.from_at)
      join outage_counted as outage on outage.id = span.outage_id
      union all
      select shared.id, shared.meter_key, begun.began_at, begun.ends_at
      from shared
      join begun on begun.planned_no = shared.planned_no
    )
    select counted.id, counted.meter_key as "meterKey", floor(extract(epoch from counted.from_at) * 1000)::float8 as "fromMs",
           floor(extract(epoch from counted.to_at) * 1000)::float8 as "toMs"
    from counted`,
};

interface WindowRow {
  id: string;
  deviceKey: number;
  customers: number;
  fromMs: number;
  toMs: number;
  day: string;
  feederKey: number;
}

const isWindow = (id: string): boolean => id.startsWith('PLN-');

/** Those of the ids that are windows and have begun, with their steps as an outage has them. */
export async function windowsWithSteps(
  on: Queryable,
  ids: readonly string[],
  zone: string,
  nowMs: number,
): Promise<OutageSteps[]> {
  const named = ids.filter(isWindow);
  if (named.length === 0) return [];
  const now = new Date(nowMs);
  const rows = await rowsOf<WindowRow>(on, windows, [named, zone, now]);
  const others = new Map<string, CountedElsewhere[]>(rows.map(({ id }) => [id, []]));
  for (const { id, ...span } of await rowsOf<CountedElsewhere & { id: string }>(on, elsewhere, [named, now]))
    others.get(id)?.push(span);
  return rows.map((row) => ({
    ...{ id: row.id, deviceKey: row.deviceKey, feederKey: row.feederKey, day: row.day, startedMs: row.fromMs },
    isOpen: row.toMs > nowMs,
    cause: 'planned work',
    planned: true,
    nestedIn: null,
    steps: plannedSteps(row, others.get(row.id)!, nowMs),
  }));
}

const keysOf: NamedQuery = {
  name: 'reliability_window_meters',
  text: 'select planned.meter_keys as keys from planned_window_counted as planned where planned.id = $1',
};
/** The meters of a window that has begun, and when each counts by it. */
export async function windowMeters(on: Queryable, id: string, nowMs: number): Promise<MeterSpan[]> {
  const now = new Date(nowMs);
  // the zone only names the day
  const [window] = await rowsOf<WindowRow>(on, windows, [[id], 'UTC', now]);
  const named = await oneRow<{ keys: number[] }>(on, keysOf, [id]);
  if (!window || !named) return [];
  return plannedPieces(window, named.keys, await rowsOf<CountedElsewhere>(on, elsewhere, [[id], now]), nowMs);
}

const unkept: NamedQuery = {
  name: 'reliability_windows_unkept',
  text: `
    select planned.id
    from planned_window_counted as planned
    where planned.from_at <= $1 and (planned.ends_at > $1) = $2
      and ($2 or not exists (select from reliability_interruption as kept where kept.id = planned.id))
    order by planned.planned_no
    limit $3`,
};
/** Windows that last, or (`lasting` false) that are over and have no row yet: no one writes when time passes. */
export const windowsUnkept = async (on: Queryable, nowMs: number, lasting: boolean, limit = 1_000_000) =>
  (await rowsOf<{ id: string }>(on, unkept, [new Date(nowMs), lasting, limit])).map(({ id }) => id);

const touched: NamedQuery = {
  name: 'reliability_windows_touched',
  text: `
    with span as (
      select span.meter_key, span.from_at from meter_outage_span as span where span.outage_id = any($1)
    ),
    changed as (
      select planned.planned_no, planned.from_at from planned_window_counted as planned where planned.id = any($1)
    ),
    named as (
      select planned.id, planned.planned_no, planned.ends_at, member.meter_key
      from planned_window_counted as planned
      cross join unnest(planned.meter_keys) as member (meter_key)
      where planned.from_at <= $2 and planned.ends_at > (select min(span.from_at) from span)
    )
    select named.id from named join span on span.meter_key = named.meter_key and span.from_at < named.ends_at
    union
    -- entered later and near in time (a window lasts 31 days at most): cheaper made anew than compared meter by meter
    select planned.id
    from planned_window_counted as planned
    join changed on changed.planned_no < planned.planned_no and changed.from_at < planned.ends_at
      and changed.from_at + interval '31 days' > planned.from_at
    where planned.from_at <= $2`,
};
/** Windows some of whose customers are, or were, counted by these outages or earlier windows. */
export const windowsTouchedBy = async (on: Queryable, ids: readonly string[], nowMs: number): Promise<string[]> =>
  ids.length === 0 ? [] : (await rowsOf<{ id: string }>(on, touched, [ids, new Date(nowMs)])).map(({ id }) => id);

const begunAnew: NamedQuery = {
  name: 'reliability_windows_begun_anew',
  text: `
    with dark as (
      select event.meter_key, event.event_time
      from meter_event as event
      where event.event_id > $1 and event.event_id <= $2 and event.event_type in (0, 7)
    ),
    named as (
      select planned.id, planned.from_at, planned.ends_at, member.meter_key
      from planned_window_counted as planned
      cross join unnest(planned.meter_keys) as member (meter_key)
      where planned.from_at <= (select max(dark.event_time) from dark)
        and planned.ends_at > (select min(dark.event_time) from dark)
    )
    insert into reliability_due (outage_id)
    select distinct named.id
    from named
    join dark on dark.meter_key = named.meter_key and dark.event_time >= named.from_at and dark.event_time < named.ends_at`,
};
/** A message of (after, upTo] that says dark may date the begin of its window otherwise. */
export const dueByMessages = (on: Queryable, after: number, upTo: number) => rowsOf(on, begunAnew, [after, upTo]);
