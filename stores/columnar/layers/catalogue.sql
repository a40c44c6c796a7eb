-- Tables of the analytical store. The file is a cache: it can be rebuilt from parts and segments at any time.

create table if not exists layer_mark (
  -- the last segment whose rows are in all layers
  segment_id bigint not null,
  -- observations of transactions from here on are not copied yet
  observed_xid bigint not null
);
insert into layer_mark select 0, 0 where not exists (select 1 from layer_mark);

-- what the numbers of sources mean; given out by the operational store
create table if not exists source_dimension (source_key smallint not null, source varchar not null, partition_no integer not null);

-- what silver made of each source's rows, by UTC day and block of meters: the unit that is sealed
create table if not exists layer_count (
  source_key smallint not null,
  day_start_s integer not null,
  meter_from integer not null,
  stored bigint not null,
  superseded bigint not null,
  duplicate bigint not null
);
-- when rows of a cell came last, by this machine's clock (not compared: a rebuild begins anew)
create table if not exists cell_touched (day_start_s integer not null, meter_from integer not null, at_s bigint not null);

create table if not exists meter_dimension (
  meter_key integer not null,
  -- the transformer, or -2 - feeder where the model has none
  place_key integer not null,
  transformer_key integer not null,
  feeder_key integer not null,
  substation_key integer not null,
  customer_class utinyint not null,
  nominal_decivolt smallint not null
);
create table if not exists place_dimension (
  place_key integer not null,
  transformer_key integer not null,
  feeder_key integer not null,
  substation_key integer not null
);
create table if not exists transformer_dimension (
  transformer_key integer not null, transformer_id varchar not null, feeder_key integer not null, rated_kva double not null, meters integer not null
);
create table if not exists feeder_dimension (
  feeder_key integer not null, feeder_id varchar not null, feeder_name varchar not null, substation_key integer not null, meters integer not null
);
create table if not exists substation_dimension (
  substation_key integer not null, substation_id varchar not null, substation_name varchar not null, area_key integer not null, meters integer not null
);
-- the utility's local days: begin and end as UTC seconds; 23 and 25 hours where clocks change
create table if not exists local_day (local_date date not null, from_s integer not null, to_s integer not null);
create table if not exists local_zone (time_zone varchar not null);
-- the same by quarter hours of UTC: an equality join where many rows ask
create table if not exists local_quarter (quarter_s integer not null, local_date date not null);

create table if not exists weather_interval (interval_start_s integer not null, temperature_c double not null);
create table if not exists price_interval (interval_start_s integer not null, lmp_usd_per_mwh double not null);

-- silver, open: one current version per meter and interval that is not in a part
create table if not exists silver_reading (
  meter_key integer not null,
  interval_start_s integer not null,
  interval_minutes utinyint not null,
  wh integer not null,
  decivolt usmallint not null,
  quality utinyint not null,
  source_key smallint not null,
  segment_id bigint not null,
  record_offset bigint not null
);
-- silver: versions that were replaced
create table if not exists silver_earlier as from silver_reading limit 0;
-- silver: readings of parts that a newer version replaced
create table if not exists silver_replaced (meter_key integer not null, interval_start_s integer not null);
-- silver, sealed: the parts these layers stand on
create table if not exists sealed_part (
  part_id bigint not null,
  day_start_s integer not null,
  meter_from integer not null,
  meter_to integer not null,
  file varchar not null,
  row_count bigint not null,
  sealed_through_segment_id bigint not null
);

-- gold: interval totals per feeder; weather and price of the interval come in by the views below
create table if not exists gold_feeder_interval (
  feeder_key integer not null,
  interval_start_s integer not null,
  wh bigint not null,
  readings bigint not null,
  decivolt_sum bigint not null,
  decivolt_readings bigint not null,
  -- voltage more than 5 % below or above nominal
  low_readings bigint not null,
  high_readings bigint not null
);

create table if not exists hourly_transformer (transformer_key integer not null, hour_start_s integer not null, wh bigint not null, readings bigint not null);
create table if not exists hourly_feeder (feeder_key integer not null, hour_start_s integer not null, wh bigint not null, readings bigint not null);
create table if not exists hourly_substation (substation_key integer not null, hour_start_s integer not null, wh bigint not null, readings bigint not null);
create table if not exists daily_transformer (transformer_key integer not null, local_date date not null, wh bigint not null, readings bigint not null);
create table if not exists daily_feeder (feeder_key integer not null, local_date date not null, wh bigint not null, readings bigint not null);
create table if not exists daily_substation (substation_key integer not null, local_date date not null, wh bigint not null, readings bigint not null);
-- the highest interval of a day can not be subtracted: made anew for the days that were touched
create table if not exists peak_feeder (feeder_key integer not null, local_date date not null, peak_wh bigint not null);
create table if not exists peak_substation (substation_key integer not null, local_date date not null, peak_wh bigint not null);
-- a meter's local days as far as they are in parts, one row per UTC day they lie in
create table if not exists daily_meter_sealed (
  meter_key integer not null,
  day_start_s integer not null,
  local_date date not null,
  wh bigint not null,
  readings bigint not null,
  decivolt_sum bigint not null,
  decivolt_readings bigint not null,
  decivolt_min usmallint,
  decivolt_max usmallint
);
