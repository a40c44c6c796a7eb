/** The process of one run: from the position it is given to the end, or until the job's row says no. */
import { FluxError, messageOf } from '#model/errors.ts';
import type { RunnerNews } from '#services/generator/service.ts';
import { advanceJob, finishJob } from '#services/generator/sql.ts';
import { type RunPosition, runBegin, runPlan } from '#sources/generator/run.ts';
import { makeRunPlan } from '#sources/generator/run_plan.ts';
import { readSnapshot } from '#stores/network_snapshot.ts';
import { networkState, readNetwork } from '#stores/postgres/network_tables.ts';
import { openPool, type Pool } from '#stores/postgres/pool.ts';
import type { RunOrder, RunTask } from './process.ts';
import { openTarget } from './targets.ts';

let isHeld = false;
const leaving = new AbortController();

/** Ends early when the center lets this process go. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(new FluxError('run_ended', 'the run was stopped'));
    if (leaving.signal.aborted) return leave();
    const timer = setTimeout(() => {
      leaving.signal.removeEventListener('abort', leave);
      resolve();
    }, ms);
    leaving.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    leaving.signal.addEventListener('abort', leave, { once: true });
  });
}

const say = (news: RunnerNews): void => {
  if (process.connected) process.send?.(news);
};

async function run({ connection, dataFolder, job, source, folder, url, token, kafka }: RunTask): Promise<void> {
  const pool = openPool({ connection, max: 2, applicationName: `flux ${source}` });
  try {
    const network = await networkFrom(pool, dataFolder);
    const from = (job.position as RunPosition | null) ?? runBegin;
    const { options } = job;
    const plan = makeRunPlan(network, options);
    const store = { pool, dataFolder, source };
    const target = await openTarget({ network, options, from, folder, url, token, kafka, store });
    let isFinished = false;
    try {
      const end = await runPlan({
        plan,
        from,
        live: options.live,
        rate: options.rate,
        pieceRows: target.pieceRows,
        nowMs: Date.now,
        sleep: pause,
        take: async (piece) => {
          do await pause(isHeld ? 250 : 0);
          while (isHeld);
          await target.take(piece, async (bytes, client) => {
            if (!(await advanceJob(client ?? pool, job.id, job.runner, piece.to, bytes)))
              throw new FluxError('run_ended', `run ${job.id} was stopped or is another process's now`);
          });
          say({ kind: 'progress' });
        },
      });
      isFinished = true;
      await finishJob(pool, job.id, job.runner, end.chain);
    } finally {
      await target.end(isFinished);
    }
  } finally {
    await pool.end();
  }
}

async function networkFrom(pool: Pool, dataFolder: string) {
  const state = await networkState(pool);
  if (!state) throw new FluxError('no_network', 'there is no network in the store yet');
  return (await readSnapshot(dataFolder, state.sha256)) ?? readNetwork(pool);
}

/** Codes of what a repetition can not mend. */
const final = new Set(['unknown_asset', 'bad_request', 'bad_usage', 'no_network', 'run_damaged', 'refused']);

process.on('disconnect', () => leaving.abort());
process.on('message', (order: RunOrder) => {
  if (order.kind === 'hold') isHeld = order.isHeld;
  else
    run(order.task)
      .catch((error: unknown) => {
        const code = error instanceof FluxError ? error.code : 'internal';
        if (code !== 'run_ended') say({ kind: 'failed', message: messageOf(error), canRetry: !final.has(code) });
      })
      .finally(() => {
        if (process.connected) process.disconnect?.();
      });
});
