/** The hot window and meter events by asset: every meter that hangs below a transformer, a feeder, a switch. */
import type { LatestReading, ReadingWindow, StoredEvent } from '#model/api/readings.ts';
import { meterEventTypes, readingQualities } from '#model/reading.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { type HotRow, readingsOfMeters, storedEvents } from './sql.ts';

export interface WindowNeeds {
  pool: Pool;
  /** meter keys an asset supplies as the grid is switched now. @throws FluxError `unknown_asset` */
  metersOf: (assetId: string) => Int32Array;
  meterIdOf: (meterKey: number) => string;
}

export interface WindowService {
  /** @param after meter key that the last page ended with, -1 to begin */
  readings(assetId: string, after: number, limit: number): Promise<ReadingWindow>;
  /** newest first, at most `limit` in [fromS, toS) */
  events(assetId: string, fromS: number, toS: number, limit: number): Promise<StoredEvent[]>;
}

/** A newest reading; one out of the history does not know when it came. */
export type NewestReading = Omit<HotRow, 'received_at'> & { received_at: Date | null };

export function toLatest(meterId: string, hot: NewestReading): LatestReading {
  return {
    meter_id: meterId,
    reading_time: hot.interval_start.toISOString(),
    interval_minutes: hot.interval_minutes,
    kwh: hot.wh / 1000,
    voltage: hot.decivolt > 0 ? hot.decivolt / 10 : null,
    quality: readingQualities[hot.quality],
    received_at: hot.received_at?.toISOString() ?? null,
  };
}

export function makeWindowService(needs: WindowNeeds): WindowService {
  const { pool } = needs;
  return {
    readings: async (assetId, after, limit) => {
      const all = needs.metersOf(assetId).toSorted();
      const from = after < 0 ? 0 : all.findIndex((key) => key > after);
      const page = from < 0 ? [] : Array.from(all.subarray(from, from + limit));
      const rows = await readingsOfMeters(pool, page);
      return {
        asset_id: assetId,
        meters: all.length,
        readings: rows.map((row) => toLatest(needs.meterIdOf(row.meter_key), row)),
        next_after: from >= 0 && from + limit < all.length ? page[page.length - 1] : null,
      };
    },
    events: async (assetId, fromS, toS, limit) => {
      const rows = await storedEvents(pool, Array.from(needs.metersOf(assetId)), fromS, toS, limit);
      return rows.map((row) => ({
        event_id: row.event_id,
        meter_id: needs.meterIdOf(row.meter_key),
        event_time: row.event_time.toISOString(),
        type: meterEventTypes[row.event_type],
        source: row.source,
        received_at: row.received_at.toISOString(),
      }));
    },
  };
}
