/**
 * DuckDB in its own process. A crash, a hang or a hostile query ends the child, never the caller: each request has a
 * deadline that is kept with SIGKILL (interrupt() does not stop every function), and a new child is up in ~0.3 s.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import os from 'node:os';
import path from 'node:path';
import { FluxError } from '#model/errors.ts';
import type { EngineRequest, EngineResponse, SentColumn, WireColumn } from '#stores/columnar/engine_wire.ts';
import { type NumbersFile, openNumbersFile } from '#stores/columnar/numbers_file.ts';

export interface EngineOptions {
  /** for logs and metrics */
  name: string;
  /** file, or `:memory:` */
  path: string;
  memoryLimit?: string;
  threads?: number;
  /** analytical work gives way to everything else on a busy machine: ordinary look-ups keep their milliseconds */
  background?: boolean;
  temporaryFolder: string;
  /** a child that does not answer for so long hangs and is replaced, whatever deadlines its work still has; 20 s unless said */
  hungMs?: number;
  /** called after each (re)start, before requests are taken: prepare the catalogue */
  onOpen?: (engine: Engine) => Promise<void>;
}

export type Rows = Record<string, unknown>;

export interface Engine {
  readonly name: string;
  /** times the child had to be started again */
  readonly restarts: number;
  state(): 'ready' | 'starting' | 'stopped';
  /** process id of the child, for tests that kill it */
  pid(): number | undefined;
  /** One statement on a connection of its own; columns by name. */
  query(sql: string, values?: unknown[], deadlineMs?: number): Promise<Record<string, unknown[]>>;
  /** Statements one after another on the main connection; rolled back as a whole where they begin a transaction. */
  script(statements: string[], deadlineMs?: number): Promise<Record<string, unknown[]>>;
  /** Typed arrays through a temporary table into `copy ... to` */
  export(table: string, columns: WireColumn[], rowCount: number, copy: string): Promise<Record<string, unknown[]>>;
  /** Typed arrays into an existing table */
  load(
    table: string,
    columns: WireColumn[],
    rowCount: number,
    statements?: { before?: string[]; after?: string[] },
  ): Promise<void>;
  stop(): Promise<void>;
}

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

type EngineCall = EngineRequest extends infer Request
  ? Request extends { id: number }
    ? Omit<Request, 'id'>
    : never
  : never;

const restarted = channel('flux:columnar.restarted');
const longestMs = 10 * 60_000;

