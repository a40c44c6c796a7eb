/**
 * The dashboard's questions: what a utility asks of its history, each one SQL text over the rollups. Every figure is made
 * of whole numbers (Wh, readings, intervals, hundredths of a dollar) and divided once, at the very end: the answers are
 * those of a scan over all readings, to the last digit (`raw_questions.ts` in bench, compared by a test).
 *
 * Load is energy over the hours that have data: it is averaged and its maximum taken over time, never summed.
 */

export interface QuestionSpan {
  /** [fromS, toS), UTC seconds; days are local days that begin in it */
  fromS: number;
  toS: number;
  /** width of a point of a time series, s */
  bucketS: number;
  /** feeder, substation or meter row; null = all */
  key: number | null;
  /** rows of a ranking at most */
  limit: number;
}

/** What a question is asked about, and the column of its answer that says where a row belongs. */
export type QuestionLevel = 'system' | 'substation' | 'feeder' | 'transformer' | 'meter';

export interface Question {
  name: string;
  title: string;
  /** level of the id it takes; `required` where it can not be asked about all */
  id?: { level: QuestionLevel; required: boolean };
  /** level of the rows: their column `<level>_id` names the asset */
  rows: QuestionLevel;
  sql: (span: QuestionSpan) => string;
}

const within = (column: string, { fromS, toS }: QuestionSpan): string =>
  `${column} >= ${Number(fromS)} and ${column} < ${Number(toS)}`;
const only = (column: string, key: number | null): string => (key === null ? 'true' : `${column} = ${Number(key)}`);
/** kilowatts of energy over hours, rounded to watts: the only division */
export const kilowatts = (wh: string, hours: string): string => `round((${wh})::double / (${hours}) / 1000, 3)`;
/** Percent of the nameplate at a power factor of 0.95, rounded; both sides of the comparison in Wh. */
export const loadingPercent = (wh: string): string => `round((${wh})::double / (rated_kva * 950) * 100, 1)`;
/** Hundredths of a dollar: exact sums of price times energy. */
export const cents = (price: string): string => `round(${price} * 100)::bigint`;

const days = (span: QuestionSpan): string =>
  `days as (select local_date, from_s, to_s from local_day where ${within('from_s', span)})`;

/** A series of hourly rows in buckets: mean over the hours that have data, and the highest hour. */
const hourlySeries = (hours: string, { bucketS }: QuestionSpan): string =>
  `select hour_start_s - hour_start_s % ${Number(bucketS)} as time_s, sum(wh)::bigint as wh,
          ${kilowatts('sum(wh)', 'count(*)')} as mean_kw, ${kilowatts('max(wh)', '1')} as max_hour_kw
   from ${hours} group by all order by time_s`;

