import type { EtrSource } from '#model/api/etr.ts';
import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

export interface RevisionRow {
  revision_id: number;
  outage_id: string;
  computed_at: Date;
  p50_at: Date;
  p90_at: Date;
  source: EtrSource;
  model: string | null;
  author: string;
  reason: string | null;
  withdraws: boolean;
  inputs: Record<string, unknown>;
}
export type NewRevision = Omit<RevisionRow, 'revision_id'>;

const revisionInsert: NamedQuery = {
  name: 'etr_revision_insert',
  text: `
    insert into etr_revision (outage_id, computed_at, p50_at, p90_at, source, model, author, reason, withdraws, inputs)
    select given.outage_id, given.computed_at, given.p50_at, given.p90_at, given.source, given.model, given.author,
           given.reason, given.withdraws, given.inputs
    from rows from (jsonb_to_recordset($1::jsonb) as (
      outage_id text, computed_at timestamptz, p50_at timestamptz, p90_at timestamptz, source text, model text,
      author text, reason text, withdraws boolean, inputs jsonb)) with ordinality
      as given (outage_id, computed_at, p50_at, p90_at, source, model, author, reason, withdraws, inputs, row_no)
    order by given.row_no`,
};
/** Home: operational store. */
export const appendRevisions = (on: Queryable, revisions: readonly NewRevision[]) =>
  rowsOf<never>(on, revisionInsert, [JSON.stringify(revisions)]);

const revisionsOfOutage: NamedQuery = {
  name: 'etr_revisions_of_outage',
  text: `
    select revision.revision_id, revision.outage_id, revision.computed_at, revision.p50_at, revision.p90_at,
           revision.source, revision.model, revision.author, revision.reason, revision.withdraws, revision.inputs
    from etr_revision as revision
    where revision.outage_id = $1
    order by revision.revision_id`,
};
/** Home: operational store. Oldest first. */
export const revisionsOf = (on: Queryable, outageId: string) => rowsOf<RevisionRow>(on, revisionsOfOutage, [outageId]);

const newestOfOpen: NamedQuery = {
  name: 'etr_newest_of_open',
  text: `
    -- the newest revision of each open outage, and the newest that a person wrote
    select distinct on (revision.outage_id, kind.is_persons)
           revision.revision_id, revision.outage_id, revision.computed_at, revision.p50_at, revision.p90_at, revision.source,
           revision.model, revision.author, revision.reason, revision.withdraws, revision.inputs, kind.is_persons
    from outage_past as past
    join etr_revision as revision on revision.outage_id = past.id
    cross join lateral (
      select false as is_persons
      union all
      select true where revision.source in ('crew', 'operator') or revision.withdraws) as kind
    left join outage_reopened as opened on opened.outage_id = past.id
    -- what was said before an outage was restored is not said of the one that was opened again
    where past.is_open
      and (not kind.is_persons
           or (past.restored_at is null and (opened.reopened_at is null or revision.computed_at > opened.reopened_at)))
    order by revision.outage_id, kind.is_persons, revision.revision_id desc`,
};
/** Home: operational store. */
export const newestRevisions = (on: Queryable) => rowsOf<RevisionRow & { is_persons: boolean }>(on, newestOfOpen);

const wordsOfMerged: NamedQuery = {
  name: 'etr_words_of_merged',
  text: `
    with recursive went as (
      select merged.id, survivor.id as into_id
      from outage_past as survivor
      join outage_merged as merged on merged.merged_into = survivor.id
      where survivor.is_open
      union
      select merged.id, went.into_id
      from went
      join outage_merged as merged on merged.merged_into = went.id
    ),
    -- the newest word on either side; it may be that it was taken back
    word as (
      select went.id, went.into_id, said.*
      from went
      cross join lateral (
        select revision.* from etr_revision as revision
        where revision.outage_id = went.id and (revision.source in ('crew', 'operator') or revision.withdraws)
        order by revision.revision_id desc
        limit 1
      ) as said
    )
    select distinct on (word.into_id) word.into_id as "intoId", word.revision_id, word.outage_id, word.computed_at, word.p50_at,
           word.p90_at, word.source, word.model, word.author, word.reason, word.withdraws, word.inputs
    from word
    left join outage_reopened as opened on opened.outage_id = word.into_id
    where not word.withdraws and (opened.reopened_at is null or word.computed_at > opened.reopened_at)
      and not exists (
        select from etr_revision as later
        where later.outage_id = word.into_id and later.revision_id > word.revision_id
          and (later.source in ('crew', 'operator') or later.withdraws))
    order by word.into_id, word.revision_id desc`,
};
/** Home: operational store. What people said of outages merged into open ones, where nobody spoke of those since. */
export const wordsOfMergedOutages = (on: Queryable) => rowsOf<RevisionRow & { intoId: string }>(on, wordsOfMerged);

