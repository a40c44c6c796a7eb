/** How far each node is from its source along the conductors that are closed in the normal state. */
import type { NetworkColumns } from '#model/network.ts';

/** Metres from the source bus per node; 0 where no closed path leads to one. */
export function electricalDistanceM(network: NetworkColumns): Float32Array {
  const { node, edge, feeder } = network;
  const start = new Int32Array(node.count + 1);
  for (let e = 0; e < edge.count; e++) {
    if (edge.normallyOpen[e]) continue;
    start[edge.from[e] + 1]++;
    start[edge.to[e] + 1]++;
  }
  for (let n = 0; n < node.count; n++) start[n + 1] += start[n];
  const fill = start.slice();
  const incident = new Int32Array(start[node.count]);
  for (let e = 0; e < edge.count; e++) {
    if (edge.normallyOpen[e]) continue;
    incident[fill[edge.from[e]]++] = e;
    incident[fill[edge.to[e]]++] = e;
  }
  const distance = new Float32Array(node.count);
  const seen = new Uint8Array(node.count);
  const queue = new Int32Array(node.count);
  let end = 0;
  for (const source of feeder.sourceNode) {
    if (seen[source]) continue;
    seen[source] = 1;
    queue[end++] = source;
  }
  for (let at = 0; at < end; at++) {
    const n = queue[at];
    for (let i = start[n]; i < start[n + 1]; i++) {
      const e = incident[i];
      const next = edge.from[e] === n ? edge.to[e] : edge.from[e];
      if (seen[next]) continue;
      seen[next] = 1;
      distance[next] = distance[n] + edge.lengthM[e];
      queue[end++] = next;
    }
  }
  return distance;
}
