/** What a request names, or the error that says it is not there. */
import { FluxError } from '#model/errors.ts';
import type { IdColumn } from '#model/id_column.ts';

export const unknownOutage = (id: string): FluxError => new FluxError('unknown_outage', `there is no outage ${id}`);

/** @throws FluxError with `code`, naming what is not there */
export function rowIn(ids: IdColumn, id: string, code: string, what: string): number {
  const row = ids.rowOf(id);
  if (row < 0) throw new FluxError(code, `there is no ${what} ${id} in the network`);
  return row;
}
