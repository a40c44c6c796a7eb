/** What the indices are made of: sums over interruptions that are over, and the outages that are counted when asked. */
import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';
import type { StepSpan } from './cohorts.ts';

/** One interruption as it is kept. Days are local dates, times UTC epoch milliseconds. */
export interface InterruptionRow {
  id: string;
  origin: 'outage' | 'planned' | 'history';
  day: string;
  startedMs: number;
  endedMs: number;
  feederKey: number;
  deviceKey: number;
  device: string | null;
  cause: string | null;
  planned: boolean;
  customersInterrupted: number;
  customerMs: number;
  momentaryCustomers: number;
  /** the outage whose interruption of customers goes on in this one: those are counted there, their minutes here and there */
  continues: string | null;
  sourceFile: string | null;
  sourceLine: number | null;
}

export const interruptionColumns = `
    kept.id, kept.origin, kept.day::text as day, (extract(epoch from kept.started_at) * 1000)::float8 as "startedMs",
    (extract(epoch from kept.ended_at) * 1000)::float8 as "endedMs", kept.feeder_key as "feederKey",
    kept.device_key as "deviceKey", kept.device, kept.cause, kept.planned, kept.customers_interrupted as "customersInterrupted",
    kept.customer_ms as "customerMs", kept.momentary_customers as "momentaryCustomers", kept.continues,
    kept.source_file as "sourceFile", kept.source_line as "sourceLine"`;

/** An outage that counts, with its steps in order. */
export interface OutageSteps {
  id: string;
  deviceKey: number;
  feederKey: number;
  startedMs: number;
  isOpen: boolean;
  cause: string | null;
  planned: boolean;
  /** the outage this one is left over from */
  nestedIn: string | null;
  day: string;
  steps: StepSpan[];
}

const outageSteps: NamedQuery = {
  name: 'reliability_outage_steps',
  text: `
    select outage.id, outage.device_key as "deviceKey", outage.feeder_key as "feederKey",
           (extract(epoch from outage.started_at) * 1000)::float8 as "startedMs", outage.is_open as "isOpen", outage.cause,
           outage.planned, outage.nested_in as "nestedIn", (outage.started_at at time zone $2)::date::text as day,
           coalesce(jsonb_agg(jsonb_build_object(
             'stepNo', step.step_no, 'fromMs', (extract(epoch from step.from_at) * 1000)::bigint,
             'toMs', (extract(epoch from step.to_at) * 1000)::bigint, 'customersOut', step.customers_out)
             order by step.step_no) filter (where step.step_no is not null), '[]') as steps
    from outage_counted as outage
    left join outage_step_counted as step on step.outage_id = outage.id
    where outage.id = any($1)
    group by outage.id, outage.device_key, outage.feeder_key, outage.started_at, outage.is_open, outage.cause, outage.planned,
             outage.nested_in`,
};
export const outagesWithSteps = (on: Queryable, ids: readonly string[], zone: string): Promise<OutageSteps[]> =>
  ids.length === 0 ? Promise.resolve([]) : rowsOf<OutageSteps>(on, outageSteps, [ids, zone]);

const families: NamedQuery = {
  name: 'reliability_families',
  text: `
    with recursive family as (
      select given.id from unnest($1::text[]) as given (id)
      union
      select kin.id
      from family
      cross join lateral (
        select child.nested_in as id from outage_counted as child where child.id = family.id and child.nested_in is not null
        union all
        select child.id from outage_counted as child where child.nested_in = family.id
      ) as kin
    )
    select family.id from family`,
};
/** These, what they are left over from, and what is left over from them. */
export const withTheirFamilies = async (on: Queryable, ids: readonly string[]): Promise<string[]> =>
  ids.length === 0 ? [] : (await rowsOf<{ id: string }>(on, families, [ids])).map(({ id }) => id);

const unsettled: NamedQuery = {
  name: 'reliability_unsettled',
  text: `
    select due.outage_id as id from reliability_due as due
    union
    select outage.id from outage_counted as outage
    where outage.is_open
      and exists (select from outage_step_counted as step where step.outage_id = outage.id and step.to_at is null)`,
};
/** Outages whose kept row does not tell all: changed since, or not over; their families may count otherwise with them. */
export const unsettledOutages = async (on: Queryable): Promise<string[]> =>
  withTheirFamilies(
    on,
    (await rowsOf<{ id: string }>(on, unsettled)).map(({ id }) => id),
  );

const keptByIds: NamedQuery = {
  name: 'reliability_kept_by_ids',
  text: `select ${interruptionColumns} from reliability_interruption as kept where kept.id = any($1)`,
};
export const keptRows = (on: Queryable, ids: readonly string[]): Promise<InterruptionRow[]> =>
  ids.length === 0 ? Promise.resolve([]) : rowsOf<InterruptionRow>(on, keptByIds, [ids]);

/** Sums of kept rows; `major` says whether their day is among the given ones. */
export interface SumRow {
  key: number;
  planned: boolean;
  major: boolean;
  interruptions: number;
  customersInterrupted: number;
  customerMs: number;
  momentaryCustomers: number;
}

