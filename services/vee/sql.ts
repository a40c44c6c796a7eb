import type { ExceptionState } from '#model/api/vee.ts';
import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';
import type { RuleName } from './rules.ts';
import type { DarkSpan, RegisterSpan } from './scan_sql.ts';
import type { Numbers } from './words.ts';

export interface ExceptionRow {
  id: string;
  day: number;
  rule: RuleName;
  severity: number;
  meter_key: number;
  feeder_key: number;
  from_at: Date;
  to_at: Date;
  evidence: Numbers;
  state: ExceptionState;
  owner: string | null;
  note: string | null;
  opened_at: Date;
  closed_at: Date | null;
  updated_at: Date;
}

const exceptionColumns = `
    exception.id, exception.day, exception.rule, exception.severity, exception.meter_key, exception.feeder_key, exception.from_at,
    exception.to_at, exception.evidence, exception.state, exception.owner, exception.note, exception.opened_at,
    exception.closed_at, exception.updated_at`;

const exceptionsOfDay: NamedQuery = {
  name: 'vee_exception_of_day',
  text: `select ${exceptionColumns} from vee_exception as exception
    where exception.day = $1 and exception.rule = any($2) and ($3::int[] is null or exception.meter_key = any($3))
    for update`,
};
/** Home: operational store. What is known of a day, locked against a person who acts meanwhile; meters null = all. */
export const lockExceptionsOfDay = (
  on: Queryable,
  day: number,
  rules: readonly string[],
  meters: readonly number[] | null,
) => rowsOf<ExceptionRow>(on, exceptionsOfDay, [day, rules, meters]);

const exceptionUpsert: NamedQuery = {
  name: 'vee_exception_upsert',
  text: `
    insert into vee_exception as exception (id, day, rule, severity, meter_key, feeder_key, from_at, to_at, evidence, state, owner, note,
                                            opened_at, closed_at, updated_at)
    select given.id, given.day, given.rule, given.severity, given.meter_key, given.feeder_key, given.from_at, given.to_at,
           given.evidence, given.state, given.owner, given.note, given.opened_at, given.closed_at, given.updated_at
    from jsonb_to_recordset($1::jsonb) as given (
      id text, day int, rule text, severity smallint, meter_key int, feeder_key int, from_at timestamptz, to_at timestamptz,
      evidence jsonb, state text, owner text, note text, opened_at timestamptz, closed_at timestamptz, updated_at timestamptz)
    on conflict (id) do update
      set to_at = excluded.to_at, severity = excluded.severity, feeder_key = excluded.feeder_key, evidence = excluded.evidence,
          state = excluded.state, owner = excluded.owner, note = excluded.note, closed_at = excluded.closed_at,
          updated_at = excluded.updated_at`,
};
export const writeExceptions = (on: Queryable, rows: readonly ExceptionRow[]) =>
  rowsOf(on, exceptionUpsert, [JSON.stringify(rows)]);

export interface LogEntry {
  exception_id: string;
  at: Date;
  actor: string;
  verb: string;
  from_state: string | null;
  to_state: string;
  reason: string | null;
}
const logInsert: NamedQuery = {
  name: 'vee_exception_log_insert',
  text: `
    insert into vee_exception_log (exception_id, at, actor, verb, from_state, to_state, reason)
    select given.exception_id, given.at, given.actor, given.verb, given.from_state, given.to_state, given.reason
    from jsonb_to_recordset($1::jsonb) as given (
      exception_id text, at timestamptz, actor text, verb text, from_state text, to_state text, reason text)`,
};
export const writeLog = (on: Queryable, rows: readonly LogEntry[]) => rowsOf(on, logInsert, [JSON.stringify(rows)]);

const exceptionById: NamedQuery = {
  name: 'vee_exception_by_id',
  text: `select ${exceptionColumns} from vee_exception as exception where exception.id = $1`,
};
export const findException = (on: Queryable, id: string) => oneRow<ExceptionRow>(on, exceptionById, [id]);
const lockById: NamedQuery = { name: 'vee_exception_lock', text: `${exceptionById.text} for update` };
export const lockException = (on: Queryable, id: string) => oneRow<ExceptionRow>(on, lockById, [id]);

const logOf: NamedQuery = {
  name: 'vee_exception_log_of',
  text: `
    select log.exception_id, log.at, log.actor, log.verb, log.from_state, log.to_state, log.reason
    from vee_exception_log as log where log.exception_id = $1 order by log.log_id`,
};
export const logOfException = (on: Queryable, id: string) => rowsOf<LogEntry>(on, logOf, [id]);

