/** Runs of the generator: asked for, taken up one after another by a process of their own, paused, resumed, cancelled. */
import type { GeneratorEstimate, GeneratorJob, GeneratorVerb } from '#model/api/generator.ts';
import { FluxError, messageOf } from '#model/errors.ts';
import { commandOf, expectedReadings, type GeneratorOptions, generatorDefaults, problemsOf } from '#model/generator.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { estimateOf } from './estimate.ts';
import { nextState } from './lifecycle.ts';
import {
  insertJob,
  type JobRow,
  jobById,
  listJobs,
  measuredRuns,
  moveJob,
  nextJob,
  sourcesBetween,
  takeJob,
} from './sql.ts';

/** What the process of a run says. */
export type RunnerNews = { kind: 'progress' } | { kind: 'failed'; message: string; canRetry: boolean };

export interface Runner {
  /** resolves when the process is gone, however */
  ended: Promise<void>;
  /** true: deliver nothing until told otherwise */
  hold(isHeld: boolean): void;
  stop(): void;
}

export interface GeneratorNeeds {
  pool: Pool;
  dataFolder: string;
  /** meters a run is about. @throws FluxError `unknown_asset` */
  metersOf: (options: GeneratorOptions) => number;
  /** source in the ledger, or the folder, that a run delivers to */
  placeOf: (id: number, options: GeneratorOptions) => string;
  freeBytes: () => Promise<number>;
  /** seconds the layers are behind */
  lagS: () => number | null;
  start: (job: JobRow, heard: (news: RunnerNews) => void) => Runner;
  report: (message: string, error: unknown) => void;
}

export interface GeneratorService {
  jobs(): Promise<GeneratorJob[]>;
  job(id: number): Promise<GeneratorJob>;
  estimate(asked: Partial<GeneratorOptions>): Promise<GeneratorEstimate>;
  /** @throws FluxError `bad_request`, `unknown_asset` */
  create(asked: Partial<GeneratorOptions>, by: string): Promise<GeneratorJob>;
  /** @throws FluxError `not_found`, `invalid_transition`, `conflict` */
  act(id: number, verb: GeneratorVerb): Promise<GeneratorJob>;
  start(): void;
  stop(): Promise<void>;
}

const mostLagS = 30;
const mostDeaths = 5;
const afterDeathMs = 1000;
const holdCheckMs = 1000;

