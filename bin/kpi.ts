/** The numbers of the live header: gathered once a second for everyone, never per request. */
import { channel } from 'node:diagnostics_channel';
import { Kpi } from '#model/api/live.ts';
import type { RouteDeclaration } from '#model/route.ts';
import { hotWindowTotals } from '#services/readings/sql.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import type { EventsCommitted, ReadingsCommitted } from '#stream/commit.ts';

export interface KpiNeeds {
  pool: Pool;
  meters: () => number;
  outages: () => { customersOut: number; outagesOpen: number; criticalOut: number };
  layersLagS: () => number | null;
}

export interface KpiReader {
  now(): Kpi;
  refresh(): Promise<void>;
  route: RouteDeclaration;
}

/** Rates are means over this time. */
const rateWindowS = 10;
/** The totals over the hot window read every row: that often, not with each tick. */
const totalsEveryMs = 5000;

export function kpiReader(needs: KpiNeeds): KpiReader {
  const readings = makeRate();
  const events = makeRate();
  let received = 0;
  let setAside = 0;
  let newestReadingMs: number | null = null;
  let newestEventMs: number | null = null;
  let totals = { reporting: 0, watts: 0 };
  let totalsAtMs = 0;

  channel('flux:stream.readings_committed').subscribe((message) => {
    const { batch } = message as ReadingsCommitted;
    readings.add(batch.readings.count);
    received += batch.readings.count + batch.setAside.length;
    setAside += batch.setAside.length;
    newestReadingMs = Date.now();
  });
  channel('flux:stream.events_committed').subscribe((message) => {
    const { batch } = message as EventsCommitted;
    events.add(batch.events.count);
    setAside += batch.setAside.length;
    newestEventMs = Date.now();
  });

  const ageS = (ms: number | null): number | null => (ms === null ? null : Math.round((Date.now() - ms) / 100) / 10);
  const now = (): Kpi => {
    const { customersOut, outagesOpen, criticalOut } = needs.outages();
    return {
      at: new Date().toISOString(),
      meters_total: needs.meters(),
      meters_reporting: totals.reporting,
      customers_out: customersOut,
      outages_open: outagesOpen,
      critical_out: criticalOut,
      readings_per_s: readings.perSecond(),
      events_per_s: events.perSecond(),
      load_mw: Math.round(totals.watts / 1e4) / 100,
      readings_received: received,
      set_aside: setAside,
      age_s: { readings: ageS(newestReadingMs), events: ageS(newestEventMs), layers: needs.layersLagS() },
    };
  };
  return {
    now,
    refresh: async () => {
      if (Date.now() - totalsAtMs < totalsEveryMs) return;
      totalsAtMs = Date.now();
      const row = await hotWindowTotals(needs.pool);
      if (!row) return;
      totals = row;
      newestReadingMs ??= row.received_at?.getTime() ?? null;
    },
    route: {
      method: 'GET',
      path: '/api/kpi',
      summary: 'the numbers of the live header',
      role: 'viewer',
      scope: { kind: 'territory' },
      response: Kpi,
      handle: now,
    },
  };
}

function makeRate(): { add(count: number): void; perSecond(): number } {
  const seconds = new Map<number, number>();
  return {
    add: (count) => {
      const second = Math.floor(Date.now() / 1000);
      seconds.set(second, (seconds.get(second) ?? 0) + count);
    },
    perSecond: () => {
      const from = Math.floor(Date.now() / 1000) - rateWindowS;
      let sum = 0;
      for (const [second, count] of seconds) {
        if (second < from) seconds.delete(second);
        else sum += count;
      }
      return Math.round((sum / rateWindowS) * 10) / 10;
    },
  };
}
