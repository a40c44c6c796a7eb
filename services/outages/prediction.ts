/**
 * From dark meters to devices, for one island of the device tree (everything below one top). A function of the evidence
 * and the thresholds: order of arrival and earlier predictions do not enter. Costs the meters heard and the devices above
 * them, never the territory.
 *
 * Each device d above a dark meter may be the fault. Out at d costs, in natural logarithms, log(1 - loss) per dark meter
 * below, log(loss) per silent one, log(wrongLit) per lit one, and the improbability of one more fault; else the best of
 * its branches, added up. Thresholds, two affected branches and lit branches decide what is allowed at all.
 */
import { edgeKindCode } from '#model/network.ts';
import type { GridView } from './grid_view.ts';
import type { DeviceTree } from './prediction_devices.ts';
import { deviceKindOf, type OutageSettings, type OutageThresholds, settingsOf } from './thresholds.ts';

export interface IslandEvidence {
  /** dark meters to explain, ascending */
  dark: readonly number[];
  /** meters that answered lit without having been out */
  lit: Iterable<number>;
  /** meters that were out and came back */
  back: Iterable<number>;
  /** outages that stay where they are; their members are accounted for */
  held: Iterable<{ device: number; meter: number; customersOut: number }>;
  /** by meter key, UTC ms */
  darkMs: Float64Array;
  litMs: Float64Array;
}

export interface Pick {
  device: number;
  /** meter key where it is a single service point, else -1 */
  meter: number;
  /** dark meters it explains, ascending */
  dark: number[];
  /** lower quartile of their times: one clock that runs behind does not date the outage */
  sinceMs: number;
}

export type Verdict = 'chosen' | 'covered' | 'one_branch' | 'below_threshold' | 'contradicted' | 'costlier';

export interface Weighed {
  device: number;
  /** position of the next device above in the list, -1 at the top */
  parent: number;
  /** customers below that are not accounted for by held outages or restored */
  customers: number;
  dark: number;
  lit: number;
  silent: number;
  /** log-likelihood of one outage here, and of the best explanation by what lies below */
  scoreHere: number;
  scoreBelow: number;
  verdict: Verdict;
  /** dark meters with no device between them and this one */
  direct: number[];
  branches: number;
  branchDark: number;
  sinceMs: number;
  /** time of the newest lit branch below, 0 where there is none */
  litBranchMs: number;
  litDirect: number;
  litDirectMs: number;
  /** of the direct meters, those that came back since */
  backDirect: number;
  away: number;
}

/** A single service point is a little less likely than the transformer that is its only one. */
const servicePointHandicap = 0.5;

/** Weighs every device above the dark meters. Parents stand before their children. */
export function weighIsland(tree: DeviceTree, thresholds: OutageThresholds, evidence: IslandEvidence): Weighed[] {
  const { grid } = tree;
  const toleranceMs = thresholds.clockAheadS * 1000;
  const rows: Weighed[] = [];
  const rowOf = new Map<number, number>();
  const touch = (device: number): number => {
    const known = rowOf.get(device);
    if (known !== undefined) return known;
    const above = tree.above(device);
    const parent = above < 0 ? -1 : touch(above);
    rowOf.set(device, rows.length);
    return rows.push(emptyRow(device, parent)) - 1;
  };
  for (const meter of evidence.dark) {
    const device = tree.ofMeter(meter);
    if (device >= 0) rows[touch(device)].direct.push(meter);
  }
  const lit: [meter: number, row: number][] = [];
  for (const meter of evidence.lit) {
    const device = tree.ofMeter(meter);
    if (device < 0) continue;
    const row = touch(device);
    lit.push([meter, row]);
    rows[row].litDirect++;
    rows[row].litDirectMs = Math.max(rows[row].litDirectMs, evidence.litMs[meter]);
  }
  for (let i = rows.length - 1; i >= 0; i--) gatherDark(rows, i, evidence.darkMs);
  for (const [meter, row] of lit) {
    for (let i = row; i >= 0; i = rows[i].parent)
      if (evidence.litMs[meter] > rows[i].sinceMs + toleranceMs) rows[i].lit++;
  }
  const firstKnown = (device: number): number => {
    let at = device;
    while (at >= 0 && !rowOf.has(at)) at = tree.above(at);
    return at < 0 ? -1 : rowOf.get(at)!;
  };
  for (const meter of evidence.back) {
    const leaf = tree.ofMeter(meter);
    for (let i = firstKnown(leaf); i >= 0; i = rows[i].parent) {
      if (evidence.litMs[meter] <= rows[i].sinceMs) continue;
      rows[i].away++;
      if (rows[i].device === leaf) rows[i].backDirect++;
    }
  }
  for (const outage of evidence.held) {
    const start = outage.meter >= 0 ? tree.ofMeter(outage.meter) : outage.device;
    for (let i = firstKnown(start); i >= 0; i = rows[i].parent) rows[i].away += outage.customersOut;
  }
  for (let i = rows.length - 1; i >= 0; i--) weigh(rows, i, grid, thresholds, toleranceMs);
  for (const row of rows) {
    const above = row.parent < 0 ? undefined : rows[row.parent].verdict;
    if (above === 'chosen' || above === 'covered') row.verdict = 'covered';
  }
  return rows;
}

function emptyRow(device: number, parent: number): Weighed {
  return {
    device,
    parent,
    customers: 0,
    dark: 0,
    lit: 0,
    silent: 0,
    scoreHere: 0,
    scoreBelow: 0,
    verdict: 'costlier',
    direct: [],
    branches: 0,
    branchDark: 0,
    sinceMs: Number.POSITIVE_INFINITY,
    litBranchMs: 0,
    litDirect: 0,
    litDirectMs: 0,
    backDirect: 0,
    away: 0,
  };
}

