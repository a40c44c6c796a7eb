/** What lines and transformers carry: present load of the meters summed towards the source, against the rating. */
import type { Overload } from '#model/api/switching.ts';
import { edgeKindCode, edgeKinds } from '#model/network.ts';
import type { PresentLoad, StudyGrid } from './study_grid.ts';

/** Loads are active power; currents assume this. */
export const powerFactor = 0.95;

/** Load over each rated edge of an island, percent of its rating. Edges without a rating are left out. */
export type Loading = Map<number, { load: number; rated: number; unit: 'A' | 'kVA'; percent: number }>;

/**
 * Of radial islands only: where two ways lead, the flow is not a matter of adding up. Low voltage behind a transformer
 * that feeds meters directly is not looked at: its ratings are not in network models.
 */
export function loadingOf(grid: StudyGrid, node: number, present: PresentLoad): Loading {
  const { network } = grid;
  const island = grid.islandOf(node);
  const loading: Loading = new Map();
  const kwBelow = new Map<number, number>();
  const upper = (of: number, edge: number): number => network.edge.from[edge] ^ network.edge.to[edge] ^ of;
  // from the ends towards the source: each node comes after the one that feeds it
  for (let i = island.length - 1; i >= 0; i--) {
    const at = island[i];
    let kw = kwBelow.get(at) ?? 0;
    for (const meter of grid.metersAt(at)) kw += present.kwOf[meter];
    const up = grid.upEdge(at);
    if (up < 0 || grid.isOpen(up)) continue;
    const above = upper(at, up);
    kwBelow.set(above, (kwBelow.get(above) ?? 0) + kw);
    if (network.edge.kind[up] === edgeKindCode.service_line) continue;
    const entry = loadOf(network, up, kw);
    if (entry) loading.set(up, entry);
  }
  return loading;
}

function loadOf(network: StudyGrid['network'], edge: number, kw: number) {
  const ratedKva = network.edge.ratedKva[edge];
  if (network.edge.kind[edge] === edgeKindCode.power_transformer) {
    if (ratedKva <= 0) return undefined;
    const load = kw / powerFactor;
    return { load, rated: ratedKva, unit: 'kVA' as const, percent: (load / ratedKva) * 100 };
  }
  const ratedA = network.edge.ratedA[edge];
  const feeder = network.edge.feeder[edge];
  if (ratedA <= 0 || feeder < 0) return undefined;
  const kvLineToGround = network.feeder.nominalKv[feeder] / Math.sqrt(3);
  const load = kw / (phaseCount(network.edge.phases[edge]) * kvLineToGround * powerFactor);
  return { load, rated: ratedA, unit: 'A' as const, percent: (load / ratedA) * 100 };
}

function phaseCount(phases: number): number {
  return Math.max(1, (phases & 1) + ((phases >> 1) & 1) + ((phases >> 2) & 1));
}

const listed = 20;

/** What is over its rating now and was not, or not as much, before. Largest first. */
export function newOverloads(grid: StudyGrid, before: Loading, after: Loading): Overload[] {
  const { edge } = grid.network;
  const found: Overload[] = [];
  for (const [row, { load, rated, unit, percent }] of after) {
    // a hundredth more than before is rounding, not a consequence of the step
    if (percent <= 100 || percent <= (before.get(row)?.percent ?? 0) * 1.0001) continue;
    found.push({
      device_id: edge.id.at(row),
      kind: edgeKinds[edge.kind[row]],
      load: Math.round(load),
      rated: Math.round(rated),
      unit,
      percent: Math.round(percent),
    });
  }
  return found.sort((a, b) => b.percent - a.percent || (a.device_id < b.device_id ? -1 : 1)).slice(0, listed);
}
