import { type MeterEventColumns, makeMeterEventColumns } from '#model/reading.ts';
import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';
import type { AreaRates, MeterRow, OutageRecord } from './engine_records.ts';
import { appendLog } from './log_sql.ts';
import type { LoggedRow, Marks } from './write_loop.ts';

const outageUpsert: NamedQuery = {
  name: 'outage_upsert',
  text: `
    insert into outage (id, outage_no, state, device_key, feeder_key, customers_out, customers_affected, critical_out,
                        started_at, detected_at, restored_at, is_open, source, crew, cause, merged_into, revision, updated_at, record)
    select given.id, given.outage_no, given.state, given.device_key, given.feeder_key, given.customers_out,
           given.customers_affected, given.critical_out, given.started_at, given.detected_at, given.restored_at, given.is_open,
           given.source, given.crew, given.cause, given.merged_into, given.revision, given.updated_at, given.record
    from jsonb_to_recordset($1::jsonb) as given (
      id text, outage_no bigint, state text, device_key int, feeder_key int, customers_out int, customers_affected int,
      critical_out int, started_at timestamptz, detected_at timestamptz, restored_at timestamptz, is_open boolean,
      source text, crew text, cause text, merged_into text, revision int, updated_at timestamptz, record jsonb)
    on conflict (id) do update
      set state = excluded.state, device_key = excluded.device_key, feeder_key = excluded.feeder_key,
          customers_out = excluded.customers_out,
          customers_affected = greatest(outage.customers_affected, excluded.customers_affected),
          critical_out = excluded.critical_out, started_at = excluded.started_at, restored_at = excluded.restored_at,
          is_open = excluded.is_open, crew = excluded.crew, cause = excluded.cause, merged_into = excluded.merged_into,
          revision = excluded.revision, updated_at = excluded.updated_at, record = excluded.record`,
};

const stepUpsert: NamedQuery = {
  name: 'outage_step_upsert',
  text: `
    insert into outage_step (outage_id, step_no, from_at, to_at, customers_out, customer_minutes)
    select given.outage_id, given.step_no, given.from_at, given.to_at, given.customers_out, given.customer_minutes
    from jsonb_to_recordset($1::jsonb) as given (
      outage_id text, step_no int, from_at timestamptz, to_at timestamptz, customers_out int, customer_minutes float8)
    on conflict (outage_id, step_no) do update
      set from_at = excluded.from_at, to_at = excluded.to_at, customers_out = excluded.customers_out,
          customer_minutes = excluded.customer_minutes`,
};

// The engine takes back a running step that nobody is out in: it must not stay, open for ever.
const stepTrim: NamedQuery = {
  name: 'outage_step_trim',
  text: `
    delete from outage_step as step
    using unnest($1::text[], $2::int[]) as given (outage_id, steps)
    where step.outage_id = given.outage_id and step.step_no > given.steps`,
};

const supplyUpsert: NamedQuery = {
  name: 'meter_supply_upsert',
  text: `
    insert into meter_supply (meter_key, state, dark_ms, lit_ms, ripe_ms, outage_id, leftover_of)
    select given.meter_key, given.state, given.dark_ms, given.lit_ms, given.ripe_ms, given.outage_id, given.leftover_of
    from unnest($1::int[], $2::int[], $3::float8[], $4::float8[], $5::float8[], $6::text[], $7::text[])
      as given (meter_key, state, dark_ms, lit_ms, ripe_ms, outage_id, leftover_of)
    on conflict (meter_key) do update
      set state = excluded.state, dark_ms = excluded.dark_ms, lit_ms = excluded.lit_ms, ripe_ms = excluded.ripe_ms,
          outage_id = excluded.outage_id, leftover_of = excluded.leftover_of`,
};

