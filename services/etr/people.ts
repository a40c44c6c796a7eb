/** What people enter and read: times given, overrides of zones, the ledger of an outage. */
import type { EtrEntry, EtrLedger, EtrOverride, EtrOverrideEntry } from '#model/api/etr.ts';
import type { Outage } from '#model/api/outages.ts';
import { FluxError } from '#model/errors.ts';
import { hasCustomersOut } from '#model/outage_state.ts';
import { isPersons, type Override } from './decide.ts';
import type { OverrideRow, RevisionRow } from './sql.ts';

const longestMs = 30 * 86_400_000;

function timeOf(value: string | undefined, field: string, nowMs: number): number {
  if (value === undefined)
    throw new FluxError('bad_request', `${field} is missing: the time, e.g. 2026-07-04T18:15:00Z`);
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) throw new FluxError('bad_request', `${field} must be ISO 8601, e.g. 2026-07-04T18:15:00Z`);
  if (ms <= nowMs) throw new FluxError('bad_request', `${field} is past: give a time that is still to come`);
  if (ms > nowMs + longestMs) throw new FluxError('bad_request', `${field} is more than 30 days ahead`);
  return ms;
}

/** @throws FluxError `bad_request` */
export function entryTimes(entry: EtrEntry, nowMs: number): { p50Ms: number; p90Ms: number } {
  const p50Ms = timeOf(entry.p50, 'p50', nowMs);
  const p90Ms = entry.p90 === undefined ? p50Ms : timeOf(entry.p90, 'p90', nowMs);
  if (p90Ms < p50Ms) throw new FluxError('bad_request', 'p90 must not be before p50');
  return { p50Ms, p90Ms };
}

/** @throws FluxError `bad_request` */
export function overrideRowOf(
  entry: EtrOverrideEntry,
  author: string,
  nowMs: number,
): Omit<OverrideRow, 'override_id'> {
  const expiresMs = timeOf(entry.expires_at, 'expires_at', nowMs);
  const isTime = entry.kind === 'time';
  if (isTime !== (entry.restored_at !== undefined) || isTime !== (entry.delay_minutes === undefined))
    throw new FluxError(
      'bad_request',
      'an override of kind time needs restored_at, one of kind delay needs delay_minutes, and nothing else',
    );
  if (entry.most_customers !== undefined && entry.most_customers < (entry.least_customers ?? 0))
    throw new FluxError('bad_request', 'most_customers must not be less than least_customers');
  return {
    zone: entry.zone,
    kind: entry.kind,
    restored_at: isTime ? new Date(timeOf(entry.restored_at, 'restored_at', nowMs)) : null,
    delay_minutes: entry.delay_minutes ?? null,
    least_customers: entry.least_customers ?? 0,
    most_customers: entry.most_customers ?? null,
    author,
    reason: entry.reason,
    created_at: new Date(nowMs),
    expires_at: new Date(expiresMs),
  };
}

export const overrideOf = (row: OverrideRow): Override => ({
  id: row.override_id,
  zone: row.zone,
  kind: row.kind,
  restoredMs: row.restored_at?.getTime() ?? null,
  delayMinutes: row.delay_minutes,
  leastCustomers: row.least_customers,
  mostCustomers: row.most_customers,
  expiresMs: row.expires_at.getTime(),
});

export const toOverride = (row: OverrideRow, areaId: string | null): EtrOverride => ({
  ...row,
  area_id: areaId,
  restored_at: row.restored_at?.toISOString() ?? null,
  created_at: row.created_at.toISOString(),
  expires_at: row.expires_at.toISOString(),
  outages: 0,
});

export function toLedger(outage: Outage, rows: readonly RevisionRow[], nowMs: number): EtrLedger {
  const revisions = rows.map(({ outage_id: _, withdraws: __, computed_at, p50_at, p90_at, ...row }) => ({
    ...row,
    computed_at: computed_at.toISOString(),
    p50: p50_at.toISOString(),
    p90: p90_at.toISOString(),
  }));
  const newest = rows.at(-1);
  const isOpen = hasCustomersOut(outage.state);
  return {
    outage_id: outage.id,
    started_at: outage.started_at,
    restored_at: outage.restored_at,
    current: revisions.at(-1) ?? null,
    overdue: isOpen && newest !== undefined && newest.p50_at.getTime() <= nowMs,
    age_s: newest ? Math.max(0, (nowMs - newest.computed_at.getTime()) / 1000) : null,
    stands: isOpen && newest !== undefined && isPersons(newest.source),
    revisions,
  };
}
