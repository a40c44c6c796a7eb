/**
 * The three ping processes. Every few seconds the open outages are looked over; who is due is asked by way of the
 * head-end, a request at a time. Answers go the durable way of meter events, so that the engine learns of them as it
 * learns of gasps, also after a restart. A head-end that is away or slow holds up nothing but the pings.
 */
import type { HeadEndState, Outage, OutagePing } from '#model/api/outages.ts';
import { FluxError, messageOf } from '#model/errors.ts';
import type { HeadEnd, PingAnswer } from '#model/headend.ts';
import type { NetworkColumns } from '#model/network.ts';
import { type MeterEventColumns, makeMeterEventColumns, meterEventCode } from '#model/reading.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { chooseMeters } from './pings_choice.ts';
import { makeNeighbours, makeRounds } from './pings_rounds.ts';
import type { PingSettings } from './pings_settings.ts';
import {
  askedAfter,
  endPing,
  endPingsOfBefore,
  insertPing,
  type PingPurpose,
  pingsOfOutage,
  setAnswers,
  silentMembers,
  unheardMembers,
} from './pings_sql.ts';

export interface PingNeeds {
  pool: Pool;
  headEnd: () => HeadEnd | undefined;
  settings: PingSettings;
  network: () => NetworkColumns;
  open: () => Outage[];
  membersOf: (outageId: string) => number[];
  /** meters whose answer would decide where the outage stands, most telling first */
  decidingMeters: (outageId: string) => Promise<number[]>;
  /** silent meters beside the outage, others in each round */
  metersBeside: (outageId: string, round: number) => number[];
  /** stores answers as events of meters and gives them to the engine; resolves when they are durable */
  commit: (events: MeterEventColumns) => Promise<void>;
  /** the head-end went away, or (null) is back */
  condition: (wrong: string | null) => void;
  report: (message: string, error: unknown) => void;
  /** a simulated clock, UTC epoch ms: who drives it also calls `look` */
  drivenMs?: () => number;
}