/** Dark meters upwards; the time of the outage is that of the heaviest branch: one stray dark meter does not set it. */
function gatherDark(rows: Weighed[], i: number, darkMs: Float64Array): void {
  const row = rows[i];
  // One lit answer among many dark ones is that meter's own affair; a branch that is mostly lit is not out.
  if (row.litDirect > 0 && row.litDirect >= row.direct.length) {
    row.litBranchMs = Math.max(row.litBranchMs, row.litDirectMs);
  }
  row.dark += row.direct.length;
  if (row.direct.length > row.branchDark) {
    row.branchDark = row.direct.length;
    row.sinceMs = quantile(row.direct, darkMs, 0.5);
  }
  if (row.parent < 0) return;
  const parent = rows[row.parent];
  parent.dark += row.dark;
  if (row.dark > parent.branchDark) {
    parent.branchDark = row.dark;
    parent.sinceMs = row.sinceMs;
  }
  parent.litBranchMs = Math.max(parent.litBranchMs, row.litBranchMs);
}

/** Weighs one device once all below it are weighed, and hands the better score up. */
function weigh(rows: Weighed[], i: number, grid: GridView, thresholds: OutageThresholds, toleranceMs: number): void {
  const row = rows[i];
  const settings = settingsOf(thresholds, grid.areaOfEdge(row.device));
  row.customers = Math.max(row.dark, grid.customersBelow(row.device) - row.away);
  row.silent = Math.max(0, row.customers - row.dark - row.lit);
  row.branches += row.direct.length;
  row.scoreHere =
    row.dark * Math.log(1 - settings.messageLoss) +
    row.silent * Math.log(settings.messageLoss) +
    row.lit * Math.log(settings.wrongLit) -
    settings.faultImprobability;
  row.scoreBelow -= row.direct.length * (settings.faultImprobability + servicePointHandicap);
  row.verdict = row.dark === 0 ? 'one_branch' : judge(row, grid, settings, toleranceMs);
  if (row.parent < 0) return;
  const parent = rows[row.parent];
  parent.scoreBelow += row.verdict === 'chosen' ? row.scoreHere : row.scoreBelow;
  if (row.dark > 0 && row.dark * 100 >= row.customers * settings.branchPercent) parent.branches++;
}

function judge(row: Weighed, grid: GridView, settings: OutageSettings, toleranceMs: number): Verdict {
  if (grid.isOpen(row.device)) return 'chosen';
  if (row.litBranchMs > row.sinceMs + toleranceMs) return 'contradicted';
  // A transformer that most of its meters came back by has power; a fuse may feed again one branch of several.
  if (row.backDirect > 0 && row.backDirect >= row.direct.length) return 'contradicted';
  const wholeByItself = row.direct.length === row.dark && row.dark === row.customers;
  if (!wholeByItself) {
    if (row.branches < 2) return 'one_branch';
    const { minPercent, minCount, need } = settings.device[deviceKindOf(grid.edgeKind[row.device])!];
    const percent = row.dark * 100 >= row.customers * minPercent;
    const count = row.dark >= minCount;
    if (need === 'both' ? !(percent && count) : !(percent || count)) return 'below_threshold';
  }
  return settings.rule === 'thresholds' || row.scoreHere > row.scoreBelow ? 'chosen' : 'costlier';
}

/** The devices the evidence speaks for: the topmost chosen ones, and single service points where none is. */
export function predict(tree: DeviceTree, thresholds: OutageThresholds, evidence: IslandEvidence): Pick[] {
  const rows = weighIsland(tree, thresholds, evidence);
  const owner = new Int32Array(rows.length);
  const pickOfRow = new Map<number, number[]>();
  const picks: Pick[] = [];
  const alone = (meter: number, device: number): void => {
    picks.push({ device, meter, dark: [meter], sinceMs: evidence.darkMs[meter] });
  };
  for (const [i, row] of rows.entries()) {
    owner[i] = row.verdict === 'chosen' ? i : row.verdict === 'covered' ? owner[row.parent] : -1;
    if (owner[i] < 0) {
      for (const meter of row.direct) alone(meter, servicePointOf(tree, meter));
      continue;
    }
    const dark = pickOfRow.get(owner[i]) ?? [];
    pickOfRow.set(owner[i], dark);
    for (const meter of row.direct) dark.push(meter);
  }
  for (const [row, dark] of pickOfRow) {
    const sinceMs = quantile(dark, evidence.darkMs, 0.25);
    picks.push({ device: rows[row].device, meter: -1, dark: dark.sort((a, b) => a - b), sinceMs });
  }
  for (const meter of evidence.dark) {
    const edge = tree.grid.edgeAboveMeter(meter);
    if (tree.ofMeter(meter) < 0 && edge >= 0) alone(meter, edge);
  }
  return picks.sort((a, b) => a.sinceMs - b.sinceMs || a.device - b.device || a.meter - b.meter);
}

/** The service line where the model has one, else the device nearest above. */
export function servicePointOf(tree: DeviceTree, meter: number): number {
  const edge = tree.grid.edgeAboveMeter(meter);
  return tree.grid.edgeKind[edge] === edgeKindCode.service_line ? edge : tree.ofMeter(meter);
}

function quantile(meters: readonly number[], timeMs: Float64Array, share: number): number {
  const first = timeMs[meters[0]];
  let same = true;
  for (let i = 1; same && i < meters.length; i++) same = timeMs[meters[i]] === first;
  if (same) return first;
  const times = new Float64Array(meters.length);
  for (let i = 0; i < times.length; i++) times[i] = timeMs[meters[i]];
  return times.sort()[Math.floor((times.length - 1) * share)];
}
