/**
 * Look-ups of the API while readings flow in: the newest reading of a meter and the newest readings of all meters of a
 * transformer (a range, both from the operational store), and an asset with what hangs below it (from memory).
 *
 *   flux bench lookup [--scale poc] [--inflow 3000,30000] [--rates 50,500] [--seconds 20] [--repetitions 3] [--at-once]
 *
 * A first start makes accounts for a quarter of its time, a few minutes long: it is waited for, but with --at-once.
 * Readings come by POST /api/readings, 500 a request, at an even rate; above 10,000/s through a process that takes them in
 * as an ingest worker does, four commits a second. Latency counts from
 * sending, which never waits for earlier answers. The opponent asks PostgreSQL itself for the same rows under the same load: what is left is what HTTP, sign-in
 * and scope cost. Goal: p99 of 5 ms; the first aim was 20 ms.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { scaleFrom } from '#bin/config.ts';
import type { NetworkColumns } from '#model/network.ts';
import { makeAccessService } from '#services/access/service.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { openPool } from '#stores/postgres/pool.ts';
import { type CenterProcess, removeFolder, startCenter, temporaryFolder } from './center/center_process.ts';
import { cpuSecondsOf } from './center/process_tree.ts';
import { median, type Quantiles, quantiles } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';
import type { AskerReport, AskerTask } from './traffic/asker.ts';
import { atRate, type Client, makeClient } from './traffic/http_client.ts';
import type { IngesterReport, IngesterRun, IngesterTask } from './traffic/ingester.ts';
import { bodyOf, lastIntervalS, readingBatches } from './traffic/reading_bodies.ts';

const { values: options } = parseArgs({
  options: {
    scale: { type: 'string', default: 'poc' },
    inflow: { type: 'string', default: '3000,30000' },
    rates: { type: 'string', default: '50,500' },
    seconds: { type: 'string', default: '20' },
    repetitions: { type: 'string', default: '3' },
    'at-once': { type: 'boolean', default: false },
  },
});
const { scale } = options;
const seconds = Number(options.seconds);
const rowsPerPost = 500;
const mostByHttp = 10_000;
const goalP99Ms = 5;
const askedIds = 20_000;

/** of meters, of transformers, of meters */
const addresses = ['/api/readings/latest?meter=', '/api/readings/window?asset=', '/api/network/assets/'];
const columns = 'interval_start, interval_minutes, wh, decivolt, quality, received_at';
const pointStatement = `select ${columns} from ami_realtime where meter_key = $1`;
const rangeStatement = `select meter_key, ${columns} from ami_realtime where meter_key = any($1::int[])`;

const network = generateTerritory({
  scale: scaleFrom(scale === 'demo' || scale === 'poc' ? scale : Number(scale)),
  seed: 1,
});
const folder = await temporaryFolder();
const center = await startCenter({ folder, scale, flags: ['--no-simulation'] });
const connection = {
  host: (await fs.readFile(path.join(folder, 'postgres.socket'), 'utf8')).trim(),
  user: 'flux',
  database: 'postgres',
};
const pool = openPool({ connection, max: 1, applicationName: 'flux bench' });
try {
  const token = await makeAccessService(pool, { timeZone: 'UTC' }).makeToken('admin', 1);
  const client = makeClient(center.url, 4, token);
  const asked = pickMeters(network, askedIds);
  const fileOf = async (name: string, ids: Iterable<unknown>): Promise<string> => {
    await fs.writeFile(path.join(folder, name), [...ids].join('\n'));
    return path.join(folder, name);
  };
  const meters = await fileOf(
    'asked-meters',
    [...asked].map((row) => network.meter.id.at(row)),
  );
  const served = [...asked].map((row) => network.meter.transformer[row]).filter((edge) => edge >= 0);
  const transformers = await fileOf(
    'asked-transformers',
    served.map((edge) => network.edge.id.at(edge)),
  );
  const keys = await fileOf('asked-keys', asked);
  const below = metersByTransformer(network);
  const keySets = await fileOf(
    'asked-key-sets',
    served.map((edge) => `{${below.get(edge)!.join(',')}}`),
  );
  const files = { meters, transformers, keys, keySets };
  // Inside the hot window, with room for all readings of the run before the present.
  const first = lastIntervalS() - 40 * 900;
  await fill(client, first);
  if (!options['at-once']) await accountsMade(client);
  const phases = [];
  const bodies = bodyStream(first + 900);
  const ingester = fork(path.join(import.meta.dirname, 'traffic', 'ingester.ts'));
  ingester.send({ folder, connection, scale, firstIntervalS: first + 20 * 900 } satisfies IngesterTask);
  await once(ingester, 'message');
  for (const inflow of options.inflow.split(',').map(Number))
    for (const rate of options.rates.split(',').map(Number))
      phases.push(await measure(center, rate, inflow, { token, client, files, bodies, ingester }));
  client.close();
  ingester.disconnect();
  await printReport('lookup', {
    scale,
    meters: network.meter.count,
    directly_after_a_first_start: options['at-once'],
    measured: `ms from sending a request (at its time, whatever became of earlier ones) to the end of its answer, ${seconds} s each, median of ${options.repetitions} repetitions; asker, sender and center on the same machine`,
    phases,
    goal_p99_ms: goalP99Ms,
    goal_met: phases.every(({ latest, window }) => latest.p99 <= goalP99Ms && window.p99 <= goalP99Ms),
  });
} finally {
  await pool.end();
  await center.stop();
  await removeFolder(folder);
}

