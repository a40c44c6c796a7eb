/** Feeders, substations and areas with the customers they serve, today in the normal state, and in a period. */
import type { ReliabilityLevel } from '#model/api/reliability.ts';
import { FluxError } from '#model/errors.ts';
import { edgeKinds, type NetworkColumns } from '#model/network.ts';
import type { Served } from './served.ts';

export interface Places {
  customers: number;
  customersOfFeeder: Int32Array;
  network: NetworkColumns;
}

const made = new WeakMap<NetworkColumns, Places>();

export function placesOf(network: NetworkColumns): Places {
  const known = made.get(network);
  if (known) return known;
  const customersOfFeeder = new Int32Array(network.feeder.count);
  const { node } = network.meter;
  for (let m = 0; m < network.meter.count; m++) {
    const feeder = network.node.feeder[node[m]];
    if (feeder >= 0) customersOfFeeder[feeder]++;
  }
  const places = { customers: network.meter.count, customersOfFeeder, network };
  made.set(network, places);
  return places;
}

export interface Group {
  id: string;
  name: string;
  areaId: string | null;
  /** average over the period */
  customers: number;
}

/** The thing of a level a feeder belongs to: its row. */
export function rowAt(places: Places, level: 'system' | 'area' | 'substation' | 'feeder', feeder: number): number {
  const { network } = places;
  if (level === 'system') return 0;
  if (level === 'feeder') return feeder;
  const substation = network.feeder.substation[feeder];
  return level === 'substation' ? substation : network.substation.area[substation];
}

/** All things of a level with the customers they served in local days [from, to), in row order. */
export function groupsOf(
  places: Places,
  level: 'system' | 'area' | 'substation' | 'feeder',
  served: Served,
  period: { from: string; to: string },
): Group[] {
  const { network } = places;
  const { area, substation, feeder } = network;
  if (level === 'system')
    return [{ id: 'system', name: network.name, areaId: null, customers: served.average(period, null) }];
  const columns = { area, substation, feeder }[level];
  const customerDays = new Float64Array(columns.count);
  for (let f = 0; f < feeder.count; f++) customerDays[rowAt(places, level, f)] += served.customerDays(period, [f]);
  const days = served.days(period);
  return Array.from({ length: columns.count }, (_, row): Group => {
    const areaRow = level === 'area' ? row : substation.area[level === 'substation' ? row : feeder.substation[row]];
    const customers = customerDays[row] / days;
    return { id: columns.id.at(row), name: columns.name[row], areaId: area.id.at(areaRow), customers };
  });
}

/** Feeder rows of a level and id; null = all. @throws FluxError `unknown_asset` */
export function feedersOf(places: Places, level: ReliabilityLevel, id: string | null): number[] | null {
  if (level === 'system' || id === null || id === '') return null;
  const { network } = places;
  if (level === 'device') {
    const edge = network.edge.id.rowOf(id);
    if (edge < 0) throw new FluxError('unknown_asset', `there is no device ${id}`);
    return [network.edge.feeder[edge]];
  }
  const row = network[level].id.rowOf(id);
  if (row < 0) throw new FluxError('unknown_asset', `there is no ${level} ${id}`);
  return Array.from({ length: network.feeder.count }, (_, f) => f).filter((f) => rowAt(places, level, f) === row);
}

export function feederFacts(places: Places, feeder: number): { id: string; name: string; areaId: string } | null {
  const { network } = places;
  if (feeder < 0 || feeder >= network.feeder.count) return null;
  return {
    id: network.feeder.id.at(feeder),
    name: network.feeder.name[feeder],
    areaId: network.area.id.at(network.substation.area[network.feeder.substation[feeder]]),
  };
}

export function deviceFacts(places: Places, device: number): { id: string; kind: string; feeder: number } | null {
  const { edge } = places.network;
  if (device < 0 || device >= edge.count) return null;
  return { id: edge.id.at(device), kind: edgeKinds[edge.kind[device]], feeder: edge.feeder[device] };
}

/** Feeder rows in these areas; null = all. */
export function visibleFeeders(places: Places, areas: readonly string[] | null): number[] | null {
  if (areas === null) return null;
  return Array.from({ length: places.network.feeder.count }, (_, f) => f).filter((f) =>
    areas.includes(feederFacts(places, f)!.areaId),
  );
}
