/** What a prediction is made of: one pick for each outage that the evidence speaks for. */
import { edgeKindCode } from '#model/network.ts';
import type { DeviceTree } from './prediction_devices.ts';
import type { IslandWeights } from './prediction_weights.ts';

export interface Pick {
  device: number;
  /** meter key where it is a single service point, else -1 */
  meter: number;
  /** phase bits that are out, 0 where it is the whole device */
  phases: number;
  /** dark meters it explains, ascending */
  dark: Int32Array;
  /** of them, those that hang elsewhere by the model and fit here by all they say */
  strays: number[];
  /** one of a second group in time: it may reach over customers of the first */
  isLater: boolean;
  /** lower quartile of their times: one clock that runs behind does not date the outage */
  sinceMs: number;
}

/** A pick for each chosen device, by the weights as they stand. @param dark the dark meters that were weighed */
export function chosenDevices(weights: IslandWeights, dark: ArrayLike<number>): { picks: Pick[]; left: number[] } {
  const picks: Pick[] = [];
  const owner = new Int32Array(weights.count).fill(-1);
  for (let row = 0; row < weights.count; row++) {
    if (weights.isCovered(row)) owner[row] = owner[weights.parent[row]];
    if (!weights.isChosen(row)) continue;
    owner[row] = picks.length;
    const own = new Int32Array(weights.dark[row]);
    picks.push({
      device: weights.device[row],
      meter: -1,
      phases: 0,
      dark: own,
      strays: [],
      isLater: false,
      sinceMs: 0,
    });
  }
  const left: number[] = [];
  const filled = new Int32Array(picks.length);
  // In the order of the dark meters, so that those of each pick ascend as they do.
  for (let i = 0; i < dark.length; i++) {
    const row = weights.rowOfDark[i];
    const at = row < 0 ? -1 : owner[row];
    if (at < 0) left.push(dark[i]);
    else picks[at].dark[filled[at]++] = dark[i];
  }
  for (const pick of picks) pick.sinceMs = weights.quantile(pick.dark, 0.25);
  return { picks, left };
}

export function alone(weights: IslandWeights, meter: number): Pick {
  const device = servicePointOf(weights.tree, meter);
  return {
    device,
    meter,
    phases: 0,
    dark: Int32Array.of(meter),
    strays: [],
    isLater: false,
    sinceMs: weights.heard.darkMs[meter],
  };
}

/** The service line where the model has one, else the device nearest above. */
export function servicePointOf(tree: DeviceTree, meter: number): number {
  const edge = tree.grid.edgeAboveMeter(meter);
  const device = tree.ofMeter(meter);
  return tree.grid.edgeKind[edge] === edgeKindCode.service_line || device < 0 ? edge : device;
}
