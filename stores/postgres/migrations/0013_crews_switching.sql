-- Crews with their jobs, switching orders with their steps and tags. Both logs only grow.

create table crew (
  crew_id text primary key,
  name text not null,
  kind text not null check (kind in ('troubleman', 'line', 'underground', 'tree', 'damage_assessor')),
  skills text[] not null,
  size integer not null check (size > 0),
  area_id text not null,
  phone text,
  radio text,
  home_lon double precision not null,
  home_lat double precision not null,
  -- weekly windows in local time: [{days, from, to, time_zone}]
  shifts jsonb not null,
  status text not null
    check (status in ('off_shift', 'available', 'assigned', 'en_route', 'on_site', 'on_break', 'unavailable')),
  status_since timestamptz not null,
  lon double precision,
  lat double precision,
  position_at timestamptz,
  -- whether the roster was last seen inside a shift: its edges sign a crew on and off
  was_in_shift boolean not null,
  revision integer not null default 1
);

create table crew_job (
  crew_id text not null references crew,
  outage_id text not null,
  -- order of work; the smallest is the job at hand
  job_no bigint generated always as identity,
  device_id text not null,
  assigned_by text not null,
  assigned_at timestamptz not null,
  primary key (crew_id, outage_id)
);
create index crew_job_outage on crew_job (outage_id);

create table crew_log (
  log_id bigint generated always as identity primary key,
  crew_id text not null references crew,
  at timestamptz not null,
  actor text not null,
  verb text not null,
  from_status text,
  to_status text not null,
  outage_id text,
  reason text
);
create index crew_log_crew on crew_log (crew_id, log_id);

create table switching_order (
  order_id bigint generated always as identity primary key,
  title text not null,
  state text not null check (state in ('draft', 'checked', 'approved', 'executing', 'done', 'aborted')),
  area_id text,
  outage_id text,
  -- everyone who wrote at it since it was approved last: none of them may approve it
  authors text[] not null,
  approver text,
  revision integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index switching_order_open on switching_order (order_id) where state not in ('done', 'aborted');

create table switching_step (
  order_id bigint not null references switching_order,
  step_no integer not null,
  device_id text not null,
  operation text not null check (operation in ('open', 'close', 'tag', 'untag', 'ground', 'unground')),
  note text,
  -- what was foreseen when the order was checked
  foreseen jsonb,
  -- who is carrying it out: between this and done_by lies the operation itself
  begun_by text,
  done_by text,
  done_at timestamptz,
  -- why it was stopped when it was last tried
  stopped text,
  primary key (order_id, step_no)
);

-- Tags and grounds that hang in the field now.
create table switching_tag (
  device_id text not null,
  kind text not null check (kind in ('tag', 'ground')),
  order_id bigint not null references switching_order,
  -- the de-energised end a ground was set at
  node_key integer,
  placed_by text not null,
  placed_at timestamptz not null,
  primary key (device_id, kind, order_id)
);

create table switching_log (
  log_id bigint generated always as identity primary key,
  order_id bigint not null references switching_order,
  at timestamptz not null,
  actor text not null,
  verb text not null,
  from_state text,
  to_state text not null,
  step_no integer,
  reason text
);
create index switching_log_order on switching_log (order_id, log_id);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'table % only grows: rows are neither changed nor removed', tg_table_name;
end
$$;
create trigger crew_log_grows before update or delete on crew_log for each row execute function refuse_change();
create trigger switching_log_grows before update or delete on switching_log for each row execute function refuse_change();