/** Meters all over the territory, the same ones each time. */
function pickMeters({ meter }: NetworkColumns, count: number): Int32Array {
  return Int32Array.from({ length: Math.min(count, meter.count) }, (_, i) => Math.imul(i + 1, 2_654_435_761) >>> 0).map(
    (hash) => (hash >>> 0) % meter.count,
  );
}

/** Every meter has a newest reading before anything is asked. */
async function fill(to: Client, intervalS: number): Promise<void> {
  const begin = performance.now();
  const batches = readingBatches(network, intervalS, 5000);
  const posts = Math.ceil(network.meter.count / 5000);
  const sender = async (): Promise<void> => {
    for (let taken = sent++; taken < posts; taken = sent++) await accepted(to, bodyOf(batches.next().value!, network));
  };
  let sent = 0;
  await Promise.all([sender(), sender(), sender()]);
  // The layers have caught up as well: what is measured is the daily state, not the aftermath of a mass load.
  await to.send('POST', '/api/pipeline/refresh');
  say(
    `${network.meter.count.toLocaleString('en-US')} newest readings in ${((performance.now() - begin) / 1000).toFixed(1)} s`,
  );
}

/** The look-up of an account is told apart from one that is still being read. */
async function accountsMade(to: Client): Promise<void> {
  const begin = performance.now();
  // no such account is the answer once all are there; asked seldom, or the limit of calls a minute answers instead
  for (let status = 0; status !== 404; ) {
    await sleep(3000);
    ({ status } = await to.send('GET', '/api/restoration?account=NONE0'));
    if (status !== 404 && status !== 503) throw new Error(`the look-up of an account answered ${status}`);
  }
  say(`all accounts made after ${((performance.now() - begin) / 1000).toFixed(0)} s more`);
}

function* bodyStream(intervalS: number): Generator<string, never> {
  for (const batch of readingBatches(network, intervalS, rowsPerPost)) yield bodyOf(batch, network);
  throw new Error('there is always a next batch');
}

/** Meters of each transformer. */
function metersByTransformer({ meter }: NetworkColumns): Map<number, number[]> {
  return Map.groupBy(Array(meter.count).keys(), (row) => meter.transformer[row]);
}

async function accepted(to: Client, body: string): Promise<void> {
  const { status, body: answer } = await to.send('POST', '/api/readings', body);
  if (status !== 200) throw new Error(`POST /api/readings answered ${status}: ${answer.toString().slice(0, 500)}`);
  const { set_aside: setAside } = JSON.parse(answer.toString()) as { set_aside: number };
  if (setAside > 0) throw new Error(`${setAside} readings of the benchmark were set aside`);
}

interface Setting {
  token: string;
  client: Client;
  /** one id a line: meters, transformers, and their keys as the opponent asks for them */
  files: { meters: string; transformers: string; keys: string; keySets: string };
  bodies: Generator<string, never>;
  ingester: ChildProcess;
}

