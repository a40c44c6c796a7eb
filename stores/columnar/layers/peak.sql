-- The highest interval of the days that were touched, one level ({level}); a maximum can not be subtracted.
create or replace temp table touched as
select distinct feeder_change.{level}_key, interval_day.local_date
from feeder_change join interval_day on interval_day.interval_start_s = feeder_change.interval_start_s
where feeder_change.{level}_key >= 0;

delete from peak_{level} using touched
where peak_{level}.{level}_key = touched.{level}_key and peak_{level}.local_date = touched.local_date;

insert into peak_{level}
with sums as (
  select feeder.{level}_key, touched.local_date, total.interval_start_s, sum(total.wh) as wh
  from gold_feeder_interval as total
  join (select distinct place.feeder_key, place.substation_key from place_dimension as place) as feeder on feeder.feeder_key = total.feeder_key
  join local_day as day on total.interval_start_s >= day.from_s and total.interval_start_s < day.to_s
  join touched on touched.{level}_key = feeder.{level}_key and touched.local_date = day.local_date
  where {day_span} and total.readings > 0
  group by all
)
select sums.{level}_key, sums.local_date, max(sums.wh)::bigint from sums group by all;
