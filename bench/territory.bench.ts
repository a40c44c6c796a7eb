/**
 * Time and memory of generating a territory. Prints one JSON document.
 * Usage: node bench/territory.ts [demo|poc|METERS ...]   (each scale in its own process, so that peaks don't mix)
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { edgeKinds } from '#model/network.ts';
import { generateTerritory, type Scale } from '#sources/territory/generate.ts';

function measure(scale: Scale): object {
  const before = process.cpuUsage();
  const start = performance.now();
  const network = generateTerritory({ scale, seed: 1 });
  const seconds = (performance.now() - start) / 1000;
  const cpu = process.cpuUsage(before);
  const kinds: Record<string, number> = {};
  for (const code of network.edge.kind) kinds[edgeKinds[code]] = (kinds[edgeKinds[code]] ?? 0) + 1;
  return {
    scale,
    seconds: Math.round(seconds * 1000) / 1000,
    cpuSeconds: Math.round((cpu.user + cpu.system) / 1000) / 1000,
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    substations: network.substation.count,
    feeders: network.feeder.count,
    nodes: network.node.count,
    edges: network.edge.count,
    vertices: network.vertex.count,
    meters: network.meter.count,
    kinds,
  };
}

const asScale = (text: string): Scale => (text === 'demo' || text === 'poc' ? text : Number(text));

if (process.argv[2] === '--one') console.log(JSON.stringify(measure(asScale(process.argv[3]))));
else {
  const scales = process.argv.length > 2 ? process.argv.slice(2) : ['demo', 'poc', '2700000'];
  const results = scales.map(
    (scale) =>
      JSON.parse(
        execFileSync(process.execPath, [import.meta.filename, '--one', scale], { encoding: 'utf8' }),
      ) as object,
  );
  console.log(JSON.stringify({ node: process.version, cpu: cpus()[0].model, cores: cpus().length, results }, null, 2));
}
