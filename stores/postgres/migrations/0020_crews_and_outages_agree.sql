-- Whether the outage was brought to the same mind with the job: afterwards an outage that names no crew was taken off it.
alter table crew_job add column is_told boolean not null default true;
alter table crew_job alter column is_told set default false;

-- Crews that gave a job back, until their outage has been told.
create table crew_left (
  crew_id text not null references crew,
  outage_id text not null,
  left_no bigint generated always as identity,
  actor text not null,
  reason text,
  primary key (crew_id, outage_id)
);
create index crew_left_outage on crew_left (outage_id);
