/**
 * Crews and their work. Every change is one transaction on the crew, its jobs and its log; then the outage is brought to
 * the same mind by its own verbs (`follow.ts`). One change at a time in this process; who ordered on an older revision
 * than the crew has is refused.
 */
import type { Crew, CrewAction, CrewAssignment, CrewDetail, CrewNeedRow, CrewPosition } from '#model/api/crews.ts';
import type { OutageVerb } from '#model/api/outages.ts';
import { FluxError, messageOf } from '#model/errors.ts';
import { allDone, oneAtATime } from '#model/one_at_a_time.ts';
import { inTransaction, type Pool } from '#stores/postgres/pool.ts';
import { type CrewOn, type FollowStep, follow, type OutageFact, takesCrew } from './follow.ts';
import { hasJobAtHand, lifecycle } from './lifecycle.ts';
import { needsOf } from './needs.ts';
import { type PlanSettings, planFor } from './plan.ts';
import { makeRoster } from './shifts.ts';
import {
  allCrews,
  appendLog,
  type CrewRow,
  crewById,
  crewLog,
  crewsOnOutage,
  crewsThatLeft,
  deleteJobs,
  insertJob,
  insertLeft,
  type LeftRow,
  lockCrew,
  markAgreed,
  markRoster,
  moveJob,
  outagesWithWork,
  storePosition,
  updateCrew,
} from './sql.ts';
import { toCrew } from './view.ts';
import { applyEvent } from './work.ts';

export interface CrewNeeds {
  pool: Pool;
  nowMs: () => number;
  /** simulated clock: the edges of shifts are not watched */
  isDriven?: boolean;
  settings: PlanSettings;
  outageOf: (id: string) => Promise<OutageFact | null>;
  openOutages: () => OutageFact[];
  /** the outage's own verb. @throws FluxError where it refuses */
  act: (outageId: string, verb: OutageVerb, facts: { actor: string; crew?: string; reason?: string }) => Promise<void>;
  /** told after the change is durable */
  changed: (crews: Crew[]) => void;
  /** told to everybody, and kept until somebody has taken note of it */
  notice: (crew: CrewRow, outageId: string, text: string) => void;
  report: (message: string, error: unknown) => void;
}