export interface PingService {
  start(): Promise<void>;
  /** A person asks: silent members of the outage. @returns how many meters are asked */
  askNow(outage: Outage, by: string): Promise<number>;
  ofOutage(outageId: string): Promise<OutagePing[]>;
  state(): HeadEndState;
  /** Asks what is due now and waits for the answers. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

interface Due {
  outageId: string;
  purpose: PingPurpose;
  by: string;
  meters: number[];
}

const lookMs = 2000;
/** Pauses after a failure, doubled up to the last. */
const pauseMs = [5000, 60_000] as const;
const shownAnswers = 200;
/** up to so many customers everybody is asked again */
const smallOutage = 50;

export function makePingService(needs: PingNeeds): PingService {
  const { pool, settings } = needs;
  const nowMs = needs.drivenMs ?? Date.now;
  /** when each meter was last asked */
  const askedMs = new Map<number, number>();
  /** outages a process is done with: `${purpose} ${id}`, and the state it was done in */
  const done = new Map<string, string>();
  const rounds = makeRounds(settings);
  const neighboursOf = makeNeighbours(needs.network);
  const byHand: Due[] = [];
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  let failures = 0;
  let notBeforeMs = 0;
  const seen: HeadEndState = {
    name: needs.headEnd()?.name ?? null,
    state: needs.headEnd() ? 'unknown' : 'absent',
    since: new Date(nowMs()).toISOString(),
    problem: null,
    asked: 0,
    answered: 0,
    last_answer_at: null,
    median_latency_ms: null,
  };
  const latencies: number[] = [];

  const mayAsk = (meter: number): boolean => nowMs() - (askedMs.get(meter) ?? 0) >= settings.noRepeatS * 1000;
  const choose = (meters: Iterable<number>, share: PingSettings['verification']['share']): number[] => {
    const { meter } = needs.network();
    return chooseMeters(meters, {
      share,
      cap: settings.capPerOutage,
      transformerOf: (key) => meter.transformer[key],
      mayAsk,
    });
  };

  /** What is due of an outage now; undefined: nothing. */
  function dueOf(outage: Outage): Promise<Due | undefined> {
    return judge(outage).catch((error: unknown) => {
      // merged or gone since the list was made
      if (error instanceof FluxError && error.code === 'unknown_outage') return undefined;
      throw error;
    });
  }

  async function judge(outage: Outage): Promise<Due | undefined> {
    const due = (purpose: PingPurpose, meters: number[]): Due | undefined =>
      meters.length > 0 ? { outageId: outage.id, purpose, by: 'engine', meters } : undefined;
    const once = (purpose: PingPurpose): boolean => {
      const key = `${purpose} ${outage.id}`;
      // A prediction that moved, or that a person took up, is another question.
      const standing = purpose === 'restoration' ? String(outage.restored_at) : `${outage.state} ${outage.device_id}`;
      if (done.get(key) === standing) return false;
      done.set(key, standing);
      return true;
    };
    // gasps and restores still come in
    if (nowMs() - Date.parse(outage.restored_at ?? outage.detected_at) < settings.settleS * 1000) return undefined;
    if (outage.restored_at !== null) {
      if (!settings.restoration.on || !once('restoration')) return undefined;
      return due('restoration', choose(await unheardMembers(pool, outage.id), settings.restoration.share));
    }
    const single = outage.device_kind === 'service_point';
    const purpose = single ? 'single_customer' : 'verification';
    if (!settings[purpose].on) return undefined;
    const isFirst = once(purpose);
    if (!isFirst && !rounds.isDue(outage, nowMs())) return undefined;
    const members = needs.membersOf(outage.id);
    const chosen = single
      ? choose([...members, ...members.flatMap((meter) => neighboursOf(meter, rounds.number(outage.id)))], 'all')
      : isFirst
        ? await firstQuestion(outage, members)
        : furtherQuestion(outage, members);
    // one that lies beside may be a member, too
    const meters = [...new Set(chosen)].slice(0, settings.capPerOutage);
    rounds.asked(outage.id, meters, nowMs());
    return due(purpose, meters);
  }

  /** Who would decide, then a share of the silent; where all of them spoke, a share of those who did. */
  async function firstQuestion(outage: Outage, members: readonly number[]): Promise<number[]> {
    const deciding = (await needs.decidingMeters(outage.id)).filter(mayAsk);
    const silent = await silentMembers(pool, outage.id, members);
    const rest = choose(silent.length > 0 ? silent : members, settings.verification.share);
    return [...deciding, ...rest, ...beside(outage)];
  }

  /** Of a small one everybody in turn; a share of a large one. */
  function furtherQuestion(outage: Outage, members: readonly number[]): number[] {
    const share = members.length <= smallOutage ? 'all' : settings.verification.share;
    return [...choose(rounds.notYetAsked(outage.id, members), share), ...beside(outage)];
  }
  const beside = ({ id }: Outage): number[] => needs.metersBeside(id, rounds.number(id)).filter(mayAsk);

  async function look(headEnd: HeadEnd): Promise<void> {
    const open = needs.open();
    const ids = new Set(open.map(({ id }) => id));
    for (const key of done.keys()) if (!ids.has(key.slice(key.indexOf(' ') + 1))) done.delete(key);
    rounds.keep(ids);
    for (const [meter, atMs] of askedMs) if (nowMs() - atMs > settings.noRepeatS * 1000) askedMs.delete(meter);
    // The most customers first: in a storm the head-end is the bottleneck.
    const waiting = open.toSorted((a, b) => a.customers_out - b.customers_out);
    const work = async (): Promise<void> => {
      while (!ending.signal.aborted) {
        const due = byHand.shift() ?? (waiting.length > 0 ? await dueOf(waiting.pop()!) : null);
        if (due === null) return;
        if (due) await ask(headEnd, due);
      }
    };
    await Promise.all(Array.from({ length: settings.requestsAtOnce }, work));
  }

  async function ask(headEnd: HeadEnd, due: Due): Promise<void> {
    const stillDark = await askAll(headEnd, due);
    if (stillDark.length > 0) rounds.verified(due.outageId);
    if (due.purpose !== 'restoration' || stillDark.length === 0) return;
    // One dark meter of a transformer that counts as restored: its neighbours decide how far the darkness goes.
    const { meter } = needs.network();
    const transformers = new Set(stillDark.map((key) => meter.transformer[key]));
    const unheard = await unheardMembers(pool, due.outageId);
    const neighbours = unheard.filter((key) => mayAsk(key) && transformers.has(meter.transformer[key]));
    if (neighbours.length > 0) await askAll(headEnd, { ...due, meters: neighbours });
  }

  /** In requests the head-end takes. @returns who says that there is no power */
  async function askAll(headEnd: HeadEnd, due: Due): Promise<number[]> {
    const size = Math.min(settings.capPerRequest, headEnd.capPerRequest);
    const stillDark: number[] = [];
    for (let i = 0; i < due.meters.length && !ending.signal.aborted; i += size) {
      const answers = await askOnce(headEnd, { ...due, meters: due.meters.slice(i, i + size) });
      stillDark.push(...answers.filter((one) => !one.isLit).map((one) => one.meter));
    }
    return stillDark;
  }

  async function askOnce(headEnd: HeadEnd, due: Due): Promise<PingAnswer[]> {
    const atMs = nowMs();
    const deadlineMs = atMs + settings.timeToLiveS * 1000;
    const id = await insertPing(pool, { ...due, atMs, deadlineMs });
    for (const meter of due.meters) askedMs.set(meter, atMs);
    seen.asked += due.meters.length;
    const heard: PingAnswer[] = [];
    let problem: unknown;
    try {
      for await (const answers of headEnd.ping(due.meters, deadlineMs, ending.signal)) {
        await needs.commit(eventsOf(answers));
        await setAnswers(pool, id, answers);
        heard.push(...answers);
        noteAnswers(answers.length, nowMs() - atMs);
      }
    } catch (error) {
      problem = error;
    }
    if (ending.signal.aborted) problem ??= new Error('the center ended while answers were awaited');
    await endPing(pool, id, problem === undefined ? null : messageOf(problem));
    if (problem !== undefined && !ending.signal.aborted) throw problem;
    if (problem === undefined) noteWell();
    return heard;
  }

  function noteAnswers(count: number, ms: number): void {
    seen.answered += count;
    seen.last_answer_at = new Date(nowMs()).toISOString();
    latencies.push(ms);
    if (latencies.length > 200) latencies.shift();
    seen.median_latency_ms = latencies.toSorted((a, b) => a - b)[latencies.length >> 1];
  }

  function noteWell(): void {
    failures = 0;
    if (seen.state === 'answering') return;
    Object.assign(seen, { state: 'answering', since: new Date(nowMs()).toISOString(), problem: null });
    needs.condition(null);
  }

  function noteFailure(error: unknown): void {
    const [first, last] = pauseMs;
    notBeforeMs = nowMs() + Math.min(last, first * 2 ** Math.min(failures++, 10));
    // Asked again, once the head-end is back.
    done.clear();
    if (seen.state !== 'away') {
      Object.assign(seen, { state: 'away', since: new Date(nowMs()).toISOString() });
      needs.report('the head-end can not be asked; tried again until it can', error);
      needs.condition(messageOf(error));
    }
    seen.problem = messageOf(error);
  }

  async function turn(): Promise<void> {
    const headEnd = needs.headEnd();
    if (headEnd && nowMs() >= notBeforeMs) {
      if (seen.state === 'absent') Object.assign(seen, { name: headEnd.name, state: 'unknown' });
      await look(headEnd).catch(noteFailure);
    }
    if (!ending.signal.aborted && !needs.drivenMs) timer = setTimeout(begin, lookMs);
  }
  function begin(): void {
    looking = turn();
  }

  return {
    start: async () => {
      await endPingsOfBefore(pool);
      const restoredAt = new Map(needs.open().map((outage) => [outage.id, outage.restored_at]));
      for (const row of await askedAfter(pool, new Date(nowMs() - settings.noRepeatS * 1000))) {
        askedMs.set(row.meter_key, row.at_ms);
        if (row.purpose === 'restoration' && row.outage_id !== null)
          done.set(`restoration ${row.outage_id}`, String(restoredAt.get(row.outage_id)));
      }
      if (!needs.drivenMs) timer = setTimeout(begin, lookMs);
    },
    askNow: async (outage, by) => {
      if (!needs.headEnd())
        throw new FluxError('not_ready', 'no head-end is joined: set FLUX_HEADEND', { canRetry: false });
      const single = outage.device_kind === 'service_point';
      const members = needs.membersOf(outage.id);
      const candidates = single ? members : await silentMembers(pool, outage.id, members);
      // asked for a moment ago, by the same hand or another: they wait for their turn already
      const queued = new Set(byHand.flatMap((due) => due.meters));
      const meters = candidates.filter((meter) => mayAsk(meter) && !queued.has(meter)).slice(0, settings.capPerOutage);
      if (meters.length > 0) byHand.push({ outageId: outage.id, purpose: 'operator', by, meters });
      return meters.length;
    },
    ofOutage: async (outageId) => {
      const { meter } = needs.network();
      return (await pingsOfOutage(pool, outageId, 50)).map(({ answers, ...row }) => ({
        ...row,
        asked_at: row.asked_at.toISOString(),
        deadline_at: row.deadline_at.toISOString(),
        ended_at: row.ended_at?.toISOString() ?? null,
        answers: answers.slice(0, shownAnswers).map((one) => ({
          meter_id: meter.id.at(one.meter_key),
          answer: one.answer as OutagePing['answers'][number]['answer'],
          answered_at: one.answered_at === null ? null : new Date(one.answered_at).toISOString(),
        })),
      }));
    },
    state: () => ({ ...seen }),
    look: () => (looking = turn()),
    stop: async () => {
      ending.abort();
      clearTimeout(timer);
      await looking.catch(() => undefined);
    },
  };
}

function eventsOf(answers: readonly PingAnswer[]): MeterEventColumns {
  const events = makeMeterEventColumns(answers.length);
  for (const { meter, isLit, atMs } of answers) {
    const i = events.count++;
    events.meterKey[i] = meter;
    events.eventTimeMs[i] = atMs;
    events.type[i] = isLit ? meterEventCode.ping_lit : meterEventCode.ping_dark;
  }
  return events;
}
