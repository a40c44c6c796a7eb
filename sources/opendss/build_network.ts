/** From equipment, topology and feeders to the columns of the house model. */
import { edgeKindCode, type NetworkColumns } from '#model/network.ts';
import { NetworkBuilder } from '#model/network_builder.ts';
import { type Branch, phaseBits } from './branch.ts';
import type { Equipment } from './equipment.ts';
import type { Plan } from './feeders.ts';
import { customerClassOf } from './loads.ts';
import type { Findings } from './report.ts';
import { servicePoints } from './service_points.ts';
import { oriented, type Topology } from './topology.ts';

export interface NetworkInput {
  equipment: Equipment;
  topology: Topology;
  plan: Plan;
  lon: Float64Array;
  lat: Float64Array;
  name: string;
  circuitName: string;
  idPrefix: string;
  feederPrefix: string;
  meterIdPrefix: string;
}

export interface Built {
  network: NetworkColumns;
  synthesized: { id: string; kind: string; reason: string }[];
  substationIds: string[];
  feederIds: string[];
}

const longestId = 128;
const earthRadiusM = 6_371_008.8;

/** Printable ASCII of at most 128 characters, as ids must be: other characters as %XX, long ones end in a hash. */
export function assetId(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(character));
  if (ascii.length <= longestId) return ascii;
  let hash = 0x811c9dc5;
  for (let i = 0; i < ascii.length; i++) hash = Math.imul(hash ^ ascii.charCodeAt(i), 0x01000193);
  return `${ascii.slice(0, longestId - 9)}~${(hash >>> 0).toString(16).padStart(8, '0')}`;
}

function distanceM(lonA: number, latA: number, lonB: number, latB: number): number {
  const radians = Math.PI / 180;
  const x = (lonB - lonA) * radians * Math.cos(((latA + latB) / 2) * radians);
  const y = (latB - latA) * radians;
  return Math.hypot(x, y) * earthRadiusM;
}

const e7 = (degrees: number): number => Math.round(degrees * 1e7);

export function buildNetwork(input: NetworkInput, findings: Findings): Built {
  const { equipment, topology, plan, lon, lat, idPrefix } = input;
  const builder = new NetworkBuilder(input.name);
  const id = (name: string): string => assetId(`${idPrefix}${name}`);
  const synthesized: Built['synthesized'] = [];

  const area = builder.addArea({ id: id(input.circuitName), name: input.name });
  const substationIds = uniqueIds(plan.substations.map(({ name }) => id(name)));
  for (const [row, { name, bus }] of plan.substations.entries()) {
    builder.addSubstation({ id: substationIds[row], name, lonE7: e7(lon[bus]), latE7: e7(lat[bus]), area });
  }
  let number = 0;
  const feederIds = uniqueIds(
    plan.feeders.map(({ isSupply }) => {
      if (!isSupply) number++;
      return id(`${input.feederPrefix}-${isSupply ? 'SUPPLY' : `F${number}`}`);
    }),
  );
  for (const [row, { name, substation, nominalKv, isSupply }] of plan.feeders.entries()) {
    builder.addFeeder({
      id: feederIds[row],
      name: isSupply ? `${name} supply` : name,
      substation,
      nominalKv,
    });
  }

  const nodeOfBus = new Int32Array(equipment.buses.length);
  for (const bus of topology.order) {
    nodeOfBus[bus] = builder.addNode({
      id: id(equipment.buses[bus]),
      lonE7: e7(lon[bus]),
      latE7: e7(lat[bus]),
      feeder: plan.feederOfBus[bus],
    });
  }

  /** node that a bus hangs on where a breaker was made between it and its parent */
  const fromNode = new Map<number, number>();
  const heads: { feeder: number; headEdge: number }[] = [];
  const sourceNode = new Int32Array(plan.feeders.length).fill(-1);
  for (const [feeder, { headBranch, sourceBus, rootBus, firstBuses }] of plan.feeders.entries()) {
    if (headBranch >= 0) continue;
    const isSource = sourceBus < 0;
    const made = builder.addNode({
      id: assetId(`${feederIds[feeder]}-${isSource ? 'SOURCE' : 'OUT'}`),
      lonE7: e7(lon[rootBus]),
      latE7: e7(lat[rootBus]),
      feeder,
    });
    const [from, to] = isSource ? [made, nodeOfBus[rootBus]] : [nodeOfBus[sourceBus], made];
    const headId = assetId(`${feederIds[feeder]}-HEAD`);
    const headEdge = builder.addEdge({ id: headId, kind: edgeKindCode.breaker, from, to, feeder, phases: 7 });
    heads.push({ feeder, headEdge });
    if (isSource) sourceNode[feeder] = from;
    if (!isSource) for (const bus of firstBuses) fromNode.set(bus, made);
    synthesized.push({
      id: headId,
      kind: 'breaker',
      reason: `the file has no switchable equipment at the head of ${feederIds[feeder]}`,
    });
  }

  const rowOfBranch = new Int32Array(equipment.branches.length).fill(-1);
  const ending = new Map<number, number[]>();
  for (const [row, branch] of equipment.branches.entries()) {
    const { to } = oriented(branch, topology.rank);
    const list = ending.get(to);
    if (list === undefined) ending.set(to, [row]);
    else list.push(row);
  }
  const addBranch = (row: number): void => {
    const branch = equipment.branches[row];
    const { from, to } = oriented(branch, topology.rank);
    const isTreePair = topology.parent[to] === from && !branch.open;
    const belowTap = topology.phasesBelow[from];
    rowOfBranch[row] = builder.addEdge({
      id: id(branch.label),
      kind: kindOf(branch, topology, from),
      from: (isTreePair ? fromNode.get(to) : undefined) ?? nodeOfBus[from],
      to: nodeOfBus[to],
      feeder: plan.feederOfBus[isTreePair ? to : from],
      phases: belowTap !== 0 ? belowTap : branch.phases,
      normallyOpen: branch.open,
      underground: branch.underground,
      lengthM: branch.lengthM >= 0 ? branch.lengthM : distanceM(lon[from], lat[from], lon[to], lat[to]),
      ratedKva: branch.ratedKva,
      ratedA: branch.ratedA,
    });
  };
  for (const bus of topology.order) for (const row of ending.get(bus) ?? []) addBranch(row);

  for (const [feeder, { headBranch, sourceBus }] of plan.feeders.entries()) {
    if (headBranch < 0) continue;
    heads.push({ feeder, headEdge: rowOfBranch[headBranch] });
    if (plan.feeders[feeder].supply < 0) sourceNode[feeder] = nodeOfBus[sourceBus];
  }
  for (const { feeder, headEdge } of heads) {
    const { supply } = plan.feeders[feeder];
    builder.setFeederHead(feeder, sourceNode[supply < 0 ? feeder : supply], headEdge);
  }

  addMeters(builder, input, nodeOfBus, rowOfBranch);
  for (const bus of topology.order) {
    if (topology.energised[bus]) continue;
    findings.warn(
      'not_energised',
      'A bus cannot be reached from any source in the normal state; it is a component of its own or part of one.',
      { file: '', line: 0, element: `Bus.${equipment.buses[bus]}` },
    );
  }
  return { network: builder.finish(), synthesized, substationIds, feederIds };
}

