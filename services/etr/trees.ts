/**
 * Gradient-boosted regression trees for quantiles of interval-censored targets, in typed arrays. A target is known to lie
 * in (least, most]; `most` is infinite where it had not ended. The pinball loss is zero inside the interval, so a tree
 * learns nothing from a prediction that the snapshots can not contradict.
 */
export interface Tree {
  /** per node: feature, or -1 for a leaf */
  feature: number[];
  /** value <= threshold goes left */
  threshold: number[];
  /** where a missing value goes */
  missingLeft: number[];
  left: number[];
  right: number[];
  /** of a leaf; 0 elsewhere */
  value: number[];
  /** loss taken off by the split, per training row */
  gain: number[];
}

export interface Forest {
  quantile: number;
  base: number;
  trees: Tree[];
}

export interface Targets {
  /** row-major inputs, one Float64Array a row; NaN = missing */
  rows: readonly Float64Array[];
  least: Float64Array;
  most: Float64Array;
  /** weight of a row's loss */
  weight: Float64Array;
}

export interface BoostOptions {
  trees: number;
  leaves: number;
  leastRows: number;
  rate: number;
  /** share of rows, and of features, each tree sees */
  rowShare: number;
  featureShare: number;
  bins: number;
  /** columns that may be used */
  columns: readonly number[];
}

export const boostDefaults: Omit<BoostOptions, 'columns'> = {
  trees: 260,
  leaves: 24,
  leastRows: 50,
  rate: 0.06,
  rowShare: 0.7,
  featureShare: 0.6,
  bins: 64,
};

/** @param random numbers in [0, 1) */
export function boostQuantile(targets: Targets, quantile: number, options: BoostOptions, random: () => number): Forest {
  const n = targets.rows.length;
  const cuts = options.columns.map((column) => cutsOf(targets.rows, column, options.bins));
  const binned = options.columns.map((column, c) => binColumn(targets.rows, column, cuts[c]));
  const predicted = new Float64Array(n);
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const base = intervalQuantile(targets, predicted, all, quantile);
  predicted.fill(base);
  const forest: Forest = { quantile, base, trees: [] };
  const gradient = new Float64Array(n);
  for (let t = 0; t < options.trees; t++) {
    for (let i = 0; i < n; i++)
      gradient[i] =
        targets.weight[i] *
        (predicted[i] < targets.least[i] ? quantile : predicted[i] > targets.most[i] ? quantile - 1 : 0);
    const sample = all.filter(() => random() < options.rowShare);
    const chosen = options.columns.map((_, c) => c).filter(() => random() < options.featureShare);
    const tree = growTree(
      targets,
      predicted,
      gradient,
      sample,
      chosen.length > 0 ? chosen : [0],
      { cuts, binned },
      quantile,
      options,
    );
    for (let i = 0; i < n; i++) predicted[i] += treeValue(tree, targets.rows[i]);
    forest.trees.push(tree);
  }
  return forest;
}

export function treeValue(tree: Tree, row: Float64Array): number {
  let node = 0;
  while (tree.feature[node] >= 0) {
    const value = row[tree.feature[node]];
    const goesLeft = Number.isNaN(value) ? tree.missingLeft[node] === 1 : value <= tree.threshold[node];
    node = goesLeft ? tree.left[node] : tree.right[node];
  }
  return tree.value[node];
}

export function forestValue(forest: Forest, row: Float64Array): number {
  let sum = forest.base;
  for (const tree of forest.trees) sum += treeValue(tree, row);
  return sum;
}

interface Binned {
  cuts: Float64Array[];
  /** per column: 0 = missing, else 1 + number of cuts below the value */
  binned: Uint8Array[];
}

interface Leaf {
  node: number;
  rows: Int32Array;
  sums: Sums;
  split?: { column: number; bin: number; missingLeft: boolean; gain: number };
}

/** Gradient, weight and count of the rows of a leaf in each bin of each chosen column. */
interface Sums {
  cells: Float64Array;
  gradient: number;
  weight: number;
}