// A silent member leaves without a message of its own: then the step that took it back tells when.
const spanWrite: NamedQuery = {
  name: 'meter_outage_span_write',
  text: `
    with given as (
      select given.meter_key, given.outage_id, given.dark_ms, given.lit_ms
      from unnest($1::int[], $2::text[], $3::float8[], $4::float8[]) as given (meter_key, outage_id, dark_ms, lit_ms)
    ),
    left_behind as (
      update meter_outage_span as span
      set to_at = greatest(span.from_at, coalesce(
        case when given.lit_ms > extract(epoch from span.from_at) * 1000 then to_timestamp(given.lit_ms / 1000) end,
        (select max(step.to_at) from outage_step as step where step.outage_id = span.outage_id),
        outage.restored_at, now()))
      from given, outage
      where span.to_at is null and span.meter_key = given.meter_key and outage.id = span.outage_id
        and given.outage_id is distinct from span.outage_id
    )
    insert into meter_outage_span as span (meter_key, outage_id, from_at)
    select given.meter_key, given.outage_id,
           -- a silent member's dark time is that of an outage it came back from long ago
           case when given.dark_ms > given.lit_ms then to_timestamp(given.dark_ms / 1000) else outage.started_at end
    from given
    join outage on outage.id = given.outage_id
    on conflict (meter_key, outage_id) do update set to_at = null where span.to_at is not null`,
};

const deviceUpsert: NamedQuery = {
  name: 'device_report_upsert',
  text: `
    insert into device_report (equipment_key, at_ms)
    select given.equipment_key, given.at_ms from unnest($1::int[], $2::float8[]) as given (equipment_key, at_ms)
    on conflict (equipment_key) do update set at_ms = excluded.at_ms`,
};

const deviceAll: NamedQuery = {
  name: 'device_report_all',
  text: 'select report.equipment_key as edge, report.at_ms as "atMs" from device_report as report order by report.equipment_key',
};
export const deviceReports = (on: Queryable) => rowsOf<{ edge: number; atMs: number }>(on, deviceAll);

const ratesUpsert: NamedQuery = {
  name: 'outage_area_rates_upsert',
  text: `
    insert into outage_area_rates (area_key, heard, lost, lit, lit_wrong)
    select given.area, given.heard, given.lost, given.lit, given."litWrong"
    from jsonb_to_recordset($1::jsonb) as given (area int, heard float8, lost float8, lit float8, "litWrong" float8)
    on conflict (area_key) do update
      set heard = excluded.heard, lost = excluded.lost, lit = excluded.lit, lit_wrong = excluded.lit_wrong`,
};
const ratesAll: NamedQuery = {
  name: 'outage_area_rates_all',
  text: `
    select rates.area_key as area, rates.heard, rates.lost, rates.lit, rates.lit_wrong as "litWrong"
    from outage_area_rates as rates
    order by rates.area_key`,
};
export const areaRates = (on: Queryable) => rowsOf<AreaRates>(on, ratesAll);

const engineMark: NamedQuery = {
  name: 'outage_engine_mark',
  text: `
    update outage_engine
    set applied_event_id = greatest(outage_engine.applied_event_id, $1), next_outage_no = greatest(outage_engine.next_outage_no, $2),
        applied_call_no = greatest(outage_engine.applied_call_no, $3)`,
};

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

export interface OutageWrite {
  outages: { record: OutageRecord; feederKey: number; isOpen: boolean }[];
  log: LoggedRow[];
  meters: MeterRow[];
  /** edge row and time of devices that reported */
  devices: [number, number][];
  rates: AreaRates[];
  marks: Marks;
}

