-- Resolves the contested rows. Current is the best quality, among equals the newest arrival. A row that repeats the one
-- before it (same meter, interval, quality and values) is a duplicate. The result depends on the order of arrival alone,
-- never on how the segments were grouped: `verify` relies on it. A row of a part counts as arrived when it was sealed:
-- what it replaced came before, what is staged came after.

create or replace temp table known as
with versions as (
  select open.*, true as was_current, false as was_sealed from silver_reading as open where {span}
  union all
  select earlier.*, false as was_current, false as was_sealed from silver_earlier as earlier where {earlier_span}
  union all
  select part.meter_key, part.interval_start_s, part.interval_minutes, part.wh, part.decivolt, part.quality, part.source_key,
         part.sealed_through_segment_id, 9007199254740991, true, true
  from {parts} as part
  where {span} and part.segment_id is null
    and not exists (select 1 from silver_replaced as replaced
                    where replaced.meter_key = part.meter_key and replaced.interval_start_s = part.interval_start_s)
)
select versions.* from versions
semi join contested on contested.meter_key = versions.meter_key and contested.interval_start_s = versions.interval_start_s;

create or replace temp table ranked as
with arrivals as (
  select known.*, true as was_known from known
  union all
  select staged.*, false as was_current, false as was_sealed, false as was_known from staged
  semi join contested on contested.meter_key = staged.meter_key and contested.interval_start_s = staged.interval_start_s
),
compared as (
  select arrivals.*,
         coalesce(arrivals.wh = lag(arrivals.wh) over before_it
              and arrivals.decivolt = lag(arrivals.decivolt) over before_it
              and arrivals.interval_minutes = lag(arrivals.interval_minutes) over before_it, false) as is_duplicate
  from arrivals
  window before_it as (partition by arrivals.meter_key, arrivals.interval_start_s, arrivals.quality
                       order by arrivals.segment_id, arrivals.record_offset)
)
select compared.*,
       not compared.is_duplicate and row_number() over (
         partition by compared.meter_key, compared.interval_start_s
         order by compared.is_duplicate, compared.quality, compared.segment_id desc, compared.record_offset desc) = 1 as is_current
from compared;

create or replace temp table resolved as
select ranked.* exclude (was_current, was_sealed, was_known, is_duplicate, is_current), 1 as sign
from ranked where ranked.is_current and not ranked.was_current
union all
select ranked.* exclude (was_current, was_sealed, was_known, is_duplicate, is_current), -1 as sign
from ranked where ranked.was_current and not ranked.is_current;

delete from silver_reading using resolved
where resolved.sign = -1 and silver_reading.meter_key = resolved.meter_key
  and silver_reading.interval_start_s = resolved.interval_start_s;

insert into silver_replaced
select ranked.meter_key, ranked.interval_start_s from ranked
where ranked.was_sealed and ranked.was_current and not ranked.is_current;

insert into silver_earlier
select ranked.* exclude (was_current, was_sealed, was_known, is_duplicate, is_current) from ranked
where not ranked.is_duplicate and not ranked.is_current and (ranked.was_current or not ranked.was_known);

-- what enters and leaves the set of current readings: rollups add and subtract exactly this
create or replace temp view change as
select staged.*, 1 as sign from staged
anti join contested on contested.meter_key = staged.meter_key and contested.interval_start_s = staged.interval_start_s
union all
select resolved.* from resolved;

create or replace temp view counted as
select ranked.source_key, ranked.meter_key, ranked.interval_start_s,
       ranked.is_current::integer - ranked.was_current::integer as stored,
       (not ranked.is_current and not ranked.is_duplicate)::integer - (ranked.was_known and not ranked.was_current)::integer as superseded,
       ranked.is_duplicate::integer as duplicate
from ranked
union all
select staged.source_key, staged.meter_key, staged.interval_start_s, 1, 0, 0 from staged
anti join contested on contested.meter_key = staged.meter_key and contested.interval_start_s = staged.interval_start_s;
