-- Tables of the analytical store. The file is a cache: it can be rebuilt from the segments at any time.

create table if not exists layer_mark (
  -- the last segment whose rows are in all layers
  segment_id bigint not null
);
insert into layer_mark select 0 where not exists (select 1 from layer_mark);

create table if not exists source_count (
  source varchar not null,
  partition_no integer not null,
  stored bigint not null,
  superseded bigint not null,
  duplicate bigint not null
);

create table if not exists meter_dimension (
  meter_key integer not null,
  transformer_key integer not null,
  feeder_key integer not null,
  substation_key integer not null,
  customer_class utinyint not null
);

create table if not exists weather_interval (interval_start_s integer not null, temperature_c double not null);
create table if not exists price_interval (interval_start_s integer not null, lmp_usd_per_mwh double not null);

-- silver: one current version per meter and interval
create table if not exists silver_reading (
  meter_key integer not null,
  interval_start_s integer not null,
  interval_minutes utinyint not null,
  wh integer not null,
  decivolt usmallint not null,
  quality utinyint not null,
  segment_id bigint not null,
  record_offset bigint not null,
  source varchar not null,
  partition_no integer not null
);
-- silver: versions that were replaced
create table if not exists silver_earlier as from silver_reading limit 0;

-- gold: interval totals per feeder, joined with weather and price by the view below
create table if not exists gold_feeder_interval (
  feeder_key integer not null,
  interval_start_s integer not null,
  wh bigint not null,
  readings bigint not null,
  decivolt_sum bigint not null,
  decivolt_readings bigint not null
);
create or replace view gold_reading as
select reading.meter_key, reading.interval_start_s, reading.interval_minutes, reading.wh, reading.decivolt, reading.quality,
       dimension.transformer_key, dimension.feeder_key, dimension.substation_key, dimension.customer_class,
       weather.temperature_c, price.lmp_usd_per_mwh
from silver_reading as reading
join meter_dimension as dimension on dimension.meter_key = reading.meter_key
left join weather_interval as weather on weather.interval_start_s = reading.interval_start_s
left join price_interval as price on price.interval_start_s = reading.interval_start_s;

create table if not exists hourly_transformer (
  transformer_key integer not null,
  hour_start_s integer not null,
  wh bigint not null,
  readings bigint not null
);
create table if not exists hourly_feeder (
  feeder_key integer not null,
  hour_start_s integer not null,
  wh bigint not null,
  readings bigint not null
);
create table if not exists hourly_substation (
  substation_key integer not null,
  hour_start_s integer not null,
  wh bigint not null,
  readings bigint not null
);
