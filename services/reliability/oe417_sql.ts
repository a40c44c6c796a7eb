import type { Oe417Filing } from '#model/api/reliability.ts';
import { type NamedQuery, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

export interface FilingRow extends Omit<Oe417Filing, 'filed_at' | 'recorded_at'> {
  eventMetMs: number;
  filedMs: number;
  recordedMs: number;
}

const since: NamedQuery = {
  name: 'oe417_filings_between',
  text: `
    select (extract(epoch from filing.event_met_at) * 1000)::float8 as "eventMetMs", filing.stage, filing.reference,
           (extract(epoch from filing.filed_at) * 1000)::float8 as "filedMs",
           (extract(epoch from filing.recorded_at) * 1000)::float8 as "recordedMs", filing.actor, filing.withdrawn
    from oe417_filing as filing
    where filing.event_met_at >= to_timestamp($1) - interval '30 days' and filing.event_met_at < to_timestamp($2)
    order by filing.filing_id`,
};
/** Home: operational store. Filings of events that touch [from, to), UTC epoch seconds, in the order they were said. */
export const filingsBetween = (on: Queryable, fromS: number, toS: number) => rowsOf<FilingRow>(on, since, [fromS, toS]);

const insert: NamedQuery = {
  name: 'oe417_filing_insert',
  text: `
    insert into oe417_filing (event_met_at, stage, reference, filed_at, recorded_at, actor, withdrawn)
    values (to_timestamp($1::float8 / 1000), $2, $3, to_timestamp($4::float8 / 1000), to_timestamp($5::float8 / 1000), $6, $7)`,
};
export const insertFiling = (on: Queryable, row: FilingRow) =>
  rowsOf(on, insert, [
    ...[row.eventMetMs, row.stage, row.reference, row.filedMs, row.recordedMs, row.actor, row.withdrawn],
  ]);
