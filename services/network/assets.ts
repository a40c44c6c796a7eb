/** Looking things up: by id, by edge row, by words. */
import type { Asset, SearchHit } from '#model/api/network.ts';
import { FluxError } from '#model/errors.ts';
import type { IdColumn } from '#model/id_column.ts';
import { edgeStatuses } from '#model/map.ts';
import { criticalKinds, customerClasses, edgeKindCode, edgeKinds, isSwitchable, phaseNames } from '#model/network.ts';
import type { LiveGrid } from './live_grid.ts';

const degree = 1e-7;

export type AssetRef = { type: 'edge' | 'meter' | 'substation' | 'feeder'; row: number };

/** What an id names. @throws FluxError `unknown_asset` */
export function findAsset(grid: LiveGrid, id: string): AssetRef {
  const { network } = grid;
  for (const type of ['edge', 'meter', 'feeder', 'substation'] as const) {
    const row = network[type].id.rowOf(id);
    if (row >= 0) return { type, row };
  }
  throw new FluxError('unknown_asset', `there is nothing called ${id} in the network; try /api/network/search?q=`);
}

/** Middle vertex of an edge, in degrees. */
export function placeOfEdge(grid: Pick<LiveGrid, 'network'>, edge: number): { lon: number; lat: number } {
  const { edge: edges, vertex } = grid.network;
  const middle = (edges.vertexOffset[edge] + edges.vertexOffset[edge + 1] - 1) >> 1;
  return { lon: vertex.lonE7[middle] * degree, lat: vertex.latE7[middle] * degree };
}

export function feederOf(grid: LiveGrid, ref: AssetRef): number {
  const { network } = grid;
  if (ref.type === 'edge') return network.edge.feeder[ref.row];
  if (ref.type === 'meter') return network.node.feeder[network.meter.node[ref.row]];
  return ref.type === 'feeder' ? ref.row : -1;
}

/** Area of responsibility an asset lies in. */
export function areaOf(grid: LiveGrid, ref: AssetRef): string | null {
  const { network } = grid;
  const feeder = feederOf(grid, ref);
  const substation = ref.type === 'substation' ? ref.row : feeder < 0 ? -1 : network.feeder.substation[feeder];
  return substation < 0 ? null : network.area.id.at(network.substation.area[substation]);
}