export function startEngine(options: EngineOptions): Engine {
  let child: ChildProcess | undefined;
  /** that of the present child */
  let numbers: NumbersFile | undefined;
  let opened: Promise<void> | undefined;
  let exited: Promise<unknown> = Promise.resolve();
  let state: 'ready' | 'starting' | 'stopped' = 'starting';
  let stopping = false;
  let restarts = 0;
  let nextId = 1;
  const hungMs = options.hungMs ?? 20_000;
  const waiting = new Map<number, Waiting>();

  /** The child is gone or about to be: what it worked on has failed, and a new one follows it at once. */
  function lose(lost: ChildProcess): void {
    if (child !== lost) return;
    child = undefined;
    opened = undefined;
    state = 'stopped';
    for (const [id, entry] of waiting) {
      waiting.delete(id);
      clearTimeout(entry.timer);
      entry.reject(
        new FluxError(
          'columnar_engine_lost',
          `the ${options.name} engine ended while it worked on this; it is started again`,
          { canRetry: true },
        ),
      );
    }
    if (stopping) return;
    restarts++;
    restarted.publish({ name: options.name });
    ready().catch(() => undefined);
  }

  async function start(): Promise<void> {
    state = 'starting';
    // Only one process may have the file open.
    await exited;
    const file = await openNumbersFile();
    if (stopping) {
      await file.close();
      throw ended();
    }
    const started = fork(path.join(import.meta.dirname, 'engine_child.ts'), {
      serialization: 'advanced',
      execArgv: [],
      // Nothing of ours: no database address, no secrets in the process that runs analytical SQL.
      env: {},
      // the last one is `numbersFd`
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', file.fd],
    });
    child = started;
    numbers = file;
    if (options.background && started.pid) lowerPriority(started.pid);
    started.on('message', (response: EngineResponse) => {
      const entry = waiting.get(response.id);
      if (!entry) return;
      waiting.delete(response.id);
      clearTimeout(entry.timer);
      if (response.ok) entry.resolve(response.result);
      else entry.reject(new FluxError('columnar_query_failed', response.message));
    });
    exited = new Promise((resolve) => started.once('exit', resolve));
    started.on('exit', () => {
      lose(started);
      file.close().catch(() => undefined);
    });
    await send(
      {
        op: 'open',
        path: options.path,
        memoryLimit: options.memoryLimit ?? '1GB',
        threads: options.threads ?? 2,
        temporaryFolder: options.temporaryFolder,
      },
      60_000,
    );
    await options.onOpen?.(direct);
    state = 'ready';
    listenFor(started);
  }

  /** Asks again and again whether it lives: `send` ends a child that does not answer. */
  function listenFor(heard: ChildProcess): void {
    const timer = setTimeout(() => {
      if (child !== heard || stopping) return;
      send({ op: 'ping' }, hungMs).then(
        () => listenFor(heard),
        () => undefined,
      );
    }, hungMs / 6);
    timer.unref();
  }

  function ready(): Promise<void> {
    if (stopping) return Promise.reject(new FluxError('columnar_engine_lost', `the ${options.name} engine is stopped`));
    if (opened) return opened;
    const attempt = start();
    opened = attempt;
    attempt.catch(() => {
      // Killed while it opened: `lose` has cleared up, and what runs now is its successor.
      if (opened !== attempt) return;
      const failed = child;
      opened = undefined;
      child = undefined;
      state = 'stopped';
      failed?.kill('SIGKILL');
    });
    return attempt;
  }

  const ended = (cause?: unknown): FluxError =>
    new FluxError('columnar_engine_lost', `the ${options.name} engine ended; it is started again`, {
      canRetry: true,
      cause,
    });

  function send(call: EngineCall, deadlineMs: number): Promise<unknown> {
    const id = nextId++;
    const asked = child;
    if (!asked) return Promise.reject(ended());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(id);
        reject(
          new FluxError(
            'columnar_deadline',
            `the analytical query took longer than ${deadlineMs / 1000} s and was ended; ask for less time or fewer assets`,
          ),
        );
        asked.kill('SIGKILL');
        lose(asked);
      }, deadlineMs);
      waiting.set(id, { resolve, reject, timer });
      asked.send({ ...call, id } as EngineRequest, (error) => {
        if (!error || !waiting.delete(id)) return;
        clearTimeout(timer);
        reject(ended(error));
      });
    });
  }

  function withNumbers(columns: WireColumn[], call: (sent: SentColumn[]) => EngineCall): Promise<unknown> {
    const file = numbers;
    if (!child || !file) return Promise.reject(ended());
    return file.during(columns, (sent) => {
      // A child that followed meanwhile has a file of its own.
      if (numbers !== file) throw ended();
      return send(call(sent), longestMs);
    });
  }

  /** Requests without waiting for `onOpen` (which itself uses them). */
  function surface(before: () => Promise<void>): Engine {
    return {
      name: options.name,
      get restarts() {
        return restarts;
      },
      state: () => state,
      pid: () => child?.pid,
      query: async (sql, values = [], deadlineMs = 30_000) => {
        await before();
        return (await send({ op: 'query', sql, values }, deadlineMs)) as Record<string, unknown[]>;
      },
      script: async (statements, deadlineMs = longestMs) => {
        await before();
        return (await send({ op: 'script', statements }, deadlineMs)) as Record<string, unknown[]>;
      },
      export: async (table, columns, rowCount, copy) => {
        await before();
        const done = withNumbers(columns, (sent) => ({ op: 'export', table, columns: sent, rowCount, copy }));
        return (await done) as Record<string, unknown[]>;
      },
      load: async (table, columns, rowCount, statements = {}) => {
        await before();
        const { before: first = [], after: last = [] } = statements;
        await withNumbers(columns, (sent) => ({
          op: 'load',
          table,
          columns: sent,
          rowCount,
          before: first,
          after: last,
        }));
      },
      stop: async () => {
        stopping = true;
        const last = child;
        if (!last) return;
        const exited = new Promise((resolve) => last.once('exit', resolve));
        last.disconnect();
        const timer = setTimeout(() => last.kill('SIGKILL'), 5_000);
        await exited;
        clearTimeout(timer);
      },
    };
  }
  const direct = surface(async () => {});
  const engine = surface(ready);
  // Kept for the first caller, who sees the error; here it must not be an unhandled rejection.
  ready().catch(() => undefined);
  return engine;
}

function lowerPriority(pid: number): void {
  try {
    os.setPriority(pid, os.constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // not allowed in this container, or gone already: then it runs like everything else
  }
}

/** Rows as objects, for small results. */
export function rowsFrom<Row = Rows>(columns: Record<string, unknown[]>): Row[] {
  const names = Object.keys(columns);
  const count = names.length === 0 ? 0 : columns[names[0]].length;
  return Array.from(
    { length: count },
    (_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])) as Row,
  );
}
