/** Normally-open ties: street pieces between crossings of two feeders, chosen so that most feeders can be fed twice. */
import { extendMain, type FeederTree, stepsToMain } from './feeder_tree.ts';
import { linksPerCrossing, streetPath } from './streets.ts';

export interface Tie {
  /** feeder number and position in its tree; `from` belongs to the lower feeder number */
  fromFeeder: number;
  from: number;
  toFeeder: number;
  to: number;
  /** x, y, ... from end to end */
  path: number[];
}

interface Candidate extends Omit<Tie, 'path'> {
  /** draws the path; only the chosen few are drawn */
  draw: () => number[];
}

const tiesPerFeeder = 4;

/** Where each crossing of a neighbourhood sits: feeder number (over all neighbourhoods) and position in its tree. */
export interface Places {
  feeder: Int32Array;
  position: Int32Array;
}

export function chooseTies(
  trees: readonly FeederTree[],
  substationOf: readonly number[],
  hoods: readonly { trees: readonly FeederTree[]; places: Places }[],
): Tie[] {
  const candidates = [...withinHoods(trees, hoods), ...acrossHoods(trees, hoods)].map((tie) => {
    const a = trees[tie.fromFeeder];
    const b = trees[tie.toFeeder];
    const reach = (tree: FeederTree, p: number): number => tree.distanceM[p] / tree.farthestM;
    return {
      ...tie,
      sameSubstation: substationOf[tie.fromFeeder] === substationOf[tie.toFeeder],
      // Few new main pieces first, then far from both sources.
      cost: stepsToMain(a, tie.from) + stepsToMain(b, tie.to) - 0.6 * (reach(a, tie.from) + reach(b, tie.to)),
    };
  });
  candidates.sort(
    (a, b) =>
      Number(a.sameSubstation) * 1.5 + a.cost - Number(b.sameSubstation) * 1.5 - b.cost ||
      a.fromFeeder - b.fromFeeder ||
      a.from - b.from ||
      a.to - b.to,
  );
  const used = new Int32Array(trees.length);
  const pairs = new Set<number>();
  const taken = new Set<number>();
  const chosen: Tie[] = [];
  for (const tie of candidates) {
    const pair = tie.fromFeeder * trees.length + tie.toFeeder;
    const ends = [tie.fromFeeder * 65536 + tie.from, tie.toFeeder * 65536 + tie.to];
    const needed = used[tie.fromFeeder] === 0 || used[tie.toFeeder] === 0;
    if (pairs.has(pair) || ends.some((end) => taken.has(end))) continue;
    if (!needed && (used[tie.fromFeeder] >= tiesPerFeeder || used[tie.toFeeder] >= tiesPerFeeder || tie.cost > 3))
      continue;
    pairs.add(pair);
    for (const end of ends) taken.add(end);
    used[tie.fromFeeder]++;
    used[tie.toFeeder]++;
    extendMain(trees[tie.fromFeeder], tie.from);
    extendMain(trees[tie.toFeeder], tie.to);
    chosen.push({ fromFeeder: tie.fromFeeder, from: tie.from, toFeeder: tie.toFeeder, to: tie.to, path: tie.draw() });
  }
  return chosen.sort((a, b) => a.fromFeeder - b.fromFeeder || a.from - b.from);
}

function* withinHoods(
  trees: readonly FeederTree[],
  hoods: readonly { trees: readonly FeederTree[]; places: Places }[],
): Generator<Candidate> {
  for (const { places, trees: own } of hoods) {
    if (own.length === 0) continue;
    const s = own[0].streets;
    for (let a = 0; a < s.count; a++) {
      for (let k = 0; k < linksPerCrossing; k++) {
        const b = s.link[a * linksPerCrossing + k];
        if (b < 0 || places.feeder[a] >= places.feeder[b] || places.feeder[a] < 0) continue;
        const [from, to] = [places.position[a], places.position[b]];
        if (!endsOk(trees[places.feeder[a]], from) || !endsOk(trees[places.feeder[b]], to)) continue;
        yield { fromFeeder: places.feeder[a], from, toFeeder: places.feeder[b], to, draw: () => streetPath(s, a, b) };
      }
    }
  }
}

/** A tie at the very first crossing would bypass the whole feeder. */
const endsOk = (tree: FeederTree, position: number): boolean => position > 0 || tree.order.length < 4;

/** Short straight lines over the border between two neighbourhoods. */
function* acrossHoods(
  trees: readonly FeederTree[],
  hoods: readonly { trees: readonly FeederTree[]; places: Places }[],
): Generator<Candidate> {
  const cellM = 300;
  const grid = new Map<number, [number, number][]>();
  const key = (x: number, y: number): number => (Math.floor(x / cellM) + 1000) * 4000 + Math.floor(y / cellM) + 1000;
  hoods.forEach(({ trees: own, places }, hood) => {
    if (own.length === 0) return;
    const s = own[0].streets;
    for (let a = 0; a < s.count; a++) {
      let linked = 0;
      for (let k = 0; k < 4; k++) if (s.link[a * linksPerCrossing + k] >= 0) linked++;
      if (linked === 4 || !endsOk(trees[places.feeder[a]], places.position[a])) continue;
      const cell = key(s.x[a], s.y[a]);
      if (!grid.has(cell)) grid.set(cell, []);
      grid.get(cell)!.push([hood, a]);
    }
  });
  for (let hood = 0; hood < hoods.length; hood++) {
    const { trees: own, places } = hoods[hood];
    if (own.length === 0) continue;
    const s = own[0].streets;
    for (let a = 0; a < s.count; a++) {
      for (let cell = 0; cell < 9; cell++) {
        const near = grid.get(key(s.x[a] + ((cell % 3) - 1) * cellM, s.y[a] + (Math.floor(cell / 3) - 1) * cellM));
        for (const [otherHood, b] of near ?? []) {
          if (otherHood <= hood) continue;
          const other = hoods[otherHood].trees[0].streets;
          const dx = other.x[b] - s.x[a];
          const dy = other.y[b] - s.y[a];
          const distance = Math.sqrt(dx * dx + dy * dy);
          if (distance > Math.min(cellM, 1.1 * Math.min(s.spacingU + s.spacingV, other.spacingU + other.spacingV)))
            continue;
          if (!endsOk(trees[places.feeder[a]], places.position[a])) continue;
          const inside = [0.2, 0.4, 0.5, 0.6, 0.8].every((t) =>
            [s, other].some((one) => one.plan.polygon.contains(s.x[a] + t * dx, s.y[a] + t * dy, -12)),
          );
          if (!inside) continue;
          yield {
            fromFeeder: places.feeder[a],
            from: places.position[a],
            toFeeder: hoods[otherHood].places.feeder[b],
            to: hoods[otherHood].places.position[b],
            draw: () => [s.x[a], s.y[a], s.x[a] + dx / 2, s.y[a] + dy / 2, other.x[b], other.y[b]],
          };
        }
      }
    }
  }
}
