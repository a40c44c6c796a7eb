-- Outages with their steps and their log; what the engine needs to go on after a restart.

create table outage (
  id text primary key,
  -- order of detection
  outage_no bigint not null unique,
  state text not null,
  device_key integer not null,
  feeder_key integer not null,
  customers_out integer not null,
  customers_affected integer not null,
  critical_out integer not null,
  started_at timestamptz not null,
  detected_at timestamptz not null,
  restored_at timestamptz,
  is_open boolean not null,
  source text not null,
  crew text,
  cause text,
  merged_into text,
  revision integer not null,
  updated_at timestamptz not null,
  -- the whole record of the engine (services/outages/engine_records.ts)
  record jsonb not null
);
create index outage_open on outage (outage_no) where is_open;
create index outage_started on outage (started_at desc);

create table outage_step (
  outage_id text not null references outage,
  step_no integer not null,
  from_at timestamptz not null,
  to_at timestamptz,
  customers_out integer not null,
  customer_minutes double precision not null,
  primary key (outage_id, step_no)
);

create table outage_log (
  log_id bigint generated always as identity primary key,
  outage_id text not null references outage,
  at timestamptz not null,
  actor text not null,
  verb text not null,
  from_state text,
  to_state text not null,
  reason text
);
create index outage_log_outage on outage_log (outage_id, log_id);

create index outage_step_from on outage_step (from_at);

-- Supply evidence of every meter the engine knows something about (times are UTC epoch milliseconds).
create table meter_supply (
  meter_key integer primary key,
  state smallint not null,
  dark_ms double precision not null,
  lit_ms double precision not null,
  ripe_ms double precision not null,
  outage_id text,
  leftover_of text
);

-- Newest known time of each device whose position was reported.
create table device_report (
  equipment_key integer primary key,
  at_ms double precision not null
);

create table outage_engine (
  singleton boolean primary key default true check (singleton),
  -- last meter event whose effect is in the tables above
  applied_event_id bigint not null default 0,
  next_outage_no bigint not null default 1
);
insert into outage_engine default values;

create table alarm (
  id text primary key,
  priority smallint not null,
  state text not null,
  raised_at timestamptz not null,
  text text not null,
  feeder_id text,
  outage_id text,
  device_id text,
  acknowledged_by text,
  changed_at timestamptz not null default now()
);
create index alarm_active on alarm (raised_at) where state <> 'normal';
