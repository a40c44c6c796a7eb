/** Prints our import report of each OpenDSS master given, one JSON document a line; with time and memory. */
import { readOpenDss } from '#sources/opendss/read_opendss.ts';

for (const path of process.argv.slice(2)) {
  const started = performance.now();
  const { report } = readOpenDss(path, { place: { lon: -95.37, lat: 29.76 } });
  const ms = Math.round(performance.now() - started);
  const { nodes, edges, components, loops, loads, transformers, totalKw, totalKvar, normallyOpen } = report;
  const counts = { nodes, edges, components, loops, loads, transformers, totalKw, totalKvar, normallyOpen };
  const rssMb = Math.round(process.memoryUsage().rss / 1e6);
  process.stdout.write(`${JSON.stringify({ path, ...counts, ms, rssMb })}\n`);
}
