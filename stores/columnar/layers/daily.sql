-- Daily energy of one level ({level}) by the utility's local day, from the changes in {changes}.
merge into daily_{level} as total
using (
  select batch.{level}_key, interval_day.local_date, sum(batch.wh)::bigint as wh, sum(batch.readings)::bigint as readings
  from {changes} as batch
  join interval_day on interval_day.interval_start_s = batch.interval_start_s
  where batch.{level}_key >= 0 group by all
) as batch
on total.{level}_key = batch.{level}_key and total.local_date = batch.local_date and {date_span}
when matched then update set wh = total.wh + batch.wh, readings = total.readings + batch.readings
when not matched then insert values (batch.{level}_key, batch.local_date, batch.wh, batch.readings);
