/** Meter readings: the newest from the operational store, history from the analytical one. */
import type { History, LatestReading } from '#model/api/readings.ts';
import { FluxError } from '#model/errors.ts';
import { readingQualities } from '#model/reading.ts';
import { bucketFor } from '#model/time.ts';
import type { Engine } from '#stores/columnar/engine.ts';
import { meterReadings } from '#stores/columnar/sealing.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { latestReading } from './sql.ts';

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
      const hot = await latestReading(needs.pool, rowOf(meterId));
      if (!hot) throw new FluxError('not_found', `meter ${meterId} has not sent a reading yet`);
      return {
        meter_id: meterId,
        reading_time: hot.interval_start.toISOString(),
        interval_minutes: hot.interval_minutes,
        kwh: hot.wh / 1000,
        voltage: hot.decivolt > 0 ? hot.decivolt / 10 : null,
        quality: readingQualities[hot.quality],
        received_at: hot.received_at.toISOString(),
      };
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