/** Leaf-wise: the split that takes off most is made first. */
function growTree(
  targets: Targets,
  predicted: Float64Array,
  gradient: Float64Array,
  sample: Int32Array,
  chosen: readonly number[],
  { cuts, binned }: Binned,
  quantile: number,
  options: BoostOptions,
): Tree {
  const tree: Tree = { feature: [], threshold: [], missingLeft: [], left: [], right: [], value: [], gain: [] };
  const addNode = (): number => {
    tree.feature.push(-1);
    for (const list of [tree.threshold, tree.missingLeft, tree.left, tree.right, tree.value, tree.gain]) list.push(0);
    return tree.feature.length - 1;
  };
  const withSplit = (node: number, rows: Int32Array, sums: Sums): Leaf => ({
    ...{ node, rows, sums },
    split: bestSplit(sums, rows.length, chosen, cuts, options),
  });
  const sumsOf = (rows: Int32Array): Sums => sumUp(gradient, targets.weight, rows, chosen, binned, options.bins);
  const leaves: Leaf[] = [withSplit(addNode(), sample, sumsOf(sample))];
  while (leaves.length < options.leaves) {
    let best = -1;
    for (let i = 0; i < leaves.length; i++)
      if (leaves[i].split && (best < 0 || leaves[i].split!.gain > leaves[best].split!.gain)) best = i;
    if (best < 0) break;
    const { node, rows, sums, split } = leaves[best];
    const { column, bin, missingLeft, gain } = split!;
    const bins = binned[column];
    const goesLeft = (row: number): boolean => (bins[row] === 0 ? missingLeft : bins[row] <= bin);
    const [left, right] = [addNode(), addNode()];
    tree.feature[node] = options.columns[column];
    tree.threshold[node] = cuts[column][bin - 1];
    tree.missingLeft[node] = missingLeft ? 1 : 0;
    tree.left[node] = left;
    tree.right[node] = right;
    tree.gain[node] = gain / sample.length;
    const [leftRows, rightRows] = [rows.filter(goesLeft), rows.filter((row) => !goesLeft(row))];
    // only the smaller half is summed, the other is what is left
    const isLeftSmaller = leftRows.length <= rightRows.length;
    const smaller = sumsOf(isLeftSmaller ? leftRows : rightRows);
    const larger = less(sums, smaller);
    leaves[best] = withSplit(left, leftRows, isLeftSmaller ? smaller : larger);
    leaves.push(withSplit(right, rightRows, isLeftSmaller ? larger : smaller));
  }
  for (const { node, rows } of leaves)
    tree.value[node] = options.rate * intervalQuantile(targets, predicted, rows, quantile);
  return tree;
}

function sumUp(
  gradient: Float64Array,
  weight: Float64Array,
  rows: Int32Array,
  chosen: readonly number[],
  binned: readonly Uint8Array[],
  bins: number,
): Sums {
  const cells = new Float64Array(chosen.length * (bins + 1) * 3);
  let [totalG, totalW] = [0, 0];
  for (const row of rows) {
    totalG += gradient[row];
    totalW += weight[row];
  }
  for (let c = 0; c < chosen.length; c++) {
    const column = binned[chosen[c]];
    const base = c * (bins + 1) * 3;
    for (const row of rows) {
      const cell = base + column[row] * 3;
      cells[cell] += gradient[row];
      cells[cell + 1] += weight[row];
      cells[cell + 2]++;
    }
  }
  return { cells, gradient: totalG, weight: totalW };
}

const less = (whole: Sums, part: Sums): Sums => ({
  cells: whole.cells.map((value, i) => value - part.cells[i]),
  gradient: whole.gradient - part.gradient,
  weight: whole.weight - part.weight,
});

