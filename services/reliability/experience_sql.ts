/** What single customers went through, by the meters' own record; and the record of one interruption. */
import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';
import { type InterruptionRow, interruptionColumns } from './sql.ts';

// A nested outage's meters went dark in the one it is left over from: their stay goes on in it, no moment and no interruption
// counts twice.
const experience: NamedQuery = {
  name: 'reliability_experience',
  text: `
    with counted as (
      select kept.id, kept.started_at, kept.continues is not null as is_nested
      from reliability_interruption as kept
      where kept.day >= $1 and kept.day < $2 and kept.origin = 'outage' and not kept.planned
        and ($3::int[] is null or kept.feeder_key = any($3)) and not kept.day = any($4::date[]) and not kept.id = any($5)
      union all
      select outage.id, outage.started_at, outage.nested_in is not null from outage_counted as outage where outage.id = any($6)
    ),
    part as (
      select span.meter_key, greatest(span.from_at, counted.started_at) as from_at, coalesce(span.to_at, $7::timestamptz) as to_at,
             counted.is_nested and span.from_at < counted.started_at as is_left_over
      from counted
      join meter_outage_span as span on span.outage_id = counted.id
    ),
    after_others as (
      select part.*, max(part.to_at) over (partition by part.meter_key order by part.from_at, part.to_at
                                           rows between unbounded preceding and 1 preceding) as out_to
      from part
    ),
    numbered as (
      select after_others.*,
             -- the steps of the outage before may end a little before its restoration
             count(*) filter (where not coalesce(
                 after_others.is_left_over and after_others.from_at <= after_others.out_to + interval '5 minutes', false))
               over (partition by after_others.meter_key order by after_others.from_at, after_others.to_at
                     rows unbounded preceding) as stay_no
      from after_others
    ),
    stay as (
      select numbered.meter_key, sum(extract(epoch from numbered.to_at - numbered.from_at)) as seconds
      from numbered
      where numbered.to_at > numbered.from_at
      group by numbered.meter_key, numbered.stay_no
      having sum(extract(epoch from numbered.to_at - numbered.from_at)) > 300
    ),
    customer as (
      select stay.meter_key, count(*)::int as times, sum(stay.seconds) as seconds from stay group by stay.meter_key
    )
    select customer.times, floor(customer.seconds / 3600)::int as hours, count(*)::int as customers
    from customer
    group by 1, 2`,
};
export interface ExperienceFilter {
  from: string;
  to: string;
  feeders: readonly number[] | null;
  /** days left out */
  without: readonly string[];
  /** kept rows that do not count, and outages that do in their place */
  except: readonly string[];
  live: readonly string[];
  now: Date;
}
/** Home: operational store. Customers by how often and how many whole hours they were without supply, unplanned. */
export const customersByExperience = (on: Queryable, filter: ExperienceFilter) =>
  rowsOf<{ times: number; hours: number; customers: number }>(on, experience, [
    filter.from,
    filter.to,
    filter.feeders,
    filter.without,
    filter.except,
    filter.live,
    filter.now,
  ]);

const kept: NamedQuery = {
  name: 'reliability_list',
  text: `
    select ${interruptionColumns}
    from reliability_interruption as kept
    where kept.day >= $1 and kept.day < $2 and ($3::int[] is null or kept.feeder_key = any($3))
      and ($4::int is null or kept.device_key = $4) and ($5::boolean is null or kept.planned = $5)
      and ($6::boolean is null or (kept.day = any($7::date[])) = $6) and not kept.id = any($8)
      and ($9::text is null or kept.origin = $9)
    order by kept.customer_ms desc, kept.id
    limit $10`,
};
const rest: NamedQuery = {
  name: 'reliability_list_sums',
  text: `
    select count(*)::int as interruptions, coalesce(sum(kept.customers_interrupted), 0)::bigint as "customersInterrupted",
           coalesce(sum(kept.customer_ms), 0)::bigint as "customerMs",
           coalesce(sum(kept.momentary_customers), 0)::bigint as "momentaryCustomers"
    from reliability_interruption as kept
    where kept.day >= $1 and kept.day < $2 and ($3::int[] is null or kept.feeder_key = any($3))
      and ($4::int is null or kept.device_key = $4) and ($5::boolean is null or kept.planned = $5)
      and ($6::boolean is null or (kept.day = any($7::date[])) = $6) and not kept.id = any($8)
      and ($9::text is null or kept.origin = $9)`,
};
export interface ListFilter {
  from: string;
  to: string;
  feeders: readonly number[] | null;
  device: number | null;
  planned: boolean | null;
  /** true: only on major event days; false: none of them */
  isMajor: boolean | null;
  majorDays: readonly string[];
  /** left out: they are counted live */
  except: readonly string[];
  origin: 'outage' | 'history' | null;
}
const valuesOf = (filter: ListFilter): unknown[] => [
  filter.from,
  filter.to,
  filter.feeders,
  filter.device,
  filter.planned,
  filter.isMajor,
  filter.majorDays,
  filter.except,
  filter.origin,
];
/** Kept interruptions, those with most customer-minutes first. */
export const keptInterruptions = (on: Queryable, filter: ListFilter, limit: number) =>
  rowsOf<InterruptionRow>(on, kept, [...valuesOf(filter), limit]);
export const keptInterruptionSums = async (on: Queryable, filter: ListFilter) =>
  (await oneRow<{
    interruptions: number;
    customersInterrupted: number;
    customerMs: number;
    momentaryCustomers: number;
  }>(on, rest, valuesOf(filter)))!;

