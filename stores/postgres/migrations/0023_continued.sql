-- An outage of who was left over from another one says which: its customers were dark before it began, and an interruption
-- ends when the customer is restored.
create or replace view outage_counted as
select outage.id, outage.device_key, outage.feeder_key, outage.started_at, outage.restored_at, outage.is_open, outage.state,
       outage.cause, outage.crew, outage.updated_at, coalesce(outage.cause, '') ilike 'planned%' as planned,
       outage.record ->> 'nestedIn' as nested_in
from outage
where outage.state not in ('rejected', 'merged') and outage.merged_into is null;

create index outage_nested_in on outage ((record ->> 'nestedIn')) where record ->> 'nestedIn' is not null;

-- the outage whose interruption of customers goes on in this one
alter table reliability_interruption add column continues text;

insert into reliability_due (outage_id)
select outage.id from outage where outage.record ->> 'nestedIn' is not null order by outage.outage_no;

-- What restoration times need to know of outages: what one was merged into, and when it was opened again.
create view outage_merged as
select outage.id, outage.merged_into from outage where outage.state = 'merged' and outage.merged_into is not null;
create index outage_merged_into on outage (merged_into) where merged_into is not null;

create view outage_reopened as
select log.outage_id, max(log.at) as reopened_at from outage_log as log where log.verb = 'reopen' group by log.outage_id;
