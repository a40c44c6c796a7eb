/**
 * Substations and feeders of a circuit, found in its topology.
 *
 * One outlet (the usual file: one feeder with its source): everything is one feeder, headed at the source. Several
 * outlets (substation transformers, or several lines leaving one bus): one feeder each, and what lies above them, with
 * the transformers, is a supply feeder, so that every bus is below the
 * source in one tree: all of them have the circuit's source as their source node, and opening the supply darkens them.
 */
import { edgeKindCode, isSwitchable } from '#model/network.ts';
import type { Equipment } from './equipment.ts';
import type { Topology } from './topology.ts';

export interface FeederPlan {
  name: string;
  /** row into `substations` */
  substation: number;
  isSupply: boolean;
  /** feeder row of the supply feeder above it, -1 where it starts at the source itself */
  supply: number;
  nominalKv: number;
  /** existing head: branch row; -1 where a breaker is made */
  headBranch: number;
  /** bus that feeds the head; -1 where a source node is made above `rootBus` */
  sourceBus: number;
  rootBus: number;
  /** buses entered first behind the head; empty where the feeder starts at `rootBus` itself */
  firstBuses: number[];
}

export interface SubstationPlan {
  name: string;
  bus: number;
}

export interface Plan {
  substations: SubstationPlan[];
  feeders: FeederPlan[];
  /** feeder row of each bus */
  feederOfBus: Int32Array;
}

/** Above this line-to-line voltage a bus belongs to transmission or subtransmission. */
export const distributionMaxKv = 35;
/** A line up to this length is a connector inside the substation. */
const connectorMaxM = 50;
/** A branch with less than this share of the demand of the largest branch beside it is no feeder of its own. */
const feederMinShare = 0.05;
const longestChain = 16;

interface Tree {
  children: (bus: number) => number[];
  kwBelow: Float64Array;
}

function treeOf(topology: Topology, equipment: Equipment): Tree {
  const { order, parent } = topology;
  const kwBelow = new Float64Array(order.length);
  for (const load of equipment.loads) kwBelow[load.bus] += load.kw;
  const lists = new Map<number, number[]>();
  for (let i = order.length - 1; i >= 0; i--) {
    const bus = order[i];
    if (parent[bus] < 0) continue;
    kwBelow[parent[bus]] += kwBelow[bus];
    const list = lists.get(parent[bus]);
    if (list === undefined) lists.set(parent[bus], [bus]);
    else list.push(bus);
  }
  return { children: (bus) => (lists.get(bus) ?? []).toReversed(), kwBelow };
}

export function isSubstationTransformer(kvAbove: number, kvBelow: number): boolean {
  return kvAbove > distributionMaxKv && kvBelow <= distributionMaxKv && kvBelow >= 1;
}

