/**
 * From dark meters to devices, for one island of the device tree. A function of the evidence, the settings and the
 * switch states: order of arrival and earlier predictions do not enter.
 */
import type { DeviceTree } from './prediction_devices.ts';
import type { IslandEvidence } from './prediction_facts.ts';
import { attachStrays } from './prediction_mapping.ts';
import { lostPhases, pickPartial } from './prediction_phases.ts';
import { alone, chosenDevices, type Pick } from './prediction_picks.ts';
import type { IslandWeights } from './prediction_weights.ts';

/**
 * The devices the evidence speaks for: the topmost chosen ones, and single service points where none is. Meters that
 * went dark long after the others are explained by themselves, with what came before accounted for.
 */
export function predict(weights: IslandWeights, evidence: IslandEvidence): Pick[] {
  const picks: Pick[] = [];
  for (const dark of inTime(weights, evidence.dark)) {
    const before = picks.map(({ device, meter, phases, dark: explained }) => ({
      device,
      meter,
      phases,
      customersOut: meter >= 0 ? 1 : Math.max(explained.length, weights.tree.audibleBelow(device)),
    }));
    const held = before.length > 0 ? [...evidence.held, ...before] : evidence.held;
    const now = attachStrays(weights, predictAtOnce(weights, { ...evidence, dark, held }));
    for (const pick of now) pick.isLater = before.length > 0;
    picks.push(...now);
  }
  return picks.sort((a, b) => a.sinceMs - b.sinceMs || a.device - b.device || a.meter - b.meter || a.phases - b.phases);
}

/** Meters in groups with no more than the separation between one and the next in time; each group ascending by key. */
function inTime(weights: IslandWeights, dark: ArrayLike<number>): ArrayLike<number>[] {
  const { darkMs } = weights.heard;
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < dark.length; i++) {
    first = Math.min(first, darkMs[dark[i]]);
    last = Math.max(last, darkMs[dark[i]]);
  }
  if (dark.length === 0) return [];
  const separationMs = weights.settingsAt(nearest(weights.tree, dark[0])).separationMinutes * 60_000;
  if (last - first <= separationMs) return [dark];
  const groups: number[][] = [];
  let beforeMs = Number.NEGATIVE_INFINITY;
  for (const meter of Array.from(dark).sort((a, b) => darkMs[a] - darkMs[b] || a - b)) {
    if (darkMs[meter] - beforeMs > separationMs) groups.push([]);
    groups.at(-1)!.push(meter);
    beforeMs = darkMs[meter];
  }
  return groups.map((group) => group.sort((a, b) => a - b));
}

function nearest(tree: DeviceTree, meter: number): number {
  const device = tree.ofMeter(meter);
  return device >= 0 ? device : Math.max(0, tree.grid.edgeAboveMeter(meter));
}

function predictAtOnce(weights: IslandWeights, evidence: IslandEvidence): Pick[] {
  const whole = pickWhole(weights, evidence);
  const picks: Pick[] = [];
  for (const pick of whole) {
    const phases = pick.meter < 0 ? lostPhases(weights, evidence, pick) : 0;
    if (phases === 0) {
      picks.push(pick);
      continue;
    }
    const { meterPhases } = weights.tree.grid;
    const isOut = (meter: number): boolean => meterPhases[meter] === 0 || (meterPhases[meter] & phases) !== 0;
    const dark = pick.dark.filter(isOut);
    picks.push({ ...pick, phases, dark, sinceMs: weights.quantile(dark, 0.25) });
    for (const meter of pick.dark) if (!isOut(meter)) picks.push(alone(weights, meter));
  }
  return pickPartial(weights, evidence, picks);
}

/** Whole devices, and single service points. */
function pickWhole(weights: IslandWeights, evidence: IslandEvidence): Pick[] {
  weights.weigh(evidence);
  const { picks, left } = chosenDevices(weights, evidence.dark);
  for (const meter of left) if (weights.tree.grid.edgeAboveMeter(meter) >= 0) picks.push(alone(weights, meter));
  return picks;
}
