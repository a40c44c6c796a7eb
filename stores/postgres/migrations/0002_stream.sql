-- What came in: offsets, segments, hot readings and set-aside records, all written in one transaction per batch.

create table stream_position (
  source text not null,
  partition_no integer not null,
  kind text not null check (kind in ('reading', 'event')),
  -- the first offset that is not committed yet
  next_offset bigint not null default 0,
  -- rises with each owner: an older owner's commit is refused
  owner_epoch bigint not null default 0,
  received bigint not null default 0,
  landed bigint not null default 0,
  duplicate bigint not null default 0,
  set_aside bigint not null default 0,
  last_at timestamptz,
  primary key (source, partition_no)
);

create table segment (
  segment_id bigint generated always as identity primary key,
  source text not null,
  partition_no integer not null,
  offset_from bigint not null,
  offset_to bigint not null,
  row_count integer not null,
  path text not null unique,
  byte_count bigint not null,
  sha256 text not null,
  -- control sums: a flipped byte in a Parquet file can read silently wrong
  sum_wh bigint not null,
  min_interval_start_s integer not null,
  max_interval_start_s integer not null,
  committed_at timestamptz not null default now(),
  unique (source, partition_no, offset_from)
);

create table set_aside (
  set_aside_id bigint generated always as identity primary key,
  source text not null,
  partition_no integer not null,
  batch_offset bigint not null,
  record_index integer not null,
  code text not null,
  reason text not null,
  content text not null,
  received_at timestamptz not null
);
create index set_aside_received on set_aside (received_at desc);

-- The hot window: the newest interval of every meter.
create table ami_realtime (
  meter_key integer primary key,
  interval_start timestamptz not null,
  interval_minutes smallint not null,
  wh integer not null,
  decivolt integer not null,
  quality smallint not null,
  received_at timestamptz not null
) with (fillfactor = 60);

create table meter_event (
  event_id bigint generated always as identity primary key,
  meter_key integer not null,
  event_time timestamptz not null,
  event_type smallint not null,
  source text not null,
  received_at timestamptz not null,
  unique (meter_key, event_time, event_type)
);

-- Weather and price as observed at the interval; fed by connectors or by the simulation.
create table weather_observation (
  observed_at timestamptz not null primary key,
  temperature_c real not null,
  source text not null
);
create table price_observation (
  settlement_point text not null,
  interval_start timestamptz not null,
  lmp_usd_per_mwh real not null,
  source text not null,
  primary key (settlement_point, interval_start)
);
