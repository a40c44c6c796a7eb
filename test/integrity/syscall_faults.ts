/**
 * Runs an ingesting process under strace, which ends it, or fails its system calls, at a chosen one. One thread serves
 * the file system, so that the n-th call of a kind is the same step of a commit in every run.
 */
import { execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import type { Run } from './ingest.ts';
import type { ChildTask } from './ingest_child.ts';

const childFile = path.join(import.meta.dirname, 'ingest_child.ts');

export interface Fault {
  /** system calls, e.g. `fsync` */
  calls: string;
  /** `signal=SIGKILL`, `error=EIO`, ... */
  does: string;
  /** the n-th of them, in each thread */
  nth: number;
}

/** What is missing for it, in words; undefined where it can run. */
export function straceMissing(): string | undefined {
  try {
    execFileSync('strace', ['-f', '-e', 'trace=fsync', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'strace is not there, or may not trace here (Debian: apt-get install strace)';
  }
}

/** @returns what the process acknowledged and said until the fault, its own end after `task.batches`, or a minute */
export async function ingestWithFault(task: ChildTask, fault: Fault): Promise<Run & { endedItself: boolean }> {
  const child = spawn(
    'strace',
    [
      // without --seccomp-bpf: with it, strace 6.1 sends no signal from the second call on
      ...['-f', '-o', '/dev/null', '-e', `trace=${fault.calls}`],
      ...['-e', `inject=${fault.calls}:${fault.does}:when=${fault.nth}`],
      ...[process.execPath, childFile, JSON.stringify(task)],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, UV_THREADPOOL_SIZE: '1' }, detached: true },
  );
  let said = '';
  const listen = (chunk: Buffer): void => {
    said += chunk.toString();
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), 60_000);
  const [code] = await new Promise<[number | null]>((resolve) => child.once('close', (status) => resolve([status])));
  clearTimeout(timer);
  const last = said.match(/acknowledged (\d+)\n/g)?.at(-1);
  return { acknowledged: Number(last?.match(/\d+/)?.[0] ?? 0), said, endedItself: code === 0 };
}
