/** Rows of the store, to and from what is computed with. */
import type { EtrValue } from './decide.ts';
import type { PastOutageFact } from './live.ts';
import type { NewRevision, PastRow } from './sql.ts';

type Place = Pick<PastOutageFact, 'lat' | 'lon' | 'zone' | 'device'>;

export const factOf = (row: PastRow, place: Place): PastOutageFact => ({
  id: row.id,
  ...place,
  customers: row.customers,
  startS: row.started_at.getTime() / 1000,
  seenS: row.detected_at.getTime() / 1000,
  endedS: row.restored_at && row.restored_at.getTime() / 1000,
  cause: row.cause,
  opinion: row.log50 !== null && row.log90 !== null ? { log50: row.log50, log90: row.log90 } : null,
});

export function rowOf(
  outageId: string,
  value: EtrValue,
  atMs: number,
  by: string,
  reason: string | null,
  inputs: Record<string, unknown>,
): NewRevision {
  return {
    outage_id: outageId,
    computed_at: new Date(atMs),
    p50_at: new Date(value.p50Ms),
    p90_at: new Date(value.p90Ms),
    source: value.source,
    model: value.model,
    author: by,
    reason,
    withdraws: false,
    inputs: value.overrides === undefined ? inputs : { ...inputs, overrides: value.overrides },
  };
}
