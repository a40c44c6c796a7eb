import { type NamedQuery, oneRow, type Pool } from '#stores/postgres/pool.ts';

export interface HotRow {
  interval_start: Date;
  interval_minutes: number;
  wh: number;
  decivolt: number;
  quality: number;
  received_at: Date;
}

const latestByMeter: NamedQuery = {
  name: 'ami_realtime_by_meter',
  text: `
    select hot.interval_start, hot.interval_minutes, hot.wh, hot.decivolt, hot.quality, hot.received_at
    from ami_realtime as hot
    where hot.meter_key = $1`,
};
/** Home: operational store. The newest interval of one meter. */
export const latestReading = (pool: Pool, meterKey: number) => oneRow<HotRow>(pool, latestByMeter, [meterKey]);

const hotTotals: NamedQuery = {
  name: 'ami_realtime_totals',
  text: `
    with newest as (select max(hot.interval_start) as interval_start from ami_realtime as hot)
    select count(*) filter (where hot.interval_start >= newest.interval_start - interval '30 minutes') as reporting,
           coalesce(sum(hot.wh * 60.0 / hot.interval_minutes)
             filter (where hot.interval_start >= newest.interval_start - interval '30 minutes'), 0)::float8 as watts,
           max(hot.received_at) as received_at
    from ami_realtime as hot, newest`,
};
/** Home: operational store. Meters with a fresh interval, and their load. */
export const hotWindowTotals = (pool: Pool) =>
  oneRow<{ reporting: number; watts: number; received_at: Date | null }>(pool, hotTotals);
