import { type NamedQuery, oneRow, type Pool, rowsOf } from '#stores/postgres/pool.ts';

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

const oldestOpen: NamedQuery = {
  name: 'observation_mark',
  text: 'select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as mark',
};
/** Number of the oldest transaction that is still open: everything before it is visible. */
export const observationMark = async (pool: Pool) => (await oneRow<{ mark: number }>(pool, oldestOpen))!.mark;

const weatherChangedSince: NamedQuery = {
  name: 'weather_observation_changed',
  text: `
    select extract(epoch from weather.observed_at)::int as interval_start_s, weather.temperature_c::float8 as value
    from weather_observation as weather
    where weather.changed_xid >= $1::text::xid8`,
};
/** Home: operational store. Temperatures in °C written by a transaction or later ones. */
export const weatherChanged = (pool: Pool, fromXid: number) =>
  rowsOf<ObservationRow>(pool, weatherChangedSince, [String(fromXid)]);

const pricesChangedSince: NamedQuery = {
  name: 'price_observation_changed',
  text: `
    select extract(epoch from price.interval_start)::int as interval_start_s, price.lmp_usd_per_mwh::float8 as value
    from price_observation as price
    where price.settlement_point = $1 and price.settlement_point_type = 'LZ' and price.changed_xid >= $2::text::xid8`,
};
/** Home: operational store. Prices in USD/MWh of a settlement point written by a transaction or later ones. */
export const pricesChanged = (pool: Pool, settlementPoint: string, fromXid: number) =>
  rowsOf<ObservationRow>(pool, pricesChangedSince, [settlementPoint, String(fromXid)]);

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
    on conflict (settlement_point, settlement_point_type, interval_start) do nothing`,
};
/** Stores weather and price of intervals (UTC seconds, °C, USD/MWh). */
export const storeObservations = (pool: Pool, source: string, atS: number[], temperatureC: number[], lmp: number[]) =>
  rowsOf(pool, observationsUpsert, [atS, temperatureC, lmp, source]);

const livesOfTopic: NamedQuery = {
  name: 'kafka_life_all',
  text: `
    select life.base_offset from kafka_life as life
    where life.topic = $1 and life.partition_no = $2
    order by life.base_offset`,
};
/** Home: operational store. Where the offsets of a partition began anew, in the ledger's offsets. */
export const topicLives = (pool: Pool, topic: string, partition: number) =>
  rowsOf<{ base_offset: number }>(pool, livesOfTopic, [topic, partition]);

const segmentsLanded: NamedQuery = {
  name: 'segment_landed',
  text: `
    select segment.path from segment
    where segment.source = $1 and segment.partition_no = $2 and segment.offset_to > $3
    order by segment.offset_from
    limit $4`,
};
/** Home: operational store. Files that hold a partition's rows from an offset on, enough for so many rows. */
export const landedSegments = (pool: Pool, source: string, partition: number, offsetFrom: number, limit: number) =>
  rowsOf<{ path: string }>(pool, segmentsLanded, [source, partition, offsetFrom, limit]);
