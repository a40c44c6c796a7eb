-- Refused records: where they stand at their source, and what became of them.

alter table set_aside add column record_offset bigint;
alter table set_aside add column state text not null default 'open' check (state in ('open', 'resubmitted', 'dismissed'));
alter table set_aside add column resolved_at timestamptz;
alter table set_aside add column resolved_by text;
alter table set_aside add column resolution text;
create index set_aside_source on set_aside (source, partition_no, set_aside_id desc);
