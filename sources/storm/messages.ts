/**
 * What becomes of meters' messages in a storm. Last gasps are lost one by one and in clumps (a collector hears nothing for
 * a while); the head-end passes on so many a second, the rest queue, and what would wait too long is dropped; some come
 * twice, some from meters that have power. Nothing vanishes uncounted: sent = delivered - twice + lost + dropped.
 */
import type { MeterEventType } from '#model/reading.ts';
import { hashUnit, mix } from '#sources/territory/random.ts';
import { type Agenda, makeAgenda } from './agenda.ts';

export interface MessageSettings {
  /** share of gasps lost one by one, and in clumps; of restores */
  gaspLoss: number;
  clumpLoss: number;
  restoreLoss: number;
  /** per gasp, from a meter with power */
  spuriousShare: number;
  duplicateShare: number;
  disorderS: number;
  /** a few wait up to so much longer */
  lateShare: number;
  lateS: number;
  clockSkewS: number;
  /** the head-end passes on so many a second; dropped is what would wait longer than this */
  perS: number;
  mostWaitS: number;
}

export const messageDefaults: Omit<MessageSettings, 'perS'> = {
  gaspLoss: 0.04,
  clumpLoss: 0.06,
  restoreLoss: 0.03,
  spuriousShare: 0.02,
  duplicateShare: 0.05,
  disorderS: 6,
  lateShare: 0.05,
  lateS: 40,
  clockSkewS: 0.5,
  mostWaitS: 120,
};

export interface MeterMessage {
  meter: number;
  type: MeterEventType;
  /** by the meter's clock, seconds of the storm */
  stampedS: number;
}

export interface MessageCounts {
  /** by meters that had something to say */
  gasps: number;
  restores: number;
  spurious: number;
  lost: number;
  lost_in_clumps: number;
  dropped: number;
  duplicated: number;
  /** more than 30 s on their way */
  late: number;
  delivered: number;
  /** longest wait in the head-end's queue, s */
  longest_wait_s: number;
}

export interface MessagePath {
  send(meters: ArrayLike<number>, type: 'last_gasp' | 'power_restored', atS: number): void;
  takeUntil(toS: number): MeterMessage[];
  nextS(): number;
  counts: MessageCounts;
}

/** A collector is deaf for so long. */
const clumpS = 600;

/**
 * @param collectorOf number of the collector that hears a meter
 * @param strayOf a meter with power for a number in [0, 1), -1 where none is found
 */
export function makeMessagePath(
  seed: number,
  settings: MessageSettings,
  collectorOf: (meter: number) => number,
  strayOf: (share: number) => number,
): MessagePath {
  const arriving: Agenda<MeterMessage> = makeAgenda();
  const passed: Agenda<MeterMessage> = makeAgenda();
  const counts: MessageCounts = {
    ...{ gasps: 0, restores: 0, spurious: 0, lost: 0, lost_in_clumps: 0, dropped: 0, duplicated: 0, late: 0 },
    ...{ delivered: 0, longest_wait_s: 0 },
  };
  let serial = 0;
  let freeS = 0;

  function isLost(meter: number, type: MeterEventType, atS: number, own: number): boolean {
    if (type === 'power_restored') {
      if (hashUnit(own, 1) >= settings.restoreLoss) return false;
      counts.lost++;
      return true;
    }
    const clump = mix(mix(seed, 0xc1a5), mix(collectorOf(meter), Math.floor(atS / clumpS)));
    if (hashUnit(clump, 1) < settings.clumpLoss) {
      counts.lost_in_clumps++;
      return true;
    }
    if (hashUnit(own, 1) >= settings.gaspLoss) return false;
    counts.lost++;
    return true;
  }

  function sendOne(meter: number, type: MeterEventType, atS: number): void {
    const own = mix(seed, serial++);
    if (isLost(meter, type, atS, own)) return;
    const skewS = (2 * hashUnit(seed ^ 0x1c10c, meter) - 1) * settings.clockSkewS;
    const message: MeterMessage = { meter, type, stampedS: Math.round((atS + skewS) * 1000) / 1000 };
    const wayS = (salt: number): number =>
      hashUnit(own, salt) * settings.disorderS +
      (hashUnit(own, salt + 1) < settings.lateShare ? hashUnit(own, salt + 2) * settings.lateS : 0);
    const firstS = atS + wayS(2);
    arriving.put(firstS, message);
    if (hashUnit(own, 5) < settings.duplicateShare) {
      counts.duplicated++;
      arriving.put(firstS + wayS(6), message);
    }
  }

  /** One after the other through the head-end, in the order of arrival. */
  function pass(toS: number): void {
    for (const { atS, item } of arriving.takeUntil(toS)) {
      const waitS = Math.max(0, freeS - atS);
      if (waitS > settings.mostWaitS) {
        counts.dropped++;
        continue;
      }
      counts.longest_wait_s = Math.max(counts.longest_wait_s, Math.round(waitS * 10) / 10);
      freeS = Math.max(freeS, atS) + 1 / settings.perS;
      if (freeS - item.stampedS > 30) counts.late++;
      passed.put(freeS, item);
    }
  }

  return {
    counts,
    send: (meters, type, atS) => {
      for (let i = 0; i < meters.length; i++) {
        if (type === 'last_gasp') counts.gasps++;
        else counts.restores++;
        sendOne(meters[i], type, atS);
        if (type !== 'last_gasp' || hashUnit(mix(seed, serial), 9) >= settings.spuriousShare) continue;
        const stray = strayOf(hashUnit(mix(seed, serial), 10));
        if (stray < 0) continue;
        counts.spurious++;
        sendOne(stray, 'last_gasp', atS);
      }
    },
    takeUntil: (toS) => {
      pass(toS);
      const due = passed.takeUntil(toS).map(({ item }) => item);
      counts.delivered += due.length;
      return due;
    },
    nextS: () => Math.min(arriving.nextS(), passed.nextS()),
  };
}
