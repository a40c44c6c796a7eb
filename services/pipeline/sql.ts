import { type NamedQuery, type Pool, rowsOf } from '#stores/postgres/pool.ts';

export interface PositionRow {
  source: string;
  partition_no: number;
  kind: 'reading' | 'event';
  next_offset: number;
  received: number;
  landed: number;
  duplicate: number;
  set_aside: number;
  last_at: Date | null;
}

const positions: NamedQuery = {
  name: 'stream_position_all',
  text: `
    select position.source, position.partition_no, position.kind, position.next_offset, position.received, position.landed,
           position.duplicate, position.set_aside, position.last_at
    from stream_position as position
    order by position.source, position.partition_no`,
};
/** Home: operational store. Every source with its offsets and counts. */
export const streamPositions = (pool: Pool) => rowsOf<PositionRow>(pool, positions);

export interface ObservationRow {
  interval_start_s: number;
  value: number;
}

const weatherNewer: NamedQuery = {
  name: 'weather_observation_after',
  text: `
    select extract(epoch from weather.observed_at)::int as interval_start_s, weather.temperature_c::float8 as value
    from weather_observation as weather
    where weather.observed_at > to_timestamp($1)
    order by weather.observed_at
    limit 5000`,
};
/** Home: operational store. Temperatures in °C observed after an instant. */
export const weatherAfter = (pool: Pool, afterS: number) => rowsOf<ObservationRow>(pool, weatherNewer, [afterS]);

const pricesNewer: NamedQuery = {
  name: 'price_observation_after',
  text: `
    select extract(epoch from price.interval_start)::int as interval_start_s, price.lmp_usd_per_mwh::float8 as value
    from price_observation as price
    where price.settlement_point = $1 and price.interval_start > to_timestamp($2)
    order by price.interval_start
    limit 5000`,
};
/** Home: operational store. Prices in USD/MWh of a settlement point after an instant. */
export const pricesAfter = (pool: Pool, settlementPoint: string, afterS: number) =>
  rowsOf<ObservationRow>(pool, pricesNewer, [settlementPoint, afterS]);

const observationsUpsert: NamedQuery = {
  name: 'observation_upsert',
  text: `
    with weather as (
      insert into weather_observation (observed_at, temperature_c, source)
      select to_timestamp(given.at_s), given.temperature_c, $4 from unnest($1::int[], $2::real[]) as given (at_s, temperature_c)
      on conflict (observed_at) do nothing
    )
    insert into price_observation (settlement_point, interval_start, lmp_usd_per_mwh, source)
    select 'LZ_HOUSTON', to_timestamp(given.at_s), given.lmp, $4 from unnest($1::int[], $3::real[]) as given (at_s, lmp)
    on conflict (settlement_point, interval_start) do nothing`,
};
/** Stores weather and price of intervals (UTC seconds, °C, USD/MWh). */
export const storeObservations = (pool: Pool, source: string, atS: number[], temperatureC: number[], lmp: number[]) =>
  rowsOf(pool, observationsUpsert, [atS, temperatureC, lmp, source]);
