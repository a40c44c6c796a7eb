/** The radial tree of one feeder over its crossings: mains along arterials, laterals down the local streets. */
import type { SubstationSite } from './partition.ts';
import { hashUnit } from './random.ts';
import { isArterialColumn, isArterialRow, linksPerCrossing, type Streets } from './streets.ts';

export interface FeederTree {
  streets: Streets;
  /** crossings of the feeder in preorder; `order[0]` is where the line from the substation arrives */
  order: number[];
  /** crossings that the line from the substation passes before the first; empty where it is short and straight */
  access: number[];
  /** position in `order` of the parent, -1 for the first */
  parent: Int32Array;
  /** crossings below and including each position */
  size: Int32Array;
  /** metres from the first crossing */
  distanceM: Float64Array;
  /** the largest of `distanceM`, at least 1 */
  farthestM: number;
  /** 1 where the piece from the parent to this position is part of the three-phase main */
  main: Uint8Array;
}

/** A main costs a third of a local street, so that paths gather on arterials. */
const arterialCost = 0.33;
/** Going along the blocks is cheaper than across: laterals become parallel streets. */
const acrossCost = 1.9;

export function growTree(s: Streets, members: readonly number[], site: SubstationSite, seed: number): FeederTree {
  const local = new Map<number, number>();
  members.forEach((a, i) => {
    local.set(a, i);
  });
  const n = members.length;
  const rowsFirst = hashUnit(seed, 11) < 0.7 === s.spacingU >= s.spacingV;
  const cost = (a: number, b: number): number => {
    const length = Math.abs(s.u[a] - s.u[b]) + Math.abs(s.v[a] - s.v[b]);
    const wobble = 1 + 0.08 * hashUnit(Math.min(a, b) ^ seed, Math.max(a, b));
    if (s.row[a] === s.row[b])
      return length * wobble * (isArterialRow(s, s.row[a]) ? arterialCost : rowsFirst ? 1 : acrossCost);
    if (s.column[a] !== s.column[b]) return length * wobble;
    return length * wobble * (isArterialColumn(s, s.column[a]) ? arterialCost : rowsFirst ? acrossCost : 1);
  };
  let entry = 0;
  let least = Infinity;
  for (let i = 0; i < n; i++) {
    const d = (s.x[members[i]] - site.x) ** 2 + (s.y[members[i]] - site.y) ** 2;
    if (d < least) {
      least = d;
      entry = i;
    }
  }
  const before = shortestPaths(s, members, local, entry, cost);
  return preorder(s, members, entry, before, seed);
}

/** Dijkstra with a plain scan: feeders have some 70 crossings. Returns the predecessor of each member. */
function shortestPaths(
  s: Streets,
  members: readonly number[],
  local: Map<number, number>,
  entry: number,
  cost: (a: number, b: number) => number,
): Int32Array {
  const n = members.length;
  const reached = new Float64Array(n).fill(Infinity);
  const before = new Int32Array(n).fill(-1);
  const done = new Uint8Array(n);
  reached[entry] = 0;
  for (;;) {
    let at = -1;
    for (let i = 0; i < n; i++) if (!done[i] && reached[i] < Infinity && (at < 0 || reached[i] < reached[at])) at = i;
    if (at < 0) return before;
    done[at] = 1;
    for (let k = 0; k < linksPerCrossing; k++) {
      const next = s.link[members[at] * linksPerCrossing + k];
      const i = next < 0 ? undefined : local.get(next);
      if (i === undefined || done[i]) continue;
      const through = reached[at] + cost(members[at], next);
      if (through < reached[i]) {
        reached[i] = through;
        before[i] = at;
      }
    }
  }
}

function preorder(s: Streets, members: readonly number[], entry: number, before: Int32Array, seed: number): FeederTree {
  const n = members.length;
  const children: number[][] = Array.from({ length: n }, () => []);
  for (let i = 0; i < n; i++) if (before[i] >= 0) children[before[i]].push(i);
  const order: number[] = [];
  const position = new Int32Array(n).fill(-1);
  const parent: number[] = [];
  const stack = [entry];
  while (stack.length > 0) {
    const i = stack.pop()!;
    position[i] = order.length;
    parent.push(i === entry ? -1 : position[before[i]]);
    order.push(members[i]);
    for (const child of children[i].reverse()) stack.push(child);
  }
  const tree: FeederTree = {
    streets: s,
    order,
    access: [],
    parent: Int32Array.from(parent),
    size: new Int32Array(order.length).fill(1),
    distanceM: new Float64Array(order.length),
    farthestM: 1,
    main: new Uint8Array(order.length),
  };
  for (let p = order.length - 1; p > 0; p--) tree.size[tree.parent[p]] += tree.size[p];
  for (let p = 1; p < order.length; p++) {
    const [a, b] = [order[tree.parent[p]], order[p]];
    tree.distanceM[p] = tree.distanceM[tree.parent[p]] + Math.abs(s.u[a] - s.u[b]) + Math.abs(s.v[a] - s.v[b]);
    tree.farthestM = Math.max(tree.farthestM, tree.distanceM[p]);
  }
  markMain(tree, seed);
  return tree;
}

/** Large branches are main; so are arterial pieces that feed more than a lateral's worth. */
function markMain(tree: FeederTree, seed: number): void {
  const { streets: s, order, parent, size } = tree;
  const large = Math.max(9, Math.round(order.length * (0.13 + 0.04 * hashUnit(seed, 5))));
  tree.main[0] = 1;
  for (let p = 1; p < order.length; p++) {
    const [a, b] = [order[parent[p]], order[p]];
    const arterial =
      (s.row[a] === s.row[b] && isArterialRow(s, s.row[a])) ||
      (s.column[a] === s.column[b] && isArterialColumn(s, s.column[a]));
    if (tree.main[parent[p]] && (size[p] >= large || (arterial && size[p] >= 4))) tree.main[p] = 1;
  }
}

/** Makes the way from a position to the source three-phase, so that a tie can carry the feeder. */
export function extendMain(tree: FeederTree, position: number): void {
  for (let p = position; p >= 0 && !tree.main[p]; p = tree.parent[p]) tree.main[p] = 1;
}

/** How many pieces would have to become main to reach a position. */
export function stepsToMain(tree: FeederTree, position: number): number {
  let steps = 0;
  for (let p = position; p >= 0 && !tree.main[p]; p = tree.parent[p]) steps++;
  return steps;
}
