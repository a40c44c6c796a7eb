/**
 * What makes a storm untidy besides broken lines: fuses that blow one pole, work that was planned for just this
 * afternoon, and meters that hang elsewhere than the utility's records say. Pure: the same seed gives the same.
 */
import { edgeKindCode, type NetworkColumns } from '#model/network.ts';
import { hashUnit, mix } from '#sources/territory/random.ts';

export interface BreadthSettings {
  /** of the faults below a fuse on several phases, the share that blows one pole of it, 0 to 1 */
  poleShare: number;
  /** windows of planned work for 10,000 meters */
  plannedPer10000: number;
  /** share of meters that the records have at the wrong transformer, 0 to 1 */
  wrongMappingShare: number;
}

export const breadthDefaults: BreadthSettings = { poleShare: 0.6, plannedPer10000: 2, wrongMappingShare: 0.01 };

export interface PlannedWork {
  device: number;
  fromS: number;
  toS: number;
  /** who is switched off, by the records */
  meters: Int32Array;
}

/** Planned work is never a neighbourhood's. */
const plannedCustomers = { least: 2, most: 80 };

/** Windows of one to three hours that begin while the weather lasts. */
export function plannedWorkOf(
  network: NetworkColumns,
  metersBelow: (edge: number) => Int32Array,
  seed: number,
  hours: number,
  { plannedPer10000 }: BreadthSettings,
): PlannedWork[] {
  const { edge, meter } = network;
  const wanted = Math.round((meter.count * plannedPer10000) / 10_000);
  const fuses: number[] = [];
  for (let row = 0; row < edge.count; row++) if (edge.kind[row] === edgeKindCode.fuse) fuses.push(row);
  const order = fuses
    .map((row) => ({ row, draw: hashUnit(mix(seed, 0x91a2), row) }))
    .sort((a, b) => a.draw - b.draw || a.row - b.row);
  const works: PlannedWork[] = [];
  for (const { row } of order) {
    if (works.length >= wanted) break;
    const meters = metersBelow(row);
    if (meters.length < plannedCustomers.least || meters.length > plannedCustomers.most) continue;
    const own = mix(seed, mix(0x91a3, row));
    const fromS = 300 + Math.floor(hashUnit(own, 1) * hours * 1800);
    works.push({ device: row, fromS, toS: fromS + 3600 + Math.floor(hashUnit(own, 2) * 7200), meters });
  }
  return works;
}

/** Meters looked at for one that hangs at another transformer nearby: keys lie together as houses do. */
const nearKeys = 40;

/**
 * The network as it really is, where this one is the utility's record of it: so many meters hang at a neighbouring
 * transformer of the same feeder.
 */
export function networkAsBuilt(
  recorded: NetworkColumns,
  seed: number,
  { wrongMappingShare }: BreadthSettings,
): { network: NetworkColumns; misplaced: number } {
  const { meter, node } = recorded;
  const at = meter.node.slice();
  const transformer = meter.transformer.slice();
  let misplaced = 0;
  for (let row = 0; row < meter.count; row++) {
    if (hashUnit(mix(seed, 0x3a99), row) >= wrongMappingShare) continue;
    const step = hashUnit(mix(seed, 0x3a9a), row) < 0.5 ? 1 : -1;
    for (let other = row + step; Math.abs(other - row) < nearKeys; other += step) {
      if (other < 0 || other >= meter.count) break;
      if (meter.transformer[other] === meter.transformer[row]) continue;
      if (node.feeder[meter.node[other]] !== node.feeder[meter.node[row]]) break;
      at[row] = meter.node[other];
      transformer[row] = meter.transformer[other];
      misplaced++;
      break;
    }
  }
  return { network: { ...recorded, meter: { ...meter, node: at, transformer } }, misplaced };
}
