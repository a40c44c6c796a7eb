/**
 * The storm drill at two scales, with the naive rules in the same run: score, wall time, look-ups while it ran.
 *
 *   flux bench storm                          demo (24,000 meters) and poc (596,906)
 *   node bench/storm.bench.ts demo            one of them, to standard output
 *
 * One JSON document on stdout. Three seeds at demo scale, one at poc; the naive rules get the same messages at the same
 * moments as the prediction.
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readConfig, scaleFrom } from '../bin/config.ts';
import { runDrill } from '../bin/storm/drill.ts';
import type { ReportCard } from '../bin/storm/report_card.ts';
import { printReport, say } from './report/report.ts';

const seedsOf: Record<string, number[]> = { demo: [7, 11, 23], poc: [7] };
const hours = 6;
const scales = process.argv.length > 2 ? process.argv.slice(2) : ['demo', 'poc'];

const report: Record<string, unknown> = { hours };
for (const scale of scales) {
  const runs: Record<string, unknown> = {};
  for (const seed of seedsOf[scale] ?? [7]) {
    say(`${scale}, seed ${seed}`);
    runs[`seed ${seed}`] = figuresOf(await drill(scale, seed));
  }
  report[scale] = runs;
}
await printReport('storm', report);

async function drill(scale: string, seed: number): Promise<ReportCard & { cpuS: number }> {
  const dataFolder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-bench-storm-'));
  await fs.chmod(dataFolder, 0o755);
  const before = process.cpuUsage();
  try {
    const { config } = readConfig(
      { dataFolder, scale: scaleFrom(scale), seed: 1, simulation: false, logLevel: 'error' },
      {},
    );
    config.publicFace.lookUpsPerMinute = 0;
    const card = await runDrill({ config, seed, hours, crews: undefined, progress: () => undefined });
    const { user, system } = process.cpuUsage(before);
    return { ...card, cpuS: (user + system) / 1e6 };
  } finally {
    await fs.rm(dataFolder, { recursive: true, force: true });
  }
}

function figuresOf({ score, machine, cpuS }: ReportCard & { cpuS: number }): Record<string, unknown> {
  const { devices } = score;
  return {
    meters: score.meters,
    crews: score.crews,
    faults: score.storm.faults,
    most_customers_out: score.storm.most_customers_out,
    detection: score.detection,
    location: score.location,
    devices,
    f1_ratio_to_best_naive: devices.product.f1 / Math.max(devices.lowest_device.f1, devices.common_device.f1, 0.001),
    nested: score.nested,
    etr: score.etr,
    customer_minutes: score.customer_minutes,
    messages: score.messages,
    calls: score.calls,
    cpu_s: cpuS,
    ...machine,
  };
}
