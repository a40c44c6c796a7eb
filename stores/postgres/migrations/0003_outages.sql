-- Outages with their steps and their log; what the engine needs to go on after a restart.

create table outage (
  id text primary key,
  state text not null,
  device_key integer not null,
  feeder_key integer not null,
  customers_out integer not null,
  customers_affected integer not null,
  critical_out integer not null,
  meters_dark integer not null,
  meters_lit integer not null,
  meters_silent integer not null,
  started_at timestamptz not null,
  detected_at timestamptz not null,
  restored_at timestamptz,
  closed_at timestamptz,
  source text not null,
  crew text,
  cause text,
  merged_into text,
  revision integer not null,
  updated_at timestamptz not null,
  -- what the engine alone knows (see services/outages/SPEC.md)
  engine jsonb not null
);
create index outage_open on outage (state) where closed_at is null;
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

-- Supply evidence per meter where it is anything but "never heard": state code and its time.
create table meter_supply (
  meter_key integer primary key,
  state smallint not null,
  since timestamptz not null
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
  feeder_key integer,
  outage_id text,
  device_key integer,
  acknowledged_by text,
  acknowledged_at timestamptz,
  returned_at timestamptz
);
create index alarm_active on alarm (state) where state <> 'normal';
