/**
 * The grid as it is switched now: who is energised, and what lies below and above every piece of equipment. From
 * sources and switch states alone; dark meters never change it.
 *
 * Below a closed edge lies what loses every source when the edge opens: an interval of its tree, or nothing where the
 * edge stands in a loop or between two sources. Below a normally closed edge that is open lies the dead island it
 * normally feeds. Costs: counts O(1), lists O(length), a switching operation the trees it cuts or joins.
 */
import { FluxError } from '#model/errors.ts';
import { edgeStatuses } from '#model/map.ts';
import { edgeKindCode, type NetworkColumns } from '#model/network.ts';
import { Forest } from './topology_forest.ts';
import { buildGraph, type GridGraph, otherEnd } from './topology_graph.ts';

export interface BelowCount {
  customers: number;
  critical: number;
  kw: number;
}

export interface SwitchingResult {
  /** false where the switch already stood so */
  changed: boolean;
  /** node rows that lost or gained supply */
  deEnergised: Int32Array;
  energised: Int32Array;
  /** nodes of the trees that were cut or joined */
  nodesRenumbered: number;
}

const statusCode = (status: (typeof edgeStatuses)[number]): number => edgeStatuses.indexOf(status);
const energisedCode = statusCode('energised');
const deEnergisedCode = statusCode('de_energised');
const openCode = statusCode('open');
const closedTieCode = statusCode('closed_tie');

const noRows = new Int32Array(0);

/**
 * Builds the topology of a network.
 * @param isOpen one byte per edge, 1 = open; the normal state where left out
 * @param graph of another topology of the same network: it says nothing of switches, and half of the work is in it
 * @throws FluxError `bad_reference` where a feeder has no source node, `bad_switch_states` where `isOpen` has the wrong length
 */
export function buildTopology(network: NetworkColumns, isOpen?: Uint8Array, graph?: GridGraph): Topology {
  return new Topology(network, isOpen, graph);
}

export class Topology {
  readonly network: NetworkColumns;
  readonly graph: GridGraph;
  readonly forest: Forest;

  constructor(network: NetworkColumns, isOpen?: Uint8Array, graph = buildGraph(network)) {
    this.network = network;
    this.graph = graph;
    this.forest = new Forest(this.graph);
    if (!isOpen) return;
    if (isOpen.length !== network.edge.count) {
      throw new FluxError(
        'bad_switch_states',
        `${isOpen.length} switch states were given for ${network.edge.count} edges; give one byte per edge row`,
      );
    }
    if (isOpen.some((open, edge) => open !== this.forest.open[edge])) this.forest.reset(isOpen);
  }

  isOpen(edge: number): boolean {
    return this.forest.open[edge] === 1;
  }

  /** Sources are always energised. */
  isEnergised(node: number): boolean {
    const tree = this.forest.treeOf[node];
    return tree < 0 || this.forest.treeLive[tree] === 1;
  }

  /** Number of the island of a node: equal for nodes of one island until the next switching operation; -1 for sources. */
  treeOf(node: number): number {
    return this.forest.treeOf[node];
  }

  /** True where the island of the node has a loop or a second feed. */
  isMeshed(node: number): boolean {
    const tree = this.forest.treeOf[node];
    return tree >= 0 && this.forest.treeExtraEdges[tree] > 0;
  }

  /** Code into `edgeStatuses` (model/map.ts). `outage_device` and `planned` are facts of others, laid over this one. */
  edgeStatus(edge: number): number {
    if (this.forest.open[edge]) return this.graph.normallyOpen[edge] ? energisedCode : openCode;
    if (!this.isEnergised(this.graph.from[edge])) return deEnergisedCode;
    return this.graph.normallyOpen[edge] ? closedTieCode : energisedCode;
  }