/** Where distribution starts: low-voltage side of each substation transformer, and sources at distribution voltage. */
function outletsOf(equipment: Equipment, topology: Topology): SubstationPlan[] {
  const outlets: SubstationPlan[] = [];
  for (const bus of topology.order) {
    if (!topology.energised[bus]) continue;
    const row = topology.parentBranch[bus];
    const kv = topology.kv[bus];
    if (row < 0) {
      if (kv <= distributionMaxKv) {
        const source = equipment.sources.find((candidate) => candidate.bus === bus);
        outlets.push({ name: source?.label.replace(/^\w+\./, '') ?? '', bus });
      }
    } else if (
      equipment.branches[row].kind === edgeKindCode.power_transformer &&
      isSubstationTransformer(topology.kv[topology.parent[bus]], kv)
    ) {
      const { element } = equipment.branches[row];
      outlets.push({ name: element.properties.get('subname') || element.name, bus });
    }
  }
  // by name, so that feeder numbers do not hang on the order of the script
  return outlets.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

/** The buses that the feeders of one outlet enter first: several lines that leave its bus, or one. */
function feedersOfOutlet(outlet: number, equipment: Equipment, topology: Topology, tree: Tree): number[][] {
  let bus = outlet;
  let hasMainSwitch = false;
  const isSwitch = (child: number): boolean => isSwitchable(equipment.branches[topology.parentBranch[child]].kind);
  for (let hops = 0; hops < longestChain; hops++) {
    const children = tree.children(bus);
    const largestKw = children.reduce((largest, child) => Math.max(largest, tree.kwBelow[child]), 0);
    const main = children.filter((child) => {
      const branch = equipment.branches[topology.parentBranch[child]];
      return (
        tree.kwBelow[child] > largestKw * feederMinShare &&
        branch.phases === 7 &&
        branch.kind !== edgeKindCode.power_transformer
      );
    });
    // behind one switch there is one feeder that branches, unless each branch has a switch of its own (a busbar)
    if (main.length > 1 && hasMainSwitch && !main.every(isSwitch)) break;
    if (main.length > 1) {
      // small branches (capacitor, station service) go with the first feeder
      const rest = children.filter((child) => !main.includes(child));
      return main.map((child, index) => (index === 0 ? [child, ...rest] : [child]));
    }
    const [only] = children;
    if (children.length !== 1) break;
    const branch = equipment.branches[topology.parentBranch[only]];
    if (branch.kind === edgeKindCode.line_segment && !(branch.lengthM <= connectorMaxM)) break;
    hasMainSwitch ||= isSwitch(only);
    bus = only;
  }
  return [];
}

/** First switchable equipment below an outlet along its unbranched start: the bus behind it, or -1. */
function firstSwitchBelow(outlet: number, equipment: Equipment, topology: Topology, tree: Tree): number {
  let bus = outlet;
  for (let hops = 0; hops < longestChain; hops++) {
    const children = tree.children(bus);
    if (children.length !== 1) return -1;
    bus = children[0];
    if (isSwitchable(equipment.branches[topology.parentBranch[bus]].kind)) return bus;
  }
  return -1;
}

/** Feeders and substations, and the feeder of every bus. */
export function planFeeders(equipment: Equipment, topology: Topology, circuitName: string): Plan {
  const tree = treeOf(topology, equipment);
  const outlets = outletsOf(equipment, topology);
  const roots = equipment.sources.map((source) => source.bus).filter((bus) => topology.parentBranch[bus] < 0);
  const split = outlets.map((outlet) => feedersOfOutlet(outlet.bus, equipment, topology, tree));
  const substations: SubstationPlan[] = [];
  const feeders: FeederPlan[] = [];

  for (const root of roots) {
    const own = outlets.map((_, row) => row).filter((row) => rootOf(outlets[row].bus, topology) === root);
    const isSingle = own.length <= 1 && (own.length === 0 || split[own[0]].length === 0);
    const supplySubstation = substations.length;
    const supply = feeders.length;
    const outlet = own.length === 0 ? undefined : outlets[own[0]];
    substations.push({
      name: isSingle && outlet !== undefined && outlet.bus !== root ? outlet.name : circuitName,
      bus: isSingle && outlet !== undefined ? outlet.bus : root,
    });
    feeders.push({
      name: circuitName,
      substation: supplySubstation,
      isSupply: !isSingle,
      supply: -1,
      nominalKv: isSingle && outlet !== undefined ? topology.kv[outlet.bus] : topology.kv[root],
      ...headAtRoot(root, equipment, topology, tree),
      rootBus: root,
      firstBuses: [],
    });
    if (isSingle) continue;
    for (const row of own) {
      const { bus, name } = outlets[row];
      const substation = bus === root ? supplySubstation : substations.push({ name, bus }) - 1;
      const nominalKv = topology.kv[bus];
      const groups = split[row];
      for (const [index, firstBuses] of groups.entries()) {
        const feedingBus = topology.parent[firstBuses[0]];
        const branch = topology.parentBranch[firstBuses[0]];
        const hasSwitch = firstBuses.length === 1 && isSwitchable(equipment.branches[branch].kind);
        feeders.push({
          name: `${name} ${index + 1}`,
          substation,
          isSupply: false,
          supply,
          nominalKv,
          headBranch: hasSwitch ? branch : -1,
          sourceBus: feedingBus,
          rootBus: feedingBus,
          firstBuses,
        });
      }
      if (groups.length > 0) continue;
      const behind = firstSwitchBelow(bus, equipment, topology, tree);
      feeders.push({
        name,
        substation,
        isSupply: false,
        supply,
        nominalKv,
        headBranch: behind < 0 ? -1 : topology.parentBranch[behind],
        sourceBus: behind < 0 ? bus : topology.parent[behind],
        rootBus: behind < 0 ? bus : topology.parent[behind],
        firstBuses: behind < 0 ? tree.children(bus) : [behind],
      });
    }
  }
  return { substations, feeders, feederOfBus: assignFeeders(equipment, topology, feeders) };
}

function rootOf(bus: number, topology: Topology): number {
  let at = bus;
  while (topology.parent[at] >= 0) at = topology.parent[at];
  return at;
}

/** An existing switch heads the feeder only where it is the one way out of the source: else a part would lie above it. */
function headAtRoot(
  root: number,
  equipment: Equipment,
  topology: Topology,
  tree: Tree,
): { headBranch: number; sourceBus: number } {
  const children = tree.children(root);
  const touching = equipment.branches.filter(({ a, b }) => a === root || b === root).length;
  const hasLoad = equipment.loads.some((load) => load.bus === root);
  if (children.length !== 1 || touching !== 1 || hasLoad) return { headBranch: -1, sourceBus: -1 };
  const branch = topology.parentBranch[children[0]];
  if (!isSwitchable(equipment.branches[branch].kind)) return { headBranch: -1, sourceBus: -1 };
  return { headBranch: branch, sourceBus: root };
}

function assignFeeders(equipment: Equipment, topology: Topology, feeders: readonly FeederPlan[]): Int32Array {
  const feederOfBus = new Int32Array(topology.order.length).fill(-1);
  const startAt = new Map<number, number>();
  for (const [row, feeder] of feeders.entries()) {
    for (const bus of feeder.firstBuses) startAt.set(bus, row);
    if (feeder.firstBuses.length === 0 && !startAt.has(feeder.rootBus)) startAt.set(feeder.rootBus, row);
  }
  // an island goes with the feeder that it would be switched to
  for (const island of topology.islands) startAt.set(island, 0);
  for (const { a, b, open } of equipment.branches) {
    if (!open) continue;
    if (startAt.get(a) === 0 && topology.energised[b] && !topology.energised[a]) startAt.set(a, -1 - b);
    if (startAt.get(b) === 0 && topology.energised[a] && !topology.energised[b]) startAt.set(b, -1 - a);
  }
  for (const bus of topology.order) {
    const start = startAt.get(bus);
    if (start === undefined) feederOfBus[bus] = feederOfBus[topology.parent[bus]];
    else feederOfBus[bus] = start >= 0 ? start : feederOfBus[-1 - start];
  }
  return feederOfBus;
}
