-- Keys with more than one version, among the new rows or with what is known. Only they need ranking; {span} bounds the
-- known rows by time, {parts} are the sealed rows that may be meant.
create or replace temp table contested as
with repeated as (
  select staged.meter_key, staged.interval_start_s from staged
  group by staged.meter_key, staged.interval_start_s having count(*) > 1
),
seen as (
  select open.meter_key, open.interval_start_s from silver_reading as open
  semi join staged on staged.meter_key = open.meter_key and staged.interval_start_s = open.interval_start_s
  where {span}
),
sealed as (
  select part.meter_key, part.interval_start_s from {parts} as part
  semi join staged on staged.meter_key = part.meter_key and staged.interval_start_s = part.interval_start_s
  where {span} and part.segment_id is null
)
select repeated.* from repeated union select seen.* from seen union select sealed.* from sealed;