  /** Opens or closes an edge. @throws RangeError where there is no such edge. */
  setOpen(edge: number, open: boolean): SwitchingResult {
    const { forest, graph } = this;
    if (!(edge >= 0 && edge < graph.edgeCount)) {
      throw new RangeError(`edge row ${edge} is not one of the ${graph.edgeCount} edges of the network`);
    }
    if (this.isOpen(edge) === open)
      return { changed: false, deEnergised: noRows, energised: noRows, nodesRenumbered: 0 };
    forest.open[edge] = open ? 1 : 0;
    const treeA = forest.treeOf[graph.from[edge]];
    const treeB = forest.treeOf[graph.to[edge]];
    const touched = treeA === treeB ? [treeA] : [treeA, treeB];
    const parts = touched
      .filter((tree) => tree >= 0)
      .map((tree) => ({ tree, live: forest.treeLive[tree], nodes: forest.nodesOf(tree) }));
    const nodes = new Int32Array(parts.reduce((sum, part) => sum + part.nodes.length, 0));
    let at = 0;
    for (const part of parts) {
      nodes.set(part.nodes, at);
      at += part.nodes.length;
    }
    // The younger tree first: its room is then the end of the order and is used again.
    for (const part of parts.sort((a, b) => forest.treeStart[b.tree] - forest.treeStart[a.tree]))
      forest.release(part.tree);
    forest.renumber(nodes);
    const isLive = (node: number): boolean => this.isEnergised(node);
    return {
      changed: true,
      deEnergised: concat(parts.map((part) => (part.live ? part.nodes.filter((node) => !isLive(node)) : noRows))),
      energised: concat(parts.map((part) => (part.live ? noRows : part.nodes.filter(isLive)))),
      nodesRenumbered: nodes.length,
    };
  }

  /** The node whose whole subtree hangs on this edge, -1 where nothing does. */
  nodeBelow(edge: number): number {
    const { forest, graph } = this;
    const from = graph.from[edge];
    const to = graph.to[edge];
    if (!forest.open[edge]) {
      const node = forest.up[to] === edge ? to : forest.up[from] === edge ? from : -1;
      return node >= 0 && forest.hangsAlone[node] ? node : -1;
    }
    const node = forest.normalUp(to) === edge ? to : forest.normalUp(from) === edge ? from : -1;
    if (node < 0) return -1;
    const tree = forest.treeOf[node];
    if (forest.treeLive[tree] || forest.treeOf[otherEnd(graph, edge, node)] === tree) return -1;
    return forest.rootOf(tree);
  }

  /** Customers, critical customers and peak kW below an edge, in O(1). */
  countBelow(edge: number): BelowCount {
    const node = this.nodeBelow(edge);
    if (node < 0) return { customers: 0, critical: 0, kw: 0 };
    const { customers, critical, kw } = this.forest;
    return { customers: customers[node], critical: critical[node], kw: kw[node] };
  }

  /** Node rows below an edge, in preorder. */
  nodesBelow(edge: number): Int32Array<ArrayBuffer> {
    const node = this.nodeBelow(edge);
    if (node < 0) return new Int32Array(0);
    const { forest } = this;
    const start = forest.treeStart[forest.treeOf[node]] + forest.position[node];
    return forest.order.slice(start, start + forest.extent[node]);
  }

  /** The edge itself and the closed edges below it. */
  edgesBelow(edge: number): Int32Array<ArrayBuffer> {
    const top = this.nodeBelow(edge);
    if (top < 0) return new Int32Array(0);
    const { forest, graph } = this;
    const nodes = this.nodesBelow(edge);
    if (!this.isMeshed(top)) {
      const edges = nodes;
      for (let i = 0; i < edges.length; i++) edges[i] = forest.up[edges[i]];
      edges[0] = edge;
      return edges;
    }
    const edges = new Set([edge]);
    for (const node of nodes) {
      for (let k = graph.touchOffset[node]; k < graph.touchOffset[node + 1]; k++) {
        if (!forest.open[graph.touching[k]]) edges.add(graph.touching[k]);
      }
    }
    return Int32Array.from(edges);
  }

