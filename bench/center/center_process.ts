/** A whole center as a child process, as users start it, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const program = path.join(path.dirname(path.dirname(import.meta.dirname)), 'bin', 'flux.mjs');
const startDeadlineMs = 300_000;

export interface CenterProcess {
  url: string;
  folder: string;
  pid: number;
  /** from spawning the process to the first 200 of GET /api/ready, s */
  readySeconds: number;
  /** in order; the folder stays */
  stop(): Promise<void>;
}

/** Ports of benchmarks, so that they never meet a center somebody uses; from anywhere, should two run at once. */
async function freePort(): Promise<number> {
  const first = Math.floor(Math.random() * 100);
  for (let i = 0; i < 100; i++) {
    const port = 8200 + ((first + i) % 100);
    const server = net.createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
  throw new Error('no port from 8200 to 8299 is free');
}

/** An open folder under the system's temporary one: the embedded cluster lives inside it, also for root. */
export async function temporaryFolder(): Promise<string> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-bench-'));
  await fs.chmod(folder, 0o755);
  return folder;
}

/** Removes a data folder and the socket folder of its cluster. */
export async function removeFolder(folder: string): Promise<void> {
  const sockets = (await fs.readFile(path.join(folder, 'postgres.socket'), 'utf8').catch(() => '')).trim();
  for (const gone of [sockets, folder])
    if (gone) await fs.rm(gone, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** Bytes that files under a folder take on disk. */
export async function bytesOnDisk(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await fs.readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const stat = await fs.lstat(path.join(entry.parentPath, entry.name)).catch(() => undefined);
    bytes += (stat?.blocks ?? 0) * 512;
  }
  return bytes;
}

/** Status of one GET; 0 where nobody answers. No fetch: its pool waits longer and longer for a port that is closed. */
function statusOf(url: string): Promise<number> {
  return new Promise((resolve) => {
    const request = http.get(url, { agent: false, timeout: 5000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', () => resolve(0));
    request.on('timeout', () => request.destroy());
  });
}

/** Settings of the shell must not reach the program. */
function cleanEnvironment(extra: Record<string, string>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('FLUX_') && name !== 'DATABASE_URL');
  return { ...Object.fromEntries(own), FLUX_LOG: 'warn', ...extra };
}

export interface CenterOptions {
  folder: string;
  scale: string;
  flags?: string[];
  environment?: Record<string, string>;
}

/** @throws Error with what the program said, where it does not get ready in five minutes */
export async function startCenter(options: CenterOptions): Promise<CenterProcess> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const flags = ['--data', options.folder, '--port', String(port), '--scale', options.scale, ...(options.flags ?? [])];
  const begin = performance.now();
  const child = spawn(process.execPath, [program, 'start', ...flags], {
    env: cleanEnvironment(options.environment ?? {}),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-20_000);
    });
  const onExit = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', onExit);
  child.once('exit', () => process.off('exit', onExit));
  while ((await statusOf(`http://127.0.0.1:${port}/api/ready`)) !== 200) {
    const isLate = performance.now() - begin > startDeadlineMs;
    if (isLate || child.exitCode !== null) {
      child.kill('SIGKILL');
      throw new Error(`the center did not get ready${isLate ? ' in time' : ''}; it said:\n${said}`);
    }
    await sleep(10);
  }
  const readySeconds = (performance.now() - begin) / 1000;
  // Whoever took the port in between would answer as well: the center itself must say that it is this one.
  while (!said.includes(`${url}/api/docs`)) {
    if (child.exitCode !== null) throw new Error(`another program answered on port ${port}; the center said:\n${said}`);
    await sleep(10);
  }
  return {
    url,
    folder: options.folder,
    pid: child.pid!,
    readySeconds,
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  await ended;
  clearTimeout(timer);
}

/** Asks the API of an open center. @throws Error where it does not answer 2xx */
export async function ask<Body>(center: CenterProcess, address: string, method = 'GET'): Promise<Body> {
  const response = await fetch(`${center.url}${address}`, { method });
  if (!response.ok) throw new Error(`${method} ${address} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Body;
}
