/**
 * Partial phases. The network as one phase sees it is a network of its own: its customers are those on that phase, and a
 * device that lost it is found there as a whole device is found in all of it. SPEC.md, P12.
 */

import type { HeldOutage, IslandEvidence } from './prediction_facts.ts';
import { chosenDevices, type Pick } from './prediction_picks.ts';
import type { IslandWeights } from './prediction_weights.ts';

const phaseBits = [1, 2, 4] as const;
/** From this share of a phase's customers dark nothing is asked: it is out. */
const plainShare = 0.5;
const nearlyAll = 0.9;

/**
 * The phases that a chosen device lost, where a part explains the answers better than the whole; 0 where it is the
 * whole. A phase is out unless its silent and lit meters cost more than its few dark ones as service points.
 */
export function lostPhases(weights: IslandWeights, evidence: IslandEvidence, pick: Pick): number {
  const { tree } = weights;
  const { grid } = tree;
  const served = grid.edgePhases[pick.device];
  if ((served & (served - 1)) === 0 || grid.isOpen(pick.device)) return 0;
  const dark = [0, 0, 0];
  for (const meter of pick.dark) {
    const at = phaseBits.indexOf(grid.meterPhases[meter] as 1);
    // A meter on several phases is out whichever of them is missing.
    if (at >= 0) dark[at]++;
  }
  // Where more of a phase are dark than are missing in all, most of it is dark: nothing needs to be counted.
  const missing = tree.audibleBelow(pick.device) - pick.dark.length;
  const doubtful = phaseBits.filter((bit, at) => {
    const customers = (served & bit) === 0 || dark[at] > missing ? 0 : tree.audibleOnPhase(pick.device, bit);
    return customers > 0 && dark[at] < customers * plainShare;
  });
  if (doubtful.length === 0) return 0;
  const settings = weights.settingsAt(pick.device);
  let out = served;
  let gain = -settings.partialImprobability;
  for (const bit of doubtful) {
    const { lit, away } = answersBelow(weights, evidence, pick, bit);
    const own = dark[phaseBits.indexOf(bit)];
    const silent = Math.max(0, tree.audibleOnPhase(pick.device, bit) - away - lit - own);
    const included = own * settings.logHeard + silent * settings.logLost + lit * settings.logWrongLit;
    let excluded = 0;
    for (const meter of pick.dark) if (grid.meterPhases[meter] === bit) excluded += weights.aloneScore(meter, settings);
    if (excluded <= included) continue;
    out &= ~bit;
    gain += excluded - included;
  }
  const remains = phaseBits.some((bit, at) => (out & bit) !== 0 && dark[at] > 0);
  return out !== served && remains && gain > 0 ? out : 0;
}

function answersBelow(weights: IslandWeights, evidence: IslandEvidence, pick: Pick, bit: number) {
  const { tree, heard } = weights;
  const { grid } = tree;
  const toleranceMs = weights.settings.thresholds.clockAheadS * 1000;
  let [lit, away] = [0, 0];
  const counts = (meter: number): boolean => grid.meterPhases[meter] === bit && isBelow(weights, meter, pick.device);
  for (const meter of evidence.lit) if (heard.litMs[meter] > pick.sinceMs + toleranceMs && counts(meter)) lit++;
  for (const meter of evidence.back) if (heard.litMs[meter] > pick.sinceMs && counts(meter)) lit++;
  for (const outage of evidence.held) {
    if (outage.meter >= 0) away += counts(outage.meter) ? outage.customersOut : 0;
    else if ((outage.phases === 0 || (outage.phases & bit) !== 0) && isUnder(weights, outage.device, pick.device))
      away += Math.min(outage.customersOut, tree.audibleOnPhase(outage.device, bit));
  }
  return { lit, away };
}

/**
 * Joins small outages of one phase into an outage of that phase at a device above them, where that explains them better.
 * Other picks stay as they are.
 */
export function pickPartial(weights: IslandWeights, evidence: IslandEvidence, picks: Pick[]): Pick[] {
  const { tree } = weights;
  const { grid } = tree;
  const phaseOf = new Map<Pick, number>();
  for (const pick of picks) if (pick.phases === 0) phaseOf.set(pick, phaseOfPick(weights, pick));
  let result = picks;
  for (const bit of phaseBits) {
    const small = result.filter((pick) => phaseOf.get(pick) === bit);
    if (small.length < 2 || !small.some((pick) => hasSeveralPhasesAbove(weights, pick))) continue;
    const dark = new Int32Array(small.reduce((sum, pick) => sum + pick.dark.length, 0));
    let filled = 0;
    for (const pick of small) {
      dark.set(pick.dark, filled);
      filled += pick.dark.length;
    }
    dark.sort();
    const others = result
      .filter((pick) => phaseOf.get(pick) !== bit)
      .map(
        (pick): HeldOutage => ({
          device: pick.device,
          meter: pick.meter,
          phases: pick.phases,
          customersOut: pick.meter >= 0 ? 1 : tree.audibleBelow(pick.device),
        }),
      );
    weights.weigh({ ...evidence, dark, held: [...evidence.held, ...others] }, bit);
    for (const joint of chosenDevices(weights, dark).picks) {
      const served = grid.edgePhases[joint.device];
      if ((served & (served - 1)) === 0) continue;
      const inside = new Set(joint.dark);
      const joined = small.filter((pick) => pick.dark.some((meter) => inside.has(meter)));
      if (joined.length < 2) continue;
      result = result.filter((pick) => !joined.includes(pick));
      result.push({ ...joint, phases: bit });
    }
  }
  return result;
}

/** The phase of a device that has one alone, or that nearly all dark meters are on: the model is wrong about a few. */
function phaseOfPick({ tree: { grid } }: IslandWeights, pick: Pick): number {
  const served = pick.meter < 0 ? grid.edgePhases[pick.device] : 7;
  if (served !== 0 && (served & (served - 1)) === 0) return served;
  const on = [0, 0, 0, 0, 0, 0, 0, 0];
  for (const meter of pick.dark) on[grid.meterPhases[meter] & 7]++;
  return phaseBits.find((bit) => on[bit] >= pick.dark.length * nearlyAll) ?? 0;
}

function hasSeveralPhasesAbove(weights: IslandWeights, pick: Pick): boolean {
  const { tree } = weights;
  const above = pick.meter >= 0 ? tree.ofMeter(pick.meter) : tree.above(pick.device);
  for (let at = above; at >= 0; at = tree.above(at)) {
    const served = tree.grid.edgePhases[at];
    if ((served & (served - 1)) !== 0) return true;
  }
  return false;
}

function isBelow(weights: IslandWeights, meter: number, device: number): boolean {
  return isUnder(weights, weights.tree.ofMeter(meter), device);
}

function isUnder({ tree }: IslandWeights, device: number, above: number): boolean {
  for (let at = device; at >= 0; at = tree.above(at)) if (at === above) return true;
  return false;
}
