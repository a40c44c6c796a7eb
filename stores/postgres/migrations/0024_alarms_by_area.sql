-- The area of responsibility an alarm lies in; null = it is of the whole utility.
alter table alarm add column area_id text;

-- What stands must not be everybody's until it changes next.
update alarm set area_id = area.id
from feeder
join substation on substation.substation_key = feeder.substation_key
join area on area.area_key = substation.area_key
where alarm.feeder_id = feeder.id;
update alarm set area_id = crew.area_id
from crew
where alarm.state <> 'normal' and substring(alarm.id from '^CREW-(.*)-OUT-[0-9]+$') = crew.crew_id;
update alarm set area_id = the_order.area_id
from switching_order as the_order
where alarm.state <> 'normal' and substring(alarm.id from '^SWO-([0-9]{1,18})(?:-[0-9]+)?$')::bigint = the_order.order_id;

-- Who waits to be called back: few of many calls.
create index trouble_call_callback on trouble_call (call_no) where callback is not null and called_back_at is null;

-- A period of the crews' log, and of each crew what was so as it began.
create index crew_log_time on crew_log (crew_id, at, log_id);

-- Steps that reach into a period although they began before it.
create index outage_step_to on outage_step (to_at);
