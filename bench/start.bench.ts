/**
 * Seconds from starting the program to the first 200 of GET /api/ready: the first start, which makes the territory, and
 * every later one; memory of all processes together, bytes on disk.
 *
 *   flux bench start [--scales demo,poc] [--cold 3] [--warm 5]
 *
 * No opponent to run: the proof of concept took 30 to 45 s to start. Goal: 2 s for a later start.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ensureWebApp } from '#bin/web_app.ts';
import { ask, bytesOnDisk, removeFolder, startCenter, temporaryFolder } from './center/center_process.ts';
import { cpuSecondsOf, type Memory, memoryOf } from './center/process_tree.ts';
import { median } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';

const { values: options } = parseArgs({
  options: {
    scales: { type: 'string', default: 'demo,poc' },
    cold: { type: 'string', default: '3' },
    warm: { type: 'string', default: '5' },
  },
});
const goalS = 2;
/** memory is looked at this long after a start, when its peak is over */
const settleMs = 4000;

interface Start {
  seconds: number;
  cpu_seconds: number;
  memory: Memory;
}

async function measureScale(scale: string) {
  const cold: (Start & { disk_mb: number })[] = [];
  const warm: Start[] = [];
  for (let round = 0; round < Number(options.cold); round++) {
    const folder = await temporaryFolder();
    // Also the compiled code of the program is not there at a first start.
    const temporary = path.join(folder, 'tmp-of-first-start');
    await fs.mkdir(temporary);
    try {
      const first = await startOnce(folder, scale, { TMPDIR: temporary }, true);
      await fs.rm(temporary, { recursive: true });
      cold.push({ ...first, disk_mb: Math.round((await bytesOnDisk(folder)) / 1e6) });
      say(`${scale}: first start ${first.seconds.toFixed(2)} s, ${first.memory.pss_mb} MB`);
      const isLast = round === Number(options.cold) - 1;
      for (let again = 0; isLast && again < Number(options.warm) + 1; again++) {
        const later = await startOnce(folder, scale, {}, false);
        // The first one fills the cache of compiled code, which a user's machine has already.
        if (again > 0) warm.push(later);
        say(`${scale}: later start ${later.seconds.toFixed(2)} s, ${later.memory.pss_mb} MB`);
      }
    } finally {
      await removeFolder(folder);
    }
  }
  const seconds = (starts: Start[]) => ({
    median: median(starts.map((start) => start.seconds)),
    all: starts.map((start) => start.seconds),
    cpu_seconds: median(starts.map((start) => start.cpu_seconds)),
  });
  const memory = (starts: Start[]): Memory => ({
    processes: starts[0].memory.processes,
    rss_mb: median(starts.map((start) => start.memory.rss_mb)),
    pss_mb: median(starts.map((start) => start.memory.pss_mb)),
  });
  const warmSeconds = seconds(warm);
  return {
    scale,
    first_start: { seconds: seconds(cold), memory: memory(cold), disk_mb: median(cold.map((start) => start.disk_mb)) },
    later_start: {
      seconds: warmSeconds,
      memory: memory(warm),
      goal_s: goalS,
      goal_met: warmSeconds.median <= goalS,
    },
  };
}

async function startOnce(
  folder: string,
  scale: string,
  environment: Record<string, string>,
  isFirst: boolean,
): Promise<Start> {
  const center = await startCenter({ folder, scale, flags: ['--open'], environment });
  try {
    const cpuSeconds = cpuSecondsOf(center.pid);
    // After a first start the simulation looks back some hours: later starts are measured with that behind them.
    if (isFirst) await ask(center, '/api/pipeline/refresh', 'POST');
    await sleep(settleMs);
    return { seconds: center.readySeconds, cpu_seconds: cpuSeconds, memory: memoryOf(center.pid) };
  } finally {
    await center.stop();
  }
}

// The page is built once per checkout, not per start.
const begin = performance.now();
const webApp = await ensureWebApp();
const webAppSeconds = (performance.now() - begin) / 1000;
const scales = [];
for (const scale of options.scales.split(',')) scales.push(await measureScale(scale));
await printReport('start', {
  measured:
    'spawn of `flux start` to the first 200 of GET /api/ready, with the simulation on; memory 4 s later, all processes of the tree',
  web_app: { state: webApp, seconds: webAppSeconds },
  scales,
});
