/** The watch of form OE-417 over the stored record, and what people say was filed of it. */
import type { Oe417, Oe417FilingRequest } from '#model/api/reliability.ts';
import { FluxError } from '#model/errors.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { stepsBetween } from './experience_sql.ts';
import { customersOutCurve, watchOe417 } from './oe417.ts';
import { filingsBetween, insertFiling } from './oe417_sql.ts';
import type { Snapshot } from './snapshot.ts';

const watchDays = 30;
const clockAheadMs = 60_000;

export function makeOe417Watch(pool: Pool, ask: <T>(work: (snapshot: Snapshot) => Promise<T>) => Promise<T>) {
  const look = (days = watchDays): Promise<Oe417> =>
    ask(async ({ on, nowMs }) => {
      const [fromS, toS] = [nowMs / 1000 - days * 86_400, nowMs / 1000];
      const spans = await stepsBetween(on, fromS, toS);
      const filings = await filingsBetween(on, fromS, toS);
      return watchOe417(customersOutCurve(spans, nowMs), nowMs, filings, fromS * 1000);
    });

  /** @throws FluxError `not_found`, `bad_request` */
  async function file(request: Oe417FilingRequest, actor: string): Promise<Oe417> {
    const { stage, withdrawn = false, reference } = request;
    const watch = await look();
    const nowMs = Date.parse(watch.at);
    const atMs = Date.parse(request.event);
    const event = watch.events.find(
      ({ from, to }) => Date.parse(from) <= atMs && atMs < (to === null ? nowMs + 1 : Date.parse(to)),
    );
    if (!event) throw new FluxError('not_found', `no event of the last ${watchDays} days holds ${request.event}`);
    if (event.met_at === null)
      throw new FluxError(
        'bad_request',
        `the event since ${event.from} has not lasted an hour: nothing is to be filed`,
      );
    const filedMs = request.filed_at === undefined ? nowMs : Date.parse(request.filed_at);
    if (filedMs > nowMs + clockAheadMs)
      throw new FluxError('bad_request', `filed_at (${request.filed_at}) is in the future`);
    if (filedMs < Date.parse(event.from))
      throw new FluxError(
        'bad_request',
        `filed_at (${request.filed_at}) is before the event, which began ${event.from}`,
      );
    const stands = event.filings.findLast((filing) => filing.stage === stage)?.withdrawn === false;
    if (withdrawn && !stands)
      throw new FluxError('bad_request', `no ${stage} report of the event since ${event.from} is marked as filed`);
    const eventMetMs = Date.parse(event.met_at);
    await insertFiling(pool, { eventMetMs, stage, reference, filedMs, recordedMs: nowMs, actor, withdrawn });
    return look();
  }

  return { look, file };
}
