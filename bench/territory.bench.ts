/**
 * Time and memory of making a territory: generating it, and (for the scales named) everything a first start does with
 * it: snapshot on disk, all tables of the embedded PostgreSQL by COPY, statistics.
 *
 *   flux bench territory [--scales demo,poc,2700000] [--loaded demo,poc] [--repetitions 3]
 *
 * Each measurement is a process of its own, so that peaks don't mix. Goal: 60 s at poc, in the database.
 */
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { readConfig, scaleFrom } from '#bin/config.ts';
import { openStore } from '#bin/store.ts';
import { loadOrCreateNetwork } from '#bin/territory.ts';
import { edgeKinds, type NetworkColumns } from '#model/network.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { bytesOnDisk, removeFolder, temporaryFolder } from './center/center_process.ts';
import { watchPeak } from './center/process_tree.ts';
import { median } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';

const { values: options } = parseArgs({
  options: {
    scales: { type: 'string', default: 'demo,poc,2700000' },
    loaded: { type: 'string', default: 'demo,poc' },
    repetitions: { type: 'string', default: '3' },
    /** of a child: what it measures */
    one: { type: 'string' },
    'with-load': { type: 'boolean', default: false },
  },
});
const goalS = 60;

interface Measured {
  seconds: number;
  /** of the process itself; PostgreSQL's are in the peak only */
  cpu_seconds: number;
  peak_rss_mb: number;
  disk_mb?: number;
  size: Record<string, unknown>;
}

const scaleOf = (text: string) => scaleFrom(text === 'demo' || text === 'poc' ? text : Number(text));

function sizeOf(network: NetworkColumns): Record<string, unknown> {
  const kinds: Record<string, number> = {};
  for (const code of network.edge.kind) kinds[edgeKinds[code]] = (kinds[edgeKinds[code]] ?? 0) + 1;
  const count = (table: { count: number }): number => table.count;
  const { substation, feeder, node, edge, vertex, meter } = network;
  return {
    substations: count(substation),
    feeders: count(feeder),
    nodes: count(node),
    edges: count(edge),
    vertices: count(vertex),
    meters: count(meter),
    kinds,
  };
}

/** What a child does: one territory, with or without the stores, nothing else. */
async function measureHere(scale: string, withLoad: boolean): Promise<Measured> {
  const folder = withLoad ? await temporaryFolder() : undefined;
  const { config } = readConfig({ dataFolder: folder, scale: scaleOf(scale), seed: 1 }, {});
  const store = folder ? await openStore(config, 'flux bench') : undefined;
  const before = process.cpuUsage();
  const begin = performance.now();
  const network = store
    ? (await loadOrCreateNetwork(store.pool, config, () => undefined)).network
    : generateTerritory({ scale: scaleOf(scale), seed: 1 });
  const seconds = (performance.now() - begin) / 1000;
  const cpu = process.cpuUsage(before);
  await store?.close();
  const disk = folder ? { disk_mb: Math.round((await bytesOnDisk(folder)) / 1e6) } : {};
  if (folder) await removeFolder(folder);
  return {
    seconds,
    cpu_seconds: (cpu.user + cpu.system) / 1e6,
    peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
    ...disk,
    size: sizeOf(network),
  };
}

async function measureApart(scale: string, withLoad: boolean): Promise<Measured & { peak_pss_all_mb: number }> {
  const flags = ['--one', scale, ...(withLoad ? ['--with-load'] : [])];
  const child = fork(import.meta.filename, flags, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const peak = watchPeak(child.pid!);
  const measured = await new Promise<Measured>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Measured));
    child.once('exit', (code) => reject(new Error(`measuring ${scale} ended with ${code}`)));
  });
  return { ...measured, peak_pss_all_mb: peak() };
}

async function measure(scale: string, withLoad: boolean) {
  const runs: (Measured & { peak_pss_all_mb: number })[] = [];
  for (let round = 0; round < Number(options.repetitions); round++) {
    runs.push(await measureApart(scale, withLoad));
    say(`${scale}${withLoad ? ' in the database' : ''}: ${runs[round].seconds.toFixed(2)} s`);
  }
  const of = (read: (run: (typeof runs)[0]) => number): number => median(runs.map(read));
  const seconds = of((run) => run.seconds);
  return {
    scale,
    in_database: withLoad,
    seconds: { median: seconds, all: runs.map((run) => run.seconds) },
    cpu_seconds_of_process: of((run) => run.cpu_seconds),
    peak_rss_of_process_mb: of((run) => run.peak_rss_mb),
    peak_pss_of_all_mb: of((run) => run.peak_pss_all_mb),
    ...(withLoad ? { disk_mb: of((run) => run.disk_mb ?? 0) } : {}),
    ...(withLoad && scale === 'poc' ? { goal_s: goalS, goal_met: seconds <= goalS } : {}),
    size: runs[0].size,
  };
}

if (options.one) {
  const measured = await measureHere(options.one, options['with-load']);
  process.send?.(measured, () => process.disconnect?.());
} else {
  const results = [];
  for (const scale of options.scales.split(',')) results.push(await measure(scale, false));
  for (const scale of options.loaded.split(',').filter(Boolean)) results.push(await measure(scale, true));
  await printReport('territory', { results });
}