export function makeGeneratorService(needs: GeneratorNeeds): GeneratorService {
  const { pool } = needs;
  let current: { id: number; runner: Runner; isHeld: boolean } | undefined;
  let working: Promise<void> | undefined;
  let stopped = false;
  let wanted = false;

  const toJob = (row: JobRow): GeneratorJob => ({
    id: row.id,
    state: row.state,
    options: { ...row.options },
    meters: row.meters,
    rows_expected: row.rows_expected,
    rows_done: row.rows_done,
    events_done: row.events_done,
    byte_count: row.byte_count,
    readings_per_s: row.readings_per_s,
    sha256: row.sha256,
    error: row.error,
    waits_for: waitsFor(row),
    delivers_to: needs.placeOf(row.id, row.options),
    command: commandOf(row.options, needs.dataFolder),
    created_by: row.created_by,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
  });

  function waitsFor(row: JobRow): string | null {
    if (row.state === 'queued') return current ? `run ${current.id} to end` : 'its process to start';
    if (row.state === 'running' && current?.id === row.id && current.isHeld)
      return `the layers, which are more than ${mostLagS} s behind`;
    return null;
  }

  function checked(asked: Partial<GeneratorOptions>): { options: GeneratorOptions; meters: number } {
    const options = { ...generatorDefaults(Date.now()), ...asked };
    const problems = problemsOf(options, Date.now());
    const [first] = Object.entries(problems);
    if (first) throw new FluxError('bad_request', `${first[0]} must ${first[1]}`, { details: { fields: problems } });
    const meters = needs.metersOf(options);
    if (meters === 0) throw new FluxError('bad_request', `there is no meter in ${options.within ?? 'the network'}`);
    return { options, meters };
  }

  /** Keeps one run at work until none waits. */
  function kick(): void {
    wanted = true;
    if (working || stopped) return;
    working = (async () => {
      while (wanted && !stopped) {
        wanted = false;
        while (!stopped && (await workOnNext()));
      }
    })()
      .catch((error: unknown) => {
        if (!stopped) needs.report('the generator could not go on; tried again in 5 s', error);
        setTimeout(kick, 5000).unref();
      })
      .finally(() => {
        working = undefined;
      });
  }

  const deaths = new Map<number, { rows: number; count: number }>();

  /** @returns whether there was something to do */
  async function workOnNext(): Promise<boolean> {
    const next = await nextJob(pool);
    const job = next && (await takeJob(pool, next.id));
    if (!job || stopped) return next !== undefined;
    let failure: Extract<RunnerNews, { kind: 'failed' }> | undefined;
    const runner = needs.start(job, (news) => {
      if (news.kind === 'failed') failure = news;
    });
    current = { id: job.id, runner, isHeld: false };
    const holding = setInterval(() => hold(), holdCheckMs);
    await runner.ended;
    clearInterval(holding);
    current = undefined;
    if (!stopped) await afterEnd(job, failure);
    return true;
  }

  function hold(): void {
    if (!current) return;
    current.isHeld = (needs.lagS() ?? 0) > mostLagS;
    current.runner.hold(current.isHeld);
  }

  /** A process that ended while its run was still its own has died or given up. */
  async function afterEnd(job: JobRow, failure: { message: string; canRetry: boolean } | undefined): Promise<void> {
    const row = await jobById(pool, job.id);
    if (row?.state !== 'running' || row.runner !== job.runner) {
      deaths.delete(job.id);
      return;
    }
    const before = deaths.get(job.id);
    const count = before?.rows === row.rows_done ? before.count + 1 : 1;
    deaths.set(job.id, { rows: row.rows_done, count });
    if ((failure && !failure.canRetry) || count >= mostDeaths) {
      deaths.delete(job.id);
      const reason = failure?.message ?? 'its process ended without a word';
      await moveJob(pool, job.id, 'running', nextState(job.id, 'running', 'fail'), reason);
      return;
    }
    needs.report(`the process of run ${job.id} ended; another goes on`, failure?.message ?? 'without a word');
    await new Promise((resolve) => setTimeout(resolve, afterDeathMs));
  }

  async function rowOf(id: number): Promise<JobRow> {
    const row = await jobById(pool, id);
    if (!row) throw new FluxError('not_found', `there is no run ${id}`);
    return row;
  }

  return {
    jobs: async () => (await listJobs(pool, 100)).map(toJob),
    job: async (id) => toJob(await rowOf(id)),
    estimate: async (asked) => {
      const { options, meters } = checked(asked);
      const fromS = Date.parse(options.start) / 1000;
      const [freeBytes, measured, others] = await Promise.all([
        needs.freeBytes(),
        measuredRuns(pool, options.target),
        sourcesBetween(pool, fromS, fromS + Math.min(options.days * 86_400, 2 ** 31 - 1 - fromS)),
      ]);
      return estimateOf(options, {
        meters,
        dataFolder: needs.dataFolder,
        nowMs: Date.now(),
        freeBytes,
        measured,
        others,
      });
    },
    create: async (asked, by) => {
      const { options, meters } = checked(asked);
      const row = await insertJob(pool, options, meters, expectedReadings(options, meters), by);
      kick();
      return toJob(row);
    },
    act: async (id, verb) => {
      const row = await rowOf(id);
      const moved = await moveJob(pool, id, row.state, nextState(id, row.state, verb), null);
      if (!moved) throw new FluxError('conflict', `run ${id} is no longer ${row.state}; look at it again`);
      if (current?.id === id) current.runner.stop();
      if (verb === 'resume') kick();
      return toJob(moved);
    },
    start: kick,
    stop: async () => {
      stopped = true;
      current?.runner.stop();
      await working?.catch((error: unknown) => needs.report('the generator did not stop in order', messageOf(error)));
    },
  };
}
