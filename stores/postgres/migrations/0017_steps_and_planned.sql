-- The store keeps exactly the steps of an outage's record: running ones that had been taken back were left behind, open.
delete from outage_step as step
using outage
where outage.id = step.outage_id and step.step_no > coalesce(jsonb_array_length(outage.record -> 'steps'), step.step_no);

-- What others may read of planned work: windows that took supply away, or will. A withdrawn one ended then; one withdrawn
-- before its begin took nothing. It began with the first message that said dark, else when it was said to.
create view planned_window_counted as
select 'PLN-' || lpad(planned.planned_no::text, greatest(6, length(planned.planned_no::text)), '0') as id, planned.planned_no,
       planned.equipment_key, planned.meter_keys, planned.from_at, coalesce(planned.withdrawn_at, planned.to_at) as ends_at,
       coalesce(
         (select min(event.event_time) from meter_event as event
          where event.meter_key = any(planned.meter_keys) and event.event_type in (0, 7)
            and event.event_time >= planned.from_at and event.event_time < coalesce(planned.withdrawn_at, planned.to_at)),
         planned.from_at) as began_at
from planned_outage as planned
where planned.from_at < coalesce(planned.withdrawn_at, planned.to_at);

-- An outage is planned where a person says so by its cause: planned work itself is windows, and raises none.
create or replace view outage_counted as
select outage.id, outage.device_key, outage.feeder_key, outage.started_at, outage.restored_at, outage.is_open, outage.state,
       outage.cause, outage.crew, outage.updated_at, coalesce(outage.cause, '') ilike 'planned%' as planned
from outage
where outage.state not in ('rejected', 'merged') and outage.merged_into is null;

alter table reliability_interruption drop constraint reliability_interruption_origin_check;
alter table reliability_interruption
  add constraint reliability_interruption_origin_check check (origin in ('outage', 'planned', 'history'));

create function reliability_planned_changed() returns trigger language plpgsql as $$
begin
  insert into reliability_due (outage_id)
  select 'PLN-' || lpad(changed.planned_no::text, greatest(6, length(changed.planned_no::text)), '0') from changed;
  return null;
end $$;
create trigger reliability_planned_insert after insert on planned_outage
  referencing new table as changed for each statement execute function reliability_planned_changed();
create trigger reliability_planned_update after update on planned_outage
  referencing new table as changed for each statement execute function reliability_planned_changed();

-- Who answers the phone types the first of an account number, or a house number and the first of a street.
create index premise_street_prefix on premise (street_key collate "C");
create index premise_account_prefix on premise (account_id collate "C");
