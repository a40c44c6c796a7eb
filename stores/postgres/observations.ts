/** Prices and temperatures as observed: what is imported takes the place of what was there. */
import { type NamedQuery, type Pool, rowsOf } from '#stores/postgres/pool.ts';

/** Rows that were new, and that changed what was there; the others were there already. */
export interface Kept {
  added: number;
  changed: number;
}

const upsertPrices: NamedQuery = {
  name: 'price_observation_upsert',
  text: `
    insert into price_observation as price (settlement_point, settlement_point_type, interval_start, lmp_usd_per_mwh, source)
    select given.settlement_point, given.settlement_point_type, to_timestamp(given.at_s), given.lmp, $5
    from unnest($1::text[], $2::text[], $3::int[], $4::real[]) as given (settlement_point, settlement_point_type, at_s, lmp)
    on conflict (settlement_point, settlement_point_type, interval_start) do update
      set lmp_usd_per_mwh = excluded.lmp_usd_per_mwh, source = excluded.source
      where (price.lmp_usd_per_mwh, price.source) is distinct from (excluded.lmp_usd_per_mwh, excluded.source)
    returning xmax = 0 as is_new`,
};

/** @param prices one for each settlement point, type and interval: a repeated key is an error */
export async function keepPrices(
  pool: Pool,
  source: string,
  prices: readonly { settlementPoint: string; type: string; intervalStartS: number; usdPerMwh: number }[],
): Promise<Kept> {
  return kept(
    await rowsOf(pool, upsertPrices, [
      prices.map((price) => price.settlementPoint),
      prices.map((price) => price.type),
      prices.map((price) => price.intervalStartS),
      prices.map((price) => price.usdPerMwh),
      source,
    ]),
  );
}

const upsertWeather: NamedQuery = {
  name: 'weather_observation_upsert',
  text: `
    insert into weather_observation as weather (observed_at, temperature_c, source)
    select to_timestamp(given.at_s), given.temperature_c, $3 from unnest($1::int[], $2::real[]) as given (at_s, temperature_c)
    on conflict (observed_at) do update set temperature_c = excluded.temperature_c, source = excluded.source
      where (weather.temperature_c, weather.source) is distinct from (excluded.temperature_c, excluded.source)
    returning xmax = 0 as is_new`,
};

/** @param temperatures one for each instant */
export async function keepTemperatures(
  pool: Pool,
  source: string,
  temperatures: readonly { atS: number; temperatureC: number }[],
): Promise<Kept> {
  return kept(
    await rowsOf(pool, upsertWeather, [
      temperatures.map((weather) => weather.atS),
      temperatures.map((weather) => weather.temperatureC),
      source,
    ]),
  );
}

function kept(rows: { is_new: boolean }[]): Kept {
  const added = rows.filter((row) => row.is_new).length;
  return { added, changed: rows.length - added };
}
