/** The processes of a running center, found as an administrator would: in /proc. */
import fs from 'node:fs/promises';

async function childrenOf(pid: number): Promise<number[]> {
  const text = await fs.readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.trim().split(' ').filter(Boolean).map(Number);
}

/** The DuckDB child that has the analytical file open, and the one that writes segments. */
export async function engineChildren(centerPid: number): Promise<{ analytics?: number; segments?: number }> {
  const found: { analytics?: number; segments?: number } = {};
  for (const pid of await childrenOf(centerPid)) {
    const command = await fs.readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes('engine_child')) continue;
    const open = await Promise.all(
      (await fs.readdir(`/proc/${pid}/fd`).catch(() => [])).map((fd) =>
        fs.readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''),
      ),
    );
    if (open.some((file) => file.endsWith('analytics.duckdb'))) found.analytics = pid;
    else found.segments = pid;
  }
  return found;
}

/** Resident memory of a process, MiB. */
export async function residentMiB(pid: number): Promise<number> {
  const status = await fs.readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) / 1024;
}