export interface CrewService {
  start(): Promise<void>;
  list(): Promise<Crew[]>;
  detail(id: string): Promise<CrewDetail>;
  areaOf(id: string): Promise<string | null>;
  /** @throws FluxError `conflict`, `invalid_transition`, `not_found`, `unknown_outage` */
  assign(id: string, order: CrewAssignment, actor: string): Promise<Crew>;
  act(id: string, order: CrewAction, actor: string): Promise<Crew>;
  report(id: string, position: CrewPosition): Promise<Crew>;
  /** @param areas areas of responsibility, null = all: outages and crews of others are left out */
  plan(areas: readonly string[] | null): Promise<CrewNeedRow[]>;
  /** crews for one outage, whether or not others are there already */
  suggest(outageId: string, areas: readonly string[] | null): Promise<CrewNeedRow[]>;
  /** Outages changed: their crews follow, in the background. */
  outagesChanged(ids: readonly string[]): void;
  /** resolves when everything asked for so far has happened */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

type Event = Parameters<typeof applyEvent>[2];
interface Change {
  id: string;
  event: Event;
  actor: string;
  /** undefined: not an order of a person */
  revision?: number;
  outage?: OutageFact;
  /** of `release` */
  outageId?: string;
  reason?: string;
  wasInShift?: boolean;
}

const tickMs = 20_000;
/** Set free, told, caught up, agreed: what takes longer goes on with the outage's next change. */
const mostRounds = 6;
/** A plan over a thousand outages costs a fifth of a second: boards that ask at the same time share it. */
const planForMs = 3000;

export function makeCrewService(needs: CrewNeeds): CrewService {
  const { pool } = needs;
  const rosterOf = makeRoster();
  /** outages some crew has a job at, or left a moment ago: what changes elsewhere costs nothing */
  const withWork = new Set<string>();
  /** of these, the ones whose crews could not follow when they should have */
  const unsettled = new Set<string>();
  /** the plan by areas, for as many boards as ask at once; gone with the next change of a crew */
  const plans = new Map<string, { atMs: number; rows: Promise<CrewNeedRow[]> }>();
  /** what was told of each crew: what another process changes, and the edges of shifts, are seen by comparing */
  const told = new Map<string, string>();
  const inTurn = oneAtATime();
  let ticker: NodeJS.Timeout | undefined;

  const shown = (row: CrewRow): Crew => toCrew(row, rosterOf(row.shifts, needs.nowMs()));

  function tell(row: CrewRow): Crew {
    const crew = shown(row);
    told.set(row.crew_id, `${row.revision} ${crew.in_shift}`);
    needs.changed([crew]);
    return crew;
  }

  /** @returns the crew after it, and outages it no longer works at without having finished */
  async function change(order: Change): Promise<{ row: CrewRow; before: CrewRow; freed: string[] }> {
    const at = new Date(needs.nowMs());
    const done = await inTransaction(pool, async (client) => {
      const before = await lockCrew(client, order.id);
      if (!before) throw new FluxError('not_found', `there is no crew ${order.id}`);
      if (order.revision !== undefined && order.revision !== before.revision) throw overtaken(before);
      const work = { status: before.status, jobs: before.jobs.map((job) => job.outage_id) };
      const outcome = applyEvent(order.id, work, order.event, order.outage?.id ?? order.outageId);
      const left = work.jobs.filter((job) => !outcome.work.jobs.includes(job));
      if (left.length > 0) await deleteJobs(client, order.id, left);
      if (order.outage) await insertJob(client, order.id, order.outage.id, order.outage.device_id, order.actor, at);
      await updateCrew(client, order.id, outcome.work.status, at, order.wasInShift ?? null);
      const entry = { at, actor: order.actor, reason: order.reason ?? null };
      for (const { verb, from, to, outage } of outcome.moves)
        await appendLog(client, order.id, { ...entry, verb, from_status: from, to_status: to, outage_id: outage });
      for (const outage of outcome.freed)
        if (!outcome.moves.some((move) => move.outage === outage && (move.verb === 'release' || move.verb === 'drop')))
          await appendLog(client, order.id, {
            ...entry,
            verb: 'drop',
            from_status: outcome.work.status,
            to_status: outcome.work.status,
            outage_id: outage,
          });
      for (const outage of outcome.freed) await insertLeft(client, order.id, outage, order.actor, entry.reason);
      return { row: (await crewById(client, order.id))!, before, freed: outcome.freed };
    });
    plans.clear();
    for (const job of done.row.jobs) withWork.add(job.outage_id);
    for (const outage of done.freed) withWork.add(outage);
    tell(done.row);
    return done;
  }

  /** Brings crews and outage to one mind. @throws where the outage refuses a verb */
  async function settle(outageId: string, actor: string): Promise<void> {
    for (let round = 0; round < mostRounds; round++) {
      const [crews, left] = await Promise.all([crewsOnOutage(pool, outageId), crewsThatLeft(pool, outageId)]);
      if (crews.length === 0 && left.length === 0) break;
      const outage = await needs.outageOf(outageId);
      const steps = follow(
        outage,
        crews.map((row) => crewOn(row, outageId)),
        outage ? needsOf(outage).map((need) => need.skills) : [],
        left.map((row) => row.crew_id),
      );
      for (const step of steps) await carryOut(step, outageId, crews, left, actor);
      if (steps.length > 0) continue;
      if (left.length > 0 || crews.some((row) => !jobAt(row, outageId).is_told)) await markAgreed(pool, outageId);
      if (crews.length === 0) withWork.delete(outageId);
      return;
    }
  }

  async function carryOut(
    step: FollowStep,
    outageId: string,
    crews: readonly CrewRow[],
    left: readonly LeftRow[],
    actor: string,
  ): Promise<void> {
    if (step.kind === 'unassign') return tellLeft(outageId, left.find((row) => row.crew_id === step.crewId)!);
    const crew = crews.find((row) => row.crew_id === step.crewId)!;
    if (step.kind === 'act') return needs.act(outageId, step.verb, { actor, crew: crew.crew_id });
    if (step.kind === 'moved') {
      await moveJob(pool, crew.crew_id, outageId, step.deviceId);
      const to = { at: new Date(needs.nowMs()), from_status: crew.status, to_status: crew.status };
      await appendLog(pool, crew.crew_id, { ...to, actor, verb: 'moved', outage_id: outageId, reason: step.why });
      tell((await crewById(pool, crew.crew_id))!);
      return needs.notice(crew, outageId, `Crew ${crew.crew_id}: ${step.why}; tell the crew`);
    }
    if (step.kind === 'catch_up') {
      await change({ id: crew.crew_id, event: step.event, actor, reason: `${outageId} was moved on by hand` });
      return;
    }
    await change({ id: crew.crew_id, event: 'release', actor, outageId, reason: step.why });
    needs.notice(crew, outageId, `Crew ${crew.crew_id} (${crew.status.replace('_', ' ')}) was set free: ${step.why}`);
  }

  /** The crew gave its job back, or its truck broke down: the outage must not look as if somebody came. */
  async function tellLeft(outageId: string, { crew_id: id, actor, reason }: LeftRow): Promise<void> {
    const why = reason ?? 'was released';
    needs.notice((await crewById(pool, id))!, outageId, `${outageId} has no crew any more, ${id}: ${why}`);
    await needs.act(outageId, 'unassign', { actor, reason: `crew ${id} left${reason ? `: ${reason}` : ''}` });
  }

  async function assign(id: string, order: CrewAssignment, actor: string): Promise<Crew> {
    const outage = await needs.outageOf(order.outage);
    if (!outage) throw new FluxError('unknown_outage', `there is no outage ${order.outage}`);
    if (!takesCrew(outage.state))
      throw new FluxError('invalid_transition', `${outage.id} is ${outage.state}: no crew is sent there`);
    await change({ id, event: 'assign', actor, revision: order.revision, outage, reason: order.reason });
    try {
      await settle(outage.id, actor);
    } catch (error) {
      // the outage was quicker: the crew is as free as before
      await change({
        id,
        event: 'release',
        actor,
        outageId: outage.id,
        reason: `the outage refused: ${messageOf(error)}`,
      });
      await settleAll([outage.id]);
      throw error;
    }
    return shown((await crewById(pool, id))!);
  }

  async function act(id: string, order: CrewAction, actor: string): Promise<Crew> {
    const { verb, revision, reason, outage: outageId } = order;
    const { row, before, freed } = await change({ id, event: verb, actor, revision, outageId, reason });
    const at = hasJobAtHand(before.status) ? before.jobs[0].outage_id : undefined;
    if (at !== undefined && row.jobs.some((job) => job.outage_id === at)) await settle(at, actor);
    for (const outage of freed) await settle(outage, actor);
    if (verb === 'complete' && at !== undefined) await afterComplete(at, id, actor);
    return shown((await crewById(pool, id))!);
  }

  /** Where customers are still out, or another crew goes on, the outage is not done with this crew's part of it. */
  async function afterComplete(outageId: string, crewId: string, actor: string): Promise<void> {
    if ((await crewsOnOutage(pool, outageId)).length > 0) return settle(outageId, actor);
    if ((await needs.outageOf(outageId))?.state === 'restored')
      await needs.act(outageId, 'complete', { actor, reason: `crew ${crewId} completed its work` });
  }

  /** The edges of shifts. One that was signed on by hand stays until the next edge. */
  async function tick(): Promise<void> {
    for (const row of await allCrews(pool)) {
      // on call: signed on and off by hand alone
      if (row.shifts.length === 0) continue;
      const inShift = rosterOf(row.shifts, needs.nowMs()).current !== null;
      if (inShift === row.was_in_shift) continue;
      const event = inShift ? 'shift_began' : 'shift_ended';
      if (lifecycle[row.status][event] === 'invalid') {
        // with a job at hand it goes on; the edge counts as soon as it is free
        if (inShift || !hasJobAtHand(row.status)) await markRoster(pool, row.crew_id, inShift);
      } else {
        const reason = inShift ? undefined : 'went off shift';
        const { freed } = await change({ id: row.crew_id, event, actor: 'roster', wasInShift: inShift, reason });
        for (const outage of freed) await settle(outage, 'roster');
      }
    }
  }

  /** Crews that are otherwise than they were told, though nothing here changed them. */
  async function tellDifferent(): Promise<void> {
    for (const row of await allCrews(pool))
      if (told.get(row.crew_id) !== `${row.revision} ${shown(row).in_shift}`) tell(row);
  }

  async function settleAll(ids: readonly string[]): Promise<void> {
    for (const id of ids)
      await settle(id, 'crews').catch((error: unknown) => {
        // an outage that is over changes no more: without this its crews would stay with it
        unsettled.add(id);
        needs.report(`the crews of ${id} could not follow the outage; tried again within half a minute`, error);
      });
  }

  const rowOf = async (id: string): Promise<CrewRow> => {
    const row = await crewById(pool, id);
    if (!row) throw new FluxError('not_found', `there is no crew ${id}`);
    return row;
  };
  async function planOver(
    outages: readonly OutageFact[],
    areas: readonly string[] | null,
    withServed: boolean,
  ): Promise<CrewNeedRow[]> {
    const open = new Map(needs.openOutages().map((outage) => [outage.id, outage]));
    const isOurs = ({ area_id: area }: { area_id: string }): boolean => areas === null || areas.includes(area);
    return planFor((await allCrews(pool)).filter(isOurs), outages.filter(isOurs), {
      settings: needs.settings,
      nowMs: needs.nowMs(),
      shiftEndOf: (row) => {
        const { current } = rosterOf(row.shifts, needs.nowMs());
        return current ? current.toMs : row.shifts.length > 0 && row.was_in_shift ? 0 : null;
      },
      outageOf: (id) => open.get(id),
      withServed,
    });
  }
  const onTick = (): void =>
    void inTurn(async () => {
      const again = [...unsettled];
      unsettled.clear();
      await settleAll(again);
      await tick();
      await tellDifferent();
    }).catch((error: unknown) => needs.report('the roster could not be followed', error));

  return {
    start: async () => {
      for (const id of await outagesWithWork(pool)) withWork.add(id);
      // what a crash left between a crew and its outage
      await inTurn(async () => {
        await tick();
        await settleAll([...withWork]);
        await tellDifferent();
      });
      if (!needs.isDriven) ticker = setInterval(onTick, tickMs);
    },
    list: async () => (await allCrews(pool)).map(shown),
    detail: async (id) => {
      const [row, log] = await Promise.all([rowOf(id), crewLog(pool, id, 200)]);
      return { crew: shown(row), log: log.map((entry) => ({ ...entry, at: entry.at.toISOString() })) };
    },
    areaOf: async (id) => (await crewById(pool, id))?.area_id ?? null,
    assign: (id, order, actor) => inTurn(() => assign(id, order, actor)),
    act: (id, order, actor) => inTurn(() => act(id, order, actor)),
    report: async (id, { lon, lat, at }) => {
      const atMs = at === undefined ? needs.nowMs() : Date.parse(at);
      if (atMs > needs.nowMs() + 60_000)
        throw new FluxError('bad_request', `position of crew ${id} is from the future (${at}); set its clock`);
      await rowOf(id);
      await storePosition(pool, id, lon, lat, new Date(atMs));
      return tell(await rowOf(id));
    },
    plan: (areas) => {
      const key = JSON.stringify(areas);
      const known = plans.get(key);
      if (known && needs.nowMs() - known.atMs < planForMs) return known.rows;
      const rows = planOver(needs.openOutages(), areas, false);
      plans.set(key, { atMs: needs.nowMs(), rows });
      rows.catch(() => plans.delete(key));
      return rows;
    },
    suggest: async (outageId, areas) => {
      const outage = await needs.outageOf(outageId);
      if (!outage) throw new FluxError('unknown_outage', `there is no outage ${outageId}`);
      return planOver([outage], areas, true);
    },
    outagesChanged: (ids) => {
      const ours = ids.filter((id) => withWork.has(id));
      if (ours.length > 0) void inTurn(() => settleAll(ours));
    },
    settled: () => allDone(inTurn),
    stop: async () => {
      clearInterval(ticker);
      await allDone(inTurn);
    },
  };
}

const jobAt = (row: CrewRow, outageId: string) => row.jobs.find((job) => job.outage_id === outageId)!;

function crewOn(row: CrewRow, outageId: string): CrewOn {
  const { device_id: deviceId, is_told: isTold } = jobAt(row, outageId);
  const isAtHand = hasJobAtHand(row.status) && row.jobs[0].outage_id === outageId;
  return { crewId: row.crew_id, status: row.status, isAtHand, deviceId, isTold, skills: row.skills };
}

function overtaken(row: CrewRow): FluxError {
  const work = row.jobs.length > 0 ? ` at ${row.jobs.map((job) => job.outage_id).join(', ')}` : '';
  return new FluxError(
    'conflict',
    `crew ${row.crew_id} has changed since you looked at it: it is ${row.status.replaceAll('_', ' ')}${work} now; look again`,
    { details: { revision: row.revision, status: row.status } },
  );
}
