/** What stands where on a feeder's tree: phases, protective and sectioning devices, transformers and their customers. */
import { edgeKindCode } from '#model/network.ts';
import type { FeederTree } from './feeder_tree.ts';
import type { Random } from './random.ts';

export type ServiceKind = 'houses' | 'apartments' | 'shops' | 'large' | 'industrial';

/** One distribution transformer and the customers behind it. */
export interface Service {
  /** position in the tree; the customers stand along the street piece that leads to it */
  position: number;
  /** true where the transformer stands in the middle of that piece */
  midway: boolean;
  kind: ServiceKind;
  phases: number;
  /** relative number of meters; 0 where the kind always has exactly one */
  weight: number;
  meters: number;
}

export interface FeederPlan {
  tree: FeederTree;
  /** phases of the piece that leads to each position */
  phases: Uint8Array;
  /** edge kind of the device at the start of that piece, 0 for none */
  device: Uint8Array;
  /** 1 where the piece is two line segments with a transformer between them */
  split: Uint8Array;
  /** in the order of positions */
  services: Service[];
}

const phaseBits = [1, 2, 4];
/** A regulator pays from this distance on. */
const regulatorFromM = 4500;

export function planFeeder(tree: FeederTree, random: Random): FeederPlan {
  const n = tree.order.length;
  const plan: FeederPlan = {
    tree,
    phases: new Uint8Array(n),
    device: new Uint8Array(n),
    split: new Uint8Array(n),
    services: [],
  };
  placeSections(plan);
  const carried = [0, 0, 0];
  const children = new Int32Array(n);
  for (let p = 0; p < n; p++) {
    const up = tree.parent[p];
    if (tree.main[p] || up < 0) {
      plan.phases[p] = 7;
      continue;
    }
    children[up]++;
    if (tree.main[up]) {
      plan.device[p] = edgeKindCode.fuse;
      plan.split[p] = tree.size[p] === 1 ? 1 : 0;
      plan.phases[p] = lateralPhases(tree, p, carried, random);
    } else {
      const inherited = plan.phases[up];
      const single = phaseBits.filter((bit) => inherited & bit);
      plan.phases[p] = single.length > 1 && children[up] > 1 ? single[random.below(single.length)] : inherited;
      // A fuse below a fuse, where both still feed transformers that tell them apart.
      if (children[up] > 1 && tree.size[p] >= 3 && random.chance(0.5)) plan.device[p] = edgeKindCode.fuse;
    }
  }
  for (let p = 0; p < n; p++) placeServices(plan, p, random);
  return plan;
}

/** Three to five sections: switches and a recloser along the backbone, a sectionalizer at the head of a large branch. */
function placeSections(plan: FeederPlan): void {
  const { tree, device } = plan;
  const n = tree.order.length;
  const backbone = new Uint8Array(n);
  backbone[0] = 1;
  const largest = new Int32Array(n).fill(-1);
  for (let p = 1; p < n; p++) {
    const up = tree.parent[p];
    if (tree.main[p] && (largest[up] < 0 || tree.size[p] > tree.size[largest[up]])) largest[up] = p;
  }
  const spine: number[] = [];
  for (let p = largest[0]; p >= 0; p = largest[p]) {
    backbone[p] = 1;
    spine.push(p);
  }
  const place = (kind: number, from: number, to: number): void => {
    const p = spine.find((q) => !device[q] && tree.size[q] <= from * n && tree.size[q] >= to * n);
    if (p !== undefined) device[p] = kind;
  };
  place(edgeKindCode.recloser, 0.6, 0.2);
  place(edgeKindCode.switch, 0.85, 0.62);
  place(tree.farthestM > regulatorFromM ? edgeKindCode.recloser : edgeKindCode.switch, 0.32, 0.06);
  let branches = 0;
  for (let p = 1; p < n && branches < 2; p++) {
    if (!tree.main[p] || backbone[p] || !backbone[tree.parent[p]] || tree.size[p] < 0.12 * n) continue;
    device[p] = branches++ === 0 ? edgeKindCode.sectionalizer : edgeKindCode.switch;
  }
  if (tree.farthestM > regulatorFromM) {
    const p = spine.find((q) => !device[q] && tree.distanceM[q] > 0.45 * tree.farthestM);
    if (p !== undefined) device[p] = edgeKindCode.voltage_regulator;
  }
}

