-- Validation, estimation and editing of interval data; and which meters had no supply when, as the outages know it.

-- One stay of a meter in an outage. Written with the outages, in their transaction.
create table meter_outage_span (
  meter_key integer not null,
  outage_id text not null references outage on delete cascade,
  from_at timestamptz not null,
  -- null while it lasts
  to_at timestamptz,
  primary key (meter_key, outage_id)
);
create index meter_outage_span_lasting on meter_outage_span (outage_id) where to_at is null;
create index meter_outage_span_from on meter_outage_span (from_at);

-- What others may read: spans without supply, rejected predictions left out.
create view meter_without_supply as
select span.meter_key, span.from_at, span.to_at, span.outage_id
from meter_outage_span as span
join outage on outage.id = span.outage_id and outage.state <> 'rejected';

create table vee_exception (
  id text primary key,
  -- the local day it was found in, days since 1970-01-01
  day integer not null,
  rule text not null,
  severity smallint not null,
  meter_key integer not null,
  feeder_key integer not null,
  from_at timestamptz not null,
  to_at timestamptz not null,
  -- value, expected, bound, times: the numbers that broke the threshold
  evidence jsonb not null,
  state text not null,
  owner text,
  note text,
  opened_at timestamptz not null,
  closed_at timestamptz,
  updated_at timestamptz not null
);
create index vee_exception_queue on vee_exception (severity, from_at desc) where closed_at is null;
create index vee_exception_day on vee_exception (day);
create index vee_exception_meter on vee_exception (meter_key, from_at);

create table vee_exception_log (
  log_id bigint generated always as identity primary key,
  exception_id text not null references vee_exception,
  at timestamptz not null,
  actor text not null,
  verb text not null,
  from_state text,
  to_state text not null,
  reason text
);
create index vee_exception_log_of on vee_exception_log (exception_id, log_id);

-- Every value that did not come from a meter, with how it was made. Append only.
create table vee_estimate (
  estimate_id bigint generated always as identity primary key,
  meter_key integer not null,
  interval_start_s integer not null,
  interval_minutes smallint not null,
  wh integer not null,
  quality smallint not null,
  method text not null,
  flag text not null,
  basis text not null,
  at timestamptz not null,
  actor text not null,
  exception_id text
);
create index vee_estimate_interval on vee_estimate (meter_key, interval_start_s, estimate_id);

create table vee_register_read (
  meter_key integer not null,
  read_at timestamptz not null,
  wh bigint not null,
  received_at timestamptz not null default now(),
  primary key (meter_key, read_at)
);
create index vee_register_read_at on vee_register_read (read_at);

-- The newest run of each local day.
create table vee_run (
  day integer primary key,
  until_at timestamptz not null,
  readings bigint not null,
  findings integer not null,
  opened integer not null,
  resolved integer not null,
  filled integer not null,
  estimated integer not null,
  seconds real not null,
  ran_at timestamptz not null
);

-- Days that have to be judged, with the meters where few are touched (null = all).
create table vee_due (
  day integer primary key,
  meter_keys integer[]
);

create table vee_mark (
  singleton boolean primary key default true check (singleton),
  -- the last segment whose days are in vee_due
  segment_id bigint not null default 0
);
insert into vee_mark default values;
