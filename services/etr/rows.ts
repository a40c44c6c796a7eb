/** Rows of the store, to and from what is computed with. */
import type { EtrValue, Word } from './decide.ts';
import type { PastOutageFact } from './live.ts';
import type { NewRevision, PastRow, RevisionRow } from './sql.ts';

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

export const valueOfRow = (row: RevisionRow): EtrValue => ({
  p50Ms: row.p50_at.getTime(),
  p90Ms: row.p90_at.getTime(),
  source: row.source,
  model: row.model,
  ...(typeof row.inputs.overrides === 'string' ? { overrides: row.inputs.overrides } : {}),
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

/** A person's word of an outage that was merged, as the word of the one that took it in. */
export function takenOver(
  row: RevisionRow & { intoId: string },
  atMs: number,
): { id: string; value: Word; row: NewRevision } {
  const { intoId: id, outage_id: from, computed_at } = row;
  const value = valueOfRow(row) as Word;
  const reason = `taken over from ${from}${row.reason ? `: ${row.reason}` : ''}`;
  const inputs = { ...row.inputs, taken_over_from: from, said_at: computed_at.toISOString() };
  return { id, value, row: rowOf(id, value, atMs, row.author, reason, inputs) };
}
