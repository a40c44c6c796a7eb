/** Study mode's own topology: kept beside the live one, brought to its switch states before each use, never the other way. */
import { isSwitchable } from '#model/network.ts';
import type { LiveGrid } from '#services/network/live_grid.ts';
import { buildTopology, type Topology } from '#services/network/topology.ts';
import { isolate } from '#services/network/trace_isolate.ts';
import { loops } from '#services/network/trace_loops.ts';
import type { FaultIsolation } from '#services/switching/restoration.ts';
import type { StudyGrid } from '#services/switching/study_grid.ts';

export interface StudyGrids {
  /** stands as the live grid does now; the one before is no longer valid */
  study(): StudyGrid;
  /** of a fault, on the grid that `study` gave last */
  isolate(edge: number): FaultIsolation;
}

export function makeStudyGrids(live: () => LiveGrid): StudyGrids {
  let version = '';
  let topology: Topology | undefined;
  let switches: number[] = [];

  function synced(): Topology {
    const { operated, network, version: liveVersion } = live();
    if (topology === undefined || topology.network !== network || version !== liveVersion) {
      switches = [];
      const isOpen = new Uint8Array(network.edge.count);
      for (let edge = 0; edge < network.edge.count; edge++) {
        isOpen[edge] = operated.isOpen(edge) ? 1 : 0;
        if (isSwitchable(network.edge.kind[edge])) switches.push(edge);
      }
      topology = buildTopology(network, isOpen, operated.graph);
      version = liveVersion;
    } else for (const edge of switches) topology.setOpen(edge, operated.isOpen(edge));
    return topology;
  }

  return {
    study: () => studyGridOf(synced()),
    isolate: (edge) => isolate(topology ?? synced(), edge),
  };
}

export function studyGridOf(topology: Topology): StudyGrid {
  const { graph, forest, network } = topology;
  return {
    network,
    isOpen: (edge) => topology.isOpen(edge),
    isEnergised: (node) => topology.isEnergised(node),
    isMeshed: (node) => topology.isMeshed(node),
    upEdge: (node) => topology.upEdge(node),
    islandOf: (node) => (topology.treeOf(node) < 0 ? new Int32Array(0) : forest.nodesOf(topology.treeOf(node))),
    setOpen: (edge, open) => topology.setOpen(edge, open),
    loopThrough: (edge) => {
      const [smallest] = loops(topology)
        .filter((loop) => loop.edges.includes(edge))
        .sort((a, b) => a.edges.length - b.edges.length);
      return smallest
        ? { kind: smallest.kind, edges: smallest.edges.length, closedTies: Array.from(smallest.closedTies) }
        : null;
    },
    metersAt: (node) => graph.meters.subarray(graph.meterOffset[node], graph.meterOffset[node + 1]),
  };
}
