/** The report of an import, from what was read and built. */
import { basename, dirname, relative } from 'node:path';
import { edgeKindCode } from '#model/network.ts';
import { assetId, type Built } from './build_network.ts';
import { elementLabel } from './element_store.ts';
import type { Equipment } from './equipment.ts';
import { distributionMaxKv, isSubstationTransformer, type Plan } from './feeders.ts';
import type { Circuit } from './interpreter.ts';
import type { CoordinateReport, Findings, ImportReport } from './report.ts';
import { oriented, type Topology } from './topology.ts';

export interface SummaryInput {
  circuit: Circuit;
  equipment: Equipment;
  topology: Topology;
  plan: Plan;
  built: Built;
  findings: Findings;
  name: string;
  idPrefix: string;
  coordinates: CoordinateReport;
}

const sumBy = <T>(list: readonly T[], value: (item: T) => number): number =>
  list.reduce((total, item) => total + value(item), 0);

/** Sums of tenths of kW stay readable: 10773.2 instead of 10773.199999999999. */
const tidy = (value: number): number => Math.round(value * 1e6) / 1e6;

export function summarise(input: SummaryInput): ImportReport {
  const { circuit, equipment, topology, plan, built, findings } = input;
  const { network } = built;
  const folder = dirname(circuit.master);
  const shown = (file: string): string => (file === '' ? '' : relative(folder, file) || basename(file));
  const classes = Object.fromEntries([...equipment.counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  const accepted = (className: string): number => classes[className]?.accepted ?? 0;
  const counts = Object.values(classes);
  const units = transformerUnits(equipment, topology);
  const byKind = (kind: keyof typeof edgeKindCode): number =>
    sumBy(equipment.branches, (branch) => (branch.kind === edgeKindCode[kind] ? branch.units.length : 0));
  const kwOfFeeder = new Float64Array(plan.feeders.length);
  for (const load of equipment.loads) kwOfFeeder[plan.feederOfBus[load.bus]] += load.kw;
  return {
    format: 'opendss',
    name: input.name,
    circuit: circuit.name,
    master: circuit.master,
    files: circuit.files.map(shown),
    read: sumBy(counts, (entry) => entry.read),
    accepted: sumBy(counts, (entry) => entry.accepted),
    rejected: sumBy(counts, (entry) => entry.rejected),
    classes,
    rejections: findings.rejections.map((rejection) => ({ ...rejection, file: shown(rejection.file) })),
    warnings: findings.warnings.map((warning) => ({
      ...warning,
      examples: warning.examples.map((example) => ({ ...example, file: shown(example.file) })),
    })),
    nodes: equipment.buses.length,
    nodesBelowSubstation: topology.kv.reduce((sum, kv) => sum + (kv <= distributionMaxKv ? 1 : 0), 0),
    edges: topology.closedEdges,
    banks: equipment.branches
      .filter((branch) => branch.units.length > 1)
      .map((branch) => ({ id: assetId(`${input.idPrefix}${branch.label}`), units: branch.units.map(elementLabel) })),
    normallyOpen: equipment.branches.filter((branch) => branch.open).length,
    components: topology.components,
    loops: topology.closedEdges - equipment.buses.length + topology.components,
    loads: equipment.loads.length,
    meters: network.meter.count,
    totalKw: tidy(sumBy(equipment.loads, (load) => load.kw)),
    totalKvar: tidy(sumBy(equipment.loads, (load) => load.kvar)),
    transformers: accepted('transformer') + accepted('autotrans'),
    ...units,
    switches: byKind('switch'),
    fuses: byKind('fuse'),
    reclosers: byKind('recloser'),
    breakers: byKind('breaker'),
    capacitors: accepted('capacitor'),
    generators: accepted('generator'),
    pvSystems: accepted('pvsystem'),
    storages: accepted('storage'),
    substations: plan.substations.map(({ name }, row) => ({ id: built.substationIds[row], name })),
    feeders: plan.feeders.map((_, row) => ({
      id: built.feederIds[row],
      name: network.feeder.name[row],
      substation: built.substationIds[network.feeder.substation[row]],
      headEquipment: network.edge.id.at(network.feeder.headEdge[row]),
      nominalKv: Math.round(network.feeder.nominalKv[row] * 1000) / 1000,
      edges: countOf(network.edge.feeder, row),
      meters: network.meter.node.reduce((sum, node) => sum + (network.node.feeder[node] === row ? 1 : 0), 0),
      kw: tidy(kwOfFeeder[row]),
    })),
    synthesized: built.synthesized,
    coordinates: input.coordinates,
    rows: {
      nodes: network.node.count,
      edges: network.edge.count,
      meters: network.meter.count,
      feeders: network.feeder.count,
      substations: network.substation.count,
    },
  };
}

const countOf = (column: Int32Array, value: number): number =>
  column.reduce((sum, item) => sum + (item === value ? 1 : 0), 0);

function transformerUnits(
  { branches }: Equipment,
  topology: Topology,
): Pick<ImportReport, 'distributionTransformers' | 'substationTransformers' | 'regulators'> {
  const distribution = new Set<object>();
  const substation = new Set<object>();
  const regulators = new Set<object>();
  for (const branch of branches) {
    if (!branch.isTransformer) continue;
    if (branch.kind === edgeKindCode.voltage_regulator) {
      for (const unit of branch.units) regulators.add(unit);
      continue;
    }
    const { from, to } = oriented(branch, topology.rank);
    if (topology.kv[to] < 1) {
      for (const unit of branch.units) distribution.add(unit);
    } else if (isSubstationTransformer(topology.kv[from], topology.kv[to])) {
      for (const unit of branch.units) substation.add(unit);
    }
  }
  return {
    distributionTransformers: distribution.size,
    substationTransformers: substation.size,
    regulators: regulators.size,
  };
}