export const questions: readonly Question[] = [
  {
    name: 'system_load_by_hour',
    title: 'Load of the whole system by hour',
    rows: 'system',
    sql: (span) =>
      `with hours as (select hour_start_s, sum(wh)::bigint as wh from hourly_substation where ${within('hour_start_s', span)} group by all)
       ${hourlySeries('hours', span)}`,
  },
  {
    name: 'feeder_load_by_hour',
    title: 'Load of one feeder by hour',
    id: { level: 'feeder', required: true },
    rows: 'feeder',
    sql: (span) =>
      `with hours as (select hour_start_s, wh from hourly_feeder where ${within('hour_start_s', span)} and ${only('feeder_key', span.key)})
       ${hourlySeries('hours', span)}`,
  },
  {
    name: 'substation_load_by_day',
    title: 'Energy and highest quarter hour of substations by local day',
    id: { level: 'substation', required: false },
    rows: 'substation',
    sql: (span) =>
      `with ${days(span)}
       select substation_id, daily.local_date::varchar as local_date, daily.wh, daily.readings,
              ${kilowatts('daily.wh', '(days.to_s - days.from_s) / 3600')} as mean_kw, ${kilowatts('peak.peak_wh', '0.25')} as peak_kw
       from daily_substation as daily
       join days on days.local_date = daily.local_date
       join peak_substation as peak on peak.substation_key = daily.substation_key and peak.local_date = daily.local_date
       join substation_dimension as dimension on dimension.substation_key = daily.substation_key
       where ${only('daily.substation_key', span.key)}
       order by substation_id, local_date`,
  },
  {
    name: 'top_transformers_by_overload_hours',
    title: 'Transformers with most hours above their nameplate',
    rows: 'transformer',
    sql: (span) =>
      `with hours as (
         select transformer_key, count(*) as overload_hours, max(wh)::bigint as max_wh
         from hourly_transformer
         join transformer_dimension as dimension using (transformer_key)
         where ${within('hour_start_s', span)} and rated_kva > 0 and wh > rated_kva * 950
           -- what no nameplate allows: most hours are below the smallest one and are never joined
           and wh > (select floor(min(rated_kva) * 950)::bigint from transformer_dimension where rated_kva > 0)
         group by transformer_key
       )
       select transformer_id, rated_kva, meters, overload_hours, ${loadingPercent('max_wh')} as highest_percent
       from hours join transformer_dimension as dimension using (transformer_key)
       order by overload_hours desc, transformer_id limit ${Number(span.limit)}`,
  },
  {
    name: 'meter_year_by_day',
    title: 'One meter by local day: energy and voltage',
    id: { level: 'meter', required: true },
    rows: 'meter',
    sql: (span) =>
      `with ${days(span)}
       select daily.local_date::varchar as local_date, daily.wh, daily.readings,
              round(daily.decivolt_sum::double / nullif(daily.decivolt_readings, 0) / 10, 1) as mean_volts,
              round(daily.decivolt_min::double / 10, 1) as min_volts, round(daily.decivolt_max::double / 10, 1) as max_volts
       from daily_meter as daily join days on days.local_date = daily.local_date
       where daily.meter_key = ${Number(span.key)}
       order by local_date`,
  },
  {
    name: 'year_over_year_by_month',
    title: 'Energy of the system by month, beside the same days a year before',
    rows: 'system',
    sql: (span) =>
      `with ${days(span)},
       totals as (select local_date, sum(wh)::bigint as wh from daily_substation group by all),
       pairs as (
         select date_trunc('month', days.local_date)::date as month, now.wh, before.wh as before_wh
         from days
         join totals as now on now.local_date = days.local_date
         left join totals as before on before.local_date = (days.local_date - interval 1 year)::date
       )
       select month::varchar as month, count(*) as days, sum(wh)::bigint as wh, count(before_wh) as days_before,
              sum(before_wh)::bigint as before_wh,
              round(sum(wh) filter (where before_wh is not null)::double / nullif(sum(before_wh), 0) * 100 - 100, 2) as change_percent
       from pairs group by all order by month`,
  },
  {
    name: 'price_weighted_load_cost',
    title: 'Energy at its real-time price, by local day',
    id: { level: 'feeder', required: false },
    rows: 'feeder',
    sql: (span) =>
      `with ${days(span)},
       intervals as (
         select interval_start_s, sum(wh)::bigint as wh, any_value(lmp_usd_per_mwh) as price from gold_interval
         where feeder_key >= 0 and ${within('interval_start_s', { ...span, toS: span.toS + 90_000 })} and ${only('feeder_key', span.key)}
         group by interval_start_s
       )
       select days.local_date::varchar as local_date, sum(wh)::bigint as wh, sum(wh) filter (where price is not null)::bigint as priced_wh,
              round(sum(wh * ${cents('price')})::double / 1e8, 2) as cost_usd,
              round(sum(wh * ${cents('price')})::double / nullif(sum(wh) filter (where price is not null), 0) / 100, 2) as mean_usd_per_mwh
       from intervals join days on interval_start_s >= days.from_s and interval_start_s < days.to_s
       group by all order by local_date`,
  },
  {
    name: 'feeder_load_when_price_above_100',
    title: 'Load of feeders while the price is above $100/MWh',
    id: { level: 'feeder', required: false },
    rows: 'feeder',
    sql: (span) =>
      `with dear as (
         select feeder_key, count(*) as intervals, sum(wh)::bigint as wh, max(wh) as max_wh from gold_interval
         where ${within('interval_start_s', span)} and ${cents('lmp_usd_per_mwh')} > 10000 and ${only('feeder_key', span.key)}
         group by feeder_key
       )
       select feeder_id, intervals, wh, ${kilowatts('wh', 'intervals * 0.25')} as mean_kw, ${kilowatts('max_wh', '0.25')} as max_kw
       from dear join feeder_dimension as dimension using (feeder_key)
       order by mean_kw desc, feeder_id limit ${Number(span.limit)}`,
  },
  {
    name: 'outage_overlay',
    title: 'Load of the system or a feeder with the customers out',
    id: { level: 'feeder', required: false },
    rows: 'feeder',
    sql: (span) =>
      `with intervals as (
         select interval_start_s, sum(wh)::bigint as wh, sum(readings)::bigint as readings from gold_feeder_interval
         where feeder_key >= 0 and ${within('interval_start_s', span)} and ${only('feeder_key', span.key)} group by all
       )
       select interval_start_s - interval_start_s % ${Number(span.bucketS)} as time_s, ${kilowatts('sum(wh)', 'count(*) * 0.25')} as mean_kw,
              max(readings)::bigint as most_reporting
       from intervals group by all order by time_s`,
  },
  {
    name: 'load_by_temperature',
    title: 'Load of the system or a feeder by outdoor temperature, in bins of one degree',
    id: { level: 'feeder', required: false },
    rows: 'feeder',
    sql: (span) =>
      `with intervals as (
         select interval_start_s, sum(wh)::bigint as wh, any_value(temperature_c) as temperature_c from gold_interval
         where feeder_key >= 0 and ${within('interval_start_s', span)} and ${only('feeder_key', span.key)} group by interval_start_s
       )
       select floor(temperature_c)::integer as from_c, count(*) as intervals, ${kilowatts('sum(wh)', 'count(*) * 0.25')} as mean_kw,
              ${kilowatts('max(wh)', '0.25')} as max_kw
       from intervals where temperature_c is not null group by all order by from_c`,
  },
  {
    name: 'voltage_excursions_by_feeder_day',
    title: 'Readings more than 5 % off nominal voltage, by feeder and local day',
    id: { level: 'feeder', required: false },
    rows: 'feeder',
    sql: (span) =>
      `with ${days(span)},
       daily as (
         select feeder_key, days.local_date, sum(low_readings)::bigint as low_readings, sum(high_readings)::bigint as high_readings,
                sum(decivolt_readings)::bigint as voltage_readings
         from gold_feeder_interval
         join local_quarter on quarter_s = interval_start_s - interval_start_s % 900
         join days on days.local_date = local_quarter.local_date
         where ${within('interval_start_s', { ...span, toS: span.toS + 90_000 })} and ${only('feeder_key', span.key)}
         group by all
       )
       select feeder_id, daily.local_date::varchar as local_date, low_readings, high_readings, voltage_readings
       from daily join feeder_dimension as dimension using (feeder_key)
       where low_readings + high_readings > 0
       order by low_readings + high_readings desc, feeder_id, local_date limit ${Number(span.limit)}`,
  },
  {
    name: 'reporting_completeness',
    title: 'Readings present of those expected, by substation and local day (92, 96 or 100 intervals)',
    id: { level: 'substation', required: false },
    rows: 'substation',
    sql: (span) =>
      `with ${days(span)}
       select substation_id, days.local_date::varchar as local_date, coalesce(daily.readings, 0) as present,
              (dimension.meters * ((days.to_s - days.from_s) // 900))::bigint as expected,
              round(coalesce(daily.readings, 0)::double / nullif(dimension.meters * ((days.to_s - days.from_s) // 900), 0) * 100, 3) as percent
       from substation_dimension as dimension
       cross join days
       left join daily_substation as daily on daily.substation_key = dimension.substation_key and daily.local_date = days.local_date
       where ${only('dimension.substation_key', span.key)}
       order by substation_id, local_date`,
  },
];
