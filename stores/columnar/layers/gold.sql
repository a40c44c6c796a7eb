-- Totals of what changed: integers, so adding what came and subtracting what went is exact. First by transformer and
-- interval, which every level above is made from.
create or replace temp table interval_change as
with places as (
  select dimension.place_key, change.interval_start_s,
         sum(change.sign * change.wh)::bigint as wh,
         sum(change.sign)::bigint as readings,
         sum(change.sign * change.decivolt)::bigint as decivolt_sum,
         sum(case when change.decivolt > 0 then change.sign else 0 end)::bigint as decivolt_readings,
         sum(case when change.decivolt > 0 and change.decivolt * 20 < dimension.nominal_decivolt::integer * 19 then change.sign else 0 end)::bigint as low_readings,
         sum(case when change.decivolt * 20 > dimension.nominal_decivolt::integer * 21 then change.sign else 0 end)::bigint as high_readings
  from change
  join meter_dimension as dimension on dimension.meter_key = change.meter_key
  group by dimension.place_key, change.interval_start_s
)
select place.transformer_key, place.feeder_key, place.substation_key, places.* exclude (place_key)
from places
join place_dimension as place on place.place_key = places.place_key;

create or replace temp table feeder_change as
select interval_change.* exclude (transformer_key, wh, readings, decivolt_sum, decivolt_readings, low_readings, high_readings),
       sum(interval_change.wh)::bigint as wh, sum(interval_change.readings)::bigint as readings,
       sum(interval_change.decivolt_sum)::bigint as decivolt_sum, sum(interval_change.decivolt_readings)::bigint as decivolt_readings,
       sum(interval_change.low_readings)::bigint as low_readings, sum(interval_change.high_readings)::bigint as high_readings
from interval_change group by all;

create or replace temp table interval_day as
select intervals.interval_start_s, day.local_date
from (select distinct feeder_change.interval_start_s from feeder_change) as intervals
join local_day as day on intervals.interval_start_s >= day.from_s and intervals.interval_start_s < day.to_s;

merge into gold_feeder_interval as total
using feeder_change as batch
on total.feeder_key = batch.feeder_key and total.interval_start_s = batch.interval_start_s and {interval_span}
when matched then update set wh = total.wh + batch.wh, readings = total.readings + batch.readings,
                             decivolt_sum = total.decivolt_sum + batch.decivolt_sum,
                             decivolt_readings = total.decivolt_readings + batch.decivolt_readings,
                             low_readings = total.low_readings + batch.low_readings,
                             high_readings = total.high_readings + batch.high_readings
when not matched then insert values (batch.feeder_key, batch.interval_start_s, batch.wh, batch.readings,
                                     batch.decivolt_sum, batch.decivolt_readings, batch.low_readings, batch.high_readings);
