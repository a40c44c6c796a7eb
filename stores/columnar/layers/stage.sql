-- New rows as they lie in their segments: {segments} is a list of (path, segment_id, source_key), {paths} their paths,
-- {unsealed} leaves out rows that a part already stands for.
create or replace temp table staged as
select bronze.meter_key, bronze.interval_start_s, bronze.interval_minutes, bronze.wh, bronze.decivolt, bronze.quality,
       segment.source_key, coalesce(bronze.segment_id, segment.segment_id) as segment_id, bronze.record_offset
from read_parquet({paths}, filename = true) as bronze
join (values {segments}) as segment (path, segment_id, source_key) on segment.path = bronze.filename
where {unsealed};
