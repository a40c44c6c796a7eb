/** Two networks into one, as an import beside an existing territory: the rows that exist keep their numbers. */
import { FluxError } from '#model/errors.ts';
import { IdColumn } from '#model/id_column.ts';
import type { NetworkColumns } from '#model/network.ts';

type Numbers = Int32Array | Uint32Array | Float32Array | Uint8Array;

function joinNumbers<T extends Numbers>(base: T, addition: T): T {
  const joined = new (base.constructor as new (length: number) => T)(base.length + addition.length);
  joined.set(base, 0);
  joined.set(addition, base.length);
  return joined;
}

/** Row references of the addition, moved behind the base; -1 (none) stays. */
function joinRows(base: Int32Array, addition: Int32Array, offset: number): Int32Array {
  return joinNumbers(
    base,
    addition.map((row) => (row < 0 ? row : row + offset)),
  );
}

/** Where the base's offsets end, the addition's go on; one entry more than there are rows. */
function joinOffsets(base: Uint32Array, addition: Uint32Array): Uint32Array {
  const joined = new Uint32Array(base.length + addition.length - 1);
  joined.set(base, 0);
  const end = base[base.length - 1];
  for (let i = 1; i < addition.length; i++) joined[base.length - 1 + i] = end + addition[i];
  return joined;
}

function joinIds(what: string, base: IdColumn, addition: IdColumn): IdColumn {
  const repeated: string[] = [];
  for (let row = 0; row < addition.count; row++) {
    const id = addition.at(row);
    if (base.rowOf(id) >= 0) repeated.push(id);
  }
  if (repeated.length > 0) {
    throw new FluxError(
      'duplicate_id',
      `${what} id ${repeated[0]} is in the network already (${repeated.length} of ${addition.count} ids repeat); import under another --name, which is put before every id`,
      { details: { what, ids: repeated.slice(0, 20), count: repeated.length } },
    );
  }
  const offsets = joinOffsets(base.offsets, addition.offsets);
  const bytes = new Uint8Array(offsets[offsets.length - 1]);
  bytes.set(base.bytes.subarray(0, base.offsets[base.count]), 0);
  bytes.set(addition.bytes.subarray(0, addition.offsets[addition.count]), base.offsets[base.count]);
  return new IdColumn(bytes, offsets);
}

/**
 * The base with the addition behind it. Every row of the base, and so every meter key, keeps its number; the
 * addition's feeders and edges come after the base's, so that a feeder's edges stay one run. Areas of equal id become
 * one (the base's name holds); the name of the territory is the base's.
 * @throws FluxError `duplicate_id` where a substation, feeder, node, equipment or meter id is in both
 */
export function appendNetwork(base: NetworkColumns, addition: NetworkColumns): NetworkColumns {
  const areaIds: string[] = [];
  const areaNames = [...base.area.name];
  const areaRow = new Int32Array(addition.area.count);
  for (let row = 0; row < addition.area.count; row++) {
    const id = addition.area.id.at(row);
    const known = base.area.id.rowOf(id);
    areaRow[row] = known >= 0 ? known : base.area.count + areaIds.length;
    if (known >= 0) continue;
    areaIds.push(id);
    areaNames.push(addition.area.name[row]);
  }
  const nodes = base.node.count;
  const edges = base.edge.count;
  const feeders = base.feeder.count;
  return {
    name: base.name,
    area: {
      count: base.area.count + areaIds.length,
      id: joinIds('area', base.area.id, IdColumn.from(areaIds)),
      name: areaNames,
    },
    substation: {
      count: base.substation.count + addition.substation.count,
      id: joinIds('substation', base.substation.id, addition.substation.id),
      name: [...base.substation.name, ...addition.substation.name],
      lonE7: joinNumbers(base.substation.lonE7, addition.substation.lonE7),
      latE7: joinNumbers(base.substation.latE7, addition.substation.latE7),
      area: joinNumbers(
        base.substation.area,
        addition.substation.area.map((area) => areaRow[area]),
      ),
    },
    feeder: {
      count: feeders + addition.feeder.count,
      id: joinIds('feeder', base.feeder.id, addition.feeder.id),
      name: [...base.feeder.name, ...addition.feeder.name],
      substation: joinRows(base.feeder.substation, addition.feeder.substation, base.substation.count),
      sourceNode: joinRows(base.feeder.sourceNode, addition.feeder.sourceNode, nodes),
      headEdge: joinRows(base.feeder.headEdge, addition.feeder.headEdge, edges),
      nominalKv: joinNumbers(base.feeder.nominalKv, addition.feeder.nominalKv),
    },
    node: {
      count: nodes + addition.node.count,
      id: joinIds('node', base.node.id, addition.node.id),
      lonE7: joinNumbers(base.node.lonE7, addition.node.lonE7),
      latE7: joinNumbers(base.node.latE7, addition.node.latE7),
      feeder: joinRows(base.node.feeder, addition.node.feeder, feeders),
    },
    edge: {
      count: edges + addition.edge.count,
      id: joinIds('equipment', base.edge.id, addition.edge.id),
      kind: joinNumbers(base.edge.kind, addition.edge.kind),
      from: joinRows(base.edge.from, addition.edge.from, nodes),
      to: joinRows(base.edge.to, addition.edge.to, nodes),
      feeder: joinRows(base.edge.feeder, addition.edge.feeder, feeders),
      phases: joinNumbers(base.edge.phases, addition.edge.phases),
      normallyOpen: joinNumbers(base.edge.normallyOpen, addition.edge.normallyOpen),
      underground: joinNumbers(base.edge.underground, addition.edge.underground),
      lengthM: joinNumbers(base.edge.lengthM, addition.edge.lengthM),
      ratedKva: joinNumbers(base.edge.ratedKva, addition.edge.ratedKva),
      ratedA: joinNumbers(base.edge.ratedA, addition.edge.ratedA),
      vertexOffset: joinOffsets(base.edge.vertexOffset, addition.edge.vertexOffset),
    },
    vertex: {
      count: base.vertex.count + addition.vertex.count,
      lonE7: joinNumbers(base.vertex.lonE7, addition.vertex.lonE7),
      latE7: joinNumbers(base.vertex.latE7, addition.vertex.latE7),
    },
    meter: {
      count: base.meter.count + addition.meter.count,
      id: joinIds('meter', base.meter.id, addition.meter.id),
      node: joinRows(base.meter.node, addition.meter.node, nodes),
      transformer: joinRows(base.meter.transformer, addition.meter.transformer, edges),
      customerClass: joinNumbers(base.meter.customerClass, addition.meter.customerClass),
      critical: joinNumbers(base.meter.critical, addition.meter.critical),
      phases: joinNumbers(base.meter.phases, addition.meter.phases),
      lonE7: joinNumbers(base.meter.lonE7, addition.meter.lonE7),
      latE7: joinNumbers(base.meter.latE7, addition.meter.latE7),
      peakKw: joinNumbers(base.meter.peakKw, addition.meter.peakKw),
    },
  };
}
