import type { Topology } from '#services/network/topology.ts';
import type { StormGrid } from '#sources/storm/field.ts';

/** A topology of the field's own: nobody else may see it. */
export function stormGridOf(truth: Topology): StormGrid {
  const { meterOffset, meters } = truth.graph;
  return {
    setOpen: (edge, open) => truth.setOpen(edge, open),
    isOpen: (edge) => truth.isOpen(edge),
    edgeAbove: (edge) => truth.edgeAbove(edge),
    isEnergised: (node) => truth.isEnergised(node),
    metersAt: (nodes) => {
      const found: number[] = [];
      for (const node of nodes) for (let k = meterOffset[node]; k < meterOffset[node + 1]; k++) found.push(meters[k]);
      return Int32Array.from(found);
    },
  };
}
