/**
 * Speed of the readings generator on one core. Prints one JSON document.
 * Usage: node bench/generate.ts [demo|poc|METERS]
 */
import { cpus } from 'node:os';
import { makeReadingColumns } from '#model/reading.ts';
import { makeReadingGenerator } from '#sources/generator/generate_readings.ts';
import { generateTerritory, type Scale } from '#sources/territory/generate.ts';

const argument = process.argv[2] ?? 'poc';
const scale: Scale = argument === 'demo' || argument === 'poc' ? argument : Number(argument);
const network = generateTerritory({ scale, seed: 1 });
const meters = network.meter.count;

const startedMs = performance.now();
const generator = makeReadingGenerator(network, { seed: 1 });
const prepareMs = performance.now() - startedMs;

const batch = makeReadingColumns(Math.min(meters, 65_536));
const startS = Date.parse('2025-07-14T00:00:00Z') / 1000;
let readings = 0;
let wh = 0;
const before = process.cpuUsage();
const runMs = performance.now();
for (let interval = 0; interval < 96; interval++) {
  for (let from = 0; from < meters; from += batch.meterKey.length) {
    batch.count = 0;
    generator.fillInterval(startS + interval * 900, from, Math.min(meters, from + batch.meterKey.length), batch);
    readings += batch.count;
    for (let k = 0; k < batch.count; k++) wh += batch.wh[k];
  }
}
const seconds = (performance.now() - runMs) / 1000;
const cpu = process.cpuUsage(before);
console.log(
  JSON.stringify(
    {
      node: process.version,
      cpu: cpus()[0].model,
      cores: cpus().length,
      scale,
      meters,
      prepareMs: Math.round(prepareMs),
      readings,
      gwh: Math.round(wh / 1e6) / 1000,
      seconds: Math.round(seconds * 1000) / 1000,
      cpuSeconds: Math.round((cpu.user + cpu.system) / 1000) / 1000,
      readingsPerSecond: Math.round(readings / seconds),
      peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    },
    null,
    2,
  ),
);
