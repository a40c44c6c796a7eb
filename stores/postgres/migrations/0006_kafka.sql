-- Topics of Kafka: which topic a source's offsets belong to, what was gone before it was read, who consumes, and the
-- states of devices that come with events.

-- A topic that is deleted and made again begins at 0 again while the ledger's offsets go on: a life for each.
create table kafka_life (
  topic text not null,
  partition_no integer not null,
  -- the ledger's offset of this life's offset 0
  base_offset bigint not null,
  topic_id text not null,
  since timestamptz not null default now(),
  primary key (topic, partition_no, base_offset)
);

-- Offsets (of the ledger) that retention had removed before they were read.
create table kafka_gap (
  gap_id bigint generated always as identity primary key,
  topic text not null,
  partition_no integer not null,
  offset_from bigint not null,
  offset_to bigint not null,
  at timestamptz not null default now()
);

-- Consuming processes with the state of their partitions, written by each about once a second.
create table kafka_worker (
  worker_id text primary key,
  host text not null,
  pid integer not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  partitions jsonb not null
);

create table device_state (
  device_state_id bigint generated always as identity primary key,
  device_id text not null,
  event_time timestamptz not null,
  state text not null check (state in ('open', 'closed')),
  source text not null,
  received_at timestamptz not null,
  unique (device_id, event_time, state)
);

create table kafka_alert_mark (
  singleton boolean primary key default true check (singleton),
  -- the last entry of outage_log that brokers have
  log_id bigint not null default 0
);
insert into kafka_alert_mark default values;
