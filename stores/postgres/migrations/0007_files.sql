-- Files of readings: each content once, with how far its load has come. Prices by type of settlement point.

create table file_load (
  file_load_id bigint generated always as identity primary key,
  origin text not null check (origin in ('folder', 'bucket', 'import')),
  -- below the folder, or the object's key, or as given
  name text not null,
  -- what a look without reading tells: size and times, or the object's entity tag
  marker text not null,
  byte_count bigint not null,
  -- of the content; null where the file was refused unread
  sha256 text,
  -- the format, and what else decides the readings: a mapping, a meter
  read_as text not null,
  state text not null check (state in ('loading', 'loaded', 'duplicate', 'set_aside')),
  code text,
  reason text,
  -- the file of the same name it replaced, the load of the same content it repeats
  replaces bigint references file_load (file_load_id),
  duplicate_of bigint references file_load (file_load_id),
  -- how far the load has come: written in the transaction of each batch
  records bigint not null default 0,
  accepted bigint not null default 0,
  set_aside bigint not null default 0,
  first_seen timestamptz not null default now(),
  finished_at timestamptz
);
-- No content is loaded twice, whoever finds it.
create unique index file_load_content on file_load (sha256, read_as) where state <> 'duplicate';
create index file_load_name on file_load (origin, name, file_load_id desc);

-- LZ_HOUSTON is published as a load zone (LZ) and energy-weighted (LZEW).
alter table price_observation add column settlement_point_type text not null default 'LZ';
alter table price_observation drop constraint price_observation_pkey;
alter table price_observation add primary key (settlement_point, settlement_point_type, interval_start);
