/**
 * The judged days and their history as common table expressions over the silver layer. One statement judges one range
 * of meters on a connection of its own: layer refreshes do not wait for it, and no reading becomes an object.
 */
import type { LocalDay } from './days.ts';
import type { RuleScope, VeeConfig } from './rules.ts';

/** Current readings: meter_key, interval_start_s, interval_minutes, wh, decivolt, quality. */
export const silver = 'silver';
/** The same rows with source, partition_no, segment_id and record_offset. */
export const silverWithOrigin = 'silver_with_origin';
/** Versions that were replaced, with the columns of `silverWithOrigin`. */
export const silverEarlier = 'silver_earlier_with_origin';

/** A span of one meter in which it had no supply. */
export interface DarkSpan {
  meterKey: number;
  fromS: number;
  toS: number;
}
/** Energy by the register between two reads. */
export interface RegisterSpan extends DarkSpan {
  wh: number;
}

export interface ScanScope {
  /** days to judge, and the end of what may be judged (a running day is judged up to here) */
  days: readonly LocalDay[];
  untilS: number;
  /** how far the stream of readings has come as a whole: what is after it is late, not missing */
  reachedS: number;
  zoneDay: (number: number) => LocalDay;
  config: VeeConfig;
  /** meter keys [from, to) */
  meterFrom: number;
  meterTo: number;
  /** only these meters; null = all of the range */
  meters: readonly number[] | null;
  dark: readonly DarkSpan[];
  registers: readonly RegisterSpan[];
}

const tuple = (values: readonly (number | boolean)[]): string => `(${values.join(', ')})`;

/** `(values ...) as name (columns)`, also for no rows. */
function valuesTable(
  name: string,
  columns: readonly string[],
  rows: readonly (readonly (number | boolean)[])[],
): string {
  const list =
    rows.length > 0
      ? `values ${rows.map(tuple).join(', ')}`
      : `select ${columns.map(() => 'null::bigint').join(', ')} where false`;
  return `${name} (${columns.join(', ')}) as (${list})`;
}

const endOf = (day: LocalDay, untilS: number): number => Math.max(day.startS, Math.min(day.endS, untilS));

/** Rows of the silver layer of some days: each day a scan of its own, so that the engine skips what lies between. */
function readingsOf(days: readonly LocalDay[], scope: ScanScope): string {
  const columns =
    'reading.meter_key, reading.interval_start_s, reading.interval_minutes, reading.wh, reading.decivolt, reading.quality';
  const meters = `reading.meter_key >= ${scope.meterFrom} and reading.meter_key < ${scope.meterTo}${
    scope.meters ? ` and reading.meter_key in (${scope.meters.join(', ') || 'null'})` : ''
  }`;
  const scan = (fromS: number, toS: number): string =>
    `select ${columns} from ${silver} as reading
     where reading.interval_start_s >= ${fromS} and reading.interval_start_s < ${toS} and ${meters}`;
  // Many days (scoring years) are one scan: the range between them is wanted almost whole.
  if (days.length > 12) return scan(Math.min(...days.map((d) => d.startS)), Math.max(...days.map((d) => d.endS)));
  return days.map((day) => scan(day.startS, day.endS)).join('\n union all ');
}

