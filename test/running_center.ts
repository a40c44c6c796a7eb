/** The built program as a user runs it: commands, and whole centers as child processes with folders of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import type { Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const root = path.dirname(import.meta.dirname);
const program = path.join(root, 'bin', 'flux.mjs');
const startDeadlineMs = 120_000;

/** What a test needs from outside the repository: skipped with the reason where it is absent, never in CI. */
export function absent(file: string, what: string): string | false {
  return !existsSync(file) && process.env.CI === undefined ? `${what} (${file}) is not there` : false;
}

export const sharedNetworks = path.join(root, '..', 'shared', 'data', 'networks');

/** An open folder under the system's temporary one: the embedded cluster lives inside it, also for root. */
export async function temporaryFolder(): Promise<string> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-test-'));
  await fs.chmod(folder, 0o755);
  return folder;
}

/** Settings of the shell that runs the tests must not reach the program. */
function cleanEnvironment(extra: Record<string, string>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('FLUX_') && name !== 'DATABASE_URL' && name !== 'NODE_TEST_CONTEXT',
  );
  return { ...Object.fromEntries(own), ...extra };
}

export interface CommandResult {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs one command to its end. */
export async function flux(args: string[], environment: Record<string, string> = {}): Promise<CommandResult> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: root,
    env: cleanEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 180_000);
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { status, stdout, stderr };
}

/** Starts `flux start` and does not wait for it. */
export function launchCenter(
  folder: string,
  flags: string[] = [],
  environment: Record<string, string> = {},
): { child: ChildProcess; said: () => string } {
  return launchCommand(['start', '--data', folder, ...flags], environment);
}

/** Starts a command that goes on until it is stopped. */
export function launchCommand(
  args: string[],
  environment: Record<string, string> = {},
): { child: ChildProcess; said: () => string } {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: root,
    env: cleanEnvironment({ FLUX_LOG: 'warn', ...environment }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const listen = (chunk: Buffer): void => {
    said += chunk.toString();
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  return { child, said: () => said };
}

export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  child.ref();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = 30_000,
): Promise<T> {
  const untilMs = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found) return found as T;
    if (performance.now() > untilMs) throw new Error(`waited ${deadlineMs / 1000} s in vain: ${what}`);
    await sleep(50);
  }
}

/** Folder of the embedded cluster of a data folder. */
export async function clusterHome(folder: string): Promise<string> {
  return (await fs.readFile(path.join(folder, 'postgres.location'), 'utf8').catch(() => folder)).trim();
}

/** Process id of a data folder's PostgreSQL, also where its center was killed. */
export async function postgresPid(folder: string): Promise<number | undefined> {
  const file = path.join(await clusterHome(folder), 'postgres', 'postmaster.pid');
  const pid = Number((await fs.readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
  return pid && isAlive(pid) ? pid : undefined;
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Ends what is left of a center and removes its folders. */
export async function cleanUp(folder: string): Promise<void> {
  const pid = await postgresPid(folder);
  if (pid) {
    process.kill(pid, 'SIGQUIT');
    await until(`PostgreSQL ${pid} ends`, () => !isAlive(pid)).catch(() => process.kill(pid, 'SIGKILL'));
  }
  const home = await clusterHome(folder);
  const sockets = (await fs.readFile(path.join(home, 'postgres.socket'), 'utf8').catch(() => '')).trim();
  for (const leftover of [sockets, home, folder])
    if (leftover) await fs.rm(leftover, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

export interface Answer<Body = unknown> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface CenterOptions {
  /** meters of the territory */
  meters?: number;
  flags?: string[];
  environment?: Record<string, string>;
  /** an existing data folder */
  folder?: string;
}

export interface RunningCenter {
  url: string;
  folder: string;
  child: ChildProcess;
  /** what the program said, both streams */
  said(): string;
  signInToken: string;
  /** first password of `admin`, where the account is new */
  password: string | undefined;
  /** a token from `flux token` */
  token: string;
  /** a request with the administrator's token, unless another (or null, none) is given */
  call<Body = unknown>(
    method: string,
    address: string,
    body?: unknown,
    options?: { token?: string | null; headers?: Record<string, string> },
  ): Promise<Answer<Body>>;
  /** SIGKILL; PostgreSQL is left running, as after a crash */
  kill(): Promise<void>;
  /** the same data folder again */
  again(): Promise<RunningCenter>;
  /** in order, and everything removed */
  stop(): Promise<void>;
}

/** @throws Error with what the program said, where it does not get ready */
export async function startCenter(options: CenterOptions = {}): Promise<RunningCenter> {
  const folder = options.folder ?? (await temporaryFolder());
  const flags = ['--port', '0', '--scale', String(options.meters ?? 500), ...(options.flags ?? ['--no-simulation'])];
  const { child, said } = launchCenter(folder, flags, options.environment);
  // A test file whose tests are filtered out runs `before` and no `after`: it must end all the same.
  child.unref();
  for (const pipe of [child.stdout, child.stderr]) (pipe as Socket | null)?.unref();
  const onExit = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', onExit);
  child.once('exit', () => process.off('exit', onExit));
  try {
    await until(
      'the center is ready',
      () => {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error('the center ended');
        return /Ctrl\+C stops it/.test(said());
      },
      startDeadlineMs,
    );
  } catch (error) {
    child.kill('SIGKILL');
    await cleanUp(folder);
    throw new Error(`${String(error)}; it said:\n${said()}`);
  }
  const [, url, signInToken] = /open\s+(\S+)\/#signin=(\S+)/.exec(said())!;
  const { stdout } = await flux(['token', '--data', folder]);
  const token = stdout.trim();

  const center: RunningCenter = {
    url,
    folder,
    child,
    said,
    signInToken,
    password: /user admin, (\S+)/.exec(said())?.[1],
    token,
    call: async (method, address, body, { token: own = token, headers = {} } = {}) => {
      const response = await fetch(`${url}${address}`, {
        method,
        headers: {
          ...(own === null ? {} : { authorization: `Bearer ${own}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
      });
      const isJson = response.headers.get('content-type')?.includes('application/json');
      return {
        status: response.status,
        headers: response.headers,
        body: isJson ? await response.json() : new Uint8Array(await response.arrayBuffer()),
      } as never;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended(child);
    },
    again: () => startCenter({ ...options, folder }),
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await ended(child);
      clearTimeout(timer);
      await cleanUp(folder);
    },
  };
  return center;
}
