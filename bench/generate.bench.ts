/**
 * Speed of the readings generator on one core: a day of every meter.
 *
 *   flux bench generate [--scale poc] [--repetitions 3]
 *
 * No opponent: nothing else makes these readings.
 */
import { parseArgs } from 'node:util';
import { scaleFrom } from '#bin/config.ts';
import { makeReadingColumns } from '#model/reading.ts';
import { makeReadingGenerator } from '#sources/generator/generate_readings.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { median } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';

const { values: options } = parseArgs({
  options: { scale: { type: 'string', default: 'poc' }, repetitions: { type: 'string', default: '3' } },
});
const { scale } = options;
const network = generateTerritory({
  scale: scaleFrom(scale === 'demo' || scale === 'poc' ? scale : Number(scale)),
  seed: 1,
});
const meters = network.meter.count;
const startS = Date.parse('2025-07-14T00:00:00Z') / 1000;

function day(): { readings: number; gwh: number; seconds: number; cpuSeconds: number } {
  const generator = makeReadingGenerator(network, { seed: 1 });
  const batch = makeReadingColumns(Math.min(meters, 65_536));
  let readings = 0;
  let wh = 0;
  const before = process.cpuUsage();
  const begin = performance.now();
  for (let interval = 0; interval < 96; interval++) {
    for (let from = 0; from < meters; from += batch.meterKey.length) {
      batch.count = 0;
      generator.fillInterval(startS + interval * 900, from, Math.min(meters, from + batch.meterKey.length), batch);
      readings += batch.count;
      for (let k = 0; k < batch.count; k++) wh += batch.wh[k];
    }
  }
  const cpu = process.cpuUsage(before);
  const seconds = (performance.now() - begin) / 1000;
  return { readings, gwh: wh / 1e9, seconds, cpuSeconds: (cpu.user + cpu.system) / 1e6 };
}

const days = Array.from({ length: Number(options.repetitions) }, () => {
  const one = day();
  say(`${one.readings.toLocaleString('en-US')} readings in ${one.seconds.toFixed(1)} s`);
  return one;
});
const seconds = median(days.map((one) => one.seconds));
await printReport('generate', {
  scale,
  meters,
  readings: days[0].readings,
  gwh: days[0].gwh,
  seconds: { median: seconds, all: days.map((one) => one.seconds) },
  readings_per_s: Math.round(days[0].readings / seconds),
  cpu_seconds_per_million: (median(days.map((one) => one.cpuSeconds)) / days[0].readings) * 1e6,
  peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
});
