-- Hourly energy of one level ({level}), from the changes in {changes}; {hour_span} bounds the rows that can be meant.
merge into hourly_{level} as total
using (
  select batch.{level}_key, batch.interval_start_s - batch.interval_start_s % 3600 as hour_start_s,
         sum(batch.wh)::bigint as wh, sum(batch.readings)::bigint as readings
  from {changes} as batch where batch.{level}_key >= 0 group by all
) as batch
on total.{level}_key = batch.{level}_key and total.hour_start_s = batch.hour_start_s and {hour_span}
when matched then update set wh = total.wh + batch.wh, readings = total.readings + batch.readings
when not matched then insert values (batch.{level}_key, batch.hour_start_s, batch.wh, batch.readings);
