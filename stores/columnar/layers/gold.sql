-- Interval totals per feeder: integers, so adding what came and subtracting what went is exact.
merge into gold_feeder_interval as total
using (
  select dimension.feeder_key, change.interval_start_s,
         sum(change.sign * change.wh)::bigint as wh,
         sum(change.sign)::bigint as readings,
         sum(change.sign * change.decivolt)::bigint as decivolt_sum,
         sum(case when change.decivolt > 0 then change.sign else 0 end)::bigint as decivolt_readings
  from change
  join meter_dimension as dimension on dimension.meter_key = change.meter_key
  group by all
) as batch
on total.feeder_key = batch.feeder_key and total.interval_start_s = batch.interval_start_s
when matched then update set wh = total.wh + batch.wh, readings = total.readings + batch.readings,
                             decivolt_sum = total.decivolt_sum + batch.decivolt_sum,
                             decivolt_readings = total.decivolt_readings + batch.decivolt_readings
when not matched then insert values (batch.feeder_key, batch.interval_start_s, batch.wh, batch.readings,
                                     batch.decivolt_sum, batch.decivolt_readings);
