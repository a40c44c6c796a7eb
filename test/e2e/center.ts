import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

/** A whole center of its own: real stores, real simulation, a folder that is removed at the end. */
export interface RunningCenter {
  url: string;
  /** works once */
  signInUrl: string;
  /** ends the process, keeps the folder: the next `start` finds its data */
  halt(): Promise<void>;
  /** starts it again on the same port and folder */
  resume(): Promise<void>;
  /** ends the process and removes the folder */
  stop(): Promise<void>;
}

const root = path.dirname(path.dirname(import.meta.dirname));
const startDeadlineMs = 180_000;

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** Waits for the line with the sign-in link. @throws Error with what the center said where it does not come. */
function linkOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`the center did not start in time:\n${said}`)), startDeadlineMs);
    const read = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-20_000);
      const link = /https?:\/\/\S+#signin=\S+/.exec(said);
      if (!link) return;
      clearTimeout(timer);
      resolve(link[0]);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the center ended with ${code}:\n${said}`));
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(timer);
}

/** Starts `flux start` in a new folder on a free port. */
export async function startCenter(scale = 'demo'): Promise<RunningCenter> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-e2e-'));
  const port = await freePort();
  const launch = (): ChildProcess =>
    spawn(
      process.execPath,
      [path.join(root, 'bin', 'flux.mjs'), 'start', '--port', String(port), '--data', folder, '--scale', scale],
      { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
    );
  let child = launch();
  let signInUrl: string;
  try {
    signInUrl = await linkOf(child);
  } catch (error) {
    await end(child);
    await fs.rm(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    url: new URL('/', signInUrl).href,
    signInUrl,
    halt: () => end(child),
    resume: async () => {
      child = launch();
      await linkOf(child);
    },
    stop: async () => {
      await end(child);
      await fs.rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