/** Everything of one or more engine calls; the caller gives a client inside a transaction. */
export async function storeOutages(on: Queryable, write: OutageWrite): Promise<void> {
  if (write.outages.length > 0) {
    const rows = write.outages.map(({ record, feederKey, isOpen }) => ({
      id: record.id,
      outage_no: record.number,
      state: record.state,
      device_key: record.device,
      feeder_key: feederKey,
      customers_out: record.customersOut,
      customers_affected: record.customersOut + record.customersRestored,
      critical_out: record.criticalOut,
      started_at: iso(record.startedMs),
      detected_at: iso(record.detectedMs),
      restored_at: iso(record.restoredMs),
      is_open: isOpen,
      source: record.source,
      crew: record.crew,
      cause: record.cause,
      merged_into: record.mergedInto,
      revision: record.revision,
      updated_at: iso(record.updatedMs),
      record,
    }));
    await rowsOf(on, outageUpsert, [JSON.stringify(rows)]);
    const steps = write.outages.flatMap(({ record }) =>
      record.steps.map((step, i) => ({
        outage_id: record.id,
        step_no: i + 1,
        from_at: iso(step.fromMs),
        to_at: iso(step.toMs),
        customers_out: step.customersOut,
        customer_minutes: step.customerMinutes,
      })),
    );
    await rowsOf(on, stepUpsert, [JSON.stringify(steps)]);
    const records = write.outages.map(({ record }) => record);
    await rowsOf(on, stepTrim, [records.map((record) => record.id), records.map((record) => record.steps.length)]);
  }
  await appendLog(
    on,
    write.log.map((entry) => ({
      outage_id: entry.outageId,
      at: new Date(entry.atMs),
      actor: entry.actor,
      verb: entry.verb,
      from_state: entry.fromState,
      to_state: entry.toState,
      reason: entry.reason,
      revision: entry.revision,
    })),
  );
  if (write.meters.length > 0) {
    const of = (field: keyof MeterRow): unknown[] => write.meters.map((meter) => meter[field]);
    await rowsOf(on, supplyUpsert, [
      of('meter'),
      of('state'),
      of('darkMs'),
      of('litMs'),
      of('ripeMs'),
      of('outageId'),
      of('leftoverOf'),
    ]);
    await rowsOf(on, spanWrite, [of('meter'), of('outageId'), of('darkMs'), of('litMs')]);
  }
  if (write.devices.length > 0)
    await rowsOf(on, deviceUpsert, [write.devices.map(([edge]) => edge), write.devices.map(([, atMs]) => atMs)]);
  if (write.rates.length > 0) await rowsOf(on, ratesUpsert, [JSON.stringify(write.rates)]);
  const { appliedEventId, appliedCallNo, nextOutageNo } = write.marks;
  await rowsOf(on, engineMark, [appliedEventId, nextOutageNo, appliedCallNo]);
}

const neededOutages: NamedQuery = {
  name: 'outage_needed_records',
  text: `
    select outage.record
    from outage
    where outage.is_open or outage.id in (select supply.leftover_of from meter_supply as supply where supply.leftover_of is not null)
    order by outage.outage_no`,
};
/** Home: operational store. Outages the engine goes on with: open ones, and those some meter is left over from. */
export const neededRecords = async (on: Queryable) =>
  (await rowsOf<{ record: OutageRecord }>(on, neededOutages)).map((row) => row.record);

const supplyAll: NamedQuery = {
  name: 'meter_supply_all',
  text: `
    select supply.meter_key as meter, supply.state, supply.dark_ms as "darkMs", supply.lit_ms as "litMs", supply.ripe_ms as "ripeMs",
           supply.outage_id as "outageId", supply.leftover_of as "leftoverOf"
    from meter_supply as supply
    order by supply.meter_key`,
};
export const supplyRows = (on: Queryable) => rowsOf<MeterRow>(on, supplyAll);

const engineRow: NamedQuery = {
  name: 'outage_engine_row',
  text: 'select engine.applied_event_id, engine.applied_call_no, engine.next_outage_no from outage_engine as engine',
};
export const engineMarks = async (on: Queryable) =>
  (await oneRow<{ applied_event_id: number; applied_call_no: number; next_outage_no: number }>(on, engineRow))!;

export interface StoredEvent {
  event_id: number;
  meter_key: number;
  event_time_ms: number;
  event_type: number;
  received_ms: number;
}

export function eventColumns(rows: StoredEvent[]): MeterEventColumns {
  const events = makeMeterEventColumns(rows.length);
  for (const row of rows) {
    const i = events.count++;
    events.meterKey[i] = row.meter_key;
    events.eventTimeMs[i] = row.event_time_ms;
    events.type[i] = row.event_type;
  }
  return events;
}

const eventsNewer: NamedQuery = {
  name: 'meter_event_after',
  text: `
    select event.event_id, event.meter_key, (extract(epoch from event.event_time) * 1000)::float8 as event_time_ms, event.event_type,
           (extract(epoch from event.received_at) * 1000)::float8 as received_ms
    from meter_event as event
    where event.event_id > $1
    order by event.event_id
    limit $2`,
};
/** Home: operational store. Meter events whose effect may not be in the outages yet. */
export const eventsAfter = (on: Queryable, eventId: number, limit: number) =>
  rowsOf<StoredEvent>(on, eventsNewer, [eventId, limit]);

export interface OutageListRow {
  record: OutageRecord;
}

