-- Nothing is contested: every new row enters as it is.
create or replace temp view change as select staged.*, 1 as sign from staged;
create or replace temp view counted as
select staged.source_key, staged.meter_key, staged.interval_start_s, 1 as stored, 0 as superseded, 0 as duplicate from staged;
