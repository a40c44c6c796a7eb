/** What the outage engine sees of the grid: the topology as operated, never the outages it placed itself. */
import type { LiveGrid } from '#services/network/live_grid.ts';
import type { GridView } from '#services/outages/grid_view.ts';

export function gridViewOf({ network, operated }: LiveGrid): GridView {
  const { edge, feeder, substation, meter } = network;
  return {
    meterCount: meter.count,
    edgeCount: edge.count,
    edgeKind: edge.kind,
    edgePhases: edge.phases,
    meterPhases: meter.phases,
    areaOfEdge: (row) => (edge.feeder[row] < 0 ? -1 : substation.area[feeder.substation[edge.feeder[row]]]),
    isCritical: (row) => meter.critical[row] > 0,
    isOpen: (row) => operated.isOpen(row),
    edgeAboveMeter: (row) => operated.upEdge(meter.node[row]),
    edgeAbove: (row) => operated.edgeAbove(row),
    metersBelow: (row) => operated.metersBelow(row),
    customersBelow: (row) => operated.countBelow(row).customers,
  };
}