const queueNewest: NamedQuery = {
  name: 'vee_exception_queue',
  text: `
    select ${exceptionColumns} from vee_exception as exception
    where ($1::boolean is null or (exception.closed_at is null) = $1) and ($2::text is null or exception.rule = $2)
      and ($3::int[] is null or exception.feeder_key = any($3))
    order by exception.severity, exception.from_at desc, exception.id
    limit $4`,
};
/** Home: operational store. The queue, most severe first; open true, closed false, all null; feeders null = all. */
export const exceptionQueue = (
  on: Queryable,
  open: boolean | null,
  rule: string | null,
  feeders: readonly number[] | null,
  limit: number,
) => rowsOf<ExceptionRow>(on, queueNewest, [open, rule, feeders, limit]);

const countByState: NamedQuery = {
  name: 'vee_exception_count',
  text: `
    select exception.feeder_key, exception.state, count(*) as count
    from vee_exception as exception
    where exception.closed_at is null or exception.closed_at > now() - interval '30 days'
    group by exception.feeder_key, exception.state`,
};
export const exceptionCounts = (on: Queryable) =>
  rowsOf<{ feeder_key: number; state: string; count: number }>(on, countByState);

const openSpans: NamedQuery = {
  name: 'vee_exception_open_spans',
  text: `
    select exception.meter_key as "meterKey", extract(epoch from exception.from_at)::int as "fromS",
           extract(epoch from exception.to_at)::int as "toS"
    from vee_exception as exception
    where exception.closed_at is null and exception.from_at < to_timestamp($2) and exception.to_at > to_timestamp($1)`,
};
/** Home: operational store. Where an undecided exception lies over readings. */
export const openExceptionSpans = (on: Queryable, fromS: number, toS: number) =>
  rowsOf<DarkSpan>(on, openSpans, [fromS, toS]);

const registersWithin: NamedQuery = {
  name: 'vee_register_spans',
  text: `
    with pair as (
      select read.meter_key, lag(read.read_at) over each as from_at, read.read_at as to_at,
             read.wh - lag(read.wh) over each as wh
      from vee_register_read as read
      where $3::int[] is null or read.meter_key = any($3)
      window each as (partition by read.meter_key order by read.read_at)
    )
    select pair.meter_key as "meterKey", extract(epoch from pair.from_at)::int as "fromS",
           extract(epoch from pair.to_at)::int as "toS", pair.wh
    from pair
    where pair.from_at is not null and pair.to_at > to_timestamp($1) and pair.from_at < to_timestamp($2)`,
};
/** Home: operational store. Energy between consecutive register reads that touches [from, to). */
export const registerSpans = (on: Queryable, fromS: number, toS: number, meters: readonly number[] | null) =>
  rowsOf<RegisterSpan>(on, registersWithin, [fromS, toS, meters]);

const registerInsert: NamedQuery = {
  name: 'vee_register_insert',
  text: `
    insert into vee_register_read as read (meter_key, read_at, wh)
    select given.meter_key, given.read_at, given.wh
    from unnest($1::int[], $2::timestamptz[], $3::bigint[]) as given (meter_key, read_at, wh)
    on conflict (meter_key, read_at) do update set wh = excluded.wh, received_at = now()`,
};
export const writeRegisters = (on: Queryable, meters: number[], at: Date[], wh: number[]) =>
  rowsOf(on, registerInsert, [meters, at, wh]);

export interface EstimateRow {
  meter_key: number;
  interval_start_s: number;
  interval_minutes: number;
  wh: number;
  quality: number;
  method: string;
  flag: string;
  basis: string;
  at: Date;
  actor: string;
  exception_id: string | null;
}
const estimateInsert: NamedQuery = {
  name: 'vee_estimate_insert',
  text: `
    insert into vee_estimate (meter_key, interval_start_s, interval_minutes, wh, quality, method, flag, basis, at, actor, exception_id)
    select given.meter_key, given.interval_start_s, given.interval_minutes, given.wh, given.quality, given.method, given.flag,
           given.basis, given.at, given.actor, given.exception_id
    from jsonb_to_recordset($1::jsonb) as given (
      meter_key int, interval_start_s int, interval_minutes smallint, wh int, quality smallint, method text, flag text,
      basis text, at timestamptz, actor text, exception_id text)`,
};
export const writeEstimates = (on: Queryable, rows: readonly EstimateRow[]) =>
  rowsOf(on, estimateInsert, [JSON.stringify(rows)]);

