/**
 * Meters that hang at another transformer than the model says. One that goes dark alone among its neighbours, in the same
 * seconds as a device next to its own, is most likely fed by that one: it goes with that outage and is shown as a
 * suspicion, instead of making an outage of its own. SPEC.md, P13.
 */
import type { Pick } from './prediction_picks.ts';
import type { IslandWeights } from './prediction_weights.ts';

/** A wrong mapping is a neighbour's: not farther than this many devices up. */
const reachUp = 2;
/** Gasps of one fault are this far apart at most, whatever the hold window. */
const sameMomentMs = 5000;

/** Gives lone dark meters to the one outage beside them that they fit; the others stay as they are. */
export function attachStrays(weights: IslandWeights, picks: Pick[]): Pick[] {
  const devices = picks.filter((pick) => pick.meter < 0);
  if (devices.length === 0 || devices.length === picks.length) return picks;
  const besideOf = new Map<number, Pick[]>();
  for (const pick of devices) {
    // A partial outage has its neighbours below the same device: the model has the wrong phase.
    const beside = pick.phases !== 0 ? pick.device : weights.tree.above(pick.device);
    if (beside < 0) continue;
    const list = besideOf.get(beside);
    if (list) list.push(pick);
    else besideOf.set(beside, [pick]);
  }
  const lone = new Map<number, number>();
  for (const { meter } of picks)
    if (meter >= 0) lone.set(weights.tree.ofMeter(meter), (lone.get(weights.tree.ofMeter(meter)) ?? 0) + 1);
  return picks.filter((pick) => {
    if (pick.meter < 0 || lone.get(weights.tree.ofMeter(pick.meter)) !== 1) return true;
    const fits = besideHost(weights, pick, besideOf);
    if (!fits) return true;
    fits.strays.push(pick.meter);
    fits.dark = Int32Array.of(...fits.dark, pick.meter).sort();
    return false;
  });
}

function besideHost({ tree, heard }: IslandWeights, pick: Pick, besideOf: Map<number, Pick[]>): Pick | undefined {
  if (heard.called[pick.meter] === 1) return undefined;
  const own = tree.ofMeter(pick.meter);
  for (let at = own, up = 0; at >= 0 && up <= reachUp; at = tree.above(at), up++) {
    const near = (besideOf.get(at) ?? []).filter((other) => Math.abs(other.sinceMs - pick.sinceMs) <= sameMomentMs);
    // Two that fit are none: nothing says which.
    if (near.length > 0) return near.length === 1 ? near[0] : undefined;
  }
  return undefined;
}
