/** A process and everything below it: memory and CPU time, from /proc (Linux). */
import fs from 'node:fs';

const ticksPerSecond = 100;

interface Stat {
  pid: number;
  parent: number;
  /** own user and system time and that of children it has waited for, s */
  cpuSeconds: number;
}

function statOf(pid: number): Stat | undefined {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may hold anything, also spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]);
    return { pid, parent: Number(fields[1]), cpuSeconds: ticks / ticksPerSecond };
  } catch {
    return undefined;
  }
}

function treeOf(root: number): Stat[] {
  const all = fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? []);
  const children = Map.groupBy(all, (stat) => stat.parent);
  const tree = all.filter((stat) => stat.pid === root);
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i].pid) ?? []));
  return tree;
}

/** CPU-seconds of the tree so far; children that ended count where their parent has waited for them. */
export function cpuSecondsOf(root: number): number {
  return treeOf(root).reduce((sum, stat) => sum + stat.cpuSeconds, 0);
}

export interface Memory {
  processes: number;
  /** resident sets added up: pages that processes share (PostgreSQL's buffers) count once for each of them */
  rss_mb: number;
  /** proportional sets: shared pages count once */
  pss_mb: number;
}

export function memoryOf(root: number): Memory {
  const tree = treeOf(root);
  const kilobytes = (file: string, field: string): number => {
    try {
      return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(fs.readFileSync(file, 'utf8'))?.[1] ?? 0);
    } catch {
      return 0;
    }
  };
  const sum = (file: string, field: string): number =>
    Math.round(tree.reduce((total, { pid }) => total + kilobytes(`/proc/${pid}/${file}`, field), 0) / 1024);
  return { processes: tree.length, rss_mb: sum('status', 'VmRSS'), pss_mb: sum('smaps_rollup', 'Pss') };
}

/** Looks every 200 ms until stopped. @returns what ends it and gives the highest PSS seen, MB */
export function watchPeak(root: number): () => number {
  let peak = 0;
  const look = (): void => {
    peak = Math.max(peak, memoryOf(root).pss_mb);
  };
  const timer = setInterval(look, 200);
  return () => {
    clearInterval(timer);
    look();
    return peak;
  };
}