const spans: NamedQuery = {
  name: 'reliability_meter_spans',
  text: `
    select span.meter_key as "meterKey", (extract(epoch from span.from_at) * 1000)::float8 as "fromMs",
           (extract(epoch from span.to_at) * 1000)::float8 as "toMs"
    from meter_outage_span_counted as span
    where span.outage_id = $1
    order by span.meter_key`,
};
export const meterSpansOf = (on: Queryable, outageId: string) =>
  rowsOf<{ meterKey: number; fromMs: number; toMs: number | null }>(on, spans, [outageId]);

const events: NamedQuery = {
  name: 'reliability_meter_events',
  text: `
    select event.event_id as "eventId", event.event_time as at, event.event_type as type, event.source,
           event.received_at as "receivedAt"
    from meter_event as event
    where event.meter_key = $1 and event.event_time >= to_timestamp($2) and event.event_time <= to_timestamp($3)
    order by event.event_time, event.event_id
    limit 500`,
};
export const meterEventsOf = (on: Queryable, meterKey: number, fromS: number, toS: number) =>
  rowsOf<{ eventId: number; at: Date; type: number; source: string; receivedAt: Date }>(on, events, [
    meterKey,
    fromS,
    toS,
  ]);

const measured: NamedQuery = {
  name: 'reliability_measured',
  text: `
    select span.outage_id as id,
           (count(*) filter (where outage.nested_in is null or span.from_at >= outage.started_at))::int as customers,
           sum(extract(epoch from greatest(coalesce(span.to_at, $2) - greatest(span.from_at, outage.started_at), interval '0')) / 60)::float8
             as minutes
    from meter_outage_span as span
    join outage_counted as outage on outage.id = span.outage_id
    -- who is left over has been dark since before
    where span.outage_id = any($1)
      and coalesce(span.to_at, $2) - case when outage.nested_in is null then greatest(span.from_at, outage.started_at) else span.from_at end
        > interval '5 minutes'
    group by span.outage_id`,
};
/** Sustained stays of the meters of some outages, up to now where they last. */
export const measuredOf = (on: Queryable, ids: readonly string[], now: Date) =>
  rowsOf<{ id: string; customers: number; minutes: number }>(on, measured, [ids, now]);

const differing: NamedQuery = {
  name: 'reliability_differing',
  text: `
    with counted as (
      select kept.*
      from reliability_interruption as kept
      where kept.day >= $1 and kept.day < $2 and kept.origin = 'outage' and ($3::int[] is null or kept.feeder_key = any($3))
        and not kept.id = any($4)
    ),
    measured as (
      select span.outage_id,
             (count(*) filter (where counted.continues is null or span.from_at >= counted.started_at))::int as customers,
             sum(extract(epoch from greatest(span.to_at - greatest(span.from_at, counted.started_at), interval '0')) / 60)::float8 as minutes
      from counted
      join meter_outage_span as span on span.outage_id = counted.id
      where span.to_at - case when counted.continues is null then greatest(span.from_at, counted.started_at) else span.from_at end
        > interval '5 minutes'
      group by span.outage_id
    )
    select ${interruptionColumns}, coalesce(measured.customers, 0) as "measuredCustomers",
           coalesce(measured.minutes, 0)::float8 as "measuredMinutes"
    from counted as kept
    left join measured on measured.outage_id = kept.id
    order by abs(kept.customer_ms / 60000.0 - coalesce(measured.minutes, 0)) desc, kept.id
    limit $5`,
};
/** Outages that are over, those first whose steps and meters differ most in customer-minutes. */
export const keptDiffering = (
  on: Queryable,
  { from, to, feeders, except }: Pick<ListFilter, 'from' | 'to' | 'feeders' | 'except'>,
  limit: number,
) =>
  rowsOf<InterruptionRow & { measuredCustomers: number; measuredMinutes: number }>(on, differing, [
    from,
    to,
    feeders,
    except,
    limit,
  ]);

const out: NamedQuery = {
  name: 'reliability_steps_between',
  text: `
    select (extract(epoch from step.from_at) * 1000)::float8 as "fromMs", (extract(epoch from step.to_at) * 1000)::float8 as "toMs",
           step.customers_out as customers
    from outage_step_counted as step
    where step.from_at >= to_timestamp($1) - interval '30 days' and step.from_at < to_timestamp($2)
      and (step.to_at is null or step.to_at > to_timestamp($1)) and step.customers_out > 0`,
};
/** Steps with customers out that touch [from, to), UTC epoch seconds; ones longer than 30 days before it are left out. */
export const stepsBetween = (on: Queryable, fromS: number, toS: number) =>
  rowsOf<{ fromMs: number; toMs: number | null; customers: number }>(on, out, [fromS, toS]);

const crews: NamedQuery = {
  name: 'reliability_crews',
  text: `
    select count(distinct outage.crew)::int as crews, count(*) filter (where outage.crew is not null)::int as outages
    from outage_counted as outage
    where outage.started_at >= to_timestamp($1) and outage.started_at < to_timestamp($2)`,
};
export const crewsBetween = async (on: Queryable, fromS: number, toS: number) =>
  (await oneRow<{ crews: number; outages: number }>(on, crews, [fromS, toS]))!;

const first: NamedQuery = {
  name: 'reliability_first_outage',
  text: `select min(outage.started_at) as at from outage_counted as outage`,
};
export const firstOwnOutage = async (on: Queryable): Promise<Date | null> =>
  (await oneRow<{ at: Date | null }>(on, first))?.at ?? null;
