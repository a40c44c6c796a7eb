/** The dashboard's questions as a plain scan over all readings: what the rollups are measured against and must equal. */
import { cents, kilowatts, loadingPercent, type QuestionSpan } from '#services/analytics/questions.ts';

const within = (column: string, { fromS, toS }: QuestionSpan): string => `${column} >= ${fromS} and ${column} < ${toS}`;
const only = (column: string, key: number | null): string => (key === null ? 'true' : `${column} = ${key}`);
const located = (where: string, relation = 'silver'): string =>
  `located as (
     select reading.*, dimension.transformer_key, dimension.feeder_key, dimension.substation_key, dimension.nominal_decivolt
     from ${relation} as reading join meter_dimension as dimension using (meter_key) where ${where}
   )`;
const hour = 'interval_start_s - interval_start_s % 3600';
const days = (span: QuestionSpan): string =>
  `days as (select local_date, from_s, to_s from local_day where ${within('from_s', span)})`;
/** wide enough for the local days that begin in the span */
const wide = (span: QuestionSpan): string => within('interval_start_s', { ...span, toS: span.toS + 90_000 });
const dayOf =
  'join local_quarter on quarter_s = interval_start_s - interval_start_s % 900 join days using (local_date)';

const series = (hours: string, bucketS: number): string =>
  `select hour_start_s - hour_start_s % ${bucketS} as time_s, sum(wh)::bigint as wh,
          ${kilowatts('sum(wh)', 'count(*)')} as mean_kw, ${kilowatts('max(wh)', '1')} as max_hour_kw
   from ${hours} group by all order by time_s`;
const intervals = (span: QuestionSpan, condition: string, where: string): string =>
  `${located(`${where} and ${only('feeder_key', span.key)} and feeder_key >= 0`)},
   intervals as (
     select interval_start_s, sum(wh)::bigint as wh, count(*) as readings, any_value(${condition}) as condition
     from located left join interval_condition using (interval_start_s) group by interval_start_s
   )`;

