-- Resolves new segments: {segments} is a list of (path, segment_id, source, partition_no), {paths} their paths.
-- Current is the best quality, among equals the newest arrival. A row that repeats the one before it (same meter,
-- interval, quality and values) is a duplicate. The result depends on the order of arrival alone, never on how the
-- segments were grouped: `verify` relies on it.

create or replace temp table staged as
select bronze.meter_key, bronze.interval_start_s, bronze.interval_minutes, bronze.wh, bronze.decivolt, bronze.quality,
       coalesce(bronze.segment_id, segment.segment_id) as segment_id, bronze.record_offset, segment.source, segment.partition_no
from read_parquet({paths}, filename = true) as bronze
join (values {segments}) as segment (path, segment_id, source, partition_no) on segment.path = bronze.filename;

create or replace temp table known as
with bounds as (
  select min(staged.interval_start_s) as first_s, max(staged.interval_start_s) as last_s from staged
),
versions as (
  select reading.*, true as was_current from silver_reading as reading, bounds
  where reading.interval_start_s >= bounds.first_s and reading.interval_start_s <= bounds.last_s
  union all
  select earlier.*, false as was_current from silver_earlier as earlier, bounds
  where earlier.interval_start_s >= bounds.first_s and earlier.interval_start_s <= bounds.last_s
)
select versions.* from versions
semi join staged on staged.meter_key = versions.meter_key and staged.interval_start_s = versions.interval_start_s;

create or replace temp table ranked as
with arrivals as (
  select known.*, true as was_known from known
  union all
  select staged.*, false as was_current, false as was_known from staged
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

-- what enters and leaves the set of current readings: rollups add and subtract exactly this
create or replace temp table change as
select ranked.* exclude (was_current, was_known, is_duplicate, is_current), 1 as sign
from ranked where ranked.is_current and not ranked.was_current
union all
select ranked.* exclude (was_current, was_known, is_duplicate, is_current), -1 as sign
from ranked where ranked.was_current and not ranked.is_current;

delete from silver_reading using change
where change.sign = -1 and silver_reading.meter_key = change.meter_key
  and silver_reading.interval_start_s = change.interval_start_s;

insert into silver_reading
select change.* exclude (sign) from change where change.sign = 1 order by change.interval_start_s, change.meter_key;

insert into silver_earlier
select ranked.* exclude (was_current, was_known, is_duplicate, is_current) from ranked
where not ranked.is_duplicate and not ranked.is_current and (ranked.was_current or not ranked.was_known);

merge into source_count as total
using (
  select ranked.source, ranked.partition_no,
         count(*) filter (where ranked.is_current) - count(*) filter (where ranked.was_current) as stored,
         count(*) filter (where not ranked.is_current and not ranked.is_duplicate)
           - count(*) filter (where ranked.was_known and not ranked.was_current) as superseded,
         count(*) filter (where ranked.is_duplicate) as duplicate
  from ranked group by all
) as batch
on total.source = batch.source and total.partition_no = batch.partition_no
when matched then update set stored = total.stored + batch.stored, superseded = total.superseded + batch.superseded,
                             duplicate = total.duplicate + batch.duplicate
when not matched then insert values (batch.source, batch.partition_no, batch.stored, batch.superseded, batch.duplicate);
