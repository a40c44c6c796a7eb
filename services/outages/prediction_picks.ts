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
  dark: number[];
  /** of them, those that hang elsewhere by the model and fit here by all they say */
  strays: number[];
  /** lower quartile of their times: one clock that runs behind does not date the outage */
  sinceMs: number;
}

/** A pick for each chosen device, by the weights as they stand. */
export function chosenDevices(weights: IslandWeights): Pick[] {
  const picks: Pick[] = [];
  const owner = new Int32Array(weights.count).fill(-1);
  for (let row = 0; row < weights.count; row++) {
    if (weights.isChosen(row)) {
      owner[row] = picks.length;
      picks.push({ device: weights.device[row], meter: -1, phases: 0, dark: [], strays: [], sinceMs: 0 });
    } else if (weights.isCovered(row)) owner[row] = owner[weights.parent[row]];
    if (owner[row] < 0) continue;
    const { dark } = picks[owner[row]];
    const start = weights.directStart[row];
    for (let i = 0; i < weights.direct[row]; i++) dark.push(weights.directMeters[start + i]);
  }
  for (const pick of picks) {
    pick.sinceMs = weights.quantile(pick.dark, 0.25);
    pick.dark.sort((a, b) => a - b);
  }
  return picks;
}

export function alone(weights: IslandWeights, meter: number): Pick {
  const device = servicePointOf(weights.tree, meter);
  return { device, meter, phases: 0, dark: [meter], strays: [], sinceMs: weights.heard.darkMs[meter] };
}

/** The service line where the model has one, else the device nearest above. */
export function servicePointOf(tree: DeviceTree, meter: number): number {
  const edge = tree.grid.edgeAboveMeter(meter);
  const device = tree.ofMeter(meter);
  return tree.grid.edgeKind[edge] === edgeKindCode.service_line || device < 0 ? edge : device;
}
