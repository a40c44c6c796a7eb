/**
 * Topology at a million nodes, beside networkx, igraph and a PostgreSQL recursive CTE on the same graph and questions.
 *
 *   flux bench topology [--feeders 400] [--nodes-per-feeder 2500] [--ties 800] [--asked 2000] [--budget-s 30]
 *
 * Python comes from FLUX_BENCH_PYTHON or `python3`, with networkx and igraph from PyPI (`pip install networkx igraph`);
 * where they are absent they are skipped with the reason. PostgreSQL is that of DATABASE_URL, else the embedded one in
 * a folder of its own.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '#model/errors.ts';
import { isSwitchable, type NetworkColumns } from '#model/network.ts';
import { buildTopology, type Topology } from '#services/network/topology.ts';
import { isolate } from '#services/network/trace_isolate.ts';
import { startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { removeFolder, temporaryFolder } from './center/center_process.ts';
import { printReport, say } from './report/report.ts';
import { measureCte } from './topology/recursive_cte.ts';
import { makeFeeders, seededRandom } from './topology/synthetic_feeders.ts';
import { summarise, type Timing } from './topology/timing.ts';

const { values: options } = parseArgs({
  options: {
    feeders: { type: 'string', default: '400' },
    'nodes-per-feeder': { type: 'string', default: '2500' },
    ties: { type: 'string', default: '800' },
    asked: { type: 'string', default: '2000' },
    'budget-s': { type: 'string', default: '30' },
  },
});
const budgetS = Number(options['budget-s']);
const shape = {
  feeders: Number(options.feeders),
  nodesPerFeeder: Number(options['nodes-per-feeder']),
  ties: Number(options.ties),
  seed: 1,
};

say('ours');
const network = makeFeeders(shape);
const builds: number[] = [];
let topology!: Topology;
for (let run = 0; run < 3; run++) {
  const start = performance.now();
  topology = buildTopology(network);
  builds.push(performance.now() - start);
}
const asked = pickDevices(network, Number(options.asked));
const ours = measureOurs(topology, asked);
const opponents = [...runPython(topology, asked), await runCte(topology, asked)];

await printReport('topology', {
  size: { nodes: network.node.count, edges: network.edge.count, meters: network.meter.count, ...shape },
  ours: { build_ms: { first: builds[0], best: Math.min(...builds) }, ...ours },
  opponents,
  ratios: opponents.filter((one) => 'down' in one).map((one) => ratiosOf(one as Opponent)),
});

interface Opponent {
  name: string;
  build_ms: number;
  down: Timing;
  up: Timing;
}

/** How many times as long the opponent takes. */
function ratiosOf(one: Opponent) {
  return {
    opponent: one.name,
    build: one.build_ms / Math.min(...builds),
    down_mean: one.down.mean_ms / ours.down.mean_ms,
    down_p99: one.down.p99_ms / ours.down.p99_ms,
    up_mean: one.up.mean_ms / ours.up.mean_ms,
    same_answers: one.down.asked < ours.down.asked ? 'cut short by its budget' : one.down.nodes === ours.down.nodes,
  };
}

/** Every feeder head among the questions, the rest switchable equipment anywhere. */
function pickDevices(columns: NetworkColumns, count: number): Int32Array {
  const random = seededRandom(2);
  const devices = [...columns.feeder.headEdge].slice(0, count / 4);
  while (devices.length < count) {
    const edge = Math.floor(random() * columns.edge.count);
    if (isSwitchable(columns.edge.kind[edge]) && !columns.edge.normallyOpen[edge]) devices.push(edge);
  }
  return Int32Array.from(devices);
}

function measure(edges: Int32Array, ask: (edge: number) => number): Timing {
  for (const edge of edges.subarray(0, 200)) ask(edge);
  let nodes = 0;
  const times: number[] = [];
  for (const edge of edges) {
    const start = performance.now();
    nodes += ask(edge);
    times.push(performance.now() - start);
  }
  return summarise(times, nodes);
}

