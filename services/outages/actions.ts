/** Two people at one outage: who acts on what is no longer so is told what changed, and by whom. */
import { shortestReason } from '#model/api/common.ts';
import { type OutageAction, type OutageChangeNote, type OutageDetail, verbsWithReason } from '#model/api/outages.ts';
import { FluxError } from '#model/errors.ts';

/**
 * Refuses an action that was decided on an older state of the outage. Only what is in the log counts: customers who are
 * counted differently from second to second take no decision away from anybody.
 * @param seen the revision the person saw @param now the outage as it is stored
 * @throws FluxError `outage_changed` with the entries since
 */
export function refuseStale(id: string, seen: number, now: OutageDetail): void {
  const { revision } = now.outage;
  if (seen > revision) {
    throw new FluxError('bad_request', `revision ${seen} of ${id} does not exist; the newest is ${revision}`);
  }
  const since = now.log.filter((entry) => entry.revision !== null && entry.revision > seen);
  if (since.length === 0) return;
  const changes = since.map(
    ({ at, actor, verb, to_state, reason }): OutageChangeNote => ({ at, actor, verb, to_state, reason }),
  );
  const newest = since[since.length - 1];
  throw new FluxError(
    'outage_changed',
    `${id} was changed since you saw it: ${newest.actor} ${newest.verb.replaceAll('_', ' ')}, now ${newest.to_state.replaceAll('_', ' ')}; nothing was done, look again and decide again`,
    { details: { revision, changes } },
  );
}

/** @throws FluxError `bad_request` where the verb must say why, and does not */
export function refuseWithoutReason(id: string, { verb, reason = '' }: OutageAction): void {
  if (!verbsWithReason.has(verb) || reason.trim().length >= shortestReason) return;
  const done = verb.replaceAll('_', ' ');
  throw new FluxError(
    'bad_request',
    `"${done}" of ${id} needs a reason: say why in "reason", ${shortestReason} characters or more; nothing was done`,
  );
}