const outagesNewest: NamedQuery = {
  name: 'outage_newest',
  text: `
    select outage.record
    from outage
    where $2::text[] is null
      or outage.feeder_key in (select feeder.feeder_key from feeder
                               join substation on substation.substation_key = feeder.substation_key
                               join area on area.area_key = substation.area_key
                               where area.id = any($2))
    order by outage.started_at desc
    limit $1`,
};
/** Home: operational store. @param areas null = all */
export const newestOutages = (on: Queryable, limit: number, areas: readonly string[] | null) =>
  rowsOf<OutageListRow>(on, outagesNewest, [limit, areas]);

const outageById: NamedQuery = {
  name: 'outage_by_id',
  text: 'select outage.record from outage where outage.id = $1',
};
export const findOutage = (on: Queryable, id: string) => oneRow<OutageListRow>(on, outageById, [id]);

const logOf: NamedQuery = {
  name: 'outage_log_of',
  text: `
    select log.log_id, log.at, log.actor, log.verb, log.from_state, log.to_state, log.reason, log.revision
    from outage_log as log
    where log.outage_id = $1
    order by log.log_id`,
};
export interface LogRow {
  log_id: number;
  at: Date;
  actor: string;
  verb: string;
  from_state: string | null;
  to_state: string;
  reason: string | null;
  revision: number | null;
}
export const outageLog = (on: Queryable, id: string) => rowsOf<LogRow>(on, logOf, [id]);

// Steps of an outage follow each other: at one instant it has one at most, so that both sums go up where a step begins and
// down where one ends. Each step is counted by the bucket it begins and ends in, never compared with every bucket.
const timeline: NamedQuery = {
  name: 'outage_timeline',
  text: `
    with step as (
      select step.customers_out, step.from_at, step.to_at
      from outage_step as step
      join outage on outage.id = step.outage_id and outage.merged_into is null and outage.state <> 'rejected'
      where step.from_at < to_timestamp($2::bigint + $3::bigint) and (step.to_at is null or step.to_at >= to_timestamp($1::bigint))
        and ($4::int[] is null or outage.feeder_key = any($4))
    ),
    change as (
      select greatest(0, floor((extract(epoch from step.from_at) - $1) / $3)) as bucket_no, step.customers_out as customers, 1 as outages
      from step
      union all
      select greatest(0, floor((extract(epoch from step.to_at) - $1) / $3)), -step.customers_out, -1
      from step
      where step.to_at is not null
    ),
    by_bucket as (
      select change.bucket_no, sum(change.customers) as customers, sum(change.outages) as outages
      from change
      group by change.bucket_no
    )
    select bucket.start_s,
           coalesce(sum(by_bucket.customers) over until_here, 0)::int as customers_out,
           coalesce(sum(by_bucket.outages) over until_here, 0)::int as outages_open
    from generate_series($1::bigint, $2::bigint, $3::bigint) with ordinality as bucket (start_s, number)
    left join by_bucket on by_bucket.bucket_no = bucket.number - 1
    window until_here as (order by bucket.start_s)
    order by bucket.start_s`,
};
/** Home: operational store. Customers out at the end of each bucket; feeders null = all. */
export const customersOutTimeline = (
  on: Queryable,
  fromS: number,
  toS: number,
  bucketS: number,
  feeders: number[] | null,
) =>
  rowsOf<{ start_s: number; customers_out: number; outages_open: number }>(on, timeline, [
    fromS,
    toS - 1,
    bucketS,
    feeders,
  ]);

const withoutSupply: NamedQuery = {
  name: 'meter_without_supply',
  text: `
    select span.meter_key as "meterKey", extract(epoch from span.from_at)::int as "fromS",
           extract(epoch from coalesce(span.to_at, now()))::int as "toS"
    from meter_without_supply as span
    where span.from_at < to_timestamp($2) and (span.to_at is null or span.to_at > to_timestamp($1))
    order by span.meter_key, span.from_at`,
};
/** Home: operational store. Spans in which meters had no supply, by known outages, that touch [from, to). */
export const spansWithoutSupply = (on: Queryable, fromS: number, toS: number) =>
  rowsOf<{ meterKey: number; fromS: number; toS: number }>(on, withoutSupply, [fromS, toS]);
