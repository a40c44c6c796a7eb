-- Where service is taken: the account, the meter and the service address, as on the bill. No names of people.

create table premise (
  -- row of the service point; one account at a time
  meter_key integer primary key references meter,
  account_id text not null,
  -- as written on the bill
  address text not null,
  -- the written form that look-ups compare (services/restoration/address.ts): house number and street, unit, place
  street_key text not null,
  unit text not null default '',
  place text not null default '',
  source text not null check (source in ('synthetic', 'import')),
  updated_at timestamptz not null default now()
);
create index premise_account on premise (account_id);

-- A running center looks at the revision and reads the premises again where it has risen.
create table premise_state (
  singleton boolean primary key default true check (singleton),
  revision bigint not null
);
insert into premise_state (revision) values (0);
