/** The process of a run, seen from the center: forked, told what to do, below normal priority. */
import { fork } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import type { Runner, RunnerNews } from '#services/generator/service.ts';
import type { JobRow } from '#services/generator/sql.ts';
import type { Store } from '../store.ts';
import type { KafkaPlace } from './kafka_target.ts';

/** What the process gets, once: over IPC, because an address of a database may carry a password. */
export interface RunTask {
  connection: Store['connection'];
  dataFolder: string;
  job: Pick<JobRow, 'id' | 'runner' | 'options' | 'position'>;
  /** source in the ledger */
  source: string;
  folder: string;
  /** of target `http`: this center's own door */
  url?: string;
  token?: string;
  /** of target `kafka` */
  kafka?: KafkaPlace;
}

export type RunOrder = { kind: 'run'; task: RunTask } | { kind: 'hold'; isHeld: boolean };

const patienceMs = 5000;

/** @param taskOf may take a moment (a token is made); @param heard what the process says */
export function startRun(taskOf: Promise<RunTask>, heard: (news: RunnerNews) => void): Runner {
  const child = fork(path.join(import.meta.dirname, 'run_child.ts'), {
    execArgv: [],
    env: {},
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  if (child.pid) lowerPriority(child.pid);
  let last: RunnerNews | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  child.on('message', (news: RunnerNews) => {
    last = news;
    heard(news);
  });
  const tell = (order: RunOrder): void => {
    if (child.connected) child.send(order, () => undefined);
  };
  taskOf.then(
    (task) => tell({ kind: 'run', task }),
    (error: unknown) => {
      if (last?.kind !== 'failed') heard({ kind: 'failed', message: String(error), canRetry: true });
      child.kill('SIGKILL');
    },
  );
  return {
    ended,
    hold: (isHeld) => tell({ kind: 'hold', isHeld }),
    stop: () => {
      // What it is about to commit is refused by the job's row: there is nothing to wait for but its own tidying up.
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      void ended.then(() => clearTimeout(timer));
    },
  };
}

function lowerPriority(pid: number): void {
  try {
    os.setPriority(pid, os.constants.priority.PRIORITY_LOW);
  } catch {
    // not allowed in this container, or gone already: then it runs like everything else
  }
}