async function measure(of: CenterProcess, perSecond: number, inflow: number, setting: Setting) {
  const { token, files } = setting;
  const http: AskerTask['target'] = { kind: 'http', url: of.url, token };
  const questions = [files.meters, files.transformers, files.meters].map((idsFile, k) => ({
    text: addresses[k],
    idsFile,
  }));
  const statements = [
    { text: pointStatement, idsFile: files.keys },
    { text: rangeStatement, idsFile: files.keySets },
  ];
  const task = { seconds, connections: 16 };
  const runs: {
    latest: Quantiles;
    window: Quantiles;
    asset: Quantiles;
    posts: Quantiles;
    direct: Quantiles;
    directRange: Quantiles;
    failed: number;
    cores: number;
  }[] = [];
  for (let round = 0; round < Number(options.repetitions); round++) {
    const cpuBefore = cpuSecondsOf(of.pid);
    const begin = performance.now();
    const [api, posts] = await Promise.all([
      ask({ ...task, perSecond, questions, target: http }),
      sendReadings(setting, inflow, seconds + 4),
    ]);
    const cores = (cpuSecondsOf(of.pid) - cpuBefore) / ((performance.now() - begin) / 1000);
    const [direct] = await Promise.all([
      ask({
        ...task,
        perSecond: (perSecond * 2) / 3,
        questions: statements,
        target: { kind: 'postgres', connection },
      }),
      sendReadings(setting, inflow, seconds + 4),
    ]);
    const [latest, window, asset] = api.latenciesMs.map(quantiles);
    const [point, range] = direct.latenciesMs.map(quantiles);
    runs.push({ latest, window, asset, posts, direct: point, directRange: range, failed: api.failed, cores });
    say(
      `${perSecond}/s at ${inflow}/s in: latest p50 ${latest.p50.toFixed(2)} p99 ${latest.p99.toFixed(2)}, window p99 ${window.p99.toFixed(2)}, asset p99 ${asset.p99.toFixed(2)}, posts p99 ${posts.p99.toFixed(0)} ms, straight p99 ${point.p99.toFixed(2)}, range ${range.p99.toFixed(2)}`,
    );
  }
  const latest = middle(runs.map((run) => run.latest));
  const window = middle(runs.map((run) => run.window));
  const direct = middle(runs.map((run) => run.direct));
  const directRange = middle(runs.map((run) => run.directRange));
  return {
    inflow: { readings_per_s: inflow, by: inflow > mostByHttp ? 'ingest process' : 'HTTP, 500 a request' },
    requests_per_s: perSecond,
    failed: runs.reduce((sum, run) => sum + run.failed, 0),
    latest,
    window,
    asset: middle(runs.map((run) => run.asset)),
    readings_durable: middle(runs.map((run) => run.posts)),
    cores_used_by_the_center: median(runs.map((run) => run.cores)),
    opponent: {
      name: 'prepared statements over node-postgres, no HTTP, the same number of each',
      latest: direct,
      window: directRange,
    },
    p99_ratio_to_opponent: { latest: latest.p99 / direct.p99, window: window.p99 / directRange.p99 },
  };
}

function middle(all: Quantiles[]): Quantiles {
  return Object.fromEntries(
    Object.keys(all[0]).map((key) => [key, median(all.map((q) => q[key as keyof Quantiles]))]),
  ) as unknown as Quantiles;
}

/** Readings at an even rate. @returns ms of each request or commit */
async function sendReadings(setting: Setting, inflow: number, forSeconds: number): Promise<Quantiles> {
  const { client, bodies, ingester } = setting;
  if (inflow > mostByHttp) {
    ingester.send({ perSecond: inflow, seconds: forSeconds } satisfies IngesterRun);
    const [report] = (await once(ingester, 'message')) as [IngesterReport];
    return quantiles(report.commitsMs);
  }
  const times: number[] = [];
  await atRate(inflow / rowsPerPost, forSeconds, async () => {
    const body = bodies.next().value;
    const sentMs = performance.now();
    await accepted(client, body);
    times.push(performance.now() - sentMs);
  });
  return quantiles(times);
}

function ask(task: AskerTask): Promise<AskerReport> {
  const child = fork(path.join(import.meta.dirname, 'traffic', 'asker.ts'));
  child.send(task);
  return new Promise((resolve, reject) => {
    child.once('message', (report) => resolve(report as AskerReport));
    child.once('exit', (code) => reject(new Error(`the asker ended with ${code}`)));
  });
}