export interface PastRow {
  id: string;
  device_key: number;
  meter_key: number;
  customers: number;
  detected_at: Date;
  started_at: Date;
  restored_at: Date | null;
  cause: string | null;
  log50: number | null;
  log90: number | null;
}
const pastOutages: NamedQuery = {
  name: 'etr_past_outages',
  text: `
    -- the newest, where there are more than can be remembered
    with newest as (
      select past.*
      from outage_past as past
      where past.detected_at >= $1
      order by past.detected_at desc, past.outage_no desc
      limit $2
    )
    select newest.id, newest.device_key, newest.meter_key, newest.customers_affected as customers, newest.detected_at,
           newest.started_at, newest.restored_at, newest.cause,
           (first.inputs ->> 'log50')::float8 as log50, (first.inputs ->> 'log90')::float8 as log90
    from newest
    left join lateral (
      select revision.inputs from etr_revision as revision
      where revision.outage_id = newest.id order by revision.revision_id limit 1) as first on true
    order by newest.detected_at, newest.outage_no`,
};
/** Home: operational store. Outages detected since, oldest first, with what the model said of them first. */
export const outagesSince = (on: Queryable, since: Date, most: number) =>
  rowsOf<PastRow>(on, pastOutages, [since, most]);

export interface ScoredRow {
  outage_id: string;
  device_key: number;
  meter_key: number;
  cause: string | null;
  restored_at: Date;
  revisions: number;
  p50_at: Date;
  p90_at: Date;
  source: EtrSource;
  storm: boolean;
}
const scored: NamedQuery = {
  name: 'etr_scored',
  text: `
    -- restored outages with the revision that is scored
    select past.id as outage_id, past.device_key, past.meter_key, past.cause, past.restored_at,
           counted.revisions, chosen.p50_at, chosen.p90_at, chosen.source,
           coalesce((chosen.inputs ->> 'storm')::boolean, false) as storm
    from outage_past as past
    cross join lateral (
      select count(*)::int as revisions, min(revision.revision_id) as first_id, max(revision.revision_id) as last_id
      from etr_revision as revision
      where revision.outage_id = past.id and revision.computed_at <= past.restored_at) as counted
    join etr_revision as chosen on chosen.revision_id = case when $3 then counted.first_id else counted.last_id end
    where past.restored_at >= $1 and past.restored_at < $2
    order by past.restored_at
    limit 100000`,
};
/** Home: operational store. Outages restored in [from, to). */
export const scoredOutages = (on: Queryable, from: Date, to: Date, first: boolean) =>
  rowsOf<ScoredRow>(on, scored, [from, to, first]);

export interface OverrideRow {
  override_id: number;
  zone: string;
  kind: 'time' | 'delay';
  restored_at: Date | null;
  delay_minutes: number | null;
  least_customers: number;
  most_customers: number | null;
  author: string;
  reason: string;
  created_at: Date;
  expires_at: Date;
}
const overrideColumns = `override_id, zone, kind, restored_at, delay_minutes, least_customers, most_customers, author,
           reason, created_at, expires_at`;
const overrideInsert: NamedQuery = {
  name: 'etr_override_insert',
  text: `
    insert into etr_override (zone, kind, restored_at, delay_minutes, least_customers, most_customers, author, reason,
                              created_at, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    returning ${overrideColumns}`,
};
/** Home: operational store. */
export const insertOverride = (on: Queryable, given: Omit<OverrideRow, 'override_id'>) =>
  oneRow<OverrideRow>(on, overrideInsert, [
    given.zone,
    given.kind,
    given.restored_at,
    given.delay_minutes,
    given.least_customers,
    given.most_customers,
    given.author,
    given.reason,
    given.created_at,
    given.expires_at,
  ]);

const overridesStanding: NamedQuery = {
  name: 'etr_overrides_standing',
  text: `
    select ${overrideColumns}
    from etr_override
    where ended_at is null and expires_at > $1
    order by override_id`,
};
/** Home: operational store. */
export const standingOverrides = (on: Queryable, now: Date) => rowsOf<OverrideRow>(on, overridesStanding, [now]);

const overrideEnd: NamedQuery = {
  name: 'etr_override_end',
  text: `
    update etr_override set ended_at = $2, ended_by = $3
    where override_id = $1 and ended_at is null and expires_at > $2
    returning override_id`,
};
/** Home: operational store. false where it does not stand any more. */
export const endOverride = async (on: Queryable, id: number, now: Date, by: string): Promise<boolean> =>
  (await oneRow(on, overrideEnd, [id, now, by])) !== undefined;

export interface OpenRow {
  id: string;
  device_key: number;
  meter_key: number;
  customers_out: number;
  critical_out: number;
  state: string;
  state_since: Date;
  crew: string | null;
}
const openOutageRows: NamedQuery = {
  name: 'etr_open_outages',
  text: `
    select past.id, past.device_key, past.meter_key, past.customers_out, past.critical_out, past.state, past.state_since, past.crew
    from outage_past as past
    where past.is_open and past.state not in ('restored', 'completed', 'closed')
    order by past.outage_no`,
};
/** Home: operational store. Outages with customers out. */
export const openOutages = (on: Queryable) => rowsOf<OpenRow>(on, openOutageRows);
