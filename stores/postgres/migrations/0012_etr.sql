-- Estimated times of restoration: every revision, what people override, and outages as estimates see them.

-- Append only; the newest revision of an outage is its estimate.
create table etr_revision (
  revision_id bigint generated always as identity primary key,
  outage_id text not null references outage,
  computed_at timestamptz not null,
  p50_at timestamptz not null,
  p90_at timestamptz not null check (p90_at >= p50_at),
  source text not null check (source in ('model', 'simulation', 'zone_override', 'crew', 'operator')),
  -- version of the model or of the simulation; null where a person said it
  model text,
  author text not null,
  reason text,
  -- a person took the standing word back
  withdraws boolean not null default false,
  inputs jsonb not null
);
create index etr_revision_outage on etr_revision (outage_id, revision_id);

create function etr_revision_only_grows() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger of restoration times only grows: % refused', lower(tg_op) using errcode = 'restrict_violation';
end $$;
create trigger etr_revision_row before update or delete on etr_revision
  for each row execute function etr_revision_only_grows();
create trigger etr_revision_whole before truncate on etr_revision
  for each statement execute function etr_revision_only_grows();

create table etr_override (
  override_id bigint generated always as identity primary key,
  -- id of an area, a substation or a feeder
  zone text not null,
  kind text not null check (kind in ('time', 'delay')),
  restored_at timestamptz,
  delay_minutes integer,
  -- customers affected, both included
  least_customers integer not null default 0,
  most_customers integer,
  author text not null,
  reason text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  ended_by text,
  check ((kind = 'time') = (restored_at is not null) and (kind = 'delay') = (delay_minutes is not null))
);
create index etr_override_standing on etr_override (expires_at) where ended_at is null;

-- What others may read of outages that were or are: rejected and merged ones left out.
create view outage_past as
select outage.id, outage.outage_no, outage.device_key, outage.feeder_key, outage.customers_affected, outage.customers_out,
       outage.critical_out, outage.started_at, outage.detected_at, outage.restored_at, outage.is_open, outage.state,
       outage.cause, outage.crew,
       to_timestamp((outage.record ->> 'stateSinceMs')::float8 / 1000) as state_since,
       (outage.record ->> 'meter')::int as meter_key
from outage
where outage.state not in ('rejected', 'merged');
