/**
 * Bringing the layers forward: staged rows to silver, gold, hourly and daily, in CPU-seconds a million readings.
 *
 *   flux bench layers [--scale poc] [--refreshes 6] [--rows 2000000] [--segment 250000] [--threads 1,2] [--repeated 0.05]
 *
 * Readings come as meters send them: interval by interval. `uncontested` are all new; `contested` repeats a share of them
 * (re-sent, and corrected) in the same refresh.
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { scaleFrom } from '#bin/config.ts';
import { makeReadingColumns, type ReadingColumns } from '#model/reading.ts';
import { makeReadingGenerator } from '#sources/generator/generate_readings.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { loadDimensions, loadLocalDays } from '#stores/columnar/dimensions.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { type NewSegment, prepareCatalogue, refreshLayers, resetLayers } from '#stores/columnar/layers.ts';
import { makeSegmentSink, segmentFolder, sweepSegments } from '#stores/columnar/segments.ts';
import { cpuSecondsOf, memoryOf } from './center/process_tree.ts';
import { median } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';

const { values: options } = parseArgs({
  options: {
    scale: { type: 'string', default: 'poc' },
    refreshes: { type: 'string', default: '6' },
    rows: { type: 'string', default: '2000000' },
    segment: { type: 'string', default: '250000' },
    threads: { type: 'string', default: '1,2' },
    repeated: { type: 'string', default: '0.05' },
  },
});
const rows = Number(options.rows);
const perSegment = Number(options.segment);
const network = generateTerritory({
  scale: scaleFrom(['demo', 'poc'].includes(options.scale) ? options.scale : Number(options.scale)),
  seed: 1,
});
const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-bench-layers-'));
await sweepSegments(folder, new Set());

/** Readings in the order meters send them, a share of them said twice. */
function* arrivals(repeated: number): Generator<ReadingColumns> {
  const generator = makeReadingGenerator(network, { seed: 1 });
  const meters = network.meter.count;
  let at = 0;
  const fresh = perSegment - Math.round(perSegment * repeated);
  while (true) {
    const batch = makeReadingColumns(perSegment);
    while (batch.count < fresh) {
      const meter = at % meters;
      const take = Math.min(fresh - batch.count, meters - meter);
      generator.fillInterval(1_767_225_600 + Math.floor(at / meters) * 900, meter, meter + take, batch);
      at += take;
    }
    for (let i = 0; batch.count < perSegment; i++) {
      const k = batch.count++;
      for (const column of ['meterKey', 'intervalStartS', 'intervalMinutes', 'decivolt', 'quality'] as const)
        batch[column][k] = batch[column][i];
      batch.wh[k] = batch.wh[i] + (i % 2);
    }
    yield batch;
  }
}

async function segmentsOf(repeated: number): Promise<NewSegment[][]> {
  const writer = startEngine({ name: 'writer', path: ':memory:', threads: 1, temporaryFolder: folder });
  const sink = makeSegmentSink(writer, folder);
  const batches = arrivals(repeated);
  const refreshes: NewSegment[][] = [];
  let id = 0;
  for (let r = 0; r < Number(options.refreshes); r++) {
    const segments: NewSegment[] = [];
    for (let s = 0; s < rows / perSegment; s++) {
      const readings = batches.next().value as ReadingColumns;
      const offsetFrom = id * perSegment;
      const span = { source: `bench${repeated}`, partition: 0, offsetFrom, offsetTo: offsetFrom + readings.count };
      const { path: name } = await sink.write({ ...span, receivedAtMs: 0, readings, setAside: [] }, 1);
      segments.push({ segmentId: ++id, sourceKey: 1, file: path.join(segmentFolder(folder), name) });
    }
    refreshes.push(segments);
  }
  await writer.stop();
  return refreshes;
}

async function measure(refreshes: NewSegment[][], threads: number) {
  const file = path.join(folder, 'analytics.duckdb');
  await fs.rm(file, { force: true });
  const engine = startEngine({
    name: 'layers',
    path: file,
    threads,
    temporaryFolder: folder,
    onOpen: prepareCatalogue,
  });
  try {
    await loadDimensions(engine, network);
    await loadLocalDays(engine, 'America/Chicago');
    await resetLayers(engine);
    const each: { seconds: number; cpu: number; contested: number }[] = [];
    for (const segments of refreshes) {
      const cpu = cpuSecondsOf(engine.pid()!);
      const begin = performance.now();
      const { contested } = await refreshLayers(engine, segments);
      each.push({ seconds: (performance.now() - begin) / 1000, cpu: cpuSecondsOf(engine.pid()!) - cpu, contested });
      say(
        `${threads} threads: ${Math.round(rows / each.at(-1)!.seconds).toLocaleString('en-US')}/s, ${((each.at(-1)!.cpu / rows) * 1e6).toFixed(2)} CPU-s a million`,
      );
    }
    return {
      threads,
      readings_per_s: Math.round(rows / median(each.map((one) => one.seconds))),
      cpu_seconds_per_million: (median(each.map((one) => one.cpu)) / rows) * 1e6,
      contested_keys: each.reduce((sum, one) => sum + one.contested, 0),
      memory_mb: memoryOf(engine.pid()!).pss_mb,
    };
  } finally {
    await engine.stop();
  }
}

try {
  const results: Record<string, unknown> = {};
  for (const [name, repeated] of [
    ['uncontested', 0],
    ['contested', Number(options.repeated)],
  ] as const) {
    const refreshes = await segmentsOf(repeated);
    const runs = [];
    for (const threads of options.threads.split(',').map(Number)) runs.push(await measure(refreshes, threads));
    results[name] = runs;
  }
  await printReport('layers', {
    scale: options.scale,
    meters: network.meter.count,
    rows_per_refresh: rows,
    rows_per_segment: perSegment,
    repeated_share: Number(options.repeated),
    ...results,
  });
} finally {
  await fs.rm(folder, { recursive: true, force: true });
}
