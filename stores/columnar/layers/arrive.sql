-- The new current rows, and the counts they belong to.
insert into silver_reading
select change.* exclude (sign) from change where change.sign = 1;

create or replace temp table count_change as
select counted.source_key, counted.interval_start_s - counted.interval_start_s % 86400 as day_start_s,
       counted.meter_key - counted.meter_key % {block} as meter_from,
       sum(counted.stored)::bigint as stored, sum(counted.superseded)::bigint as superseded, sum(counted.duplicate)::bigint as duplicate
from counted group by all;

merge into layer_count as total
using count_change as batch
on total.source_key = batch.source_key and total.day_start_s = batch.day_start_s and total.meter_from = batch.meter_from
when matched then update set stored = total.stored + batch.stored, superseded = total.superseded + batch.superseded,
                             duplicate = total.duplicate + batch.duplicate
when not matched then insert values (batch.source_key, batch.day_start_s, batch.meter_from, batch.stored, batch.superseded, batch.duplicate);

merge into cell_touched as touched
using (select distinct count_change.day_start_s, count_change.meter_from from count_change) as batch
on touched.day_start_s = batch.day_start_s and touched.meter_from = batch.meter_from
when matched then update set at_s = epoch(now())::bigint
when not matched then insert values (batch.day_start_s, batch.meter_from, epoch(now())::bigint);
