/**
 * The grid as it is now, for everyone in this process: the columns, the topology as operated (switch states known from
 * telemetry and operators), and the same with the devices of open outages taken as open (what the map shows).
 */
import { edgeStatuses } from '#model/map.ts';
import type { NetworkColumns } from '#model/network.ts';
import { buildTopology, type SwitchingResult, type Topology } from './topology.ts';

const outageDeviceCode = edgeStatuses.indexOf('outage_device');
const energisedCode = edgeStatuses.indexOf('energised');

export interface LiveGrid {
  network: NetworkColumns;
  version: string;
  operated: Topology;
  /** code into `edgeStatuses`, outage devices laid over the topology */
  statusOf(edge: number): number;
  /** edges whose status is not `energised` */
  abnormalEdges(): number[];
  /** Operates a switch in both views. */
  setOpen(edge: number, open: boolean): SwitchingResult & { changedEdges: number[] };
  /** An outage is placed at a device, or leaves it. @returns edges whose status changed */
  setOutageDevice(edge: number, isOut: boolean): number[];
}

export function makeLiveGrid(network: NetworkColumns, version: string, isOpen?: Uint8Array): LiveGrid {
  const operated = buildTopology(network, isOpen);
  const shown = buildTopology(network, isOpen, operated.graph);
  const outagesAt = new Map<number, number>();
  const abnormal = new Set<number>();

  const statusOf = (edge: number): number => (outagesAt.has(edge) ? outageDeviceCode : shown.edgeStatus(edge));
  /** Takes over the new status of the edges around what changed. */
  function settle(edge: number, result: SwitchingResult): number[] {
    const changed = new Set<number>([edge]);
    for (const nodes of [result.deEnergised, result.energised]) {
      if (nodes.length > 0) for (const touching of shown.edgesTouching(nodes)) changed.add(touching);
    }
    for (const row of changed) {
      if (statusOf(row) === energisedCode) abnormal.delete(row);
      else abnormal.add(row);
    }
    return [...changed];
  }
  // An abnormal start (switches left open): one walk over all edges, once.
  if (isOpen)
    for (let edge = 0; edge < network.edge.count; edge++) if (statusOf(edge) !== energisedCode) abnormal.add(edge);

  return {
    network,
    version,
    operated,
    statusOf,
    abnormalEdges: () => [...abnormal],
    setOpen: (edge, open) => {
      const result = operated.setOpen(edge, open);
      if (!result.changed) return { ...result, changedEdges: [] };
      const inView = shown.setOpen(edge, open || outagesAt.has(edge));
      return { ...result, changedEdges: settle(edge, inView) };
    },
    setOutageDevice: (edge, isOut) => {
      const before = outagesAt.get(edge) ?? 0;
      const now = Math.max(0, before + (isOut ? 1 : -1));
      if (now > 0) outagesAt.set(edge, now);
      else outagesAt.delete(edge);
      if (before > 0 === now > 0) return [];
      return settle(edge, shown.setOpen(edge, now > 0 || operated.isOpen(edge)));
    },
  };
}