  /** Meter keys below an edge, in the order of their nodes. */
  metersBelow(edge: number): Int32Array<ArrayBuffer> {
    const top = this.nodeBelow(edge);
    if (top < 0) return new Int32Array(0);
    const { forest, graph } = this;
    const keys = new Int32Array(forest.customers[top]);
    const start = forest.treeStart[forest.treeOf[top]] + forest.position[top];
    let at = 0;
    for (let i = start; i < start + forest.extent[top]; i++) {
      const node = forest.order[i];
      for (let k = graph.meterOffset[node]; k < graph.meterOffset[node + 1]; k++) keys[at++] = graph.meters[k];
    }
    return keys;
  }

  /** True where the node lies below the edge. */
  isBelow(node: number, edge: number): boolean {
    const top = this.nodeBelow(edge);
    const { forest } = this;
    if (top < 0 || forest.treeOf[node] !== forest.treeOf[top]) return false;
    const offset = forest.position[node] - forest.position[top];
    return offset >= 0 && offset < forest.extent[top];
  }

  /** The edge that feeds a node; at the top of a dead island the open edge that normally does; -1 at sources. */
  upEdge(node: number): number {
    return this.forest.up[node];
  }

  /** The next edge towards the source, seen from an edge; -1 at the source, and above an edge that feeds nothing. */
  edgeAbove(edge: number): number {
    const top = this.#upperNode(edge);
    return top < 0 ? -1 : this.forest.up[top];
  }

  /** Edges from a node to its source, nearest first; out of a dead island through the open edge that normally feeds it. */
  pathUpFromNode(node: number): number[] {
    const path: number[] = [];
    for (let at = node; this.forest.up[at] >= 0; ) {
      const edge = this.forest.up[at];
      path.push(edge);
      at = otherEnd(this.graph, edge, at);
    }
    return path;
  }

  /** The edge itself, then the edges above it. In a meshed island: one way of several. */
  pathUp(edge: number): number[] {
    const top = this.#upperNode(edge);
    return top < 0 ? [edge] : [edge, ...this.pathUpFromNode(top)];
  }

  /** Conductor metres from the source, or from the top of a dead island. */
  depthM(node: number): number {
    return this.forest.depthM[node];
  }

  /** Edge row of the nearest transformer above each meter as the grid is switched now; -1 where there is none. */
  meterTransformers(): Int32Array<ArrayBuffer> {
    const { forest, graph, network } = this;
    const ofNode = new Int32Array(graph.nodeCount).fill(-1);
    for (const tree of forest.treeIds()) {
      const start = forest.treeStart[tree];
      for (let i = start; i < start + forest.treeLength[tree]; i++) {
        const node = forest.order[i];
        const up = forest.up[node];
        if (up < 0) continue;
        if (network.edge.kind[up] === edgeKindCode.power_transformer) ofNode[node] = up;
        else if (i > start) ofNode[node] = ofNode[otherEnd(graph, up, node)];
      }
    }
    return Int32Array.from(network.meter.node, (node) => ofNode[node]);
  }

  /** Edges that touch any of these nodes, each once: whose status may differ after a switching operation. */
  edgesTouching(nodes: Int32Array): Int32Array<ArrayBuffer> {
    const edges = new Set<number>();
    const { touchOffset, touching } = this.graph;
    for (const node of nodes) for (let k = touchOffset[node]; k < touchOffset[node + 1]; k++) edges.add(touching[k]);
    return Int32Array.from(edges);
  }

  /** The end of an edge that is nearer to the source. A chord of a mesh has none that counts: its `from`. */
  #upperNode(edge: number): number {
    const { forest, graph } = this;
    const from = graph.from[edge];
    const to = graph.to[edge];
    if (!forest.open[edge]) return forest.up[to] === edge ? from : forest.up[from] === edge ? to : from;
    return forest.normalUp(to) === edge ? from : forest.normalUp(from) === edge ? to : -1;
  }
}

function concat(parts: Int32Array[]): Int32Array {
  if (parts.length === 1) return parts[0];
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