function lateralPhases(tree: FeederTree, p: number, carried: number[], random: Random): number {
  const { character } = tree.streets.plan;
  const three = character === 'core' ? 0.4 : character === 'industrial' ? 0.35 : character === 'urban' ? 0.12 : 0.07;
  const drawn = random.unit();
  if (drawn < three) return 7;
  const least = carried.indexOf(Math.min(...carried));
  carried[least] += tree.size[p];
  if (drawn > 0.93) return phaseBits[least] | phaseBits[(least + 1) % 3];
  return phaseBits[least];
}

/** Shares of what stands along mains (three-phase) and along local streets: shops, large, industrial, apartments. */
const shares = {
  core: { main: [0.45, 0.15, 0.0, 0.22], lateral: [0.3, 0.03, 0.0, 0.35] },
  urban: { main: [0.48, 0.13, 0.01, 0.12], lateral: [0.25, 0.02, 0.0, 0.1] },
  suburban: { main: [0.48, 0.12, 0.01, 0.1], lateral: [0.2, 0.02, 0.0, 0.05] },
  sparse: { main: [0.3, 0.05, 0.03, 0.02], lateral: [0.15, 0.01, 0.02, 0.0] },
  industrial: { main: [0.4, 0.1, 0.22, 0.03], lateral: [0.3, 0.05, 0.15, 0.02] },
};

function placeServices(plan: FeederPlan, p: number, random: Random): void {
  const { tree } = plan;
  const onMain = tree.main[p] === 1 || p === 0;
  // The main also crosses places without customers of its own.
  if (onMain && tree.order.length > 20 && random.chance(0.14)) return;
  const share = shares[tree.streets.plan.character][onMain ? 'main' : 'lateral'];
  const add = (midway: boolean): void => {
    const threePhase = plan.phases[p] === 7;
    let drawn = random.unit();
    let kind: ServiceKind = 'houses';
    const kinds: ServiceKind[] = ['shops', 'large', 'industrial', 'apartments'];
    for (let i = 0; i < kinds.length; i++) {
      if (drawn < share[i] && (threePhase || i === 3)) {
        kind = kinds[i];
        break;
      }
      drawn -= share[i];
      if (drawn < 0) break;
    }
    const own = phaseBits.filter((bit) => plan.phases[p] & bit);
    const phases =
      kind === 'houses' || (kind === 'apartments' && !threePhase) ? own[random.below(own.length)] : plan.phases[p];
    plan.services.push({ position: p, midway, kind, phases, weight: weightOf(kind, random), meters: 0 });
  };
  if (plan.split[p]) add(true);
  add(false);
}

function weightOf(kind: ServiceKind, random: Random): number {
  switch (kind) {
    case 'houses':
      return Math.max(3, 8 + 2.4 * random.normal());
    case 'apartments':
      return Math.max(10, 26 + 9 * random.normal());
    case 'shops':
      return Math.max(1.5, 4.8 + 2 * random.normal());
    case 'large':
      return Math.max(1, 2 + random.normal());
    default:
      return 0;
  }
}

/** Spreads exactly `meters` over the services: one each, the rest by weight. */
export function apportionMeters(services: readonly Service[], meters: number): void {
  let weights = 0;
  for (const service of services) weights += service.weight === 0 ? 0 : service.weight - 1;
  const rest = meters - services.length;
  let given = 0;
  let weight = 0;
  for (let i = 0; i < services.length; i++) {
    const one = services[i];
    if (rest <= 0 || weights === 0) {
      one.meters = i < meters ? 1 : 0;
      continue;
    }
    weight += one.weight === 0 ? 0 : one.weight - 1;
    const until = Math.round((rest * weight) / weights);
    one.meters = 1 + until - given;
    given = until;
  }
  if (rest > 0 && weights === 0 && services.length > 0) services[services.length - 1].meters += rest;
}