const estimatesOf: NamedQuery = {
  name: 'vee_estimate_of_meter',
  text: `
    select made.meter_key, made.interval_start_s, made.interval_minutes, made.wh, made.quality, made.method, made.flag, made.basis,
           made.at, made.actor, made.exception_id
    from vee_estimate as made
    where made.meter_key = $1 and made.interval_start_s >= $2 and made.interval_start_s < $3
    order by made.estimate_id`,
};
export const estimatesOfMeter = (on: Queryable, meterKey: number, fromS: number, toS: number) =>
  rowsOf<EstimateRow>(on, estimatesOf, [meterKey, fromS, toS]);

export interface RunRow {
  day: number;
  until_at: Date;
  readings: number;
  findings: number;
  opened: number;
  resolved: number;
  filled: number;
  estimated: number;
  seconds: number;
  ran_at: Date;
}
const runUpsert: NamedQuery = {
  name: 'vee_run_upsert',
  text: `
    insert into vee_run as run (day, until_at, readings, findings, opened, resolved, filled, estimated, seconds, ran_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (day) do update
      set until_at = greatest(run.until_at, excluded.until_at), readings = excluded.readings, findings = excluded.findings,
          opened = excluded.opened, resolved = excluded.resolved, filled = excluded.filled, estimated = excluded.estimated,
          seconds = excluded.seconds, ran_at = excluded.ran_at`,
};
export const writeRun = (on: Queryable, run: RunRow) =>
  rowsOf(on, runUpsert, [
    run.day,
    run.until_at,
    run.readings,
    run.findings,
    run.opened,
    run.resolved,
    run.filled,
    run.estimated,
    run.seconds,
    run.ran_at,
  ]);

const runsOfDays: NamedQuery = {
  name: 'vee_run_of_days',
  text: `
    select run.day, run.until_at, run.readings, run.findings, run.opened, run.resolved, run.filled, run.estimated, run.seconds, run.ran_at
    from vee_run as run where run.day >= $1 and run.day <= $2 order by run.day`,
};
export const runsBetween = (on: Queryable, firstDay: number, lastDay: number) =>
  rowsOf<RunRow>(on, runsOfDays, [firstDay, lastDay]);

const markRow: NamedQuery = { name: 'vee_mark_row', text: 'select mark.segment_id from vee_mark as mark' };
export const veeMark = async (on: Queryable) => (await oneRow<{ segment_id: number }>(on, markRow))!.segment_id;

const markDue: NamedQuery = {
  name: 'vee_due_mark',
  text: `
    with moved as (update vee_mark set segment_id = $1)
    insert into vee_due as due (day, meter_keys)
    select given.day, given.meter_keys
    from jsonb_to_recordset($2::jsonb) as given (day int, meter_keys int[])
    on conflict (day) do update
      set meter_keys = case when due.meter_keys is null or excluded.meter_keys is null then null
                            else (select array_agg(distinct one) from unnest(due.meter_keys || excluded.meter_keys) as one) end`,
};
/** Days that have to be judged again, and the mark they were found up to, in one statement. */
export const markDaysDue = (
  on: Queryable,
  segmentId: number,
  days: readonly { day: number; meter_keys: number[] | null }[],
) => rowsOf(on, markDue, [segmentId, JSON.stringify(days)]);

const dueDays: NamedQuery = {
  name: 'vee_due_newest',
  text: 'select due.day, due.meter_keys from vee_due as due order by due.day desc limit $1',
};
export const daysDue = (on: Queryable, limit: number) =>
  rowsOf<{ day: number; meter_keys: number[] | null }>(on, dueDays, [limit]);

const dueDone: NamedQuery = { name: 'vee_due_done', text: 'delete from vee_due where vee_due.day = $1' };
export const dayDone = (on: Queryable, day: number) => rowsOf(on, dueDone, [day]);

const segmentOfRecord: NamedQuery = {
  name: 'vee_segment_of_record',
  text: `
    select segment.path from segment
    where segment.source = $1 and segment.partition_no = $2 and segment.offset_from <= $3 and segment.offset_to > $3`,
};
/** Home: operational store. The file that holds a record, relative to the segments folder. */
export const pathOfRecord = async (on: Queryable, source: string, partition: number, offset: number) =>
  (await oneRow<{ path: string }>(on, segmentOfRecord, [source, partition, offset]))?.path;
