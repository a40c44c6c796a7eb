/**
 * The outage engine on the real topology: 100,000 dark meters at once among 800,000, then one more.
 *
 *   flux bench outage_refresh
 *
 * One JSON document on stdout: messages taken, all islands predicted from nothing, all predicted again, one island again.
 */
import type { NetworkColumns } from '#model/network.ts';
import { makeMeterEventColumns } from '#model/reading.ts';
import { buildTopology, type Topology } from '#services/network/topology.ts';
import { createOutageEngine } from '#services/outages/engine.ts';
import { countingIds } from '#services/outages/engine_book.ts';
import type { GridView } from '#services/outages/grid_view.ts';
import { defaultThresholds } from '#services/outages/thresholds.ts';
import { printReport } from './report/report.ts';
import { makeFeeders, seededRandom } from './topology/synthetic_feeders.ts';

const network = makeFeeders({ feeders: 400, nodesPerFeeder: 2500, ties: 800, seed: 1 });
const topology = buildTopology(network);
const random = seededRandom(3);
const dark: number[] = [];
// Half the dark meters by whole feeders, half by single fuses and transformers elsewhere.
for (let f = 0; f < 28; f++) dark.push(...topology.metersBelow(network.feeder.headEdge[f]));
while (dark.length < 100_000) {
  const edge = Math.floor(random() * network.edge.count);
  if (network.edge.feeder[edge] < 28 || network.edge.kind[edge] === 0) continue;
  const below = topology.metersBelow(edge);
  if (below.length < 500) dark.push(...below);
}
const heard = [...new Set(dark)].filter(() => random() >= 0.1);
const startMs = Date.UTC(2026, 6, 4);
const engine = createOutageEngine(viewOf(topology, network), defaultThresholds, countingIds(1));

const report: Record<string, number> = { meters: network.meter.count, dark: heard.length };
const timed = (name: string, work: () => void): void => {
  const start = performance.now();
  work();
  report[name] = Number((performance.now() - start).toFixed(2));
};
timed('take_messages_ms', () => engine.apply(gasps(heard, startMs), startMs + 1000));
timed('predict_all_ms', () => engine.tick(startMs + 46_000));
report.outages = engine.outages(true).length;
for (let round = 1; round <= 3; round++) {
  timed(`predict_all_again_${round}_ms`, () => engine.setThresholds(defaultThresholds, startMs + 47_000 + round));
}
const known = new Set(heard);
const other = Int32Array.from({ length: network.meter.count }, (_, key) => key).find((key) => !known.has(key))!;
timed('one_more_gasp_ms', () => engine.apply(gasps([other], startMs), startMs + 50_000));
timed('idle_tick_ms', () => engine.tick(startMs + 51_000));
await printReport('outage_refresh', report);

function gasps(meters: readonly number[], atMs: number) {
  const events = makeMeterEventColumns(meters.length);
  for (const meter of meters) {
    events.meterKey[events.count] = meter;
    events.eventTimeMs[events.count++] = atMs;
  }
  return events;
}

function viewOf(grid: Topology, columns: NetworkColumns): GridView {
  return {
    meterCount: columns.meter.count,
    edgeCount: columns.edge.count,
    edgeKind: columns.edge.kind,
    edgePhases: columns.edge.phases,
    meterPhases: columns.meter.phases,
    areaOfEdge: () => 0,
    isCritical: (meter) => columns.meter.critical[meter] > 0,
    isOpen: (edge) => grid.isOpen(edge),
    edgeAboveMeter: (meter) => grid.upEdge(columns.meter.node[meter]),
    edgeAbove: (edge) => grid.edgeAbove(edge),
    metersBelow: (edge) => grid.metersBelow(edge),
    customersBelow: (edge) => grid.countBelow(edge).customers,
  };
}
