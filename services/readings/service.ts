/** Meter readings: the newest from the operational store, history from the analytical one. */
import type { History, LatestReading } from '#model/api/readings.ts';
import { FluxError } from '#model/errors.ts';
import { bucketFor } from '#model/time.ts';
import { type Engine, rowsFrom } from '#stores/columnar/engine.ts';
import { meterReadings } from '#stores/columnar/sealing.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { type HotRow, latestReading } from './sql.ts';
import { type NewestReading, toLatest } from './window.ts';

export interface ReadingsService {
  latest(meterId: string): Promise<LatestReading>;
  history(meterId: string, fromS: number, toS: number, points: number): Promise<History>;
}

export interface ReadingsNeeds {
  pool: Pool;
  engine: Engine;
  meterRowOf: (meterId: string) => number;
  freshTo: () => Date | null;
}

export function makeReadingsService(needs: ReadingsNeeds): ReadingsService {
  function rowOf(meterId: string): number {
    const row = needs.meterRowOf(meterId);
    if (row < 0) throw new FluxError('unknown_meter', `there is no meter ${meterId} in the network`);
    return row;
  }
  return {
    latest: async (meterId) => {
      const row = rowOf(meterId);
      const hot = (await latestReading(needs.pool, row)) ?? (await newestInHistory(needs.engine, row));
      if (!hot) throw new FluxError('not_found', `meter ${meterId} has not sent a reading yet`);
      return toLatest(meterId, hot);
    },
    history: async (meterId, fromS, toS, points) => {
      const row = rowOf(meterId);
      const bucketS = bucketFor(fromS, toS, points);
      const columns = await needs.engine.query(
        `select reading.interval_start_s - reading.interval_start_s % $4 as time_s,
                sum(reading.wh)::double / 1000 as kwh,
                avg(reading.decivolt) filter (where reading.decivolt > 0) / 10 as voltage
         from ${await meterReadings(needs.engine, row, fromS, toS)} as reading
         where reading.meter_key = $1 and reading.interval_start_s >= $2 and reading.interval_start_s < $3
         group by all order by time_s`,
        [row, fromS, toS, bucketS],
        10_000,
      );
      return {
        meter_id: meterId,
        bucket_s: bucketS,
        time_s: columns.time_s as number[],
        kwh: columns.kwh as number[],
        voltage: columns.voltage as (number | null)[],
        fresh_to: needs.freshTo()?.toISOString() ?? null,
      };
    },
  };
}

/** A meter that has not reported for a day is not in the hot window. @returns undefined where it never did */
async function newestInHistory(engine: Engine, meterKey: number): Promise<NewestReading | undefined> {
  const [row] = rowsFrom<Omit<HotRow, 'interval_start' | 'received_at'> & { start_s: number }>(
    await engine.query(
      `select reading.interval_start_s as start_s, reading.interval_minutes, reading.wh, reading.decivolt, reading.quality
       from ${await meterReadings(engine, meterKey, 0, 2_147_483_647)} as reading
       where reading.meter_key = $1
       order by reading.interval_start_s desc limit 1`,
      [meterKey],
      10_000,
    ),
  );
  if (!row) return undefined;
  const { start_s: startS, ...values } = row;
  return { ...values, interval_start: new Date(startS * 1000), received_at: null };
}