/** The expressions every rule reads; their names and columns are in SPEC.md. */
export function baseOf(scope: ScanScope): string {
  const { days, untilS, config } = scope;
  const stepS = config.intervalMinutes * 60;
  const pairs = days.flatMap((day) =>
    config.lookbackDays.map((back) => [day, scope.zoneDay(day.number - back)] as const),
  );
  const past = [...new Map(pairs.map(([, day]) => [day.number, day])).values()];
  const all = [...new Map([...days, ...past].map((day) => [day.number, day])).values()];
  const generating = config.generating.length > 0 ? config.generating.join(', ') : 'null';
  const expressions = [
    valuesTable(
      'local_day',
      ['day', 'start_s', 'end_s', 'until_s', 'shift_s', 'shift_h'],
      all.map((d) => [d.number, d.startS, d.endS, endOf(d, untilS), d.shiftS, d.shiftHours]),
    ),
    valuesTable(
      'day_pair',
      ['day', 'past_day', 'is_like'],
      pairs.map(([day, before]) => [day.number, before.number, day.isWeekend === before.isWeekend]),
    ),
    valuesTable(
      'judged',
      ['day'],
      days.map((day) => [day.number]),
    ),
    valuesTable(
      'dark',
      ['meter_key', 'from_s', 'to_s'],
      scope.dark.map((d) => [d.meterKey, d.fromS, d.toS]),
    ),
    valuesTable(
      'register',
      ['meter_key', 'from_s', 'to_s', 'wh'],
      scope.registers.map((r) => [r.meterKey, r.fromS, r.toS, r.wh]),
    ),
    // every interval of every day, with the hour its zone's clock shows
    `clock as materialized (
      select local_day.day, slot.start_s,
             ((slot.start_s - local_day.start_s) // 3600
               + case when slot.start_s >= local_day.shift_s then local_day.shift_h else 0 end)::integer as hour
      from local_day, unnest(range(local_day.start_s, local_day.end_s, ${stepS})) as slot (start_s))`,
    `raw_past as (${readingsOf(past, scope)})`,
    // energy of each hour of each past day; estimates are no evidence of what a meter does
    `past_sum as materialized (
      select reading.meter_key, clock.day, clock.hour, sum(reading.wh) as wh, sum(reading.interval_minutes) as minutes,
             min(reading.wh) as least_wh
      from raw_past as reading
      join clock on clock.start_s = reading.interval_start_s - (reading.interval_start_s - ${all[0]?.startS ?? 0}) % ${stepS}
      where reading.quality <= 2
      group by all)`,
    // From five days on without the highest and the lowest: one bad day of the past must not hide the next. Median and
    // MAD would bear more of them, at three times the cost of the whole statement.
    `past_hour as materialized (
      select kept.day, kept.meter_key, kept.hour, kept.days, kept.total / kept.n as mean_wh,
             case when kept.n > 1 then sqrt(greatest(0, (kept.squares - kept.total * kept.total / kept.n) / (kept.n - 1))) else 0 end as sd_wh
      from (
        select day_pair.day, past.meter_key, past.hour, count(*) as days,
               case when count(*) >= 5 then count(*) - 2 else count(*) end as n,
               sum(past.wh::double) - case when count(*) >= 5 then max(past.wh) + min(past.wh) else 0 end as total,
               sum(past.wh::double * past.wh)
                 - case when count(*) >= 5 then pow(max(past.wh)::double, 2) + pow(min(past.wh)::double, 2) else 0 end as squares
        from past_sum as past
        join day_pair on day_pair.past_day = past.day and day_pair.is_like
        where past.minutes = 60
        group by all) as kept)`,
    `past_day as (
      select past.meter_key, past.day, sum(past.wh) as wh, sum(past.minutes) as minutes, min(past.least_wh) as least_wh
      from past_sum as past group by all)`,
    `past_meter as materialized (
      select day_pair.day, past.meter_key,
             count(*) filter (where past.minutes >= 1296) as days,
             avg(past.wh * 1440.0 / past.minutes) filter (where past.minutes >= 1296) as daily_wh,
             count(*) filter (where past.least_wh < 0) as negative_days, count(*) as seen_days
      from past_day as past
      join day_pair on day_pair.past_day = past.day
      group by all)`,
    `today as materialized (
      select reading.meter_key, reading.interval_start_s as start_s, reading.interval_minutes::integer as minutes, reading.wh,
             reading.decivolt, reading.quality, clock.day, clock.hour,
             lag(reading.wh) over (partition by reading.meter_key, clock.day order by reading.interval_start_s) as before_wh,
             lag(reading.interval_start_s + reading.interval_minutes::integer * 60)
               over (partition by reading.meter_key, clock.day order by reading.interval_start_s) as before_end_s
      from (${readingsOf(days, scope)}) as reading
      join clock on clock.start_s = reading.interval_start_s - (reading.interval_start_s - ${all[0]?.startS ?? 0}) % ${stepS}
      join local_day on local_day.day = clock.day and reading.interval_start_s < local_day.until_s)`,
    `meter_day as materialized (
      select today.meter_key, today.day, sum(today.wh) as wh, sum(today.minutes) as minutes, count(*) as readings,
             min(today.start_s) as first_s, max(today.start_s + today.minutes * 60) as last_end_s
      from today where today.quality < 4 group by all)`,
    `hour_sum as materialized (
      select today.meter_key, today.day, today.hour, min(today.start_s) as start_s, sum(today.wh) as wh,
             sum(today.minutes) as minutes
      from today where today.quality < 4 group by all)`,
    `generating (meter_key) as (select unnest([${generating}]))`,
    missingExpressions(scope),
  ];
  return `with ${expressions.join(',\n')}`;
}

