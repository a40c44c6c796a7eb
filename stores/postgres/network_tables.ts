/** The network in its tables: written by COPY, read back when the snapshot file is gone. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { FluxError } from '#model/errors.ts';
import {
  criticalKinds,
  customerClasses,
  type EdgeKind,
  edgeKindCode,
  edgeKinds,
  type NetworkColumns,
} from '#model/network.ts';
import { NetworkBuilder } from '#model/network_builder.ts';
import { type Client, inTransaction, oneRow, type Pool } from '#stores/postgres/pool.ts';
import { lineVertices, lineWkb, pointWkb } from '#stores/postgres/wkb.ts';

export interface NetworkState {
  name: string;
  version: number;
  sha256: string;
  seed: number | null;
}

export function networkState(pool: Pool): Promise<NetworkState | undefined> {
  return oneRow<NetworkState>(pool, {
    name: 'network_state',
    text: 'select network_state.name, network_state.version, network_state.sha256, network_state.seed from network_state',
  });
}

const degree = 1e-7;
/** Rows a piece of COPY text: large enough to be fast, small enough to stay out of the way. */
const rowsPerPiece = 4000;

/** COPY text escapes; ids are printable ASCII, names may hold anything. */
const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r');

async function copyRows(
  client: Client,
  into: string,
  first: number,
  count: number,
  line: (row: number) => string,
): Promise<void> {
  function* pieces(): Generator<string> {
    for (let row = first; row < count; ) {
      let piece = '';
      for (const end = Math.min(count, row + rowsPerPiece); row < end; row++) piece += `${line(row)}\n`;
      yield piece;
    }
  }
  await pipeline(Readable.from(pieces(), { objectMode: true }), client.query(copyFrom(`copy ${into} from stdin`)));
}

/** Rows that are stored already; an append writes the ones after them. */
export interface StoredRows {
  areas: number;
  substations: number;
  feeders: number;
  nodes: number;
  edges: number;
  meters: number;
}

const nothingStored: StoredRows = { areas: 0, substations: 0, feeders: 0, nodes: 0, edges: 0, meters: 0 };

/**
 * Writes the rows after `stored` and moves the version on, in one transaction; listeners of `network_changed` are told.
 * @returns the new version
 */
export async function writeNetwork(
  pool: Pool,
  network: NetworkColumns,
  facts: { sha256: string; seed?: number; stored?: StoredRows },
): Promise<number> {
  const stored = facts.stored ?? nothingStored;
  return inTransaction(pool, async (client) => {
    const before = await client.query<{ version: number }>('select version from network_state for update');
    await copyTables(client, network, stored);
    const version = (before.rows[0]?.version ?? 0) + 1;
    await client.query(
      `insert into network_state (name, version, sha256, seed) values ($1, $2, $3, $4)
       on conflict (singleton) do update set version = $2, sha256 = $3, changed_at = now()`,
      [network.name, version, facts.sha256, facts.seed ?? null],
    );
    await client.query(`select pg_notify('network_changed', $1)`, [String(version)]);
    return version;
  });
}

async function copyTables(client: Client, network: NetworkColumns, stored: StoredRows): Promise<void> {
  const { area, substation, feeder, node, edge, vertex, meter } = network;
  await copyRows(
    client,
    'area (area_key, id, name)',
    stored.areas,
    area.count,
    (r) => `${r}\t${escaped(area.id.at(r))}\t${escaped(area.name[r])}`,
  );
  await copyRows(
    client,
    'substation (substation_key, id, name, area_key, lon, lat, geometry_wkb)',
    stored.substations,
    substation.count,
    (r) =>
      [
        r,
        escaped(substation.id.at(r)),
        escaped(substation.name[r]),
        substation.area[r],
        substation.lonE7[r] * degree,
        substation.latE7[r] * degree,
        `\\\\x${pointWkb(substation.lonE7[r], substation.latE7[r]).toString('hex')}`,
      ].join('\t'),
  );
  await copyRows(
    client,
    'feeder (feeder_key, id, name, substation_key, source_node_key, head_equipment_key, nominal_kv)',
    stored.feeders,
    feeder.count,
    (r) =>
      [
        r,
        escaped(feeder.id.at(r)),
        escaped(feeder.name[r]),
        feeder.substation[r],
        feeder.sourceNode[r],
        feeder.headEdge[r],
        feeder.nominalKv[r],
      ].join('\t'),
  );
  await copyRows(client, 'connectivity_node (node_key, id, feeder_key, lon, lat)', stored.nodes, node.count, (r) =>
    [r, escaped(node.id.at(r)), node.feeder[r], node.lonE7[r] * degree, node.latE7[r] * degree].join('\t'),
  );
  await copyRows(
    client,
    'equipment (equipment_key, id, kind, from_node_key, to_node_key, feeder_key, phases, normally_open, underground, length_m, rated_kva, rated_a, geometry_wkb, west, south, east, north)',
    stored.edges,
    edge.count,
    (r) => {
      const [from, to] = [edge.vertexOffset[r], edge.vertexOffset[r + 1]];
      const bounds = boundsOf(vertex.lonE7, vertex.latE7, from, to);
      return [
        r,
        escaped(edge.id.at(r)),
        edgeKinds[edge.kind[r]],
        edge.from[r],
        edge.to[r],
        edge.feeder[r],
        edge.phases[r],
        edge.normallyOpen[r] ? 't' : 'f',
        edge.underground[r] ? 't' : 'f',
        edge.lengthM[r],
        edge.ratedKva[r],
        edge.ratedA[r],
        `\\\\x${lineWkb(vertex.lonE7, vertex.latE7, from, to).toString('hex')}`,
        ...bounds,
      ].join('\t');
    },
  );
  await copyRows(
    client,
    'meter (meter_key, id, node_key, transformer_key, customer_class, critical, phases, peak_kw, lon, lat)',
    stored.meters,
    meter.count,
    (r) =>
      [
        r,
        escaped(meter.id.at(r)),
        meter.node[r],
        meter.transformer[r] < 0 ? '\\N' : meter.transformer[r],
        customerClasses[meter.customerClass[r]],
        criticalKinds[meter.critical[r]],
        meter.phases[r],
        meter.peakKw[r],
        meter.lonE7[r] * degree,
        meter.latE7[r] * degree,
      ].join('\t'),
  );
}

