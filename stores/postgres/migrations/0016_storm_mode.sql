-- Storm mode of each area: as it stands, and everything that was ever switched.

create table storm_mode (
  area_id text primary key,
  is_on boolean not null,
  reason text not null,
  author text not null,
  since timestamptz not null,
  -- goes off by itself then; null: until it is switched off
  expires_at timestamptz,
  check (is_on or expires_at is null)
);

create table storm_mode_log (
  storm_mode_log_id bigint generated always as identity primary key,
  area_id text not null,
  is_on boolean not null,
  reason text not null,
  author text not null,
  at timestamptz not null,
  expires_at timestamptz
);
create index storm_mode_log_area on storm_mode_log (area_id, storm_mode_log_id);

create function storm_mode_log_only_grows() returns trigger language plpgsql as $$
begin
  raise exception 'the log of storm mode only grows: % refused', lower(tg_op) using errcode = 'restrict_violation';
end $$;
create trigger storm_mode_log_row before update or delete on storm_mode_log
  for each row execute function storm_mode_log_only_grows();
create trigger storm_mode_log_whole before truncate on storm_mode_log
  for each statement execute function storm_mode_log_only_grows();
