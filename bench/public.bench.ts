/**
 * The public face: look-ups of one home during a storm beside the same look-up in Redis behind the same server, the
 * finished pages from a process that has no store, and what a build of them costs.
 *
 *   flux bench public [--meters 596906] [--outages 1000] [--rates 500,2000] [--seconds 20] [--repetitions 3]
 *
 * Goals: a look-up p99 below 20 ms and no slower than from Redis; at least 5,556 pages/s with p99 of 50 ms at most. No
 * database runs while the pages are measured. wrk and redis-server must be there.
 */
import { type ChildProcess, execFile, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { removeFolder, temporaryFolder } from './center/center_process.ts';
import type { LookUpServerTask } from './public/lookup_server.ts';
import { buildPages } from './public/pages.ts';
import { median, type Quantiles, quantiles } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';
import type { AskerReport, AskerTask } from './traffic/asker.ts';

const run = promisify(execFile);
const { values: options } = parseArgs({
  options: {
    meters: { type: 'string', default: '596906' },
    outages: { type: 'string', default: '1000' },
    rates: { type: 'string', default: '500,2000' },
    seconds: { type: 'string', default: '20' },
    repetitions: { type: 'string', default: '3' },
  },
});
const [meters, outages, seconds, repetitions] = [
  Number(options.meters),
  Number(options.outages),
  Number(options.seconds),
  Number(options.repetitions),
];
const goals = { lookup_p99_ms: 20, pages_per_s: 5556, pages_p99_ms: 50 };

const folder = await temporaryFolder();
const running: ChildProcess[] = [];
try {
  const lookUps = await measureLookUps();
  for (const child of running.splice(0)) child.kill('SIGTERM');
  const builds = await buildPages(path.join(folder, 'public'), meters, [outages, outages * 10]);
  const pages = await measurePages(path.join(folder, 'public'));
  await printReport('public', {
    meters,
    outages,
    measured: `look-ups: ms from sending (at an even rate, whatever became of earlier ones) to the end of the answer, ${seconds} s each, median of ${repetitions}; pages: wrk, ${seconds} s, all on the same machine`,
    redis: (await run('redis-server', ['--version'])).stdout.trim(),
    look_ups: lookUps,
    builds,
    pages,
    goals,
    goals_met: {
      look_ups: lookUps.every(
        ({ memory, redis }) => memory.p99 <= goals.lookup_p99_ms && memory.p99 <= redis.p99 && memory.p50 <= redis.p50,
      ),
      pages: pages.every(({ per_s, p99_ms }) => per_s >= goals.pages_per_s && p99_ms <= goals.pages_p99_ms),
    },
  });
} finally {
  for (const child of running) child.kill('SIGTERM');
  await removeFolder(folder);
}

async function measureLookUps() {
  const redisSocket = path.join(folder, 'redis.sock');
  const redisFlags = ['--port', '0', '--unixsocket', redisSocket, '--save', '', '--appendonly', 'no'];
  running.push(spawn('redis-server', redisFlags, { stdio: 'ignore' }));
  while (!(await fs.stat(redisSocket).catch(() => undefined))) await sleep(50);
  const server = fork(path.join(import.meta.dirname, 'public', 'lookup_server.ts'));
  running.push(server);
  const task: LookUpServerTask = { meters, outages, customersPerOutage: 60, changesPerSecond: 40, redisSocket };
  server.send(task);
  const [url] = (await once(server, 'message')) as [string];
  const idsFile = path.join(folder, 'asked');
  // a third of those who ask are out: in a storm it is they who look
  const asked = Array.from({ length: 20_000 }, (_, i) => {
    const row = i % 3 === 0 ? ((i % outages) * 7919 + (i % 60)) % meters : (Math.imul(i, 2_654_435_761) >>> 0) % meters;
    return `MTR-${String(row + 1).padStart(7, '0')}`;
  });
  await fs.writeFile(idsFile, asked.join('\n'));
  const phases = [];
  for (const perSecond of options.rates.split(',').map(Number)) {
    const memory: Quantiles[] = [];
    const redis: Quantiles[] = [];
    let failed = 0;
    for (let round = 0; round < repetitions; round++)
      for (const [address, into] of [
        ['/api/restoration?meter=', memory],
        ['/api/restoration_redis?meter=', redis],
      ] as const) {
        const questions = [{ text: address, idsFile }];
        const target = { kind: 'http', url, token: 'none' } as const;
        const report = await ask({ perSecond, seconds, connections: 32, questions, target });
        into.push(quantiles(report.latenciesMs[0]));
        failed += report.failed;
      }
    const phase = { requests_per_s: perSecond, failed, memory: middle(memory), redis: middle(redis) };
    say(
      `${perSecond}/s: memory p50 ${phase.memory.p50.toFixed(2)} p99 ${phase.memory.p99.toFixed(2)}, Redis p50 ${phase.redis.p50.toFixed(2)} p99 ${phase.redis.p99.toFixed(2)} ms`,
    );
    phases.push({ ...phase, p99_ratio: phase.memory.p99 / phase.redis.p99 });
  }
  const closed: (Awaited<ReturnType<typeof wrk>> & { name: string })[] = [];
  for (const [name, address] of [
    ['memory', '/api/restoration'],
    ['redis', '/api/restoration_redis'],
  ])
    closed.push({ name, ...(await wrk(`${url}${address}?meter=MTR-0000001`, 32)) });
  say(closed.map(({ name, per_s }) => `${name} at most ${Math.round(per_s)}/s`).join(', '));
  return phases.map((phase) => ({ ...phase, at_most_per_s: closed }));
}

async function measurePages(pagesFolder: string) {
  const program = path.join(path.dirname(import.meta.dirname), 'bin', 'flux.mjs');
  const child = spawn(process.execPath, [program, 'public', 'serve', '--dir', pagesFolder, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  let base: string | undefined;
  while (!base) {
    base = /at (http:\S+)/.exec(said)?.[1];
    await sleep(20);
  }
  const current = JSON.parse(await fs.readFile(path.join(pagesFolder, 'current.json'), 'utf8')) as { geojson: string };
  const results = [];
  for (const [what, address] of [
    ['index page', base],
    ['map data', `${base}${current.geojson}`],
    ['state of the page', `${base}current.json`],
  ]) {
    const runs = [];
    for (let round = 0; round < repetitions; round++) runs.push(await wrk(address, 64));
    const [{ bytes }] = runs;
    const per_s = median(runs.map((one) => one.per_s));
    const p99_ms = median(runs.map((one) => one.p99_ms));
    say(`${what}: ${Math.round(per_s)}/s, p99 ${p99_ms.toFixed(1)} ms, ${bytes} bytes`);
    results.push({ what, per_s, p99_ms, bytes, errors: runs.reduce((sum, one) => sum + one.errors, 0) });
  }
  return results;
}

/** Closed loop: as many as it takes. */
async function wrk(url: string, connections: number) {
  const { stdout } = await run('wrk', [
    ...['-t', '2', '-c', String(connections), '-d', `${seconds}s`, '--latency', '-H', 'accept-encoding: br', url],
  ]);
  const ms = (text: string | undefined): number => {
    const [, value, unit] = /([\d.]+)(us|ms|s)/.exec(text ?? '') ?? [];
    return Number(value) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? Number.NaN);
  };
  const answer = await fetch(url, { headers: { 'accept-encoding': 'br' } });
  return {
    per_s: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p99_ms: ms(/99%\s+(\S+)/.exec(stdout)?.[1]),
    errors: Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0),
    bytes: Number(answer.headers.get('content-length')),
  };
}

function middle(all: Quantiles[]): Quantiles {
  return Object.fromEntries(
    Object.keys(all[0]).map((key) => [key, median(all.map((q) => q[key as keyof Quantiles]))]),
  ) as unknown as Quantiles;
}

function ask(task: AskerTask): Promise<AskerReport> {
  const child = fork(path.join(import.meta.dirname, 'traffic', 'asker.ts'));
  child.send(task);
  return new Promise((resolve, reject) => {
    child.once('message', (report) => resolve(report as AskerReport));
    child.once('exit', (code) => reject(new Error(`the asker ended with ${code}`)));
  });
}
