/** Small networks and a naive model for the tests of this folder. */
import { edgeKindCode, type NetworkColumns } from '#model/network.ts';
import { NetworkBuilder } from '#model/network_builder.ts';

export interface SmallEdge {
  from: number;
  to: number;
  kind?: number;
  normallyOpen?: boolean;
}
export interface SmallNetwork {
  nodes: number;
  sources: number[];
  edges: SmallEdge[];
  /** node of each meter */
  meters: number[];
}

/** Edge rows equal the positions in `small.edges`. */
export function buildSmall(small: SmallNetwork): NetworkColumns {
  const builder = new NetworkBuilder('small');
  const area = builder.addArea({ id: 'A', name: 'A' });
  const substation = builder.addSubstation({ id: 'S', name: 'S', lonE7: 0, latE7: 0, area });
  const feeders = small.sources.map((_, i) =>
    builder.addFeeder({ id: `F${i}`, name: `F${i}`, substation, nominalKv: 12.47 }),
  );
  for (let n = 0; n < small.nodes; n++) builder.addNode({ id: `N${n}`, lonE7: n, latE7: 0, feeder: 0 });
  for (const [row, edge] of small.edges.entries()) {
    builder.addEdge({ id: `E${row}`, kind: edgeKindCode.switch, feeder: 0, phases: 7, lengthM: row + 1, ...edge });
  }
  for (const [i, source] of small.sources.entries()) builder.setFeederHead(feeders[i], source, 0);
  for (const [key, node] of small.meters.entries()) {
    builder.addMeter({
      id: `M${key}`,
      node,
      transformer: -1,
      customerClass: 0,
      critical: key % 3 === 0 ? 1 : 0,
      phases: 1,
      lonE7: 0,
      latE7: 0,
      peakKw: 1 + (key % 4),
    });
  }
  return builder.finish();
}

/** Nodes reached from `starts` over closed edges, `without` one edge. */
export function reach(network: NetworkColumns, open: Uint8Array, starts: Iterable<number>, without = -1): Set<number> {
  const seen = new Set(starts);
  for (let before = -1; before !== seen.size; ) {
    before = seen.size;
    for (let e = 0; e < network.edge.count; e++) {
      if (open[e] || e === without) continue;
      const [a, b] = [network.edge.from[e], network.edge.to[e]];
      if (seen.has(a)) seen.add(b);
      if (seen.has(b)) seen.add(a);
    }
  }
  return seen;
}

export function liveNodes(network: NetworkColumns, open: Uint8Array, without = -1): Set<number> {
  return reach(network, open, network.feeder.sourceNode, without);
}
