/** How many meters and substations each neighbourhood gets at a scale. */
import { FluxError } from '#model/errors.ts';
import neighbourhoodData from './data/neighbourhoods.json' with { type: 'json' };
import siteData from './data/substation_sites.json' with { type: 'json' };
import type { Neighbourhood } from './data/traits.ts';
import { Polygon, toX, toY } from './geometry.ts';

export type Scale = 'demo' | 'poc' | number;

export interface HoodPlan {
  name: string;
  area: string;
  character: Neighbourhood['character'];
  polygon: Polygon;
  meters: number;
  substations: number;
  /** share of the polygon that is built over: below 1 only where one neighbourhood alone is more than enough */
  builtShare: number;
  /** published substation sites inside, metres */
  sites: { x: number; y: number }[];
}

export const maxMeters = 2_700_000;
const metersPerSubstation = 596_906 / 242;

/** @throws FluxError `bad_scale` */
export function countsOf(scale: Scale): { meters: number; substations: number } {
  if (scale === 'poc') return { meters: 596_906, substations: 242 };
  if (scale === 'demo') return { meters: 24_000, substations: 12 };
  if (!Number.isInteger(scale) || scale < 1 || scale > maxMeters) {
    throw new FluxError(
      'bad_scale',
      `scale ${scale} must be "demo", "poc" or a whole number of meters from 1 to ${maxMeters}`,
    );
  }
  return { meters: scale, substations: Math.max(1, Math.round(scale / metersPerSubstation)) };
}

/** Splits `total` into whole parts in proportion to `weights`, each at least `least` (largest remainder). */
export function apportion(total: number, weights: readonly number[], least: number): number[] {
  let sum = 0;
  for (const weight of weights) sum += weight;
  const free = total - least * weights.length;
  const parts = weights.map((weight) => least + Math.floor((free * weight) / sum));
  let left = total;
  for (const part of parts) left -= part;
  const order = weights
    .map((weight, index) => ({ index, rest: (free * weight) / sum - Math.floor((free * weight) / sum) }))
    .sort((a, b) => b.rest - a.rest || weights[b.index] - weights[a.index] || a.index - b.index);
  for (let i = 0; i < left; i++) parts[order[i % order.length].index]++;
  return parts;
}

/** The densest neighbourhoods first, as many as the meters fill at their own density; at `poc` and above all of them. */
export function planTerritory(scale: Scale): HoodPlan[] {
  const { meters, substations } = countsOf(scale);
  const all = (neighbourhoodData as unknown as Neighbourhood[]).map((hood) => {
    const polygon = new Polygon(hood.rings);
    return { hood, polygon, capacity: (polygon.areaM2 / 1e6) * hood.metersPerKm2 };
  });
  // The densities are relative: the whole territory holds the proof-of-concept's meters at density 1.
  let whole = 0;
  for (const one of all) whole += one.capacity;
  for (const one of all) one.capacity *= countsOf('poc').meters / whole;
  const byDensity = all.sort(
    (a, b) => b.hood.metersPerKm2 - a.hood.metersPerKm2 || (a.hood.name < b.hood.name ? -1 : 1),
  );
  const chosen: typeof byDensity = [];
  let capacity = 0;
  for (const one of byDensity) {
    if (chosen.length === substations) break;
    if (chosen.length > 0 && capacity >= meters) break;
    chosen.push(one);
    capacity += one.capacity;
  }
  const hoodMeters = apportion(
    meters,
    chosen.map((one) => one.capacity),
    0,
  );
  // Everybody gets one; only what exceeds half a substation counts towards more.
  const wanting = hoodMeters.map((count) => Math.max(0, count - metersPerSubstation / 2) + 1e-9);
  const hoodSubstations = apportion(substations, wanting, 1);
  const plans = chosen.map((one, i): HoodPlan => {
    const sites = (siteData as [string, number, number][])
      .map(([, lon, lat]) => ({ x: toX(lon), y: toY(lat) }))
      .filter((site) => one.polygon.contains(site.x, site.y, 30));
    return {
      name: one.hood.name,
      area: one.hood.area,
      character: one.hood.character,
      polygon: one.polygon,
      meters: hoodMeters[i],
      substations: hoodSubstations[i],
      builtShare: chosen.length === 1 ? Math.min(1, meters / one.capacity) : 1,
      sites,
    };
  });
  // West to east, so that neighbouring rows are neighbouring places.
  return plans.sort((a, b) =>
    a.area === b.area ? a.polygon.centroidX - b.polygon.centroidX : a.area < b.area ? -1 : 1,
  );
}
