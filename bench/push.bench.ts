/**
 * From an event on the grid to the browser: meter events come in over HTTP at an even rate, each takes one customer's
 * supply away or gives it back, and the outage it changes comes out of GET /api/stream.
 *
 *   flux bench push [--scale poc] [--rate 1000] [--seconds 20] [--repetitions 3]
 *
 * Latency counts from sending the POST that carries the event to the arrival of the delta whose outage row shows it:
 * HTTP, decoding, the durable event, the outage engine, the durable outage, the push hub (20 deltas a second), HTTP.
 * The hold window, which waits for momentary interruptions by design, is 0 here. The opponent is polling
 * GET /api/outages 200 times a minute, as the proof of concept did, under the same events, in turns with the push.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { scaleFrom } from '#bin/config.ts';
import type { Outage } from '#model/api/outages.ts';
import type { NetworkColumns } from '#model/network.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { startBrowser } from '../test/e2e/browser.ts';
import { removeFolder, startCenter, temporaryFolder } from './center/center_process.ts';
import { cpuSecondsOf } from './center/process_tree.ts';
import { median, type Quantiles, quantiles } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';
import { readDeltas } from './traffic/delta_reader.ts';
import { atRate, makeClient } from './traffic/http_client.ts';

const { values: options } = parseArgs({
  options: {
    scale: { type: 'string', default: 'poc' },
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '20' },
    repetitions: { type: 'string', default: '3' },
  },
});
const { scale } = options;
const rate = Number(options.rate);
const seconds = Number(options.seconds);
const goalMs = 1000;
const eventsPerPost = 20;
/** a meter has an event this often, s: its answer is there long before the next */
const cycleS = 5;
const pollMs = 300;

const nowMs = (): number => performance.timeOrigin + performance.now();
const isDark = (state: Outage['state']): boolean => !['restored', 'closed', 'rejected', 'merged'].includes(state);

/** In the page: keeps [meter, dark or not, arrival] of every outage row that comes. */
const collectInPage = `
globalThis.arrivals = [];
globalThis.opened = new Promise((resolve) => {
  const stream = new EventSource('/api/stream');
  stream.addEventListener('snapshot', resolve);
  stream.addEventListener('delta', (event) => {
    const at = performance.timeOrigin + performance.now();
    for (const { device_id, state } of JSON.parse(event.data).outages ?? []) arrivals.push([device_id, state, at]);
  });
});
opened.then(() => true);`;

const network = generateTerritory({
  scale: scaleFrom(scale === 'demo' || scale === 'poc' ? scale : Number(scale)),
  seed: 1,
});
const meters = lonelyMeters(network, rate * cycleS);
const folder = await temporaryFolder();
const thresholds = path.join(folder, 'thresholds.json');
await fs.writeFile(
  thresholds,
  JSON.stringify({ blue_sky: { holdWindowS: 0 }, storm: { holdWindowS: 0 }, minutesToClose: 0, leftoverGraceS: 0 }),
);
const center = await startCenter({
  folder,
  scale,
  flags: ['--open', '--no-simulation'],
  environment: { FLUX_THRESHOLDS: thresholds },
});
const browser = await startBrowser();
try {
  const context = await browser.newContext();
  const page = await context.newPage();
  // Any document of the same origin: what is measured is the way to the page, not drawing.
  await page.goto(`${center.url}/api/health`);
  await page.evaluate(collectInPage);
  const runs: Run[] = [];
  await measure(page, 3);
  for (let round = 0; round < Number(options.repetitions); round++) {
    const run = { ...(await measure(page, seconds)), polling: await measurePolling(seconds) };
    runs.push(run);
    say(
      `browser p50 ${run.browser.p50.toFixed(0)} p99 ${run.browser.p99.toFixed(0)} ms, polling p50 ${run.polling.latency.p50.toFixed(0)} ms, missed ${run.missed}`,
    );
  }
  const of = (read: (run: (typeof runs)[0]) => Quantiles): Quantiles => middle(runs.map(read));
  const number = (read: (run: (typeof runs)[0]) => number): number => median(runs.map(read));
  const inBrowser = of((run) => run.browser);
  await printReport('push', {
    scale,
    meters: network.meter.count,
    chromium: browser.version(),
    measured: `ms from sending the POST with an event to the delta with the outage it opened or ended, ${rate} events/s for ${seconds} s in posts of ${eventsPerPost}, median of ${options.repetitions} repetitions; hold window 0`,
    events_per_s: rate,
    events_without_a_delta: runs.reduce((sum, run) => sum + run.missed, 0),
    posts_until_durable: of((run) => run.posts),
    browser_page: inBrowser,
    program: of((run) => run.program),
    cores_used_by_the_center: number((run) => run.cores),
    bytes_per_s_of_a_subscriber: number((run) => run.streamBytes / seconds),
    opponent: {
      name: `polling GET /api/outages every ${pollMs} ms`,
      latency: of((run) => run.polling.latency),
      bytes_per_s: number((run) => run.polling.bytes / seconds),
      seen_share: number((run) => run.polling.seenShare),
      cores_used_by_the_center: number((run) => run.polling.cores),
    },
    latency_p50_ratio: of((run) => run.polling.latency).p50 / inBrowser.p50,
    bytes_ratio: number((run) => run.polling.bytes / run.streamBytes),
    goal_ms: goalMs,
    goal_met: inBrowser.p99 <= goalMs,
  });
} finally {
  await browser.close();
  await center.stop();
  await removeFolder(folder);
}

