/**
 * A believable distribution territory around Houston, from a scale and a seed: neighbourhoods -> streets ->
 * substations -> feeders -> radial trees -> ties -> devices, transformers, meters. Same scale and seed, same bytes.
 */
import { edgeKindCode, type NetworkColumns } from '#model/network.ts';
import { NetworkBuilder } from '#model/network_builder.ts';
import { emitFeeder } from './emit.ts';
import { apportionMeters, planFeeder } from './feeder_plan.ts';
import { type FeederTree, growTree } from './feeder_tree.ts';
import { toLatE7, toLonE7 } from './geometry.ts';
import { openCorridors } from './getaway.ts';
import { feederName, pad, substationNames } from './names.ts';
import { type Partition, partition } from './partition.ts';
import { planTerritory, type Scale } from './plan.ts';
import { mix, Random } from './random.ts';
import { layStreets, type Streets } from './streets.ts';
import { chooseTies, type Places, type Tie } from './ties.ts';

export { maxMeters, type Scale } from './plan.ts';

export interface TerritoryOptions {
  /** `demo` 24,000 meters, `poc` 596,906, or a number of meters up to 2,700,000 */
  scale: Scale;
  seed: number;
  /** share done in [0, 1] and what is being done, in words */
  onProgress?: (share: number, what: string) => void;
}

/** Street crossings per meter: each becomes about one line segment and one transformer. */
const crossingsPerMeter = 0.0998;

interface Hood {
  streets: Streets;
  parts: Partition;
  trees: FeederTree[];
  places: Places;
}

/** @throws FluxError `bad_scale` */
export function generateTerritory(options: TerritoryOptions): NetworkColumns {
  const { scale, seed } = options;
  const progress = options.onProgress ?? (() => {});
  const plans = planTerritory(scale);
  const hoods: Hood[] = [];
  const trees: FeederTree[] = [];
  const substationOf: number[] = [];
  let substations = 0;
  plans.forEach((plan, index) => {
    progress((0.3 * index) / plans.length, `streets of ${plan.name}`);
    const target = Math.max(6, Math.round(plan.meters * crossingsPerMeter));
    const streets = layStreets(plan, target, new Random(seed, mix(index, 1)));
    const parts = partition(streets);
    const hood = growHood(streets, parts, trees.length, mix(seed | 0, index));
    hoods.push(hood);
    trees.push(...hood.trees);
    for (const substation of parts.feederSubstation) substationOf.push(substations + substation);
    substations += parts.sites.length;
  });
  progress(0.3, 'ties between feeders');
  const ties = chooseTies(trees, substationOf, hoods);

  const builder = new NetworkBuilder('Houston (synthetic)');
  const areas = new Map<string, number>();
  for (const area of plans.map((plan) => plan.area).sort()) {
    if (!areas.has(area)) areas.set(area, builder.addArea({ id: `AREA-${area.toUpperCase()}`, name: area }));
  }
  const nodeAt: Int32Array[] = [];
  const codes: string[] = [];
  hoods.forEach((hood, index) => {
    progress(0.35 + (0.45 * index) / hoods.length, `feeders of ${plans[index].name}`);
    emitHood(builder, hood, areas.get(plans[index].area)!, new Random(seed, mix(index, 2)), codes, nodeAt);
  });
  emitTies(builder, ties, codes, nodeAt);
  progress(0.8, 'columns');
  const network = builder.finish();
  progress(1, 'done');
  return network;
}

function growHood(streets: Streets, parts: Partition, firstFeeder: number, seed: number): Hood {
  const access = openCorridors(streets, parts);
  const members: number[][] = parts.feederSubstation.map(() => []);
  for (let a = 0; a < streets.count; a++) members[parts.feeder[a]].push(a);
  const places = { feeder: new Int32Array(streets.count).fill(-1), position: new Int32Array(streets.count) };
  const trees = members.map((own, k) => {
    const tree = growTree(streets, own, parts.sites[parts.feederSubstation[k]], mix(seed, k));
    tree.access = access[k];
    tree.order.forEach((a, position) => {
      places.feeder[a] = firstFeeder + k;
      places.position[a] = position;
    });
    return tree;
  });
  return { streets, parts, trees, places };
}

function emitHood(
  builder: NetworkBuilder,
  hood: Hood,
  area: number,
  random: Random,
  codes: string[],
  nodeAt: Int32Array[],
): void {
  const { plan } = hood.streets;
  const { sites, feederSubstation } = hood.parts;
  const middle = { x: 0, y: 0 };
  for (const site of sites) {
    middle.x += site.x / sites.length;
    middle.y += site.y / sites.length;
  }
  const names = substationNames(
    plan.name,
    sites.map((site) => ({ x: site.x - middle.x, y: site.y - middle.y })),
    Math.sqrt(plan.polygon.areaM2 / 3),
  );
  const feederPlans = hood.trees.map((tree) => planFeeder(tree, random));
  apportionMeters(
    feederPlans.flatMap((one) => one.services),
    plan.meters,
  );
  const wide = plan.character === 'suburban' || plan.character === 'sparse' || plan.character === 'industrial';
  sites.forEach((site, s) => {
    const substation = builder.addSubstation({
      id: `SUB-${pad(builder.substationCount + 1, 4)}`,
      name: names[s],
      lonE7: toLonE7(site.x),
      latE7: toLatE7(site.y),
      area,
    });
    const nominalKv = random.chance(wide ? 0.6 : 0.1) ? 34.5 : 12.47;
    const own = feederSubstation.flatMap((owner, k) => (owner === s ? [k] : []));
    own.forEach((k, index) => {
      const code = `${pad(substation + 1, 4)}-${pad(index + 1, 2)}`;
      const row = builder.addFeeder({
        id: `FDR-${code}`,
        name: feederName(names[s], index + 1),
        substation,
        nominalKv,
      });
      codes.push(code);
      nodeAt.push(
        emitFeeder(builder, { row, number: index + 1, siblings: own.length, code, site, plan: feederPlans[k], random }),
      );
    });
  });
}

function emitTies(
  builder: NetworkBuilder,
  ties: readonly Tie[],
  codes: readonly string[],
  nodeAt: readonly Int32Array[],
): void {
  const number = new Map<number, number>();
  for (const tie of ties) {
    const count = (number.get(tie.fromFeeder) ?? 0) + 1;
    number.set(tie.fromFeeder, count);
    const path: number[] = [];
    let lengthM = 0;
    for (let i = 2; i < tie.path.length; i += 2) {
      lengthM += Math.sqrt((tie.path[i] - tie.path[i - 2]) ** 2 + (tie.path[i + 1] - tie.path[i - 1]) ** 2);
      if (i < tie.path.length - 2) path.push(toLonE7(tie.path[i]), toLatE7(tie.path[i + 1]));
    }
    builder.addEdge({
      id: `TIE-${codes[tie.fromFeeder]}-${pad(count, 2)}`,
      kind: edgeKindCode.switch,
      from: nodeAt[tie.fromFeeder][tie.from],
      to: nodeAt[tie.toFeeder][tie.to],
      feeder: tie.fromFeeder,
      phases: 7,
      normallyOpen: true,
      lengthM: Math.round(lengthM * 10) / 10,
      ratedA: 630,
      path,
    });
  }
}
