/**
 * The outage engine on the real topology, in a storm: 300 feeders with 600,000 meters.
 *
 *   flux bench outage_refresh
 *
 * One JSON document on stdout. Worst moment: 88,000 dark meters at once, all islands predicted from nothing, then all
 * again; once by a process that never did it before (cold), once by one that did. Storm: on top of it faults every second for two minutes, gasps out of order; what the engine needs after each
 * second until the predicted set stands. Messages: how many a second are taken, new ones and repeated ones.
 */
import { edgeKindCode, type NetworkColumns } from '#model/network.ts';
import { makeMeterEventColumns } from '#model/reading.ts';
import { buildTopology, type Topology } from '#services/network/topology.ts';
import { createOutageEngine, type OutageEngine } from '#services/outages/engine.ts';
import { countingIds } from '#services/outages/engine_book.ts';
import type { GridView } from '#services/outages/grid_view.ts';
import { defaultThresholds } from '#services/outages/thresholds.ts';
import { printReport } from './report/report.ts';
import { makeFeeders, seededRandom } from './topology/synthetic_feeders.ts';

const feeders = 300;
const stormS = 120;
const faultsPerS = 30;
const holdS = defaultThresholds.blue_sky.holdWindowS;

const network = makeFeeders({ feeders, nodesPerFeeder: 2500, ties: 600, seed: 1 });
const random = seededRandom(3);
onePhaseEach(network);
const topology = buildTopology(network);
const startMs = Date.UTC(2026, 6, 4);
const report: Record<string, unknown> = { meters: network.meter.count };

worstMoment('worst_moment_cold');
worstMoment('worst_moment');
storm();
takenPerSecond();
await printReport('outage_refresh', report);

/** Half the dark meters by whole feeders, half by single fuses and transformers elsewhere. */
function worstMoment(name: string): void {
  const figures: Record<string, number> = {};
  let engine!: OutageEngine;
  timed(figures, 'start', () => {
    engine = newEngine();
  });
  const dark: number[] = [];
  for (let f = 0; f < 28; f++) dark.push(...topology.metersBelow(network.feeder.headEdge[f]));
  while (dark.length < 100_000) dark.push(...topology.metersBelow(faultyEdge(28)));
  const heard = [...new Set(dark)].filter(() => random() >= 0.1);
  figures.dark = heard.length;
  timed(figures, 'take_messages', () => engine.apply(gasps(heard, startMs), startMs + 1000));
  timed(figures, 'predict_all', () => engine.tick(startMs + (holdS + 1) * 1000));
  figures.outages = engine.outages(true).length;
  for (let round = 1; round <= 3; round++)
    timed(figures, `predict_all_again_${round}`, () =>
      engine.setThresholds(defaultThresholds, startMs + 47_000 + round),
    );
  const known = new Set(heard);
  const other = Int32Array.from({ length: network.meter.count }, (_, key) => key).find((key) => !known.has(key))!;
  timed(figures, 'one_more_gasp', () => engine.apply(gasps([other], startMs), startMs + 50_000));
  timed(figures, 'idle_tick', () => engine.tick(startMs + 51_000));
  report[name] = figures;
}

