-- What was filed of form OE-417, as people said: a filing is taken back by a further row.
create table oe417_filing (
  filing_id bigint generated always as identity primary key,
  -- a moment within the event whatever is corrected at its edges: when its hour was full as it was filed
  event_met_at timestamptz not null,
  stage text not null check (stage in ('first', 'update', 'final')),
  -- the number the Department of Energy answered with
  reference text not null,
  filed_at timestamptz not null,
  recorded_at timestamptz not null,
  actor text not null,
  withdrawn boolean not null
);
create index oe417_filing_event on oe417_filing (event_met_at);
create trigger oe417_filing_grows before update or delete on oe417_filing for each row execute function refuse_change();
