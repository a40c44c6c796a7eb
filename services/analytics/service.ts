/** Trends over time for the system, a substation or a feeder: a fixed number of points, whatever the span. */
import type { Trend } from '#model/api/live.ts';
import { bucketFor } from '#model/time.ts';
import type { Engine } from '#stores/columnar/engine.ts';

export interface AnalyticsNeeds {
  engine: Engine;
  /** feeder keys of a level and id; undefined = the whole system */
  feedersOf: (level: string, id: string | null) => number[] | undefined;
  /** customers out at each bucket end, from the operational store */
  customersOut: (
    feeders: number[] | undefined,
    fromS: number,
    toS: number,
    bucketS: number,
  ) => Promise<Map<number, number>>;
  freshTo: () => Date | null;
}

const intervalS = 900;

export async function loadTrend(
  needs: AnalyticsNeeds,
  level: string,
  id: string | null,
  fromS: number,
  toS: number,
  points: number,
): Promise<Trend> {
  const feeders = needs.feedersOf(level, id);
  const bucketS = bucketFor(fromS, toS, points);
  const startS = fromS - (fromS % bucketS);
  // The readings of an interval come in during the quarter hour after it: before that its sum is a part, not a load.
  const completeS = Math.min(toS, Math.floor(Date.now() / 1000) - 2 * intervalS);
  const where = feeders ? `and total.feeder_key in (${feeders.map(Number).join(', ') || 'null'})` : '';
  const [columns, out] = await Promise.all([
    needs.engine.query(
      `with totals as (
         select total.interval_start_s, sum(total.wh)::double as wh
         from gold_feeder_interval as total
         where total.interval_start_s >= $1 and total.interval_start_s < $2 ${where}
         group by all
       )
       select totals.interval_start_s - totals.interval_start_s % $3 as time_s,
              -- mean power of the bucket: energy over the time that has data
              sum(totals.wh) / (count(*) * 0.25) / 1000 as load_kw,
              avg(condition.temperature_c) as temperature_c,
              avg(condition.lmp_usd_per_mwh) as lmp
       from totals
       left join interval_condition as condition on condition.interval_start_s = totals.interval_start_s
       group by all order by time_s`,
      [startS, completeS, bucketS],
      10_000,
    ),
    needs.customersOut(feeders, startS, toS, bucketS),
  ]);
  const known = new Map((columns.time_s as number[]).map((time, i) => [time, i]));
  const times: number[] = [];
  for (let t = startS; t < toS; t += bucketS) times.push(t);
  const at = (column: unknown[]): (number | null)[] =>
    times.map((t) => (known.has(t) ? ((column[known.get(t)!] as number | null) ?? null) : null));
  return {
    level,
    id,
    time_s: times,
    bucket_s: bucketS,
    load_kw: at(columns.load_kw),
    customers_out: times.map((t) => out.get(t) ?? 0),
    lmp_usd_per_mwh: at(columns.lmp),
    temperature_c: at(columns.temperature_c),
    fresh_to: needs.freshTo()?.toISOString() ?? null,
  };
}
