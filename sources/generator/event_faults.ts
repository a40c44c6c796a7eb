/**
 * What a field network does to messages on their way: loses, repeats, reorders, delays them, and stamps them with
 * clocks that are off. A pure schedule; whoever sends asks it when.
 */
import { hashUnit, mix } from '#sources/territory/random.ts';

export interface Timed<T> {
  item: T;
  /** when it really happened, UTC epoch seconds (fractions allowed) */
  atS: number;
  /** number of the device that sends, e.g. the meter key: a device's clock is always off by the same amount */
  source: number;
}

export interface TransportFaults {
  /** share of items never delivered, [0, 1] */
  lossShare: number;
  /** share of the delivered items that arrive a second time, [0, 1] */
  duplicateShare: number;
  /** each delivery waits up to so many seconds, so that neighbours overtake each other */
  disorderS: number;
  /** a few deliveries wait up to so many seconds more */
  latenessS: number;
  /** share of deliveries that are late; 0.05 unless told */
  lateShare?: number;
  /** device clocks are off by up to so many seconds either way */
  clockSkewS: number;
  seed: number;
}

export interface Delivery<T> {
  item: T;
  /** when to deliver, UTC epoch seconds; never before the item happened */
  deliverAtS: number;
  /** when it happened by the device's own clock */
  stampedAtS: number;
  duplicate: boolean;
}

/**
 * Schedules every item: deliveries in the order of their time, and the numbers lost and repeated. Deterministic by
 * seed and position. items = deliveries - duplicated + lost.
 */
export function imperfect<T>(
  items: Iterable<Timed<T>>,
  faults: TransportFaults,
): { deliveries: Delivery<T>[]; lost: number; duplicated: number } {
  const { lossShare, duplicateShare, disorderS, latenessS, clockSkewS, lateShare = 0.05 } = faults;
  const seed = mix(faults.seed | 0, 0x7a5);
  const deliveries: Delivery<T>[] = [];
  let lost = 0;
  let duplicated = 0;
  let index = 0;
  for (const { item, atS, source } of items) {
    const own = mix(seed, index++);
    if (hashUnit(own, 1) < lossShare) {
      lost++;
      continue;
    }
    const stampedAtS = atS + (2 * hashUnit(seed ^ 0x1c10c, source) - 1) * clockSkewS;
    const delayS = (salt: number): number =>
      hashUnit(own, salt) * disorderS + (hashUnit(own, salt + 1) < lateShare ? hashUnit(own, salt + 2) * latenessS : 0);
    const firstS = atS + delayS(2);
    deliveries.push({ item, deliverAtS: firstS, stampedAtS, duplicate: false });
    if (hashUnit(own, 5) < duplicateShare) {
      duplicated++;
      deliveries.push({ item, deliverAtS: firstS + delayS(6), stampedAtS, duplicate: true });
    }
  }
  // The sort is stable: equal times keep the order in which the items came.
  deliveries.sort((a, b) => a.deliverAtS - b.deliverAtS);
  return { deliveries, lost, duplicated };
}
