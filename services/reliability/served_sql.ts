import { type NamedQuery, type Queryable, rowsOf } from '#stores/postgres/pool.ts';
import type { Places } from './places.ts';
import type { ServedChange } from './served.ts';

const keep: NamedQuery = {
  name: 'customers_served_keep',
  text: `
    insert into customers_served as kept (day, feeder_key, customers)
    select $1, given.feeder_key, given.customers
    from unnest($2::int[], $3::int[]) as given (feeder_key, customers)
    left join lateral (
      select served.customers from customers_served as served
      where served.feeder_key = given.feeder_key
      order by served.day desc
      limit 1
    ) as newest on true
    where given.customers <> coalesce(newest.customers, 0)
    on conflict (feeder_key, day) do update set customers = excluded.customers`,
};
/** From `day` on the feeders serve what the network says; a row where the number is another than before. */
export const keepServed = (on: Queryable, day: string, { customers, customersOfFeeder }: Places) => {
  const counts = [...customersOfFeeder];
  const elsewhere = customers - counts.reduce((sum, count) => sum + count, 0);
  return rowsOf(on, keep, [day, [...counts.keys(), -1], [...counts, elsewhere]]);
};

const all: NamedQuery = {
  name: 'customers_served_all',
  text: `
    select served.day::text as day, served.feeder_key as "feederKey", served.customers
    from customers_served as served
    order by served.day, served.feeder_key`,
};
/** Home: operational store. Every change, oldest first. */
export const servedChanges = (on: Queryable) => rowsOf<ServedChange>(on, all);
