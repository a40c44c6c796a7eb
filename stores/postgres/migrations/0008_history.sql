-- History: days of readings sealed into parts, sources by number, and observations that tell when they changed.

-- Parts carry their rows' source as a number.
create table reading_source (
  source_key smallint generated always as identity primary key,
  source text not null,
  partition_no integer not null,
  unique (source, partition_no)
);

-- A part: the current readings of one UTC day and one block of meters, and the versions they replaced, in one file.
create table silver_part (
  part_id bigint generated always as identity primary key,
  day_start_s integer not null,
  meter_from integer not null,
  meter_to integer not null,
  path text not null unique,
  row_count bigint not null,
  earlier_count bigint not null,
  byte_count bigint not null,
  sha256 text not null,
  sum_wh bigint not null,
  -- rows of the cell in segments up to this one are in the part
  sealed_through_segment_id bigint not null,
  -- what silver made of each source's rows of the cell: [{sourceKey, stored, superseded, duplicate}]
  counts jsonb not null,
  sealed_at timestamptz not null default now(),
  -- set when the retention policy removed the readings; the counts stay
  dropped_at timestamptz
);
create unique index silver_part_cell on silver_part (day_start_s, meter_from) where dropped_at is null;

-- A merged segment stands for everything from its first part on: what is resolved together must not be torn apart.
alter table segment add column first_segment_id bigint;

-- The transaction that wrote an observation last: readers that go on from the oldest transaction that was still open
-- when they looked miss none, however late or revised it is.
alter table weather_observation add column changed_xid xid8 not null default pg_current_xact_id();
alter table price_observation add column changed_xid xid8 not null default pg_current_xact_id();
create function observation_changed() returns trigger language plpgsql as $$
begin
  new.changed_xid := pg_current_xact_id();
  return new;
end $$;
create trigger weather_observation_changed before update on weather_observation
  for each row execute function observation_changed();
create trigger price_observation_changed before update on price_observation
  for each row execute function observation_changed();
create index weather_observation_changed on weather_observation (changed_xid);
create index price_observation_changed on price_observation (changed_xid);
