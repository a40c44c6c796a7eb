-- Hourly energy per transformer, feeder and substation, by the same additions.
create or replace temp table hourly_change as
select dimension.transformer_key, dimension.feeder_key, dimension.substation_key,
       change.interval_start_s - change.interval_start_s % 3600 as hour_start_s,
       sum(change.sign * change.wh)::bigint as wh,
       sum(change.sign)::bigint as readings
from change
join meter_dimension as dimension on dimension.meter_key = change.meter_key
group by all;

merge into hourly_transformer as total
using (
  select hourly_change.transformer_key, hourly_change.hour_start_s, sum(hourly_change.wh)::bigint as wh,
         sum(hourly_change.readings)::bigint as readings
  from hourly_change where hourly_change.transformer_key >= 0 group by all
) as batch
on total.transformer_key = batch.transformer_key and total.hour_start_s = batch.hour_start_s
when matched then update set wh = total.wh + batch.wh, readings = total.readings + batch.readings
when not matched then insert values (batch.transformer_key, batch.hour_start_s, batch.wh, batch.readings);

merge into hourly_feeder as total
using (
  select hourly_change.feeder_key, hourly_change.hour_start_s, sum(hourly_change.wh)::bigint as wh,
         sum(hourly_change.readings)::bigint as readings
  from hourly_change group by all
) as batch
on total.feeder_key = batch.feeder_key and total.hour_start_s = batch.hour_start_s
when matched then update set wh = total.wh + batch.wh, readings = total.readings + batch.readings
when not matched then insert values (batch.feeder_key, batch.hour_start_s, batch.wh, batch.readings);

merge into hourly_substation as total
using (
  select hourly_change.substation_key, hourly_change.hour_start_s, sum(hourly_change.wh)::bigint as wh,
         sum(hourly_change.readings)::bigint as readings
  from hourly_change group by all
) as batch
on total.substation_key = batch.substation_key and total.hour_start_s = batch.hour_start_s
when matched then update set wh = total.wh + batch.wh, readings = total.readings + batch.readings
when not matched then insert values (batch.substation_key, batch.hour_start_s, batch.wh, batch.readings);
