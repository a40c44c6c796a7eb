-- How many customers each feeder served, from a local day on: a row where the number changed. Indices divide by them.
create table customers_served (
  day date not null,
  -- -1: meters of no feeder
  feeder_key integer not null,
  customers integer not null check (customers >= 0),
  primary key (feeder_key, day)
);