function measureOurs(grid: Topology, edges: Int32Array) {
  let customers = 0;
  const start = performance.now();
  for (let round = 0; round < 100; round++) for (const edge of edges) customers += grid.countBelow(edge).customers;
  const countUs = ((performance.now() - start) * 1000) / (edges.length * 100);
  const down = measure(edges, (edge) => grid.nodesBelow(edge).length);
  const meters = measure(edges, (edge) => grid.metersBelow(edge).length);
  // The way up is given as edges; the nodes on it are one more.
  const up = measure(edges, (edge) => grid.pathUp(edge).length + 1);
  const isolation = measure(edges.subarray(0, 500), (edge) => isolate(grid, edge).section.nodes.length);
  const ties = Int32Array.from(
    network.edge.normallyOpen.keys().filter((edge) => network.edge.normallyOpen[edge] === 1),
  );
  const switching = measure(edges.subarray(0, 500), (edge) => {
    return grid.setOpen(edge, true).nodesRenumbered + grid.setOpen(edge, false).nodesRenumbered;
  });
  const tieSwitching = measure(ties.subarray(0, 200), (edge) => {
    return grid.setOpen(edge, false).nodesRenumbered + grid.setOpen(edge, true).nodesRenumbered;
  });
  return {
    count_us: countUs,
    counted_customers: customers / 100,
    down,
    meters_below: meters,
    up,
    isolate: isolation,
    open_and_close: switching,
    close_and_open_tie: tieSwitching,
  };
}

/** Parent and child node of every closed edge, and the child node of each asked device. */
function asDirected(grid: Topology, edges: Int32Array) {
  const { forest, graph } = grid;
  const pairs: number[] = [];
  for (let node = 0; node < graph.nodeCount; node++) {
    const edge = forest.up[node];
    if (edge >= 0) pairs.push(graph.from[edge] ^ graph.to[edge] ^ node, node);
  }
  return { pairs: Int32Array.from(pairs), nodes: edges.map((edge) => grid.nodeBelow(edge)) };
}

function runPython(grid: Topology, edges: Int32Array): { name: string }[] {
  const python = process.env.FLUX_BENCH_PYTHON ?? 'python3';
  const folder = mkdtempSync(path.join(os.tmpdir(), 'flux-bench-'));
  try {
    const { pairs, nodes } = asDirected(grid, edges);
    writeFileSync(path.join(folder, 'edges'), new Uint8Array(pairs.buffer));
    writeFileSync(path.join(folder, 'asked'), new Uint8Array(nodes.buffer));
    const script = path.join(import.meta.dirname, 'topology', 'opponents.py');
    const args = [
      script,
      String(grid.graph.nodeCount),
      path.join(folder, 'edges'),
      path.join(folder, 'asked'),
      String(budgetS),
    ];
    const report = JSON.parse(execFileSync(python, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
    for (const one of report.opponents) if (one.skipped) say(`${one.name} is skipped: ${one.skipped}`);
    return report.opponents.map((one: { name: string }) => ({ ...one, python: report.python }));
  } catch (error) {
    say(`igraph and networkx are skipped: ${messageOf(error)}`);
    return ['igraph', 'networkx'].map((name) => ({ name, skipped: `${python}: ${messageOf(error)}` }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runCte(grid: Topology, edges: Int32Array): Promise<{ name: string }> {
  say('recursive CTE');
  const { pairs, nodes } = asDirected(grid, edges);
  if (process.env.DATABASE_URL) return measureCte(process.env.DATABASE_URL, pairs, nodes, budgetS);
  const folder = await temporaryFolder();
  const embedded = await startEmbeddedPostgres(folder);
  try {
    return await measureCte(embedded.connection, pairs, nodes, budgetS);
  } finally {
    await embedded.stop();
    await removeFolder(folder);
  }
}
