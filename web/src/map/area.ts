import type { MapData } from './map_data.ts';

type AreaFacts = Pick<MapData, 'substationArea'> & {
  meta: Pick<MapData['meta'], 'areas' | 'substations'>;
};

/** Customers (meters) of an area; 0 where the area is unknown. */
export function customersOfArea(data: AreaFacts, areaId: string): number {
  const area = data.meta.areas.findIndex(({ id }) => id === areaId);
  if (area < 0) return 0;
  return data.meta.substations.reduce(
    (sum, { meters }, s) => (data.substationArea[s] === area ? sum + meters : sum),
    0,
  );
}
