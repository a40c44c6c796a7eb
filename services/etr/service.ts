/**
 * Restoration times of everything that is out: computed from the model, from the restoration simulation where an area is
 * in storm mode, or from the repair time once a crew is there; overridden by zones; and by people above all. Every change
 * worth telling is a row of the ledger before anybody sees it.
 */
import type {
  EtrCalibration,
  EtrEntry,
  EtrLedger,
  EtrOverride,
  EtrOverrideEntry,
  WhatIf,
  WhatIfAnswer,
} from '#model/api/etr.ts';
import type { Outage } from '#model/api/outages.ts';
import { FluxError } from '#model/errors.ts';
import { allDone, oneAtATime } from '#model/one_at_a_time.ts';
import { inTransaction } from '#stores/postgres/pool.ts';
import { calibrationOf } from './calibration_report.ts';
import { bearsOn, decide, type EtrValue, isNews, isPersons, type Override, type Word } from './decide.ts';
import { jobOf, repairLeft, type StageBook, stageBook, startOfStage } from './jobs.ts';
import { type LiveModel, makeLiveModel } from './live.ts';
import type { EtrNeeds } from './needs.ts';
import { entryTimes, overrideOf, overrideRowOf, toLedger, toOverride } from './people.ts';
import type { OutageForecast } from './restoration.ts';
import { factOf, rowOf, takenOver, valueOfRow } from './rows.ts';
import { simulating } from './simulation.ts';
import {
  appendRevisions,
  endOverride,
  insertOverride,
  type NewRevision,
  newestRevisions,
  outagesSince,
  revisionsOf,
  standingOverrides,
  wordsOfMergedOutages,
} from './sql.ts';
import { inSlices, studyOf } from './what_if.ts';