function bestSplit(
  { cells, gradient, weight }: Sums,
  rowCount: number,
  chosen: readonly number[],
  cuts: readonly Float64Array[],
  { leastRows, bins }: BoostOptions,
): Leaf['split'] {
  if (rowCount < 2 * leastRows || weight <= 0) return undefined;
  const whole = (gradient * gradient) / weight;
  let best: Leaf['split'];
  for (let c = 0; c < chosen.length; c++) {
    const base = c * (bins + 1) * 3;
    for (const missingLeft of cells[base + 2] > 0 ? [true, false] : [true]) {
      let [leftG, leftW, leftCount] = missingLeft ? [cells[base], cells[base + 1], cells[base + 2]] : [0, 0, 0];
      for (let bin = 1; bin <= cuts[chosen[c]].length; bin++) {
        leftG += cells[base + bin * 3];
        leftW += cells[base + bin * 3 + 1];
        leftCount += cells[base + bin * 3 + 2];
        if (leftCount < leastRows || rowCount - leftCount < leastRows) continue;
        const rightG = gradient - leftG;
        const rightW = weight - leftW;
        // a side of censored rows alone weighs nothing
        if (leftW < 1e-6 || rightW < 1e-6) continue;
        const gain = (leftG * leftG) / leftW + (rightG * rightG) / rightW - whole;
        if (gain > (best?.gain ?? 1e-6)) best = { column: chosen[c], bin, missingLeft, gain };
      }
    }
  }
  return best;
}

/** The weighted quantile of what a prediction lacks: 0 inside the interval, else the way to its nearer border. */
function intervalQuantile(targets: Targets, predicted: Float64Array, rows: Int32Array, quantile: number): number {
  const lacks = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    const p = predicted[row];
    lacks[i] = p < targets.least[row] ? targets.least[row] - p : p > targets.most[row] ? targets.most[row] - p : 0;
  }
  return weightedQuantile(
    lacks,
    Float64Array.from(rows, (row) => targets.weight[row]),
    quantile,
  );
}

/** The smallest value that at least a share `quantile` of the weight does not pass; the arrays are shuffled. O(n). */
export function weightedQuantile(values: Float64Array, weights: Float64Array, quantile: number): number {
  let total = 0;
  for (const weight of weights) total += weight;
  if (total <= 0) return 0;
  let wanted = quantile * total;
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const pivot = middleOf(values[low], values[(low + high) >> 1], values[high]);
    // [low, less) below the pivot, [less, i) equal, (more, high] above
    let [less, i, more] = [low, low, high];
    let [below, equal] = [0, 0];
    while (i <= more) {
      if (values[i] < pivot) {
        below += weights[i];
        swap(values, weights, less++, i++);
      } else if (values[i] > pivot) swap(values, weights, i, more--);
      else equal += weights[i++];
    }
    if (wanted <= below && less > low) high = less - 1;
    else if (wanted <= below + equal || more === high) return pivot;
    else {
      wanted -= below + equal;
      low = more + 1;
    }
  }
  return values[low];
}

const middleOf = (a: number, b: number, c: number): number => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));

function swap(values: Float64Array, weights: Float64Array, a: number, b: number): void {
  const [value, weight] = [values[a], weights[a]];
  values[a] = values[b];
  weights[a] = weights[b];
  values[b] = value;
  weights[b] = weight;
}

/** Borders between bins: quantiles of the values that occur, each once. */
function cutsOf(rows: readonly Float64Array[], column: number, bins: number): Float64Array {
  const values = Float64Array.from(rows, (row) => row[column])
    .filter((value) => !Number.isNaN(value))
    .sort();
  const cuts: number[] = [];
  for (let b = 1; b < bins; b++) {
    const value = values[Math.floor((b * values.length) / bins)];
    if (values.length > 0 && value < values[values.length - 1] && value !== cuts[cuts.length - 1]) cuts.push(value);
  }
  return Float64Array.from(cuts, (cut) => Number(cut.toPrecision(7)));
}

function binColumn(rows: readonly Float64Array[], column: number, cuts: Float64Array): Uint8Array {
  return Uint8Array.from(rows, (row) => {
    const value = row[column];
    if (Number.isNaN(value)) return 0;
    let [low, high] = [0, cuts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= cuts[middle]) high = middle;
      else low = middle + 1;
    }
    return low + 1;
  });
}
