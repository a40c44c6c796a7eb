/**
 * Meter events of a stretch of time: devices fail and are repaired, meters below gasp and come back, some meters sag,
 * swell or are tampered with; and the transport loses, repeats, reorders and delays. The same seed gives the same events.
 */
import { edgeKindCode, type NetworkColumns } from '#model/network.ts';
import { meterEventCode } from '#model/reading.ts';
import { mix, Random } from '#sources/territory/random.ts';
import { type Delivery, imperfect, type Timed, type TransportFaults } from './event_faults.ts';

export interface GeneratedEvent {
  meter: number;
  /** code into `meterEventTypes` */
  type: number;
}

export interface EventOptions {
  startS: number;
  days: number;
  seed: number;
  /** device faults per 1,000 meters and day */
  faultsPerThousandMeterDays: number;
  transport: Omit<TransportFaults, 'seed'>;
}

export interface GeneratedEvents {
  /** in the order of delivery */
  deliveries: Delivery<GeneratedEvent>[];
  faults: number;
  lost: number;
  duplicated: number;
}

/** Which devices fail: upper end of each kind's share. */
const faultMix = [
  { kind: edgeKindCode.power_transformer, upTo: 0.62 },
  { kind: edgeKindCode.fuse, upTo: 0.96 },
  { kind: edgeKindCode.recloser, upTo: 1 },
];
/** Sags, swells and tampering per meter and day. */
const nuisancePerMeterDay = 0.002;
const medianRepairS = 85 * 60;

export function generateEvents(network: NetworkColumns, options: EventOptions): GeneratedEvents {
  const { startS, days, seed } = options;
  const random = new Random(seed, mix(0xe7e47, startS | 0));
  const below = belowOf(network);
  const byKind = new Map<number, number[]>();
  for (let e = 0; e < network.edge.count; e++) {
    if (faultMix.some((entry) => entry.kind === network.edge.kind[e]))
      byKind.getOrInsertComputed(network.edge.kind[e], () => []).push(e);
  }
  const spanS = days * 86_400;
  const items: Timed<GeneratedEvent>[] = [];
  const faults = Math.round((options.faultsPerThousandMeterDays * network.meter.count * days) / 1000);
  for (let fault = 0; fault < faults; fault++) {
    const at = random.unit();
    const candidates =
      byKind.get(faultMix.find((entry) => at < entry.upTo)!.kind) ?? byKind.get(edgeKindCode.power_transformer);
    if (!candidates) break;
    const device = candidates[random.below(candidates.length)];
    const darkS = startS + random.unit() * spanS;
    const backS = darkS + medianRepairS * Math.exp(0.8 * random.normal());
    for (const meter of below(device)) {
      items.push({ item: { meter, type: meterEventCode.last_gasp }, atS: darkS, source: meter });
      items.push({
        item: { meter, type: meterEventCode.power_restored },
        atS: backS + random.unit() * 20,
        source: meter,
      });
    }
  }
  const nuisances = Math.round(nuisancePerMeterDay * network.meter.count * days);
  for (let i = 0; i < nuisances; i++) {
    const kind = random.unit();
    const type = kind < 0.55 ? meterEventCode.sag : kind < 0.95 ? meterEventCode.swell : meterEventCode.tamper;
    items.push({
      item: { meter: random.below(network.meter.count), type },
      atS: startS + random.unit() * spanS,
      source: 0,
    });
  }
  items.sort((a, b) => a.atS - b.atS || a.item.meter - b.item.meter);
  return { ...imperfect(items, { ...options.transport, seed }), faults };
}

/** Meters below an edge in the normal state: edges point away from the source. */
function belowOf(network: NetworkColumns): (edge: number) => number[] {
  const { edge, node, meter } = network;
  const childOffset = new Int32Array(node.count + 1);
  for (let e = 0; e < edge.count; e++) if (!edge.normallyOpen[e]) childOffset[edge.from[e] + 1]++;
  const meterOffset = new Int32Array(node.count + 1);
  for (let m = 0; m < meter.count; m++) meterOffset[meter.node[m] + 1]++;
  for (let n = 0; n < node.count; n++) {
    childOffset[n + 1] += childOffset[n];
    meterOffset[n + 1] += meterOffset[n];
  }
  const child = new Int32Array(childOffset[node.count]);
  const nextChild = childOffset.slice(0, node.count);
  for (let e = 0; e < edge.count; e++) if (!edge.normallyOpen[e]) child[nextChild[edge.from[e]]++] = edge.to[e];
  const metersAt = new Int32Array(meter.count);
  const nextMeter = meterOffset.slice(0, node.count);
  for (let m = 0; m < meter.count; m++) metersAt[nextMeter[meter.node[m]]++] = m;
  return (device) => {
    const found: number[] = [];
    const stack = [edge.to[device]];
    // A network that is not radial would bring a walk back to where it was.
    const seen = new Set(stack);
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      for (let k = meterOffset[at]; k < meterOffset[at + 1]; k++) found.push(metersAt[k]);
      for (let k = childOffset[at]; k < childOffset[at + 1]; k++) {
        if (seen.has(child[k])) continue;
        seen.add(child[k]);
        stack.push(child[k]);
      }
    }
    return found;
  };
}
