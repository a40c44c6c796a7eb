/** The part of the topology that switching never changes: who touches whom, which nodes are sources, what hangs where. */
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';

export interface GridGraph {
  nodeCount: number;
  edgeCount: number;
  /** node rows of the two terminals of each edge */
  from: Int32Array;
  to: Int32Array;
  lengthM: Float32Array;
  normallyOpen: Uint8Array;
  /** edges of node n: `touching[touchOffset[n] .. touchOffset[n + 1])`, ascending; a self loop stands twice */
  touchOffset: Int32Array;
  touching: Int32Array;
  /** 1 where a feeder's source bus is */
  isSource: Uint8Array;
  /** 1 where an edge joins the node to a source */
  touchesSource: Uint8Array;
  /** meters of node n: `meters[meterOffset[n] .. meterOffset[n + 1])`, ascending */
  meterOffset: Int32Array;
  meters: Int32Array;
  nodeCritical: Int32Array;
  nodeKw: Float64Array;
}

/** @throws FluxError `bad_reference` where a feeder has no source node in the network. */
export function buildGraph(network: NetworkColumns): GridGraph {
  const { node, edge, feeder } = network;
  const isSource = new Uint8Array(node.count);
  for (let row = 0; row < feeder.count; row++) {
    const source = feeder.sourceNode[row];
    if (source < 0 || source >= node.count) {
      throw new FluxError(
        'bad_reference',
        `feeder ${feeder.id.at(row)} names source node row ${source}, the network has ${node.count} nodes; set the feeder's head to the bus that feeds it`,
      );
    }
    isSource[source] = 1;
  }
  const touchesSource = new Uint8Array(node.count);
  const touchOffset = new Int32Array(node.count + 1);
  for (let row = 0; row < edge.count; row++) {
    const a = edge.from[row];
    const b = edge.to[row];
    touchOffset[a + 1]++;
    touchOffset[b + 1]++;
    if (isSource[a]) touchesSource[b] = 1;
    if (isSource[b]) touchesSource[a] = 1;
  }
  for (let n = 0; n < node.count; n++) touchOffset[n + 1] += touchOffset[n];
  const touching = new Int32Array(edge.count * 2);
  const next = touchOffset.slice(0, node.count);
  for (let row = 0; row < edge.count; row++) {
    touching[next[edge.from[row]]++] = row;
    touching[next[edge.to[row]]++] = row;
  }
  return {
    nodeCount: node.count,
    edgeCount: edge.count,
    from: edge.from,
    to: edge.to,
    lengthM: edge.lengthM,
    normallyOpen: edge.normallyOpen,
    touchOffset,
    touching,
    isSource,
    touchesSource,
    ...placeMeters(network),
  };
}

function placeMeters(network: NetworkColumns) {
  const { node, meter } = network;
  const meterOffset = new Int32Array(node.count + 1);
  const nodeCritical = new Int32Array(node.count);
  const nodeKw = new Float64Array(node.count);
  for (let key = 0; key < meter.count; key++) {
    const at = meter.node[key];
    meterOffset[at + 1]++;
    nodeKw[at] += meter.peakKw[key];
    if (meter.critical[key] > 0) nodeCritical[at]++;
  }
  for (let n = 0; n < node.count; n++) meterOffset[n + 1] += meterOffset[n];
  const meters = new Int32Array(meter.count);
  const next = meterOffset.slice(0, node.count);
  for (let key = 0; key < meter.count; key++) meters[next[meter.node[key]]++] = key;
  return { meterOffset, meters, nodeCritical, nodeKw };
}

/** The other terminal of an edge. */
export function otherEnd(graph: GridGraph, edge: number, node: number): number {
  return graph.from[edge] ^ graph.to[edge] ^ node;
}