function kindOf(branch: Branch, topology: Topology, from: number): number {
  const isSecondary = branch.kind === edgeKindCode.line_segment && topology.transformer[from] >= 0;
  return isSecondary ? edgeKindCode.service_line : branch.kind;
}

function uniqueIds(ids: string[]): string[] {
  const seen = new Map<string, number>();
  return ids.map((id) => {
    const times = (seen.get(id) ?? 0) + 1;
    seen.set(id, times);
    return times === 1 ? id : `${id}-${times}`;
  });
}

/** Several services on one bus stand on a ring, so that each can be seen and clicked. */
const ringM = 6;

function addMeters(
  builder: NetworkBuilder,
  { equipment, topology, lon, lat, idPrefix, meterIdPrefix }: NetworkInput,
  nodeOfBus: Int32Array,
  rowOfBranch: Int32Array,
): void {
  const points = servicePoints(equipment.loads, (bus) => topology.transformer[bus] >= 0);
  const placed = new Map<number, number>();
  for (const { name, bus, loads } of points) {
    const [first] = loads;
    const kw = loads.reduce((sum, load) => sum + load.kw, 0);
    const turn = placed.get(bus) ?? 0;
    placed.set(bus, turn + 1);
    const angle = turn * 2.4;
    const ring = turn === 0 ? 0 : ringM / 111_195;
    const transformer = topology.transformer[bus];
    const belowTap = topology.phasesBelow[bus];
    let phases = 0;
    for (const load of loads) phases |= phaseBits(load.spec, load.phases);
    builder.addMeter({
      id: assetId(`${idPrefix}${meterIdPrefix}${name}`),
      node: nodeOfBus[bus],
      transformer: transformer < 0 ? -1 : rowOfBranch[transformer],
      customerClass: customerClassOf(first, kw),
      critical: 0,
      phases: belowTap !== 0 ? belowTap : phases,
      lonE7: e7(lon[bus] + (ring * Math.cos(angle)) / Math.cos((lat[bus] * Math.PI) / 180)),
      latE7: e7(lat[bus] + ring * Math.sin(angle)),
      // negative loads are generation: no demand
      peakKw: Math.max(0, kw),
    });
  }
}