/** Runs of intervals that have not come although they are due, without those that had no supply. */
function missingExpressions({ config, untilS, reachedS, meterFrom, meterTo, meters }: ScanScope): string {
  const stepS = config.intervalMinutes * 60;
  const dueS = Math.floor(Math.min(untilS - config.missingAfterMinutes * 60, reachedS));
  return `
    expected as (
      select known.meter_key, known.day, local_day.start_s, least(local_day.until_s, local_day.end_s) as end_s
      from (select past_meter.meter_key, past_meter.day from past_meter union select meter_day.meter_key, meter_day.day from meter_day) as known
      join judged on judged.day = known.day
      join local_day on local_day.day = known.day
      where known.meter_key >= ${meterFrom} and known.meter_key < ${meterTo}
        ${meters ? `and known.meter_key in (${meters.join(', ') || 'null'})` : ''}),
    present as (
      select today.meter_key, today.day, today.start_s, today.start_s + today.minutes * 60 as end_s, today.before_end_s
      from today where today.quality < 4),
    hole as (
      select present.meter_key, present.day, present.before_end_s as from_s, present.start_s as to_s
      from present where present.start_s - present.before_end_s >= ${stepS}
      union all
      -- before its first reading ever a meter owes none
      select expected.meter_key, expected.day, expected.start_s, meter_day.first_s
      from expected join meter_day on meter_day.meter_key = expected.meter_key and meter_day.day = expected.day
      semi join past_meter on past_meter.meter_key = expected.meter_key and past_meter.day = expected.day
      where meter_day.first_s - expected.start_s >= ${stepS}
      union all
      select expected.meter_key, expected.day, meter_day.last_end_s, expected.end_s
      from expected join meter_day on meter_day.meter_key = expected.meter_key and meter_day.day = expected.day
      where expected.end_s - meter_day.last_end_s >= ${stepS}
      union all
      select expected.meter_key, expected.day, expected.start_s, expected.end_s
      from expected anti join meter_day on meter_day.meter_key = expected.meter_key and meter_day.day = expected.day),
    due_slot as (
      select hole.meter_key, hole.day, hole.to_s, unnest(range(hole.from_s, hole.to_s, ${stepS})) as start_s from hole),
    missing_slot as materialized (
      select slot.meter_key, slot.day, slot.start_s,
             -- least() and greatest() skip null: without a match they would say the whole interval
             coalesce(sum(least(dark.to_s, slot.start_s + ${stepS}) - greatest(dark.from_s, slot.start_s)) filter (where dark.meter_key is not null), 0) as dark_s
      from due_slot as slot
      left join dark on dark.meter_key = slot.meter_key and dark.from_s < slot.start_s + ${stepS} and dark.to_s > slot.start_s
      where slot.start_s + ${stepS} <= slot.to_s and slot.start_s + ${stepS} <= ${dueS}
      group by slot.meter_key, slot.day, slot.start_s),
    missing_run as materialized (
      select numbered.meter_key, numbered.day, min(numbered.start_s) as from_s, max(numbered.start_s) + ${stepS} as to_s,
             count(*) as intervals
      from (
        select missing_slot.*, missing_slot.start_s // ${stepS}
                 - row_number() over (partition by missing_slot.meter_key, missing_slot.day order by missing_slot.start_s) as island
        from missing_slot where missing_slot.dark_s < ${stepS}) as numbered
      group by numbered.meter_key, numbered.day, numbered.island)`;
}

/** A condition on `found.meter_key` and `dimension` that keeps what lies in a rule's scope. */
export function scopeCondition({ classes, feeders, meters }: RuleScope): string {
  const within = (column: string, list: readonly number[] | null): string[] =>
    list === null ? [] : [`${column} in (${list.join(', ') || 'null'})`];
  return [
    ...within('dimension.customer_class', classes),
    ...within('dimension.feeder_key', feeders),
    ...within('found.meter_key', meters),
  ].join(' and ');
}