/** The same start, then faults every second; each second is one call, as the center makes it. */
function storm(): void {
  const engine = newEngine();
  const first: number[] = [];
  for (let f = 0; f < 28; f++) first.push(...topology.metersBelow(network.feeder.headEdge[f]));
  while (first.length < 100_000) first.push(...topology.metersBelow(faultyEdge(28)));
  engine.apply(
    gasps(
      [...new Set(first)].filter(() => random() >= 0.1),
      startMs,
    ),
    startMs + 1000,
  );
  engine.tick(startMs + (holdS + 1) * 1000);
  const beginS = holdS + 2;
  const seconds: [meter: number, atS: number][][] = Array.from({ length: stormS + holdS + 12 }, () => []);
  for (let s = 0; s < stormS; s++) {
    for (let i = 0; i < faultsPerS; i++) {
      const edge = faultyEdge(28);
      for (const meter of topology.metersBelow(edge))
        if (random() >= 0.1) seconds[s + Math.floor(random() * 10)].push([meter, s]);
    }
  }
  const took: number[] = [];
  const cpu: number[] = [];
  let messages = 0;
  for (const [s, list] of seconds.entries()) {
    messages += list.length;
    const events = gasps(
      list.map(([meter]) => meter),
      0,
    );
    for (const [i, [, atS]] of list.entries()) events.eventTimeMs[i] = startMs + (beginS + atS) * 1000;
    const before = process.cpuUsage();
    const start = performance.now();
    engine.apply(events, startMs + (beginS + s + 1) * 1000);
    took.push(performance.now() - start);
    const used = process.cpuUsage(before);
    cpu.push((used.user + used.system) / 1000);
  }
  report.storm_second = {
    seconds: took.length,
    messages_per_s: messages / stormS,
    outages: engine.outages(true).length,
    ...quantiles('wall', took),
    ...quantiles('cpu', cpu),
  };
}

/** One second of messages into a warm engine, none of which ends its hold window; then the same ones a million times. */
function takenPerSecond(): void {
  const engine = newEngine();
  const keys = Int32Array.from({ length: 200_000 }, (_, i) => (i * 7) % network.meter.count);
  const events = gasps(keys, startMs);
  const start = process.cpuUsage();
  engine.apply(events, startMs + 1000);
  const once = process.cpuUsage(start);
  const again = process.cpuUsage();
  for (let round = 0; round < 5; round++) engine.apply(events, startMs + 2000 + round);
  const repeated = process.cpuUsage(again);
  const perS = (count: number, used: NodeJS.CpuUsage): number => (count / (used.user + used.system)) * 1e6;
  report.taken = { new_per_cpu_s: perS(200_000, once), repeated_per_cpu_s: perS(1_000_000, repeated) };
}

/** Every ten nodes share a phase, as the customers of one transformer do; the lines carry all three. */
function onePhaseEach({ edge, node, meter }: NetworkColumns): void {
  const phaseOf = Uint8Array.from({ length: Math.ceil(node.count / 10) }, () => 1 << Math.floor(random() * 3));
  for (let row = 0; row < edge.count; row++)
    if (edge.kind[row] === edgeKindCode.power_transformer) edge.phases[row] = phaseOf[Math.floor(edge.to[row] / 10)];
  for (let key = 0; key < meter.count; key++) meter.phases[key] = phaseOf[Math.floor(meter.node[key] / 10)];
}

function newEngine(): OutageEngine {
  const engine = createOutageEngine(viewOf(topology, network), defaultThresholds, countingIds(1));
  for (const _ of engine.warm());
  return engine;
}

/** A random fuse or transformer with fewer than 500 customers, from feeder `fromFeeder` on. */
function faultyEdge(fromFeeder: number): number {
  for (;;) {
    const edge = Math.floor(random() * network.edge.count);
    if (network.edge.feeder[edge] < fromFeeder || network.edge.kind[edge] === 0) continue;
    const { customers } = topology.countBelow(edge);
    if (customers > 0 && customers < 500) return edge;
  }
}

function timed(figures: Record<string, number>, name: string, work: () => void): void {
  const cpu = process.cpuUsage();
  const start = performance.now();
  work();
  figures[`${name}_ms`] = performance.now() - start;
  const used = process.cpuUsage(cpu);
  figures[`${name}_cpu_ms`] = (used.user + used.system) / 1000;
}

function quantiles(what: string, values: number[]): Record<string, number> {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)];
  return { [`${what}_ms_p50`]: at(0.5), [`${what}_ms_p99`]: at(0.99), [`${what}_ms_max`]: at(1) };
}

function gasps(meters: ArrayLike<number>, atMs: number) {
  const events = makeMeterEventColumns(meters.length);
  events.meterKey.set(meters);
  events.eventTimeMs.fill(atMs);
  events.count = meters.length;
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
