/** How the ledger's promises turned out: bias, late share, P90 coverage and revisions, as a whole and by what matters. */
import type { EtrCalibration, EtrGroup } from '#model/api/etr.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { type EtrModel, median } from './model.ts';
import { type ScoredRow, scoredOutages } from './sql.ts';

type PlaceOf = (deviceKey: number, meterKey: number) => { zone: string; device: string };

export async function calibrationOf(
  pool: Pool,
  model: EtrModel,
  ownOutages: number,
  placeOf: PlaceOf,
  fromMs: number,
  toMs: number,
  first: boolean,
): Promise<EtrCalibration> {
  const rows = await scoredOutages(pool, new Date(fromMs), new Date(toMs), first);
  return {
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    revision: first ? 'first' : 'last',
    groups: groupsOf(rows, placeOf),
    model: {
      id: model.id,
      source: model.fitted.source,
      from: model.fitted.from,
      to: model.fitted.to,
      outages: model.fitted.used,
      licence: model.fitted.licence,
      effects: model.effects.map(({ feature, about, share, at, p50_min }) => ({ feature, about, share, at, p50_min })),
    },
    own_outages: ownOutages,
  };
}

export function groupsOf(rows: readonly ScoredRow[], placeOf: PlaceOf): EtrGroup[] {
  if (rows.length === 0) return [];
  const by: [EtrGroup['by'], (row: ScoredRow) => string][] = [
    ['all', () => 'all'],
    ['source', ({ source }) => source],
    ['storm', ({ storm }) => (storm ? 'storm' : 'blue sky')],
    ['zone', (row) => placeOf(row.device_key, row.meter_key).zone],
    ['device', (row) => placeOf(row.device_key, row.meter_key).device],
    ['cause', ({ cause }) => cause ?? 'not known'],
  ];
  return by.flatMap(([kind, nameOf]) =>
    [...Map.groupBy(rows, nameOf)]
      .map(([group, members]) => groupOf(kind, group, members))
      .sort((a, b) => b.outages - a.outages || (a.group < b.group ? -1 : 1)),
  );
}

function groupOf(by: EtrGroup['by'], group: string, rows: readonly ScoredRow[]): EtrGroup {
  const off = rows.map(({ p50_at, restored_at }) => (p50_at.getTime() - restored_at.getTime()) / 60_000);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const round = (value: number): number => Number(value.toFixed(3));
  return {
    by,
    group,
    outages: rows.length,
    bias_min: round(mean(off)),
    mae_min: round(mean(off.map(Math.abs))),
    median_abs_min: round(median(off.map(Math.abs))),
    late_share: round(mean(off.map((minutes) => (minutes < 0 ? 1 : 0)))),
    p90_coverage: round(mean(rows.map(({ p90_at, restored_at }) => (restored_at <= p90_at ? 1 : 0)))),
    revisions_per_outage: round(mean(rows.map(({ revisions }) => revisions))),
  };
}