/** west, south, east, north in degrees */
function boundsOf(lonE7: Int32Array, latE7: Int32Array, from: number, to: number): [number, number, number, number] {
  let [west, south, east, north] = [lonE7[from], latE7[from], lonE7[from], latE7[from]];
  for (let v = from + 1; v < to; v++) {
    west = Math.min(west, lonE7[v]);
    east = Math.max(east, lonE7[v]);
    south = Math.min(south, latE7[v]);
    north = Math.max(north, latE7[v]);
  }
  return [west * degree, south * degree, east * degree, north * degree];
}

interface EquipmentRow {
  id: string;
  kind: EdgeKind;
  from_node_key: number;
  to_node_key: number;
  feeder_key: number;
  phases: number;
  normally_open: boolean;
  underground: boolean;
  length_m: number;
  rated_kva: number;
  rated_a: number;
  geometry_wkb: Buffer;
}

const e7 = (degrees: number): number => Math.round(degrees / degree);

/** Rebuilds the columns from the tables (seconds at 600,000 meters: only where the snapshot file is gone). */
export async function readNetwork(pool: Pool): Promise<NetworkColumns> {
  const state = await networkState(pool);
  if (!state) throw new FluxError('no_network', 'the database holds no network yet; start once, or import one');
  const builder = new NetworkBuilder(state.name);
  const all = async <Row>(table: string, key: string): Promise<Row[]> =>
    (await pool.query(`select * from ${table} order by ${key}`)).rows as Row[];
  for (const row of await all<{ id: string; name: string }>('area', 'area_key')) builder.addArea(row);
  for (const row of await all<{ id: string; name: string; lon: number; lat: number; area_key: number }>(
    'substation',
    'substation_key',
  )) {
    builder.addSubstation({ id: row.id, name: row.name, lonE7: e7(row.lon), latE7: e7(row.lat), area: row.area_key });
  }
  const feeders = await all<{
    id: string;
    name: string;
    substation_key: number;
    nominal_kv: number;
    source_node_key: number;
    head_equipment_key: number;
  }>('feeder', 'feeder_key');
  feeders.forEach((row, key) => {
    builder.addFeeder({ id: row.id, name: row.name, substation: row.substation_key, nominalKv: row.nominal_kv });
    builder.setFeederHead(key, row.source_node_key, row.head_equipment_key);
  });
  for (const row of await all<{ id: string; feeder_key: number; lon: number; lat: number }>(
    'connectivity_node',
    'node_key',
  )) {
    builder.addNode({ id: row.id, lonE7: e7(row.lon), latE7: e7(row.lat), feeder: row.feeder_key });
  }
  for (const row of await all<EquipmentRow>('equipment', 'equipment_key')) {
    builder.addEdge({
      id: row.id,
      kind: edgeKindCode[row.kind],
      from: row.from_node_key,
      to: row.to_node_key,
      feeder: row.feeder_key,
      phases: row.phases,
      normallyOpen: row.normally_open,
      underground: row.underground,
      lengthM: row.length_m,
      ratedKva: row.rated_kva,
      ratedA: row.rated_a,
      path: lineVertices(row.geometry_wkb).slice(2, -2),
    });
  }
  const meters = await all<{
    id: string;
    node_key: number;
    transformer_key: number | null;
    customer_class: string;
    critical: string;
    phases: number;
    peak_kw: number;
    lon: number;
    lat: number;
  }>('meter', 'meter_key');
  for (const row of meters) {
    builder.addMeter({
      id: row.id,
      node: row.node_key,
      transformer: row.transformer_key ?? -1,
      customerClass: customerClasses.indexOf(row.customer_class as (typeof customerClasses)[number]),
      critical: criticalKinds.indexOf(row.critical as (typeof criticalKinds)[number]),
      phases: row.phases,
      lonE7: e7(row.lon),
      latE7: e7(row.lat),
      peakKw: row.peak_kw,
    });
  }
  return builder.finish();
}
