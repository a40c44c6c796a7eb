/** Premises in the operational store. */
import { type Client, type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

export interface PremiseRow {
  meter_key: number;
  account_id: string;
  street_key: string;
  unit: string;
  place: string;
}

export interface Premise extends PremiseRow {
  /** as written on the bill */
  address: string;
}

const premisesAfterQuery: NamedQuery = {
  name: 'premise_after',
  text: `
    select premise.meter_key, premise.account_id, premise.street_key, premise.unit, premise.place
    from premise where premise.meter_key > $1 order by premise.meter_key limit $2`,
};
/** Home: operational store. Premises in the order of their meter keys, after one. */
export const premisesAfter = (on: Queryable, meterKey: number, limit: number) =>
  rowsOf<PremiseRow>(on, premisesAfterQuery, [meterKey, limit]);

const premiseRevisionQuery: NamedQuery = {
  name: 'premise_revision',
  text: 'select premise_state.revision from premise_state',
};
/** Rises with each change of the premises. */
export const premiseRevision = async (on: Queryable): Promise<number> =>
  (await oneRow<{ revision: number }>(on, premiseRevisionQuery))?.revision ?? 0;

const premiseRevisionRaise: NamedQuery = {
  name: 'premise_revision_raise',
  text: 'update premise_state set revision = premise_state.revision + 1',
};
export const raisePremiseRevision = (on: Queryable) => rowsOf(on, premiseRevisionRaise);

const premiseUpsert: NamedQuery = {
  name: 'premise_upsert',
  text: `
    insert into premise (meter_key, account_id, address, street_key, unit, place, source)
    select given.meter_key, given.account_id, given.address, given.street_key, given.unit, given.place, $7
    from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
      as given (meter_key, account_id, address, street_key, unit, place)
    on conflict (meter_key) do update
      set account_id = excluded.account_id, address = excluded.address, street_key = excluded.street_key,
        unit = excluded.unit, place = excluded.place, source = excluded.source, updated_at = now()
      where (premise.account_id, premise.address, premise.street_key, premise.unit, premise.place)
        is distinct from (excluded.account_id, excluded.address, excluded.street_key, excluded.unit, excluded.place)
    returning xmax = 0 as is_new`,
};

/**
 * @param premises one for each meter: a repeated meter is an error
 * @returns rows that were new, and that changed what was there
 */
export async function storePremises(
  client: Client,
  premises: readonly Premise[],
  source: 'synthetic' | 'import',
): Promise<{ added: number; changed: number }> {
  const rows = await rowsOf<{ is_new: boolean }>(client, premiseUpsert, [
    premises.map((premise) => premise.meter_key),
    premises.map((premise) => premise.account_id),
    premises.map((premise) => premise.address),
    premises.map((premise) => premise.street_key),
    premises.map((premise) => premise.unit),
    premises.map((premise) => premise.place),
    source,
  ]);
  const added = rows.filter((row) => row.is_new).length;
  return { added, changed: rows.length - added };
}