/** Meter keys supplied through an asset as the grid is switched now; of a meter, itself. */
export function metersOf(grid: LiveGrid, ref: AssetRef): Int32Array {
  const { network, operated } = grid;
  if (ref.type === 'meter') return Int32Array.of(ref.row);
  if (ref.type === 'edge') return operated.metersBelow(ref.row);
  if (ref.type === 'feeder') return operated.metersBelow(network.feeder.headEdge[ref.row]);
  const parts: Int32Array[] = [];
  for (let f = 0; f < network.feeder.count; f++)
    if (network.feeder.substation[f] === ref.row) parts.push(operated.metersBelow(network.feeder.headEdge[f]));
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function describeAsset(grid: LiveGrid, ref: AssetRef): Asset {
  const { network } = grid;
  const feeder = feederOf(grid, ref);
  const substation = ref.type === 'substation' ? ref.row : network.feeder.substation[feeder];
  const blank: Asset = {
    id: '',
    type: ref.type,
    name: '',
    edge_row: null,
    lon: 0,
    lat: 0,
    feeder_id: feeder < 0 ? null : network.feeder.id.at(feeder),
    feeder_name: feeder < 0 ? null : network.feeder.name[feeder],
    substation_id: network.substation.id.at(substation),
    substation_name: network.substation.name[substation],
    area_id: areaOf(grid, ref),
    transformer_id: null,
    phases: 'ABC',
    status: 'energised',
    normally_open: false,
    switchable: false,
    customers_below: 0,
    critical_below: 0,
    kw_below: 0,
    length_m: null,
    rated_kva: null,
    rated_a: null,
    customer_class: null,
    critical: null,
  };
  const describe = { edge: describeEdge, meter: describeMeter, feeder: describeFeeder, substation: describeSubstation }[
    ref.type
  ];
  return { ...blank, ...describe(grid, ref.row) };
}

function describeEdge(grid: LiveGrid, row: number): Partial<Asset> {
  const { edge } = grid.network;
  const below = grid.operated.countBelow(row);
  const orNull = (value: number): number | null => (value > 0 ? value : null);
  return {
    id: edge.id.at(row),
    type: edgeKinds[edge.kind[row]],
    name: edge.id.at(row),
    edge_row: row,
    ...placeOfEdge(grid, row),
    phases: phaseNames(edge.phases[row]),
    status: edgeStatuses[grid.statusOf(row)],
    normally_open: edge.normallyOpen[row] === 1,
    switchable: isSwitchable(edge.kind[row]),
    customers_below: below.customers,
    critical_below: below.critical,
    kw_below: below.kw,
    length_m: orNull(edge.lengthM[row]),
    rated_kva: orNull(edge.ratedKva[row]),
    rated_a: orNull(edge.ratedA[row]),
    transformer_id: edge.kind[row] === edgeKindCode.power_transformer ? edge.id.at(row) : null,
  };
}

function describeMeter(grid: LiveGrid, row: number): Partial<Asset> {
  const { meter, edge } = grid.network;
  const transformer = meter.transformer[row];
  const isShownEnergised = transformer < 0 || edgeStatuses[grid.statusOf(transformer)] === 'energised';
  return {
    id: meter.id.at(row),
    name: meter.id.at(row),
    lon: meter.lonE7[row] * degree,
    lat: meter.latE7[row] * degree,
    edge_row: transformer < 0 ? null : transformer,
    transformer_id: transformer < 0 ? null : edge.id.at(transformer),
    phases: phaseNames(meter.phases[row]),
    status: isShownEnergised ? 'energised' : 'de_energised',
    customers_below: 1,
    critical_below: meter.critical[row] > 0 ? 1 : 0,
    kw_below: meter.peakKw[row],
    customer_class: customerClasses[meter.customerClass[row]],
    critical: meter.critical[row] > 0 ? criticalKinds[meter.critical[row]] : null,
  };
}

function describeFeeder(grid: LiveGrid, row: number): Partial<Asset> {
  const { feeder } = grid.network;
  const head = describeEdge(grid, feeder.headEdge[row]);
  return { ...head, id: feeder.id.at(row), type: 'feeder', name: feeder.name[row], switchable: false, length_m: null };
}

function describeSubstation(grid: LiveGrid, row: number): Partial<Asset> {
  const { substation, feeder } = grid.network;
  const total = { customers_below: 0, critical_below: 0, kw_below: 0 };
  for (let f = 0; f < feeder.count; f++) {
    if (feeder.substation[f] !== row) continue;
    const below = grid.operated.countBelow(feeder.headEdge[f]);
    total.customers_below += below.customers;
    total.critical_below += below.critical;
    total.kw_below += below.kw;
  }
  return {
    id: substation.id.at(row),
    name: substation.name[row],
    lon: substation.lonE7[row] * degree,
    lat: substation.latE7[row] * degree,
    ...total,
  };
}

/** Things whose id or name holds the words, best kinds first; exact ids before all. */
export function searchAssets(grid: LiveGrid, words: string, limit: number): SearchHit[] {
  const { network } = grid;
  const hits = new Map<string, SearchHit>();
  const add = (ref: AssetRef): void => {
    if (hits.size >= limit) return;
    const { id, type, name, lon, lat, edge_row } = describeAsset(grid, ref);
    hits.set(`${ref.type} ${id}`, { id, type, name, lon, lat, edge_row });
  };
  for (const id of [words, words.toUpperCase(), words.toLowerCase()]) {
    for (const type of ['edge', 'meter', 'feeder', 'substation'] as const) {
      const row = network[type].id.rowOf(id);
      if (row >= 0) add({ type, row });
    }
  }
  const lower = words.toLowerCase();
  for (const type of ['substation', 'feeder'] as const) {
    network[type].name.forEach((name, row) => {
      if (name.toLowerCase().includes(lower)) add({ type, row });
    });
  }
  for (const type of ['substation', 'feeder', 'edge', 'meter'] as const) {
    for (const text of new Set([words, words.toUpperCase(), words.toLowerCase()])) {
      for (const row of rowsWith(network[type].id, text, limit - hits.size)) add({ type, row });
    }
  }
  return [...hits.values()];
}

/** Rows whose id holds the text: a search over the packed bytes, no strings made. */
function rowsWith(ids: IdColumn, text: string, limit: number): number[] {
  const { bytes, offsets } = ids;
  const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows: number[] = [];
  for (let at = haystack.indexOf(text); at >= 0 && rows.length < limit; ) {
    const row = rowAt(offsets, at);
    // A match that runs over into the next id is none.
    if (at + text.length <= offsets[row + 1]) rows.push(row);
    at = haystack.indexOf(text, at + text.length <= offsets[row + 1] ? offsets[row + 1] : at + 1);
  }
  return rows;
}

/** The row whose bytes hold a position. */
function rowAt(offsets: Uint32Array, position: number): number {
  let low = 0;
  let high = offsets.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (offsets[middle] <= position) low = middle;
    else high = middle;
  }
  return low;
}
