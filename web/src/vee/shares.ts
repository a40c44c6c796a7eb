/** Shares of quality summed over hours or over feeders. */
import type { VeeQualityRow } from '#model/api/vee.ts';

export interface Shares {
  expected: number;
  validated: number;
  unvalidated: number;
  estimated: number;
  missing: number;
}

export interface FeederShares extends Shares {
  feederId: string;
  feederName: string;
  hours: (Shares & { hour: string })[];
}

const none = (): Shares => ({ expected: 0, validated: 0, unvalidated: 0, estimated: 0, missing: 0 });
const fields = Object.keys(none()) as (keyof Shares)[];

function add(sum: Shares, row: Shares): void {
  for (const field of fields) sum[field] += row[field];
}

/** Feeders with their hours, those with the most missing and estimated first. */
export function byFeeder(
  rows: readonly VeeQualityRow[],
  area: string | null,
): { total: Shares; feeders: FeederShares[] } {
  const total = none();
  const feeders = new Map<string, FeederShares>();
  for (const row of rows) {
    if (area !== null && row.area_id !== area) continue;
    let feeder = feeders.get(row.feeder_id);
    if (!feeder) {
      feeder = { ...none(), feederId: row.feeder_id, feederName: row.feeder_name, hours: [] };
      feeders.set(row.feeder_id, feeder);
    }
    add(feeder, row);
    add(total, row);
    feeder.hours.push(row);
  }
  const bad = (s: Shares): number => (s.expected > 0 ? (s.missing + s.estimated) / s.expected : 0);
  return {
    total,
    feeders: [...feeders.values()].sort((a, b) => bad(b) - bad(a) || a.feederName.localeCompare(b.feederName)),
  };
}
