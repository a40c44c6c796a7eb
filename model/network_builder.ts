/**
 * Builds `NetworkColumns` row by row: the one door for the territory generator and for every importer, so that ids,
 * references and the order of edges are checked in one place.
 */
import { FluxError } from '#model/errors.ts';
import { IdColumn } from '#model/id_column.ts';
import type { NetworkColumns } from '#model/network.ts';

export interface NewEdge {
  id: string;
  /** code into `edgeKinds` */
  kind: number;
  /** node rows; `from` is nearer to the source in the normal state */
  from: number;
  to: number;
  /** feeder row */
  feeder: number;
  phases: number;
  normallyOpen?: boolean;
  underground?: boolean;
  lengthM?: number;
  ratedKva?: number;
  ratedA?: number;
  /** vertices between the two ends, as lonE7, latE7, lonE7, latE7, ... */
  path?: readonly number[];
}

export interface NewMeter {
  id: string;
  node: number;
  /** edge row as returned by `addEdge`, -1 where the model has no transformer above the meter */
  transformer: number;
  customerClass: number;
  critical: number;
  phases: number;
  lonE7: number;
  latE7: number;
  peakKw: number;
}

function checkIds(what: string, ids: string[]): IdColumn {
  const column = IdColumn.from(ids);
  const duplicates = column.duplicateRows();
  if (duplicates.length > 0) {
    throw new FluxError(
      'duplicate_id',
      `${what} id ${ids[duplicates[0]]} stands more than once (${duplicates.length} repeated rows); ids must be unique`,
    );
  }
  return column;
}

