/** Isolation of a fault: what to open around it, who is inside, and how the healthy parts below can be fed again. */
import { isSwitchable } from '#model/network.ts';
import type { BelowCount, Topology } from './topology.ts';
import { otherEnd } from './topology_graph.ts';

export interface AlternateFeed {
  /** open switchable edge row to close */
  edge: number;
  normallyOpen: boolean;
  /** edge's end on the side that stays energised */
  fromNode: number;
}

export interface HealthySection extends BelowCount {
  nodes: Int32Array;
  /** empty where no switch leads to a part that stays energised */
  feeds: AlternateFeed[];
}

export interface Isolation {
  edge: number;
  /** closed switchable edges around the faulted section: open them */
  open: Int32Array;
  /** open switchable edges around it: keep them open */
  keepOpen: Int32Array;
  /** the faulted section: no switchable edge inside */
  section: BelowCount & { nodes: Int32Array };
  /** true where no switchable edge stands between the fault and a source bus */
  reachesSource: boolean;
  /** healthy parts without supply once the section is cut out */
  healthy: HealthySection[];
}

const inSection = 1;
const deadBeside = 2;
const liveBeside = 3;

/**
 * Isolates a fault on an edge, in the present switch state. A fault on a switchable edge takes the sections on both of
 * its sides. Costs the section and the parts beside it; the part that keeps its feed in a radial island is not walked.
 */
export function isolate(topology: Topology, edge: number): Isolation {
  const { graph, network } = topology;
  const kind = network.edge.kind;
  const mark = new Uint8Array(graph.nodeCount);
  const section: number[] = [];
  const border = new Set<number>();
  let reachesSource = false;

  const take = (node: number): void => {
    if (graph.isSource[node]) reachesSource = true;
    else if (mark[node] === 0) {
      mark[node] = inSection;
      section.push(node);
    }
  };
  take(graph.from[edge]);
  take(graph.to[edge]);
  for (let i = 0; i < section.length; i++) {
    for (let k = graph.touchOffset[section[i]]; k < graph.touchOffset[section[i] + 1]; k++) {
      const next = graph.touching[k];
      if (next === edge) continue;
      if (isSwitchable(kind[next])) border.add(next);
      else if (!topology.isOpen(next)) take(otherEnd(graph, next, section[i]));
    }
  }
  const crossing = [...border].filter((e) => mark[graph.from[e]] !== inSection || mark[graph.to[e]] !== inSection);
  const open = crossing.filter((e) => !topology.isOpen(e)).sort((a, b) => a - b);

  const dead: number[][] = [];
  for (const device of open) {
    const beside = mark[graph.from[device]] === inSection ? graph.to[device] : graph.from[device];
    if (graph.isSource[beside] || mark[beside] !== 0) continue;
    // Both ends: a fault on an open edge lies in two parts of the island, and the device may stand between them.
    const keepsFeed =
      topology.isEnergised(beside) &&
      !topology.isMeshed(beside) &&
      topology.isBelow(graph.from[edge], device) &&
      topology.isBelow(graph.to[edge], device);
    if (keepsFeed) continue;
    const part = walkPart(topology, beside, mark);
    if (part) dead.push(part);
  }
  return {
    edge,
    open: Int32Array.from(open),
    keepOpen: Int32Array.from(crossing.filter((e) => topology.isOpen(e)).sort((a, b) => a - b)),
    section: { nodes: Int32Array.from(section), ...countNodes(topology, section) },
    reachesSource,
    healthy: dead.map((nodes) => ({
      nodes: Int32Array.from(nodes),
      ...countNodes(topology, nodes),
      feeds: findFeeds(topology, nodes, mark, edge),
    })),
  };
}

/** Everything closed together with `start` outside the section; undefined where a source is among it. */
function walkPart(topology: Topology, start: number, mark: Uint8Array): number[] | undefined {
  const { graph } = topology;
  const part = [start];
  let live = false;
  mark[start] = deadBeside;
  for (let i = 0; i < part.length; i++) {
    for (let k = graph.touchOffset[part[i]]; k < graph.touchOffset[part[i] + 1]; k++) {
      if (topology.isOpen(graph.touching[k])) continue;
      const next = otherEnd(graph, graph.touching[k], part[i]);
      if (graph.isSource[next]) live = true;
      else if (mark[next] === 0) {
        mark[next] = deadBeside;
        part.push(next);
      }
    }
  }
  if (!live) return part;
  for (const node of part) mark[node] = liveBeside;
  return undefined;
}

function findFeeds(topology: Topology, nodes: number[], mark: Uint8Array, fault: number): AlternateFeed[] {
  const { graph, network } = topology;
  const feeds: AlternateFeed[] = [];
  for (const node of nodes) {
    for (let k = graph.touchOffset[node]; k < graph.touchOffset[node + 1]; k++) {
      const edge = graph.touching[k];
      if (edge === fault || !topology.isOpen(edge) || !isSwitchable(network.edge.kind[edge])) continue;
      const fromNode = otherEnd(graph, edge, node);
      const staysLive = topology.isEnergised(fromNode) && mark[fromNode] !== inSection && mark[fromNode] !== deadBeside;
      if (staysLive) feeds.push({ edge, normallyOpen: graph.normallyOpen[edge] === 1, fromNode });
    }
  }
  return feeds.sort((a, b) => a.edge - b.edge);
}

function countNodes(topology: Topology, nodes: readonly number[]): BelowCount {
  const { meterOffset, nodeCritical, nodeKw } = topology.graph;
  const count: BelowCount = { customers: 0, critical: 0, kw: 0 };
  for (const node of nodes) {
    count.customers += meterOffset[node + 1] - meterOffset[node];
    count.critical += nodeCritical[node];
    count.kw += nodeKw[node];
  }
  return count;
}
