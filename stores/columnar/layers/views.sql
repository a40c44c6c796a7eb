-- Views over the layers; {sealed} is a select over the parts there are.

-- every current reading: open rows, and rows of parts that nothing replaced
create or replace view silver as
select open.meter_key, open.interval_start_s, open.interval_minutes, open.wh, open.decivolt, open.quality, open.source_key
from silver_reading as open
union all
select part.meter_key, part.interval_start_s, part.interval_minutes, part.wh, part.decivolt, part.quality, part.source_key
from {sealed} as part
where part.segment_id is null
  and not exists (select 1 from silver_replaced as replaced
                  where replaced.meter_key = part.meter_key and replaced.interval_start_s = part.interval_start_s);

-- The same with where each reading came from; a reading in a part knows its source only.
create or replace view silver_with_origin as
with readings as (
  select open.* from silver_reading as open
  union all
  select part.* exclude (sealed_through_segment_id) from {sealed} as part
  where part.segment_id is null
    and not exists (select 1 from silver_replaced as replaced
                    where replaced.meter_key = part.meter_key and replaced.interval_start_s = part.interval_start_s)
)
select readings.* exclude (source_key), origin.source, origin.partition_no
from readings left join source_dimension as origin on origin.source_key = readings.source_key;

create or replace view silver_earlier_with_origin as
select earlier.* exclude (source_key), origin.source, origin.partition_no
from silver_earlier as earlier left join source_dimension as origin on origin.source_key = earlier.source_key;

-- What held at an interval: the newest observation that is not too old, however late it came. A view, so a late or
-- revised observation is in gold at once; there are 35,040 intervals a year.
create or replace view interval_condition as
with bounds as (
  select min(total.interval_start_s) as first_s, max(total.interval_start_s) as last_s from gold_feeder_interval as total
),
intervals as (
  select unnest(range(bounds.first_s, bounds.last_s + 900, 900))::integer as interval_start_s
  from bounds where bounds.first_s is not null
),
warm as (
  select intervals.interval_start_s,
         case when intervals.interval_start_s - weather.interval_start_s < 7200 then weather.temperature_c end as temperature_c
  from intervals asof left join weather_interval as weather on intervals.interval_start_s >= weather.interval_start_s
)
select warm.interval_start_s, warm.temperature_c,
       case when warm.interval_start_s - price.interval_start_s < 3600 then price.lmp_usd_per_mwh end as lmp_usd_per_mwh
from warm asof left join price_interval as price on warm.interval_start_s >= price.interval_start_s;

create or replace view gold_interval as
select total.*, condition.temperature_c, condition.lmp_usd_per_mwh
from gold_feeder_interval as total
left join interval_condition as condition on condition.interval_start_s = total.interval_start_s;

create or replace view gold_reading as
select reading.*, dimension.transformer_key, dimension.feeder_key, dimension.substation_key, dimension.customer_class,
       condition.temperature_c, condition.lmp_usd_per_mwh
from silver as reading
join meter_dimension as dimension on dimension.meter_key = reading.meter_key
left join interval_condition as condition on condition.interval_start_s = reading.interval_start_s;

-- Four rows an hour: kept as a table it would cost as much as silver itself, and a question about a meter prunes to it.
create or replace view hourly_meter as
select reading.meter_key, reading.interval_start_s - reading.interval_start_s % 3600 as hour_start_s,
       sum(reading.wh)::bigint as wh, count(*) as readings
from silver as reading group by all;

-- Energy adds up over time; voltage does not, so its sum comes with its count, and its extremes.
create or replace view daily_meter as
with pieces as (
  select sealed.* exclude (day_start_s) from daily_meter_sealed as sealed
  union all
  select open.meter_key, day.local_date, sum(open.wh)::bigint, count(*), sum(open.decivolt)::bigint,
         count(*) filter (where open.decivolt > 0), min(open.decivolt) filter (where open.decivolt > 0), max(open.decivolt) filter (where open.decivolt > 0)
  from silver_reading as open
  join local_quarter as day on day.quarter_s = open.interval_start_s - open.interval_start_s % 900
  group by all
)
select pieces.meter_key, pieces.local_date, sum(pieces.wh)::bigint as wh, sum(pieces.readings)::bigint as readings,
       sum(pieces.decivolt_sum)::bigint as decivolt_sum, sum(pieces.decivolt_readings)::bigint as decivolt_readings,
       min(pieces.decivolt_min) as decivolt_min, max(pieces.decivolt_max) as decivolt_max
from pieces group by all;