/** Meters that share no transformer, each beside at least four others: one that goes dark is an outage of its own. */
function lonelyMeters({ meter }: NetworkColumns, count: number): string[] {
  const size = new Map<number, number>();
  for (const transformer of meter.transformer) size.set(transformer, (size.get(transformer) ?? 0) + 1);
  const found: string[] = [];
  for (let m = 0; m < meter.count && found.length < count; m++) {
    const transformer = meter.transformer[m];
    if (transformer < 0 || (size.get(transformer) ?? 0) < 5) continue;
    size.delete(transformer);
    found.push(meter.id.at(m));
  }
  if (found.length < count) throw new Error(`only ${found.length} of ${count} meters have a transformer to themselves`);
  return found;
}

/** Events on their way, by meter and direction; a sighting takes its event out. */
function makeSightings(sentMs: Map<string, number>) {
  const seen = new Set<string>();
  const latencies: number[] = [];
  return {
    latencies,
    see: (meter: string, state: Outage['state'], atMs: number): void => {
      // The key names the pass: a meter goes dark in even ones and comes back in odd ones.
      for (let pass = isDark(state) ? 0 : 1; ; pass += 2) {
        const key = `${meter} ${pass}`;
        const sent = sentMs.get(key);
        if (sent === undefined || sent > atMs) return;
        if (seen.has(key)) continue;
        seen.add(key);
        latencies.push(atMs - sent);
        return;
      }
    },
  };
}

/**
 * Sends whole passes over all meters, an even number of them: at the end everyone has supply.
 * @param sentMs is filled: when each event was sent, by meter and pass
 */
async function sendEvents(forSeconds: number, sentMs: Map<string, number>) {
  const passes = Math.max(2, Math.round(forSeconds / cycleS / 2) * 2);
  const client = makeClient(center.url, 8);
  const posts: number[] = [];
  const cpuBefore = cpuSecondsOf(center.pid);
  const begin = performance.now();
  await atRate(rate / eventsPerPost, (passes * meters.length) / rate, async (index) => {
    const first = index * eventsPerPost;
    const pass = Math.floor(first / meters.length);
    const time = new Date().toISOString();
    const type = pass % 2 === 0 ? 'last_gasp' : 'power_restored';
    const named = meters.slice(first % meters.length, (first % meters.length) + eventsPerPost);
    const body = JSON.stringify(named.map((meter_id) => ({ meter_id, event_time: time, type })));
    const sent = nowMs();
    for (const meter of named) sentMs.set(`${meter} ${pass}`, sent);
    const { status, body: answer } = await client.send('POST', '/api/events', body);
    if (status !== 200) throw new Error(`POST /api/events answered ${status}: ${answer}`);
    posts.push(nowMs() - sent);
  });
  const cores = (cpuSecondsOf(center.pid) - cpuBefore) / ((performance.now() - begin) / 1000);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  client.close();
  return { posts: quantiles(posts), cores };
}

async function measure(page: Page, forSeconds: number) {
  const sentMs = new Map<string, number>();
  const program = makeSightings(sentMs);
  await page.evaluate('arrivals.length = 0');
  const reader = await readDeltas(center.url, (delta, atMs) => {
    for (const { device_id, state } of delta.outages ?? []) program.see(device_id, state, atMs);
  });
  const bytesBefore = reader.bytes();
  const sent = await sendEvents(forSeconds, sentMs);
  const streamBytes = reader.bytes() - bytesBefore;
  reader.close();
  const inPage = makeSightings(sentMs);
  const arrivals = await page.evaluate<[string, Outage['state'], number][]>('arrivals');
  for (const [meter, state, atMs] of arrivals) inPage.see(meter, state, atMs);
  return {
    ...sent,
    browser: quantiles(inPage.latencies),
    program: quantiles(program.latencies),
    missed: sentMs.size - inPage.latencies.length,
    streamBytes,
  };
}

async function measurePolling(forSeconds: number) {
  const sentMs = new Map<string, number>();
  const polled = makeSightings(sentMs);
  const poll = startPolling((meter, state, atMs) => polled.see(meter, state, atMs));
  const { cores } = await sendEvents(forSeconds, sentMs);
  const bytes = poll.stop();
  return { latency: quantiles(polled.latencies), seenShare: polled.latencies.length / sentMs.size, bytes, cores };
}

type Run = Awaited<ReturnType<typeof measure>> & { polling: Awaited<ReturnType<typeof measurePolling>> };

/** The proof of concept's way. A row that is gone from the list has its supply back. */
function startPolling(see: (meter: string, state: Outage['state'], atMs: number) => void): { stop(): number } {
  const client = makeClient(center.url, 1);
  let stopped = false;
  let bytes = 0;
  let before = new Set<string>();
  void (async () => {
    while (!stopped) {
      const waited = new Promise((resolve) => setTimeout(resolve, pollMs));
      const { body } = await client.send('GET', '/api/outages?limit=5000');
      const atMs = nowMs();
      bytes += body.length;
      const now = new Set<string>();
      for (const { device_id, state } of JSON.parse(body.toString()) as Outage[]) if (isDark(state)) now.add(device_id);
      for (const meter of now) if (!before.has(meter)) see(meter, 'predicted', atMs);
      for (const meter of before) if (!now.has(meter)) see(meter, 'restored', atMs);
      before = now;
      await waited;
    }
    client.close();
  })();
  return {
    stop: () => {
      stopped = true;
      return bytes;
    },
  };
}

function middle(all: Quantiles[]): Quantiles {
  return Object.fromEntries(
    Object.keys(all[0]).map((key) => [key, median(all.map((q) => q[key as keyof Quantiles]))]),
  ) as unknown as Quantiles;
}
