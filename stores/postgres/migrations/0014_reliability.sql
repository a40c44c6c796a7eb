-- Reliability indices: what interruptions add up to, kept in step with the outages; declared history from before.

-- What others may read of outages: those that count. Merged ones live on in the outage that took them in.
create view outage_counted as
select outage.id, outage.device_key, outage.feeder_key, outage.started_at, outage.restored_at, outage.is_open, outage.state,
       outage.cause, outage.crew, outage.updated_at,
       (outage.source = 'planned' or coalesce(outage.cause, '') ilike 'planned%'
         or coalesce(outage.record ->> 'planned', 'false') = 'true') as planned
from outage
where outage.state not in ('rejected', 'merged') and outage.merged_into is null;

-- Steps the record still has: one that ended within the merge time of the step before it leaves its row behind. A step
-- of an outage that is over has ended.
create view outage_step_counted as
select step.outage_id, step.step_no, step.from_at,
       case when outage.is_open then step.to_at else coalesce(step.to_at, outage.restored_at, outage.updated_at) end as to_at,
       step.customers_out
from outage_step as step
join outage on outage.id = step.outage_id and outage.state not in ('rejected', 'merged') and outage.merged_into is null
where step.step_no <= coalesce(jsonb_array_length(outage.record -> 'steps'), step.step_no);

-- Stays of meters in outages that count.
create view meter_outage_span_counted as
select span.meter_key, span.outage_id, span.from_at, span.to_at
from meter_outage_span as span
join outage_counted as outage on outage.id = span.outage_id;

create index meter_outage_span_outage on meter_outage_span (outage_id);

-- One interruption that is over: an outage of the center, or a line of declared history. Open ones are counted when asked.
create table reliability_interruption (
  id text primary key,
  origin text not null check (origin in ('outage', 'history')),
  -- the local day it began in, of reliability_mark.time_zone
  day date not null,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  -- -1: of no feeder in particular
  feeder_key integer not null,
  -- -1: not of this network; then device has the name that was declared
  device_key integer not null,
  device text,
  cause text,
  planned boolean not null,
  -- customers whose own interruption was sustained, and their customer-milliseconds: whole numbers add up exactly
  customers_interrupted integer not null,
  customer_ms bigint not null,
  momentary_customers integer not null,
  -- where declared history came from
  source_file text,
  source_line integer,
  imported_at timestamptz
);
create index reliability_interruption_sums on reliability_interruption (day, feeder_key)
  include (planned, customers_interrupted, customer_ms, momentary_customers);

-- Sums of the rows above by day: thresholds look back over years. Days that rows enter or leave are summed anew with them.
create table reliability_day (
  day date not null,
  planned boolean not null,
  interruptions integer not null,
  customers_interrupted bigint not null,
  customer_ms bigint not null,
  momentary_customers bigint not null,
  primary key (day, planned)
);

-- Outages that changed since their row above was written. Only appended to, so that no writer of outages waits.
create table reliability_due (
  due_id bigint generated always as identity primary key,
  outage_id text not null
);

create function reliability_outage_changed() returns trigger language plpgsql as $$
begin
  insert into reliability_due (outage_id) select changed.id from changed;
  return null;
end $$;
create function reliability_step_changed() returns trigger language plpgsql as $$
begin
  insert into reliability_due (outage_id) select distinct changed.outage_id from changed;
  return null;
end $$;
create trigger reliability_outage_insert after insert on outage
  referencing new table as changed for each statement execute function reliability_outage_changed();
create trigger reliability_outage_update after update on outage
  referencing new table as changed for each statement execute function reliability_outage_changed();
create trigger reliability_outage_delete after delete on outage
  referencing old table as changed for each statement execute function reliability_outage_changed();
create trigger reliability_step_insert after insert on outage_step
  referencing new table as changed for each statement execute function reliability_step_changed();
create trigger reliability_step_update after update on outage_step
  referencing new table as changed for each statement execute function reliability_step_changed();
create trigger reliability_step_delete after delete on outage_step
  referencing old table as changed for each statement execute function reliability_step_changed();
insert into reliability_due (outage_id) select outage.id from outage order by outage.outage_no;

-- A meter that went dark and came back within five minutes, by its own messages.
create table reliability_momentary (
  meter_key integer not null,
  to_at timestamptz not null,
  from_at timestamptz not null,
  feeder_key integer not null,
  day date not null,
  -- within a stay in an outage that counts: then the outage's steps count it
  in_outage boolean not null,
  primary key (meter_key, to_at)
);
create index reliability_momentary_day on reliability_momentary (day, feeder_key) where not in_outage;

create table reliability_mark (
  singleton boolean primary key default true check (singleton),
  -- the last meter event looked at
  event_id bigint not null default 0,
  -- the zone the days above are of; null before the first look
  time_zone text
);
insert into reliability_mark default values;
