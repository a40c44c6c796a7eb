/** Each rule as one query over the expressions of scan_sql.ts: meter_key, from_s, to_s, value, expected, bound, times. */
import type { RuleName, RuleSettings, VeeConfig } from './rules.ts';
import { silverEarlier } from './scan_sql.ts';

type Thresholds = Record<string, number>;

const wholeDay = `join local_day on local_day.day = day.day and local_day.until_s = local_day.end_s`;

/** Runs of one value without a hole between. */
const valueRuns = `
  select run.meter_key, min(run.start_s) as from_s, max(run.start_s + run.minutes * 60) as to_s, any_value(run.wh) as wh,
         count(*) as intervals, run.day
  from (
    select today.meter_key, today.start_s, today.minutes, today.wh, today.day,
           sum(case when today.before_wh = today.wh and today.before_end_s = today.start_s then 0 else 1 end)
             over (partition by today.meter_key, today.day order by today.start_s) as run_no
    from today where today.quality < 3) as run
  group by run.meter_key, run.day, run.run_no`;

const ruleSql: Record<RuleName, (t: Thresholds, config: VeeConfig) => string> = {
  interval_gap: (t) => `
    select run.meter_key, run.from_s, run.to_s, run.intervals as value, 0 as expected, ${t.minIntervals} as bound, run.intervals as times
    from missing_run as run where run.intervals >= ${t.minIntervals}`,

  conflicting_versions: (t) => `
    select today.meter_key, min(today.start_s) as from_s, max(today.start_s + today.minutes * 60) as to_s,
           max(abs(today.wh::bigint - earlier.wh)) as value, 0 as expected, ${t.minWh} as bound, count(distinct today.start_s) as times
    from today
    join ${silverEarlier} as earlier
      on earlier.meter_key = today.meter_key and earlier.interval_start_s = today.start_s and earlier.quality = today.quality
    where abs(today.wh::bigint - earlier.wh) >= ${t.minWh}
    group by today.meter_key, today.day having count(distinct today.start_s) >= ${t.minIntervals}`,

  high_low_use: (t) => `
    select day.meter_key, local_day.start_s as from_s, local_day.end_s as to_s, scaled.wh as value, past.daily_wh as expected,
           case when scaled.wh > past.daily_wh then ${t.highFactor} else ${t.lowFactor} end as bound, past.days as times
    from meter_day as day ${wholeDay}
    join past_meter as past on past.meter_key = day.meter_key and past.day = day.day,
    lateral (select day.wh * (local_day.end_s - local_day.start_s) / 60.0 / day.minutes as wh) as scaled
    where past.days >= ${t.minDays} and day.minutes * 60 >= 0.75 * (local_day.end_s - local_day.start_s)
      and abs(scaled.wh - past.daily_wh) >= ${t.minWh}
      and (scaled.wh > ${t.highFactor} * past.daily_wh or scaled.wh < ${t.lowFactor} * past.daily_wh)`,

  dynamic_comparison: (t) => `
    select hour.meter_key, hour.start_s as from_s, hour.start_s + 3600 as to_s, hour.wh as value, past.mean_wh as expected,
           ${t.sigmas} as bound,
           abs(hour.wh - past.mean_wh) / greatest(past.sd_wh, ${t.floorPercent} / 100.0 * abs(past.mean_wh), 1e-9) as times
    from hour_sum as hour
    join past_hour as past on past.meter_key = hour.meter_key and past.day = hour.day and past.hour = hour.hour
    where hour.minutes = 60 and past.days >= ${t.minDays} and abs(hour.wh - past.mean_wh) >= ${t.minWh}
      and abs(hour.wh - past.mean_wh) > ${t.sigmas} * greatest(past.sd_wh, ${t.floorPercent} / 100.0 * abs(past.mean_wh))`,

  inactive_meter: (t, config) => `
    select day.meter_key, day.first_s as from_s, day.last_end_s as to_s, day.wh as value, 0 as expected, ${t.minWh} as bound,
           day.readings as times
    from meter_day as day
    where day.meter_key in (${config.inactive.join(', ') || 'null'}) and abs(day.wh) >= ${t.minWh}`,

  interval_size: (t, { intervalMinutes }) => `
    select today.meter_key, min(today.start_s) as from_s, max(today.start_s + today.minutes * 60) as to_s,
           mode(today.minutes) as value, ${intervalMinutes} as expected, ${t.minIntervals} as bound, count(*) as times
    from today where today.minutes <> ${intervalMinutes} or today.start_s % ${intervalMinutes * 60} <> 0
    group by today.meter_key, today.day having count(*) >= ${t.minIntervals}`,

  spike: (t) => `
    select today.meter_key, today.start_s as from_s, today.start_s + today.minutes * 60 as to_s, today.wh as value,
           top.third as expected, ${t.factor} as bound, today.wh / greatest(top.third, 1.0) as times
    from today
    join (select hot.meter_key, hot.day, max(hot.wh, 3)[3]::double as third from today as hot
          where hot.quality < 3 group by all having count(*) >= 12) as top
      on top.meter_key = today.meter_key and top.day = today.day
    where today.quality < 3 and today.wh > ${t.factor} * top.third and today.wh - top.third >= ${t.minWh}`,

  multiplier: (t) => `
    select ratio.meter_key, min(ratio.start_s) as from_s, max(ratio.start_s) + 3600 as to_s,
           pow(10, round(median(ratio.decades))) as value, 1 as expected, ${t.minHours} as bound, count(*) as times
    from (
      select hour.meter_key, hour.day, hour.start_s, log10(hour.wh / past.mean_wh) as decades
      from hour_sum as hour
      join past_hour as past on past.meter_key = hour.meter_key and past.day = hour.day and past.hour = hour.hour
      where hour.wh > 0 and past.mean_wh > 0 and past.days >= 2) as ratio
    group by ratio.meter_key, ratio.day
    having count(*) >= ${t.minHours} and abs(round(median(ratio.decades))) between 1 and 4
      and abs(median(ratio.decades) - round(median(ratio.decades))) <= ${t.toleranceDecades}
      and greatest(count(*) filter (where ratio.decades > 0.5), count(*) filter (where ratio.decades < -0.5))
          >= ${t.sharePercent} / 100.0 * count(*)`,

  negative_use: (t) => `
    select today.meter_key, min(today.start_s) as from_s, max(today.start_s + today.minutes * 60) as to_s, sum(today.wh) as value,
           0 as expected, 0 as bound, count(*) as times
    from today
    anti join generating on generating.meter_key = today.meter_key
    anti join past_meter as past on past.meter_key = today.meter_key and past.day = today.day
      and past.negative_days * 100 >= ${t.historyPercent} * past.seen_days
    where today.wh < 0
    group by today.meter_key, today.day having count(*) >= ${t.minIntervals}`,

  prolonged_estimation: (t) => `
    select today.meter_key, min(today.start_s) as from_s, max(today.start_s + today.minutes * 60) as to_s,
           sum(today.minutes) / 60.0 as value, 0 as expected, ${t.minHours} as bound, count(*) as times
    from today where today.quality = 3
    group by today.meter_key, today.day having sum(today.minutes) >= ${t.minHours} * 60`,

  missing_quantity: (t, { intervalMinutes }) => `
    select day.meter_key, local_day.start_s as from_s, local_day.end_s as to_s, day.missing as value,
           (local_day.end_s - local_day.start_s) / ${intervalMinutes * 60} as expected, ${t.missingPercent} as bound, day.missing as times
    from (select run.meter_key, run.day, sum(run.intervals) as missing from missing_run as run group by all) as day ${wholeDay}
    where day.missing * ${intervalMinutes * 60} >= ${t.missingPercent} / 100.0 * (local_day.end_s - local_day.start_s)`,

  register_sum: (t) => `
    select total.meter_key, total.from_s, total.to_s, total.sum_wh as value, total.wh as expected, ${t.tolerancePercent} as bound,
           abs(total.sum_wh - total.wh) as times
    from (
      select register.meter_key, register.from_s, register.to_s, any_value(register.wh) as wh, sum(reading.wh) as sum_wh
      from register
      join {silver} as reading on reading.meter_key = register.meter_key
        and reading.interval_start_s >= register.from_s and reading.interval_start_s < register.to_s
      group by all) as total
    where abs(total.sum_wh - total.wh) > greatest(${t.minWh}, ${t.tolerancePercent} / 100.0 * abs(total.wh))`,

  unit_of_measure: (t) => `
    select heavy.meter_key, min(heavy.start_s) as from_s, max(heavy.end_s) as to_s, max(heavy.kw) as value, any_value(heavy.most_kw) as expected,
           any_value(heavy.most_kw) as bound, count(*) as times
    from (
      select today.meter_key, today.day, today.start_s, today.start_s + today.minutes * 60 as end_s,
             abs(today.wh) * 0.06 / today.minutes as kw,
             [${t.residentialKw}, ${t.smallCommercialKw}, ${t.largeCommercialKw}, ${t.industrialKw}, ${t.streetLightingKw}][customer.customer_class + 1] as most_kw
      from today join meter_dimension as customer on customer.meter_key = today.meter_key
      where abs(today.wh) * 0.06 / today.minutes > ${Math.min(...Object.values(t))}) as heavy
    where heavy.kw > heavy.most_kw
    group by heavy.meter_key, heavy.day`,

  zero_run: (t) => `
    select run.meter_key, run.from_s, run.to_s, (run.to_s - run.from_s) / 3600.0 as value, past.daily_wh as expected,
           ${t.minHours} as bound, run.intervals as times
    from same_value as run
    join past_meter as past on past.meter_key = run.meter_key and past.day = run.day
    where run.wh = 0 and run.to_s - run.from_s >= ${t.minHours} * 3600 and past.daily_wh >= ${t.minWh}
      and not exists (from dark where dark.meter_key = run.meter_key and dark.from_s < run.to_s and dark.to_s > run.from_s)`,

  flat_run: (t) => `
    select run.meter_key, run.from_s, run.to_s, run.wh as value, 0 as expected, ${t.minIntervals} as bound, run.intervals as times
    from same_value as run where run.intervals >= ${t.minIntervals} and run.wh >= greatest(${t.minWh}, 1)`,

  voltage_range: (t) => `
    select volt.meter_key, min(volt.start_s) as from_s, max(volt.end_s) as to_s, arg_max(volt.volts, abs(volt.percent - 100)) as value,
           any_value(volt.nominal) as expected, case when avg(volt.percent) < 100 then ${t.lowPercent} else ${t.highPercent} end as bound,
           count(*) as times
    from (
      select today.meter_key, today.day, today.start_s, today.start_s + today.minutes * 60 as end_s, today.decivolt / 10.0 as volts,
             case when today.decivolt < 1800 then 120 else 240 end as nominal,
             today.decivolt * 10.0 / (case when today.decivolt < 1800 then 120 else 240 end) as percent
      from today where today.decivolt > 0) as volt
    where volt.percent < ${t.lowPercent} or volt.percent > ${t.highPercent}
    group by volt.meter_key, volt.day having count(*) >= ${t.minIntervals}`,

  clock_shift: (t) => `
    select best.meter_key, local_day.start_s as from_s, local_day.end_s as to_s, best.lag_h as value, 0 as expected,
           ${t.errorPercent} as bound, 100 * best.error / best.error_before as times
    from (
      select moved.meter_key, moved.day, arg_min(moved.lag_h, moved.error) as lag_h, min(moved.error) as error,
             max(moved.error) filter (where moved.lag_h = 0) as error_before
      from (
        select hour.meter_key, hour.day, shift.lag_h, sum(abs(hour.wh - past.mean_wh)) as error
        from hour_sum as hour, (values (-2), (-1), (0), (1), (2)) as shift (lag_h), past_hour as past
        where past.meter_key = hour.meter_key and past.day = hour.day and past.hour = (hour.hour - shift.lag_h + 24) % 24
          and past.days >= ${t.minDays}
        group by all having count(*) >= 20) as moved
      group by all) as best
    join local_day on local_day.day = best.day and local_day.until_s = local_day.end_s
    where best.lag_h <> 0 and best.error_before >= ${t.minWh} and best.error <= ${t.errorPercent} / 100.0 * best.error_before`,
};

/** The query of one rule with its thresholds filled in. */
export function sqlOfRule(rule: RuleName, { thresholds }: RuleSettings, config: VeeConfig): string {
  return ruleSql[rule](thresholds, config);
}

export const sameValueExpression = `same_value as materialized (select * from (${valueRuns}) as run where run.intervals >= 2 or run.wh = 0)`;
