/**
 * When each interval reading arrives: pure in (seed, interval, meter), so that a run can begin anywhere. A delivery slot
 * is the quarter of an hour in which it arrives; slot k without faults holds interval k, meter after meter.
 */
import { intervalS } from '#model/generator.ts';
import { hashUnit, mix } from '#sources/territory/random.ts';
import type { TransportFaults } from './event_faults.ts';

/** Share of deliveries that are late; the rest are only disordered. */
const lateShare = 0.05;
/** Deliveries are put in order to 900 s / 65,536 = 14 ms: a counting sort, not a comparison of millions. */
const ticksPerSlot = 65_536;

/** Deliveries of one slot, in the order they were scheduled. */
class Due {
  count = 0;
  interval = new Int32Array(64);
  meter = new Int32Array(64);
  tick = new Uint16Array(64);

  add(interval: number, meter: number, tick: number): void {
    if (this.count === this.interval.length) this.#grow();
    this.interval[this.count] = interval;
    this.meter[this.count] = meter;
    this.tick[this.count++] = tick;
  }

  #grow(): void {
    const size = this.count * 2;
    const grown = { interval: new Int32Array(size), meter: new Int32Array(size), tick: new Uint16Array(size) };
    grown.interval.set(this.interval);
    grown.meter.set(this.meter);
    grown.tick.set(this.tick);
    Object.assign(this, grown);
  }
}

/** Place of each delivery in the order of their ticks; equal ticks keep the order of scheduling. */
function placesOf(due: Due): Int32Array {
  const next = new Int32Array(ticksPerSlot + 1);
  for (let i = 0; i < due.count; i++) next[due.tick[i] + 1]++;
  for (let t = 0; t < ticksPerSlot; t++) next[t + 1] += next[t];
  const place = new Int32Array(due.count);
  for (let i = 0; i < due.count; i++) place[i] = next[due.tick[i]]++;
  return place;
}

export interface SlotDeliveries {
  count: number;
  /** of each delivery, ascending within what was scheduled together */
  interval: Int32Array;
  meter: Int32Array;
  /** where it stands in the slot */
  place: Int32Array;
}

export interface ReadingSchedule {
  /** slots behind the last interval in which something can still arrive */
  readonly tail: number;
  /** Schedules interval `k` for the meters, and forgets what arrived before slot `k`. */
  schedule(k: number): { lost: number; duplicated: number };
  /** what arrives in slot `k`; asked for once, after `schedule(k)` */
  take(k: number): SlotDeliveries;
}

/** @param meters rows of the meters that report, in their order */
export function makeReadingSchedule(meters: Int32Array, faults: TransportFaults): ReadingSchedule {
  const { lossShare, duplicateShare, disorderS, latenessS } = faults;
  const seed = mix(faults.seed | 0, 0x4ead);
  const due = new Map<number, Due>();
  const duplicates = duplicateShare > 0 ? 2 : 1;
  const tail = Math.ceil((duplicates * (disorderS + latenessS)) / intervalS);
  const delayS = (own: number, salt: number): number =>
    hashUnit(own, salt) * disorderS + (hashUnit(own, salt + 1) < lateShare ? hashUnit(own, salt + 2) * latenessS : 0);

  function put(k: number, meter: number, afterS: number): void {
    const slot = Math.floor(afterS / intervalS);
    const tick = Math.floor(((afterS - slot * intervalS) / intervalS) * ticksPerSlot);
    due.getOrInsertComputed(k + slot, () => new Due()).add(k, meter, tick);
  }

  return {
    tail,
    schedule: (k) => {
      let lost = 0;
      let duplicated = 0;
      const salt = mix(seed, k);
      for (let i = 0; i < meters.length; i++) {
        const own = mix(salt, meters[i]);
        if (lossShare > 0 && hashUnit(own, 1) < lossShare) {
          lost++;
          continue;
        }
        const firstS = (i / meters.length) * intervalS + delayS(own, 2);
        put(k, meters[i], firstS);
        if (duplicateShare > 0 && hashUnit(own, 5) < duplicateShare) {
          duplicated++;
          put(k, meters[i], firstS + delayS(own, 6));
        }
      }
      due.delete(k - 1);
      return { lost, duplicated };
    },
    take: (k) => {
      const found = due.get(k) ?? new Due();
      due.delete(k);
      return { count: found.count, interval: found.interval, meter: found.meter, place: placesOf(found) };
    },
  };
}
