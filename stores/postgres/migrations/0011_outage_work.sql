-- Working outages: a log that can only grow and shows every change, pings, trouble calls, planned work, device states.

-- Each entry's hash covers the entry and the hash before it. Entries of before are chained when a center starts.
alter table outage_log
  -- of the outage, after the call that wrote the entry
  add column revision integer,
  add column hash bytea;

create table outage_log_head (
  singleton boolean primary key default true check (singleton),
  entries bigint not null default 0,
  -- hash of the newest entry
  hash bytea not null default ''
);
insert into outage_log_head default values;

create function outage_log_only_grows() returns trigger language plpgsql as $$
begin
  -- an entry of before the chain gets its hash, once, and nothing else
  if tg_op = 'UPDATE' then
    if old.hash is null and new.hash is not null and to_jsonb(old) - 'hash' = to_jsonb(new) - 'hash' then
      return new;
    end if;
  end if;
  raise exception 'the outage log only grows: % refused', lower(tg_op) using errcode = 'restrict_violation';
end $$;
create trigger outage_log_row before update or delete on outage_log
  for each row execute function outage_log_only_grows();
create trigger outage_log_whole before truncate on outage_log
  for each statement execute function outage_log_only_grows();

-- A question to meters by way of the head-end, and what they said.
create table ping_request (
  ping_request_id bigint generated always as identity primary key,
  outage_id text references outage,
  purpose text not null check (purpose in ('single_customer', 'verification', 'restoration', 'operator')),
  asked_by text not null,
  asked_at timestamptz not null,
  deadline_at timestamptz not null,
  -- null while answers are awaited
  ended_at timestamptz,
  -- why the head-end could not be asked, null where it was
  problem text
);
create index ping_request_outage on ping_request (outage_id, ping_request_id);

create table ping_answer (
  ping_request_id bigint not null references ping_request,
  meter_key integer not null,
  -- 'none': no answer until the deadline; null while it is awaited
  answer text check (answer in ('lit', 'dark', 'none')),
  answered_at timestamptz,
  primary key (ping_request_id, meter_key)
);
create index ping_answer_meter on ping_answer (meter_key, ping_request_id);

-- A customer's report. The id comes from who took it: the same one sent twice is one call.
create table trouble_call (
  call_no bigint generated always as identity primary key,
  id text not null unique,
  -- null while nobody knows which meter the caller's place is
  meter_key integer,
  -- the caller's place in words, where no meter was named
  place text,
  kind text not null,
  words text not null,
  callback text,
  taken_by text not null,
  called_at timestamptz not null,
  received_at timestamptz not null default now(),
  called_back_at timestamptz,
  called_back_by text,
  -- order in which calls became known with a meter: what the engine's mark counts
  placed_no bigint unique,
  placed_at timestamptz,
  placed_by text,
  check ((called_back_at is null) = (called_back_by is null)),
  check ((meter_key is null) = (placed_no is null))
);
create sequence trouble_call_placed as bigint;
create index trouble_call_meter on trouble_call (meter_key, called_at);
create index trouble_call_at on trouble_call (called_at);

create table planned_outage (
  planned_no bigint generated always as identity primary key,
  -- null where single meters are named
  equipment_key integer,
  meter_keys integer[] not null,
  from_at timestamptz not null,
  to_at timestamptz not null,
  reason text not null,
  author text not null,
  created_at timestamptz not null default now(),
  withdrawn_at timestamptz,
  withdrawn_by text,
  check (from_at < to_at),
  check ((withdrawn_at is null) = (withdrawn_by is null))
);
create index planned_outage_to on planned_outage (to_at) where withdrawn_at is null;

-- What became of each reported device state; null: not taken yet. Commits of several processes end in any order, so that
-- a mark by number would pass some.
alter table device_state
  add column outcome text check (outcome in ('applied', 'superseded', 'refused')),
  add column outcome_reason text;
update device_state set outcome = 'superseded', outcome_reason = 'stored before reported states operated the grid';
create index device_state_untaken on device_state (device_state_id) where outcome is null;

-- The newest known position of each device and its time, from telemetry or by hand: newest wins, also after a restart.
create table device_position (
  equipment_key integer primary key references equipment,
  is_open boolean not null,
  at timestamptz not null
);

alter table outage_engine
  -- last trouble call (placed_no) whose effect is in the outages
  add column applied_call_no bigint not null default 0;

-- How many last gasps were lost and how many lit answers were wrong, by area, measured on outages that are over.
create table outage_area_rates (
  area_key integer primary key references area,
  heard double precision not null,
  lost double precision not null,
  lit double precision not null,
  lit_wrong double precision not null
);