const sumsBy = (name: string, key: string): NamedQuery => ({
  name,
  text: `
    select ${key} as key, kept.planned, kept.day = any($3::date[]) as major, count(*)::int as interruptions,
           sum(kept.customers_interrupted)::bigint as "customersInterrupted", sum(kept.customer_ms)::bigint as "customerMs",
           sum(kept.momentary_customers)::bigint as "momentaryCustomers"
    from reliability_interruption as kept
    where kept.day >= $1 and kept.day < $2
    group by 1, 2, 3`,
});
const sumsByFeeder = sumsBy('reliability_sums_by_feeder', 'kept.feeder_key');
const sumsByDevice = sumsBy('reliability_sums_by_device', 'kept.device_key');
/** Home: operational store. Days [from, to), `major` among them; -1 is no feeder or device in particular. */
export const keptSums = (
  on: Queryable,
  by: 'feeder' | 'device',
  from: string,
  to: string,
  major: readonly string[],
): Promise<SumRow[]> => rowsOf<SumRow>(on, by === 'feeder' ? sumsByFeeder : sumsByDevice, [from, to, major]);

const momentarySums: NamedQuery = {
  name: 'reliability_momentary_sums',
  text: `
    select momentary.feeder_key as key, momentary.day = any($3::date[]) as major, count(*)::int as customers
    from reliability_momentary as momentary
    where momentary.day >= $1 and momentary.day < $2 and not momentary.in_outage
    group by 1, 2`,
};
/** Customers that blinked by their own messages, outside of outages that count. */
export const momentaryByFeeder = (on: Queryable, from: string, to: string, major: readonly string[]) =>
  rowsOf<{ key: number; major: boolean; customers: number }>(on, momentarySums, [from, to, major]);

export interface DayRow {
  day: string;
  planned: boolean;
  interruptions: number;
  customersInterrupted: number;
  customerMs: number;
  momentaryCustomers: number;
}
const sumsByDay: NamedQuery = {
  name: 'reliability_sums_by_day',
  text: `
    select kept.day::text as day, kept.planned, count(*)::int as interruptions,
           sum(kept.customers_interrupted)::bigint as "customersInterrupted", sum(kept.customer_ms)::bigint as "customerMs",
           sum(kept.momentary_customers)::bigint as "momentaryCustomers"
    from reliability_interruption as kept
    where kept.day >= $1 and kept.day < $2 and kept.feeder_key = any($3)
    group by 1, 2`,
};
const summedDays: NamedQuery = {
  name: 'reliability_summed_days',
  text: `
    select summed.day::text as day, summed.planned, summed.interruptions, summed.customers_interrupted as "customersInterrupted",
           summed.customer_ms as "customerMs", summed.momentary_customers as "momentaryCustomers"
    from reliability_day as summed
    where summed.day >= $1 and summed.day < $2`,
};
/** Home: operational store. Sums of each local day of [from, to); feeders null = all, which are summed already. */
export const keptDays = (on: Queryable, from: string, to: string, feeders: readonly number[] | null) =>
  feeders === null ? rowsOf<DayRow>(on, summedDays, [from, to]) : rowsOf<DayRow>(on, sumsByDay, [from, to, feeders]);

const momentaryDays: NamedQuery = {
  name: 'reliability_momentary_days',
  text: `
    select momentary.day::text as day, count(*)::int as customers
    from reliability_momentary as momentary
    where momentary.day >= $1 and momentary.day < $2 and not momentary.in_outage
      and ($3::int[] is null or momentary.feeder_key = any($3))
    group by 1`,
};
export const momentaryByDay = (on: Queryable, from: string, to: string, feeders: readonly number[] | null) =>
  rowsOf<{ day: string; customers: number }>(on, momentaryDays, [from, to, feeders]);

const sumsByCause: NamedQuery = {
  name: 'reliability_sums_by_cause',
  text: `
    select kept.cause, kept.planned, count(*)::int as interruptions, sum(kept.customers_interrupted)::bigint as "customersInterrupted",
           sum(kept.customer_ms)::bigint as "customerMs"
    from reliability_interruption as kept
    where kept.day >= $1 and kept.day < $2 and ($3::int[] is null or kept.feeder_key = any($3))
      and not kept.day = any($4::date[])
    group by 1, 2`,
};
export interface CauseRow {
  cause: string | null;
  planned: boolean;
  interruptions: number;
  customersInterrupted: number;
  customerMs: number;
}
export const keptCauses = (
  on: Queryable,
  from: string,
  to: string,
  feeders: readonly number[] | null,
  without: readonly string[],
) => rowsOf<CauseRow>(on, sumsByCause, [from, to, feeders, without]);

const known: NamedQuery = {
  name: 'reliability_known',
  text: `
    select min(kept.day)::text as since, count(*) filter (where kept.origin = 'outage')::int as own,
           count(*) filter (where kept.origin = 'history')::int as declared,
           min(kept.day) filter (where kept.origin = 'history')::text as "declaredFrom",
           max(kept.day) filter (where kept.origin = 'history')::text as "declaredTo"
    from reliability_interruption as kept`,
};
export interface Known {
  since: string | null;
  own: number;
  declared: number;
  declaredFrom: string | null;
  declaredTo: string | null;
}
export const whatIsKnown = async (on: Queryable): Promise<Known> => (await oneRow<Known>(on, known))!;

const spanOfDays: NamedQuery = {
  name: 'reliability_span_of_days',
  text: `
    select (extract(epoch from ($1::date)::timestamp at time zone $3) * 1000)::float8 as "fromMs",
           (extract(epoch from ($2::date)::timestamp at time zone $3) * 1000)::float8 as "toMs"`,
};
/** The moments local days begin: a day is 23 or 25 hours long where clocks change. */
export const momentsOfDays = async (on: Queryable, from: string, to: string, zone: string) =>
  (await oneRow<{ fromMs: number; toMs: number }>(on, spanOfDays, [from, to, zone]))!;
