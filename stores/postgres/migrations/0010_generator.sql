-- Runs of the generator: what was asked, and how far each got, written in the transaction of its readings.

create table generator_job (
  job_id bigint generated always as identity primary key,
  state text not null check (state in ('queued', 'running', 'paused', 'done', 'failed', 'cancelled')),
  options jsonb not null,
  -- rises with each process that takes the job up: the progress of an older one is refused
  runner integer not null default 0,
  meters integer not null,
  rows_expected bigint not null,
  rows_done bigint not null default 0,
  events_done bigint not null default 0,
  byte_count bigint not null default 0,
  -- where the run goes on; null before its first piece
  position jsonb,
  -- when the present runner began, and with how many rows: the rate
  run_began_at timestamptz,
  run_began_rows bigint not null default 0,
  sha256 text,
  error text,
  created_by text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  ended_at timestamptz
);
create index generator_job_open on generator_job (job_id) where state in ('queued', 'running');