export class NetworkBuilder {
  readonly name: string;
  readonly #areas = { id: [] as string[], name: [] as string[] };
  readonly #substations = {
    id: [] as string[],
    name: [] as string[],
    lonE7: [] as number[],
    latE7: [] as number[],
    area: [] as number[],
  };
  readonly #feeders = {
    id: [] as string[],
    name: [] as string[],
    substation: [] as number[],
    nominalKv: [] as number[],
    sourceNode: [] as number[],
    headEdge: [] as number[],
  };
  readonly #nodes = { id: [] as string[], lonE7: [] as number[], latE7: [] as number[], feeder: [] as number[] };
  readonly #edges: NewEdge[] = [];
  readonly #meters = {
    id: [] as string[],
    node: [] as number[],
    transformer: [] as number[],
    customerClass: [] as number[],
    critical: [] as number[],
    phases: [] as number[],
    lonE7: [] as number[],
    latE7: [] as number[],
    peakKw: [] as number[],
  };

  constructor(name: string) {
    this.name = name;
  }

  get substationCount(): number {
    return this.#substations.id.length;
  }
  get nodeCount(): number {
    return this.#nodes.id.length;
  }
  get edgeCount(): number {
    return this.#edges.length;
  }
  get meterCount(): number {
    return this.#meters.id.length;
  }

  addArea(area: { id: string; name: string }): number {
    this.#areas.id.push(area.id);
    return this.#areas.name.push(area.name) - 1;
  }

  addSubstation(substation: { id: string; name: string; lonE7: number; latE7: number; area: number }): number {
    const s = this.#substations;
    s.id.push(substation.id);
    s.name.push(substation.name);
    s.lonE7.push(substation.lonE7);
    s.latE7.push(substation.latE7);
    return s.area.push(substation.area) - 1;
  }

  /** The head (source bus and head device) follows by `setFeederHead`, once its node and edge exist. */
  addFeeder(feeder: { id: string; name: string; substation: number; nominalKv: number }): number {
    const f = this.#feeders;
    f.id.push(feeder.id);
    f.name.push(feeder.name);
    f.substation.push(feeder.substation);
    f.nominalKv.push(feeder.nominalKv);
    f.sourceNode.push(-1);
    return f.headEdge.push(-1) - 1;
  }

  setFeederHead(feeder: number, sourceNode: number, headEdge: number): void {
    this.#feeders.sourceNode[feeder] = sourceNode;
    this.#feeders.headEdge[feeder] = headEdge;
  }

  addNode(node: { id: string; lonE7: number; latE7: number; feeder: number }): number {
    this.#nodes.id.push(node.id);
    this.#nodes.lonE7.push(node.lonE7);
    this.#nodes.latE7.push(node.latE7);
    return this.#nodes.feeder.push(node.feeder) - 1;
  }

  /** Returns a provisional edge row: `finish` sorts edges by feeder and renumbers every reference to them. */
  addEdge(edge: NewEdge): number {
    return this.#edges.push(edge) - 1;
  }

  addMeter(meter: NewMeter): number {
    const m = this.#meters;
    m.id.push(meter.id);
    m.node.push(meter.node);
    m.transformer.push(meter.transformer);
    m.customerClass.push(meter.customerClass);
    m.critical.push(meter.critical);
    m.phases.push(meter.phases);
    m.lonE7.push(meter.lonE7);
    m.latE7.push(meter.latE7);
    return m.peakKw.push(meter.peakKw) - 1;
  }

  /** @throws FluxError `duplicate_id`, `bad_reference` */
  finish(): NetworkColumns {
    const edges = this.#edges;
    const order = Int32Array.from(edges.keys()).sort((a, b) => edges[a].feeder - edges[b].feeder || a - b);
    const newRow = new Int32Array(edges.length);
    for (let row = 0; row < order.length; row++) newRow[order[row]] = row;

    const edgeIds: string[] = new Array(edges.length);
    const edge = {
      count: edges.length,
      kind: new Uint8Array(edges.length),
      from: new Int32Array(edges.length),
      to: new Int32Array(edges.length),
      feeder: new Int32Array(edges.length),
      phases: new Uint8Array(edges.length),
      normallyOpen: new Uint8Array(edges.length),
      underground: new Uint8Array(edges.length),
      lengthM: new Float32Array(edges.length),
      ratedKva: new Float32Array(edges.length),
      ratedA: new Float32Array(edges.length),
      vertexOffset: new Uint32Array(edges.length + 1),
    };
    const nodes = this.#nodes;
    let vertexCount = 0;
    for (let row = 0; row < order.length; row++) {
      vertexCount += 2 + (edges[order[row]].path?.length ?? 0) / 2;
      edge.vertexOffset[row + 1] = vertexCount;
    }
    const vertex = { count: vertexCount, lonE7: new Int32Array(vertexCount), latE7: new Int32Array(vertexCount) };
    for (let row = 0; row < order.length; row++) {
      const source = edges[order[row]];
      this.#checkEdge(source);
      edgeIds[row] = source.id;
      edge.kind[row] = source.kind;
      edge.from[row] = source.from;
      edge.to[row] = source.to;
      edge.feeder[row] = source.feeder;
      edge.phases[row] = source.phases;
      edge.normallyOpen[row] = source.normallyOpen ? 1 : 0;
      edge.underground[row] = source.underground ? 1 : 0;
      edge.lengthM[row] = source.lengthM ?? 0;
      edge.ratedKva[row] = source.ratedKva ?? 0;
      edge.ratedA[row] = source.ratedA ?? 0;
      let at = edge.vertexOffset[row];
      vertex.lonE7[at] = nodes.lonE7[source.from];
      vertex.latE7[at++] = nodes.latE7[source.from];
      for (let i = 0; i < (source.path?.length ?? 0); i += 2) {
        vertex.lonE7[at] = source.path![i];
        vertex.latE7[at++] = source.path![i + 1];
      }
      vertex.lonE7[at] = nodes.lonE7[source.to];
      vertex.latE7[at] = nodes.latE7[source.to];
    }
    return {
      name: this.name,
      area: { count: this.#areas.id.length, id: checkIds('area', this.#areas.id), name: this.#areas.name },
      substation: this.#finishSubstations(),
      feeder: this.#finishFeeders(newRow),
      node: {
        count: nodes.id.length,
        id: checkIds('node', nodes.id),
        lonE7: Int32Array.from(nodes.lonE7),
        latE7: Int32Array.from(nodes.latE7),
        feeder: Int32Array.from(nodes.feeder),
      },
      edge: { ...edge, id: checkIds('equipment', edgeIds) },
      vertex,
      meter: this.#finishMeters(newRow),
    };
  }

  #checkEdge(edge: NewEdge): void {
    const nodeCount = this.#nodes.id.length;
    const known = (row: number): boolean => row >= 0 && row < nodeCount;
    if (!known(edge.from) || !known(edge.to) || edge.feeder < 0 || edge.feeder >= this.#feeders.id.length) {
      throw new FluxError('bad_reference', `equipment ${edge.id} refers to a node or feeder that does not exist`);
    }
  }

  #finishSubstations(): NetworkColumns['substation'] {
    const s = this.#substations;
    return {
      count: s.id.length,
      id: checkIds('substation', s.id),
      name: s.name,
      lonE7: Int32Array.from(s.lonE7),
      latE7: Int32Array.from(s.latE7),
      area: Int32Array.from(s.area),
    };
  }

  #finishFeeders(newRow: Int32Array): NetworkColumns['feeder'] {
    const f = this.#feeders;
    const headless = f.headEdge.indexOf(-1);
    if (headless >= 0) throw new FluxError('bad_reference', `feeder ${f.id[headless]} has no head device`);
    return {
      count: f.id.length,
      id: checkIds('feeder', f.id),
      name: f.name,
      substation: Int32Array.from(f.substation),
      sourceNode: Int32Array.from(f.sourceNode),
      headEdge: Int32Array.from(f.headEdge, (edge) => newRow[edge]),
      nominalKv: Float32Array.from(f.nominalKv),
    };
  }

  #finishMeters(newRow: Int32Array): NetworkColumns['meter'] {
    const m = this.#meters;
    const lost = m.node.findIndex((node) => node < 0 || node >= this.#nodes.id.length);
    if (lost >= 0) throw new FluxError('bad_reference', `meter ${m.id[lost]} refers to a node that does not exist`);
    return {
      count: m.id.length,
      id: checkIds('meter', m.id),
      node: Int32Array.from(m.node),
      transformer: Int32Array.from(m.transformer, (edge) => (edge < 0 ? -1 : newRow[edge])),
      customerClass: Uint8Array.from(m.customerClass),
      critical: Uint8Array.from(m.critical),
      phases: Uint8Array.from(m.phases),
      lonE7: Int32Array.from(m.lonE7),
      latE7: Int32Array.from(m.latE7),
      peakKw: Float32Array.from(m.peakKw),
    };
  }
}