/** @param relation readings to scan, columns as in silver */
export const rawQuestions: Record<string, (span: QuestionSpan) => string> = {
  system_load_by_hour: (span) =>
    `with ${located(`${within('interval_start_s', span)} and substation_key >= 0`)},
     hours as (select ${hour} as hour_start_s, sum(wh)::bigint as wh from located group by all)
     ${series('hours', span.bucketS)}`,
  feeder_load_by_hour: (span) =>
    `with ${located(`${within('interval_start_s', span)} and feeder_key = ${span.key}`)},
     hours as (select ${hour} as hour_start_s, sum(wh)::bigint as wh from located group by all)
     ${series('hours', span.bucketS)}`,
  substation_load_by_day: (span) =>
    `with ${days(span)}, ${located(`${wide(span)} and substation_key >= 0 and ${only('substation_key', span.key)}`)},
     quarters as (select substation_key, local_date, from_s, to_s, interval_start_s, sum(wh)::bigint as wh, count(*) as readings from located ${dayOf} group by all)
     select substation_id, local_date::varchar as local_date, sum(wh)::bigint as wh, sum(readings)::bigint as readings,
            ${kilowatts('sum(wh)', '(any_value(to_s) - any_value(from_s)) / 3600')} as mean_kw, ${kilowatts('max(wh)', '0.25')} as peak_kw
     from quarters join substation_dimension using (substation_key) group by substation_id, local_date order by substation_id, local_date`,
  top_transformers_by_overload_hours: (span) =>
    `with ${located(within('interval_start_s', span))},
     hours as (select transformer_key, ${hour} as hour_start_s, sum(wh)::bigint as wh from located where transformer_key >= 0 group by all),
     over as (select transformer_key, count(*) as overload_hours, max(wh)::bigint as max_wh from hours join transformer_dimension using (transformer_key)
              where rated_kva > 0 and wh > rated_kva * 950 group by transformer_key)
     select transformer_id, rated_kva, meters, overload_hours, ${loadingPercent('max_wh')} as highest_percent
     from over join transformer_dimension using (transformer_key) order by overload_hours desc, transformer_id limit ${span.limit}`,
  meter_year_by_day: (span) =>
    `with ${days(span)}, readings as (select * from silver where ${wide(span)} and meter_key = ${span.key})
     select local_date::varchar as local_date, sum(wh)::bigint as wh, count(*) as readings,
            round(sum(decivolt)::double / nullif(count(*) filter (where decivolt > 0), 0) / 10, 1) as mean_volts,
            round(min(decivolt) filter (where decivolt > 0)::double / 10, 1) as min_volts, round(max(decivolt)::double / 10, 1) as max_volts
     from readings ${dayOf} group by local_date order by local_date`,
  year_over_year_by_month: (span) =>
    `with ${days(span)}, ${located('substation_key >= 0')},
     totals as (select local_date, sum(wh)::bigint as wh from located join local_quarter on quarter_s = interval_start_s - interval_start_s % 900 group by all),
     pairs as (select date_trunc('month', days.local_date)::date as month, now.wh, before.wh as before_wh from days join totals as now using (local_date)
               left join totals as before on before.local_date = (days.local_date - interval 1 year)::date)
     select month::varchar as month, count(*) as days, sum(wh)::bigint as wh, count(before_wh) as days_before, sum(before_wh)::bigint as before_wh,
            round(sum(wh) filter (where before_wh is not null)::double / nullif(sum(before_wh), 0) * 100 - 100, 2) as change_percent
     from pairs group by all order by month`,
  price_weighted_load_cost: (span) =>
    `with ${days(span)}, ${intervals(span, 'lmp_usd_per_mwh', wide(span))}
     select local_date::varchar as local_date, sum(wh)::bigint as wh, sum(wh) filter (where condition is not null)::bigint as priced_wh,
            round(sum(wh * ${cents('condition')})::double / 1e8, 2) as cost_usd,
            round(sum(wh * ${cents('condition')})::double / nullif(sum(wh) filter (where condition is not null), 0) / 100, 2) as mean_usd_per_mwh
     from intervals ${dayOf} group by local_date order by local_date`,
  feeder_load_when_price_above_100: (span) =>
    `with ${located(`${within('interval_start_s', span)} and ${only('feeder_key', span.key)}`)},
     quarters as (select feeder_key, interval_start_s, sum(wh)::bigint as wh from located group by all),
     dear as (select feeder_key, count(*) as intervals, sum(wh)::bigint as wh, max(wh) as max_wh from quarters
              join interval_condition using (interval_start_s) where ${cents('lmp_usd_per_mwh')} > 10000 group by feeder_key)
     select feeder_id, intervals, wh, ${kilowatts('wh', 'intervals * 0.25')} as mean_kw, ${kilowatts('max_wh', '0.25')} as max_kw
     from dear join feeder_dimension using (feeder_key) order by mean_kw desc, feeder_id limit ${span.limit}`,
  outage_overlay: (span) =>
    `with ${intervals(span, 'temperature_c', within('interval_start_s', span))}
     select interval_start_s - interval_start_s % ${span.bucketS} as time_s, ${kilowatts('sum(wh)', 'count(*) * 0.25')} as mean_kw,
            max(readings)::bigint as most_reporting from intervals group by all order by time_s`,
  load_by_temperature: (span) =>
    `with ${intervals(span, 'temperature_c', within('interval_start_s', span))}
     select floor(condition)::integer as from_c, count(*) as intervals, ${kilowatts('sum(wh)', 'count(*) * 0.25')} as mean_kw,
            ${kilowatts('max(wh)', '0.25')} as max_kw from intervals where condition is not null group by all order by from_c`,
  voltage_excursions_by_feeder_day: (span) =>
    `with ${days(span)}, ${located(`${wide(span)} and ${only('feeder_key', span.key)}`)},
     daily as (select feeder_key, local_date,
                 count(*) filter (where decivolt > 0 and decivolt * 20 < nominal_decivolt::integer * 19) as low_readings,
                 count(*) filter (where decivolt * 20 > nominal_decivolt::integer * 21) as high_readings,
                 count(*) filter (where decivolt > 0) as voltage_readings
               from located ${dayOf} group by feeder_key, local_date)
     select feeder_id, local_date::varchar as local_date, low_readings, high_readings, voltage_readings
     from daily join feeder_dimension using (feeder_key) where low_readings + high_readings > 0
     order by low_readings + high_readings desc, feeder_id, local_date limit ${span.limit}`,
  reporting_completeness: (span) =>
    `with ${days(span)}, ${located(`${wide(span)} and ${only('substation_key', span.key)}`)},
     present as (select substation_key, local_date, count(*) as readings from located ${dayOf} group by substation_key, local_date)
     select substation_id, days.local_date::varchar as local_date, coalesce(readings, 0) as present,
            (meters * ((to_s - from_s) // 900))::bigint as expected,
            round(coalesce(readings, 0)::double / nullif(meters * ((to_s - from_s) // 900), 0) * 100, 3) as percent
     from substation_dimension cross join days
     left join present on present.substation_key = substation_dimension.substation_key and present.local_date = days.local_date
     where ${only('substation_dimension.substation_key', span.key)} order by substation_id, days.local_date`,
};
