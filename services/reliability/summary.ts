/** Keeps `reliability_interruption` in step with the outages: only what changed is made again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { inTransaction, type Pool, type Queryable } from '#stores/postgres/pool.ts';
import { type Cohort, momentaryMs, type StepSpan, sumsOf } from './cohorts.ts';
import { continuedOutages } from './continued.ts';
import { dueByMessages, windowsTouchedBy, windowsUnkept, windowsWithSteps } from './planned_sql.ts';
import { type InterruptionRow, type OutageSteps, outagesWithSteps, withTheirFamilies } from './sql.ts';
import {
  claimMomentary,
  countDaysIn,
  daysOfInterruptions,
  dropDisproved,
  dropInterruptions,
  keepInterruptions,
  lockSummary,
  markEventsSeen,
  newestEvent,
  oldestWriter,
  pairMeterEvents,
  sumDaysAnew,
  summaryMark,
  takeDueOutages,
} from './summary_sql.ts';

const outagesAtOnce = 5000;
const windowsAtOnce = 200;
const eventsAtOnce = 200_000;
const momentaryLimit = `${momentaryMs} milliseconds`;
/** Writers of events are batches of milliseconds; one that takes longer is waited for at the next time. */
const settleTries = 20;

export interface CountedOutage {
  row: InterruptionRow;
  /** customers are still out */
  lasts: boolean;
  /** nothing of it counts otherwise later: none of its customers is still out in a nested outage either */
  isOver: boolean;
  steps: StepSpan[];
  cohorts: Cohort[];
}

/** Outages as interruptions, up to now; whole families, as `withTheirFamilies` names them. */
export const interruptionsOf = (outages: readonly OutageSteps[], nowMs: number): CountedOutage[] =>
  continuedOutages(outages, nowMs).map(({ outage, steps, cohorts, continues, day }) => {
    const lasts = outage.steps.some((step) => step.toMs === null);
    return {
      lasts,
      isOver: !lasts && cohorts.every((cohort) => !cohort.lasts),
      steps,
      cohorts,
      row: {
        id: outage.id,
        origin: outage.id.startsWith('PLN-') ? 'planned' : 'outage',
        day,
        startedMs: outage.startedMs,
        endedMs: cohorts.reduce((latest, { toMs }) => Math.max(latest, toMs), outage.startedMs),
        feederKey: outage.feederKey,
        deviceKey: outage.deviceKey,
        device: null,
        cause: outage.cause,
        planned: outage.planned,
        ...sumsOf(cohorts),
        continues,
        sourceFile: null,
        sourceLine: null,
      },
    };
  });

/** Those of the ids that count: outages, and windows of planned work that have begun. */
export const countedWithSteps = async (
  on: Queryable,
  ids: readonly string[],
  zone: string,
  nowMs: number,
): Promise<OutageSteps[]> => [
  ...(await outagesWithSteps(on, ids, zone)),
  ...(await windowsWithSteps(on, ids, zone, nowMs)),
];

/** Outages and windows that changed: rows of those that are over are written, of all others taken away. @returns how many */
export async function bringOutagesForward(pool: Pool, zone: string): Promise<number> {
  let sum = 0;
  for (;;) {
    const taken = await inTransaction(pool, async (client) => {
      await lockSummary(client);
      if ((await summaryMark(client)).zone !== zone) await countDaysIn(client, zone);
      const nowMs = Date.now();
      const due = await takeDueOutages(client, outagesAtOnce);
      const ids = [
        ...new Set([
          ...(await withTheirFamilies(client, due)),
          ...(await windowsTouchedBy(client, due, nowMs)),
          ...(await windowsUnkept(client, nowMs, false, windowsAtOnce)),
        ]),
      ];
      if (ids.length === 0) return 0;
      await keepOutages(client, ids, zone);
      await claimMomentary(client, ids);
      return ids.length;
    });
    sum += taken;
    if (taken === 0) return sum;
  }
}

async function keepOutages(client: Queryable, ids: readonly string[], zone: string): Promise<void> {
  const nowMs = Date.now();
  const made = interruptionsOf(await countedWithSteps(client, ids, zone, nowMs), nowMs);
  const over = made.filter(({ isOver }) => isOver).map(({ row }) => row);
  const kept = new Set(over.map(({ id }) => id));
  const daysBefore = await daysOfInterruptions(client, ids);
  await dropInterruptions(
    client,
    ids.filter((id) => !kept.has(id)),
  );
  await keepInterruptions(client, over);
  await sumDaysAnew(client, [...new Set([...daysBefore, ...over.map(({ day }) => day)])]);
}

/** Meter events that came: pairs of dark and lit within five minutes are momentary interruptions. @returns how many events */
export async function bringEventsForward(pool: Pool, zone: string): Promise<number> {
  const newest = await newestEvent(pool);
  // ids are drawn before they are committed: an older one may still appear until its writer has ended
  for (let tries = 0; (await oldestWriter(pool)) < newest.xid; tries++) {
    if (tries === settleTries) return 0;
    await sleep(50);
  }
  let seen = 0;
  for (;;) {
    const count = await inTransaction(pool, async (client) => {
      await lockSummary(client);
      const { eventId } = await summaryMark(client);
      if (eventId >= newest.eventId) return 0;
      const upTo = Math.min(newest.eventId, eventId + eventsAtOnce);
      await dropDisproved(client, eventId, upTo, momentaryLimit);
      await pairMeterEvents(client, eventId, upTo, zone, momentaryLimit);
      await dueByMessages(client, eventId, upTo);
      await markEventsSeen(client, upTo);
      return upTo - eventId;
    });
    seen += count;
    if (count === 0) return seen;
  }
}
