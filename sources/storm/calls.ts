/**
 * Customers who call: some within minutes of the dark, some out of patience after hours, the rest when nearly a working day
 * has passed, nobody whose power is back. There are so many lines; who hears the busy signal tries again at once or as late
 * as the last. called = taken + gave up + still trying.
 */
import { hashUnit, mix } from '#sources/territory/random.ts';
import { makeAgenda } from './agenda.ts';

export interface CallSettings {
  /** share of customers that call of an outage */
  callShare: number;
  /** mean time until they do, s */
  meanS: number;
  /** share that waits, sees nothing happen, and calls then; how long, s */
  lateShare: number;
  lateS: number;
  /** nobody sits in the dark for longer without a word, s */
  lastS: number;
  /** a call keeps a line busy, s */
  talkS: number;
  lines: number;
  /** share of those who hear the busy signal that try again at once */
  retryShare: number;
}
export const callDefaults: Omit<CallSettings, 'lines'> = {
  ...{ callShare: 0.08, meanS: 540, lateShare: 0.3, lateS: 5400, lastS: 21_600, talkS: 90, retryShare: 0.7 },
};

export interface CustomerCall {
  id: string;
  meter: number;
  kind: 'no_power' | 'wire_down';
  atS: number;
}

export interface CallCounts {
  /** customers that dialled at least once */
  callers: number;
  taken: number;
  busy_signals: number;
  /** heard the busy signal, and had power before they tried again */
  gave_up: number;
  /** power was back before they dialled */
  not_needed: number;
}

export interface CallCenter {
  lost(meters: ArrayLike<number>, atS: number): void;
  wireDown(meter: number, atS: number): void;
  takeUntil(toS: number, isDark: (meter: number) => boolean): CustomerCall[];
  nextS(): number;
  counts: CallCounts;
}

export function makeCallCenter(seed: number, settings: CallSettings): CallCenter {
  const dialling = makeAgenda<{ call: CustomerCall; attempts: number }>();
  const busyUntilS: number[] = [];
  const counts: CallCounts = { callers: 0, taken: 0, busy_signals: 0, gave_up: 0, not_needed: 0 };
  let serial = 0;
  const dial = (meter: number, kind: CustomerCall['kind'], atS: number): void =>
    dialling.put(atS, { call: { id: `storm-${serial}`, meter, kind, atS }, attempts: 0 });

  return {
    counts,
    lost: (meters, atS) => {
      for (let i = 0; i < meters.length; i++) {
        const own = mix(seed ^ 0xca11, serial++);
        const patience = hashUnit(own, 1);
        const draw = -Math.log(1 - hashUnit(own, 2));
        const { callShare, lateShare, meanS, lateS, lastS } = settings;
        if (patience < callShare) dial(meters[i], 'no_power', atS + 20 + draw * meanS);
        else if (patience < callShare + lateShare) dial(meters[i], 'no_power', atS + lateS + draw * lateS);
        else dial(meters[i], 'no_power', atS + lastS + draw * lateS);
      }
    },
    wireDown: (meter, atS) => {
      serial++;
      dial(meter, 'wire_down', atS);
    },
    takeUntil: (toS, isDark) => {
      const taken: CustomerCall[] = [];
      for (const { atS, item } of dialling.takeUntil(toS)) {
        const { call, attempts } = item;
        if (call.kind === 'no_power' && !isDark(call.meter)) {
          if (attempts === 0) counts.not_needed++;
          else counts.gave_up++;
          continue;
        }
        if (attempts === 0) counts.callers++;
        while (busyUntilS.length > 0 && busyUntilS[0] <= atS) busyUntilS.shift();
        if (busyUntilS.length < settings.lines) {
          busyUntilS.push(atS + settings.talkS);
          counts.taken++;
          taken.push({ ...call, atS });
          continue;
        }
        counts.busy_signals++;
        const own = mix(seed ^ 0xb05e, mix(call.meter, attempts));
        const isPatient = attempts < 4 && hashUnit(own, 1) < settings.retryShare;
        const pauseS = isPatient ? 120 + 480 * hashUnit(own, 2) : settings.lastS * (1 + hashUnit(own, 2));
        dialling.put(atS + pauseS, { call, attempts: attempts + 1 });
      }
      return taken;
    },
    nextS: () => dialling.nextS(),
  };
}
