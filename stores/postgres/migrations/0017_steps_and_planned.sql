-- The store keeps exactly the steps of an outage's record: running ones that had been taken back were left behind, open.
delete from outage_step as step
using outage
where outage.id = step.outage_id and step.step_no > coalesce(jsonb_array_length(outage.record -> 'steps'), step.step_no);