export interface EtrService {
  start(): Promise<void>;
  /** the newest value of an open outage */
  valueOf(id: string): EtrValue | null;
  /** outages that appeared, changed or are over */
  follow(news: readonly { outage: Outage }[]): void;
  ledger(id: string): Promise<EtrLedger>;
  /** @throws FluxError `bad_request`, `unknown_outage`, `invalid_transition` where nobody is out any more */
  say(id: string, entry: EtrEntry, author: string): Promise<EtrLedger>;
  overrides(): EtrOverride[];
  addOverride(entry: EtrOverrideEntry, author: string): Promise<EtrOverride>;
  /** @throws FluxError `not_found` */
  endOverride(id: number, author: string): Promise<void>;
  areaOfOverride(id: number): string | null;
  calibration(fromMs: number, toMs: number, first: boolean): Promise<EtrCalibration>;
  whatIf(change: WhatIf): Promise<WhatIfAnswer>;
  /** computes now and resolves when it is durable */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

/** The version of the simulation in the ledger; rises when its rules change. */
export const simulationVersion = 'simulation-1';
const everyMs = 15_000;
const soonMs = 300;
const simulateEveryMs = 30_000;
/** In a storm something changes all the time, and a simulation takes seconds: four fifths of the time are everybody else's. */
const simulationRest = 4;
const memoryDays = 60;
const mostRemembered = 50_000;
const sliceMs = 12;
const author = 'flux';

export function makeEtrService(needs: EtrNeeds): EtrService {
  const { pool, settings, nowMs } = needs;
  let live: LiveModel | undefined;
  const current = new Map<string, EtrValue>();
  const words = new Map<string, Word>();
  const stages: StageBook = stageBook();
  const over = new Set<string>();
  let overrides: (Override & { row: EtrOverride })[] = [];
  let simulated = { atMs: 0, key: '', crews: 0, of: new Map<string, OutageForecast>(), restsToMs: 0 };
  const inTurn = oneAtATime();
  let timer: NodeJS.Timeout | undefined;
  let soon: NodeJS.Timeout | undefined;
  let stopped = false;
  /** merges may have happened while nobody was here */
  const merges = { seen: 1, done: 0 };

  function model(): LiveModel {
    if (!live)
      throw new FluxError('not_ready', 'restoration times are still being rebuilt from the store', { canRetry: true });
    return live;
  }

  async function simulateStorms(open: readonly Outage[], atMs: number): Promise<void> {
    const stormy = open.filter(({ area_id }) => needs.inStorm(area_id));
    const key = stormy.map(({ id, state, customers_out }) => `${id} ${state} ${customers_out}`).join();
    if (stormy.length === 0) simulated = { ...simulated, atMs, key, of: new Map() };
    if (key === simulated.key && atMs - simulated.atMs < simulateEveryMs) return;
    const beganMs = performance.now();
    if (!needs.isDriven && beganMs < simulated.restsToMs) return;
    const jobs = stormy.map((outage) => jobOf(outage, words.get(outage.id) ?? null, stages));
    const { crews } = await needs.crews();
    const { outages } = await inSlices(simulating(jobs, crews, Math.floor(atMs / 1000), needs.simulation, needs.draw));
    const endedMs = performance.now();
    simulated = {
      ...{ atMs, key, crews: crews.length, of: new Map(outages.map((one) => [one.id, one])) },
      restsToMs: endedMs + simulationRest * (endedMs - beganMs),
    };
  }

  function computed(
    outage: Outage,
    atMs: number,
  ): { value: EtrValue; inputs: Record<string, unknown>; reason: string | null } {
    const prediction = model().predict(outage, atMs / 1000);
    const storm = needs.inStorm(outage.area_id);
    const inputs = {
      log50: prediction.opinion.log50,
      log90: prediction.opinion.log90,
      correction: prediction.correction,
      reasons: prediction.reasons,
      customers: outage.customers_affected,
      device: outage.device_id,
      state: outage.state,
      storm,
    };
    const worked = startOfStage(stages, outage, 'on_site');
    if (worked !== null) {
      const { p50, p90 } = repairLeft(outage, (atMs - worked) / 60_000, needs.simulation);
      const value: EtrValue = {
        p50Ms: atMs + p50 * 60_000,
        p90Ms: atMs + p90 * 60_000,
        source: 'model',
        model: 'repair-1',
      };
      return {
        value,
        inputs: { ...inputs, on_site_since: new Date(worked).toISOString() },
        reason: 'a crew is on site: repair time of the device',
      };
    }
    const forecast = storm ? simulated.of.get(outage.id) : undefined;
    if (forecast?.p50S && forecast.p90S)
      return {
        value: {
          p50Ms: forecast.p50S * 1000,
          p90Ms: forecast.p90S * 1000,
          source: 'simulation',
          model: simulationVersion,
        },
        inputs: { ...inputs, runs: needs.simulation.runs, crews: simulated.crews },
        reason: null,
      };
    return {
      value: { p50Ms: prediction.p50S * 1000, p90Ms: prediction.p90S * 1000, source: 'model', model: needs.model.id },
      inputs,
      reason: storm ? (forecast ? 'no crew serves the area: not simulated' : 'not simulated yet') : null,
    };
  }

  const placeOf = (outage: Outage) => ({
    zones: [outage.area_id, outage.substation_id, outage.feeder_id],
    customersAffected: outage.customers_affected,
  });

  /** One round over everything that is out; what is news goes to the ledger, then to the screens. */
  async function round(): Promise<void> {
    if (!live || stopped) return;
    const atMs = nowMs();
    const open = needs.open();
    for (const outage of open) stages.see(outage);
    await simulateStorms(open, atMs);
    const news: { id: string; value: EtrValue; row: NewRevision }[] = [];
    const standing = overrides.filter(({ expiresMs }) => expiresMs > atMs);
    let slice = performance.now();
    for (const outage of open) {
      // a storm's first round computes for seconds: others get their turn meanwhile
      if (performance.now() - slice > sliceMs) {
        await new Promise((resolve) => setImmediate(resolve));
        slice = performance.now();
      }
      // over since the round began: to predict it would open it again
      if (over.has(outage.id)) continue;
      const word = words.get(outage.id) ?? null;
      const before = current.get(outage.id) ?? null;
      const { value: base, inputs, reason } = computed(outage, atMs);
      const value = decide(word, base, standing, placeOf(outage), atMs, settings);
      if (!isNews(before, value, atMs, settings)) continue;
      // a person's word was written when it was said
      if (isPersons(value.source)) current.set(outage.id, value);
      else news.push({ id: outage.id, value, row: rowOf(outage.id, value, atMs, author, reason, inputs) });
    }
    await store(news);
    const openIds = new Set(open.map(({ id }) => id));
    await takeOver(openIds, atMs);
    for (const id of current.keys()) if (!openIds.has(id)) forget(id);
    if (over.size > 10_000) over.clear();
  }

  /** What a person said of an outage is said of the one it was merged into, where nobody spoke of that. */
  async function takeOver(openIds: ReadonlySet<string>, atMs: number): Promise<void> {
    const { seen } = merges;
    if (seen === merges.done) return;
    const found = (await wordsOfMergedOutages(pool)).map((row) => takenOver(row, atMs));
    const taken = found.filter(({ id }) => openIds.has(id) && !over.has(id) && !words.has(id));
    await store(taken);
    for (const { id, value } of taken) words.set(id, value);
    merges.done = seen;
  }

  async function store(news: readonly { id: string; value: EtrValue; row: NewRevision }[]): Promise<void> {
    if (news.length === 0) return;
    await inTransaction(pool, (client) =>
      appendRevisions(
        client,
        news.map(({ row }) => row),
      ),
    );
    for (const { id, value } of news) current.set(id, value);
    needs.changed(news.map(({ id }) => id));
  }

  function forget(id: string): void {
    current.delete(id);
    words.delete(id);
    stages.forget(id);
  }

  const tryRound = (): Promise<void> =>
    inTurn(round).catch((error: unknown) => {
      if (!stopped) needs.report('restoration times could not be computed; tried again in 15 s', error);
    });

  function wakeSoon(): void {
    if (needs.isDriven) return;
    soon ??= setTimeout(() => {
      soon = undefined;
      void tryRound();
    }, soonMs);
  }

  async function readOverrides(): Promise<void> {
    overrides = (await standingOverrides(pool, new Date(nowMs()))).map((row) => ({
      ...overrideOf(row),
      row: toOverride(row, needs.areaOfZone(row.zone) ?? null),
    }));
  }

  async function ledger(id: string): Promise<EtrLedger> {
    const [outage, rows] = await Promise.all([needs.outage(id), revisionsOf(pool, id)]);
    return toLedger(outage, rows, nowMs());
  }

  const service: EtrService = {
    start: () =>
      inTurn(async () => {
        const atMs = nowMs();
        const [past, newest] = await Promise.all([
          outagesSince(pool, new Date(atMs - memoryDays * 86_400_000), mostRemembered),
          newestRevisions(pool),
        ]);
        current.clear();
        words.clear();
        for (const row of newest) {
          const value = valueOfRow(row);
          if (!row.is_persons) current.set(row.outage_id, value);
          else if (isPersons(value.source)) words.set(row.outage_id, value as Word);
        }
        live = makeLiveModel(
          needs.model,
          needs.timeZone,
          past.map((row) => factOf(row, needs.placeOf(row.device_key, row.meter_key))),
          atMs / 1000,
        );
        await readOverrides();
        needs.changed([...current.keys()]);
        clearInterval(timer);
        if (!needs.isDriven) timer = setInterval(() => void tryRound(), everyMs);
        wakeSoon();
      }),
    valueOf: (id) => current.get(id) ?? null,
    follow: (news) => {
      for (const { outage } of news) {
        const { id, state, restored_at, cause } = outage;
        if (state === 'merged') merges.seen++;
        if (restored_at === null && state !== 'rejected' && state !== 'merged') {
          over.delete(id);
          continue;
        }
        over.add(id);
        // one that is opened again begins without it, also where no round came between
        words.delete(id);
        live?.over(
          id,
          restored_at === null ? null : Date.parse(restored_at) / 1000,
          restored_at === null ? null : cause,
        );
      }
      wakeSoon();
    },
    ledger,
    say: (id, entry, by) =>
      inTurn(async () => {
        const atMs = nowMs();
        const outage = needs.open().find((one) => one.id === id);
        if (!outage) {
          const { state } = await needs.outage(id);
          throw new FluxError('invalid_transition', `outage ${id} is ${state}: nobody waits for its restoration`);
        }
        const { value: base, inputs } = computed(outage, atMs);
        if (entry.withdraw) {
          const standing = overrides.filter(({ expiresMs }) => expiresMs > atMs);
          if (!words.has(id)) throw new FluxError('conflict', `nobody has given a time for outage ${id} that stands`);
          const value = decide(null, base, standing, placeOf(outage), atMs, settings);
          await store([{ id, value, row: { ...rowOf(id, value, atMs, by, entry.reason, inputs), withdraws: true } }]);
          words.delete(id);
        } else {
          const value: Word = { ...entryTimes(entry, atMs), source: entry.source, model: null };
          const instead = { instead_of: { source: base.source, p50: iso(base.p50Ms), p90: iso(base.p90Ms) } };
          await store([{ id, value, row: rowOf(id, value, atMs, by, entry.reason, { ...inputs, ...instead }) }]);
          words.set(id, value);
        }
        return ledger(id);
      }),
    overrides: () => {
      const atMs = nowMs();
      const open = needs.open();
      return overrides
        .filter(({ expiresMs }) => expiresMs > atMs)
        .map(({ row, ...override }) => ({
          ...row,
          outages: open.filter((one) => bearsOn(override, placeOf(one), atMs)).length,
        }));
    },
    addOverride: (entry, by) =>
      inTurn(async () => {
        const area = needs.areaOfZone(entry.zone);
        if (area === undefined)
          throw new FluxError('bad_request', `zone: there is no area, substation or feeder "${entry.zone}"`);
        const row = await insertOverride(pool, overrideRowOf(entry, by, nowMs()));
        await readOverrides();
        wakeSoon();
        return service.overrides().find(({ override_id }) => override_id === row!.override_id)!;
      }),
    endOverride: (id, by) =>
      inTurn(async () => {
        if (!(await endOverride(pool, id, new Date(nowMs()), by)))
          throw new FluxError('not_found', `there is no standing override ${id}`);
        await readOverrides();
        wakeSoon();
      }),
    areaOfOverride: (id) => overrides.find((one) => one.id === id)?.row.area_id ?? null,
    calibration: (fromMs, toMs, first) =>
      calibrationOf(pool, needs.model, live?.ownOutages() ?? 0, needs.placeOf, fromMs, toMs, first),
    whatIf: async (change) => {
      const { crews, assumed } = await needs.crews();
      const open = structuredClone(needs.open());
      const jobs = open.map((outage) => jobOf(outage, words.get(outage.id) ?? null, stages));
      return studyOf(change, { jobs, crews, assumed, nowMs: nowMs(), settings: needs.simulation, draw: needs.draw });
    },
    refresh: () => inTurn(round),
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      clearTimeout(soon);
      await allDone(inTurn);
    },
  };

  return service;
}

const iso = (ms: number): string => new Date(ms).toISOString();
