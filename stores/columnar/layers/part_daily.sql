-- Local days of the meters of a part ({parts}), as far as they lie in its UTC day.
insert into daily_meter_sealed
select part.meter_key, part.interval_start_s - part.interval_start_s % 86400, day.local_date,
       sum(part.wh)::bigint, count(*), sum(part.decivolt)::bigint, count(*) filter (where part.decivolt > 0),
       min(part.decivolt) filter (where part.decivolt > 0), max(part.decivolt) filter (where part.decivolt > 0)
from {parts} as part
join local_quarter as day on day.quarter_s = part.interval_start_s - part.interval_start_s % 900
where part.segment_id is null and {meters}
  and not exists (select 1 from silver_replaced as replaced
                  where replaced.meter_key = part.meter_key and replaced.interval_start_s = part.interval_start_s)
group by all
order by part.meter_key;
