/** Loops, parallel feeds and islands of the grid as it is switched now. */
import type { Topology } from './topology.ts';
import { otherEnd } from './topology_graph.ts';

export interface Loop {
  /** the edge outside the spanning tree that closes it */
  closingEdge: number;
  /** 'loop': a closed ring, through a source bus or not; 'parallel': two sources joined */
  kind: 'loop' | 'parallel';
  /** edge rows of the ring, or of the way from source to source, the closing edge among them */
  edges: Int32Array;
  /** the normally open edges among them: open one to undo it */
  closedTies: Int32Array;
}

/**
 * The independent closed loops and parallel feeds: with every `closingEdge` open the grid is radial and nobody is dark.
 * One pass over the meshed islands.
 */
export function loops(topology: Topology): Loop[] {
  const { forest, graph } = topology;
  const closing = new Set<number>();
  for (const tree of forest.treeIds()) {
    if (forest.treeExtraEdges[tree] === 0) continue;
    for (const node of forest.nodesOf(tree)) {
      for (let k = graph.touchOffset[node]; k < graph.touchOffset[node + 1]; k++) {
        const edge = graph.touching[k];
        if (!forest.open[edge] && forest.up[graph.from[edge]] !== edge && forest.up[graph.to[edge]] !== edge) {
          closing.add(edge);
        }
      }
    }
  }
  for (let edge = 0; edge < graph.edgeCount; edge++) {
    if (graph.isSource[graph.from[edge]] && graph.isSource[graph.to[edge]] && !forest.open[edge]) closing.add(edge);
  }
  // Two feeds of one island make a ring only where their sources are joined already: by one bus, or by another island.
  const sources = new DisjointSets();
  return [...closing]
    .sort((a, b) => a - b)
    .map((edge) => {
      const ways = [wayUp(topology, graph.from[edge]), wayUp(topology, graph.to[edge])];
      const edges = ringOf(edge, ways[0].edges, ways[1].edges);
      const ends = ways.map((way) => way.end);
      const closedTies = edges.filter((e) => graph.normallyOpen[e] === 1);
      const joinsSources = ends.every((end) => graph.isSource[end]) && sources.join(ends[0], ends[1]);
      return { closingEdge: edge, kind: joinsSources ? 'parallel' : 'loop', edges, closedTies };
    });
}

/** The edges up to the source or to the top of the dead island, through closed edges only, and where they end. */
function wayUp(topology: Topology, node: number): { edges: number[]; end: number } {
  const { forest, graph } = topology;
  const edges: number[] = [];
  let at = node;
  while (forest.up[at] >= 0 && !forest.open[forest.up[at]]) {
    edges.push(forest.up[at]);
    at = otherEnd(graph, forest.up[at], at);
  }
  return { edges, end: at };
}

/** What two ways up do not share, and the edge between their feet. */
function ringOf(edge: number, a: number[], b: number[]): Int32Array {
  let shared = 0;
  while (shared < a.length && shared < b.length && a[a.length - 1 - shared] === b[b.length - 1 - shared]) shared++;
  return Int32Array.from([edge, ...a.slice(0, a.length - shared), ...b.slice(0, b.length - shared)]);
}

export interface Component {
  /** lowest node row in it */
  node: number;
  nodes: number;
  customers: number;
  sources: number;
  energised: boolean;
}

/**
 * Connected parts of the network through closed edges, source buses included, largest first.
 * @param all true: open edges count as connections too (what the drawing joins)
 */
export function components(topology: Topology, all = false): Component[] {
  const { graph, forest } = topology;
  const sets = new Int32Array(graph.nodeCount).fill(-1);
  const found: Component[] = [];
  const stack: number[] = [];
  for (let first = 0; first < graph.nodeCount; first++) {
    if (sets[first] >= 0) continue;
    const component: Component = { node: first, nodes: 0, customers: 0, sources: 0, energised: false };
    sets[first] = found.push(component) - 1;
    stack.push(first);
    while (stack.length > 0) {
      const node = stack.pop()!;
      component.nodes++;
      component.customers += graph.meterOffset[node + 1] - graph.meterOffset[node];
      component.sources += graph.isSource[node];
      for (let k = graph.touchOffset[node]; k < graph.touchOffset[node + 1]; k++) {
        if (!all && forest.open[graph.touching[k]]) continue;
        const next = otherEnd(graph, graph.touching[k], node);
        if (sets[next] >= 0) continue;
        sets[next] = sets[first];
        stack.push(next);
      }
    }
    component.energised = component.sources > 0;
  }
  return found.sort((a, b) => b.nodes - a.nodes || a.node - b.node);
}

class DisjointSets {
  readonly #parent = new Map<number, number>();

  find(item: number): number {
    let at = item;
    for (let next = this.#parent.get(at); next !== undefined; next = this.#parent.get(at)) at = next;
    return at;
  }

  /** True where the two were apart. */
  join(a: number, b: number): boolean {
    const [rootA, rootB] = [this.find(a), this.find(b)];
    if (rootA === rootB) return false;
    this.#parent.set(rootA, rootB);
    return true;
  }
}
