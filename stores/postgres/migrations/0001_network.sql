-- The grid as it is built: what importers and the generator write, what analysts read.
-- Keys are the row numbers of the in-memory columns; they are stable, new rows are appended.

create table network_state (
  singleton boolean primary key default true check (singleton),
  name text not null,
  -- rises with each import; names the snapshot file and the map bundles
  version bigint not null,
  sha256 text not null,
  seed bigint,
  changed_at timestamptz not null default now()
);

create table area (
  area_key integer primary key,
  id text not null unique,
  name text not null
);

create table substation (
  substation_key integer primary key,
  id text not null unique,
  name text not null,
  area_key integer not null references area,
  lon double precision not null,
  lat double precision not null,
  geometry_wkb bytea not null
);

create table feeder (
  feeder_key integer primary key,
  id text not null unique,
  name text not null,
  substation_key integer not null references substation,
  source_node_key integer not null,
  head_equipment_key integer not null,
  nominal_kv real not null
);
create index feeder_substation on feeder (substation_key);

create table connectivity_node (
  node_key integer primary key,
  id text not null,
  feeder_key integer not null,
  lon double precision not null,
  lat double precision not null
);

create table equipment (
  equipment_key integer primary key,
  id text not null unique,
  kind text not null,
  from_node_key integer not null,
  to_node_key integer not null,
  feeder_key integer not null,
  phases smallint not null,
  normally_open boolean not null,
  underground boolean not null,
  length_m real not null,
  rated_kva real not null,
  rated_a real not null,
  -- line string, WGS 84; its bounds beside it so that a viewport needs no extension
  geometry_wkb bytea not null,
  west double precision not null,
  south double precision not null,
  east double precision not null,
  north double precision not null
);
create index equipment_feeder on equipment (feeder_key);

create table meter (
  meter_key integer primary key,
  id text not null unique,
  node_key integer not null,
  transformer_key integer,
  customer_class text not null,
  critical text not null,
  phases smallint not null,
  peak_kw real not null,
  lon double precision not null,
  lat double precision not null
);
create index meter_transformer on meter (transformer_key);

-- Only what differs from the normal state has a row.
create table switch_state (
  equipment_key integer primary key references equipment,
  is_open boolean not null,
  source text not null,
  actor text not null,
  reason text not null,
  changed_at timestamptz not null default now()
);
