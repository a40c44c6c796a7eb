/**
 * What the outage engine asks of the grid: the facts of the topology as it is switched now. Given from outside, so that
 * this folder knows no other one. Rows are those of the network: edges, meters, areas.
 */
export interface GridView {
  meterCount: number;
  edgeCount: number;
  /** code into `edgeKinds`, one per edge */
  edgeKind: Uint8Array;
  /** phase bits of each edge */
  edgePhases: Uint8Array;
  /** phase bits each meter is served by; 0 where unknown */
  meterPhases: Uint8Array;
  /** area row of the substation that normally feeds the edge, -1 where unknown */
  areaOfEdge(edge: number): number;
  isCritical(meter: number): boolean;
  isOpen(edge: number): boolean;
  /** the edge that feeds the meter's node, -1 at a source */
  edgeAboveMeter(meter: number): number;
  /** the next edge towards the source, out of a dead island through the open edge that normally feeds it; -1 at the top */
  edgeAbove(edge: number): number;
  /** meters that lose supply with the edge: below an open edge, the dead island it normally feeds */
  metersBelow(edge: number): Int32Array;
  customersBelow(edge: number): number;
}
