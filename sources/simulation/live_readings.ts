/**
 * Interval readings as a head-end delivers them: an interval's readings arrive over the quarter hour after it, meter by
 * meter. The offset says how far it is: interval number times a stride, plus the meters delivered of that interval; so
 * a restart goes on exactly where the ledger stands.
 */
import type { NetworkColumns } from '#model/network.ts';
import { makeReadingColumns, type ReadingColumns } from '#model/reading.ts';
import type { ReadingGenerator } from '#sources/generator/generate_readings.ts';

/** More than any territory has meters; interval numbers times this stay below 2^53. */
const stride = 2 ** 22;
const intervalS = 900;
/** An interval's readings are in 14 minutes after it ended. */
const deliveryS = 840;

export interface LivePiece {
  readings: ReadingColumns;
  offsetTo: number;
  /** interval starts (UTC seconds) this piece begins */
  newIntervalsS: number[];
}

export interface LiveReadings {
  /** The next readings that are due, undefined when there are none. */
  next(nowMs: number, nextOffset: number, maxRows: number): LivePiece | undefined;
}

/** @param backfillIntervals how far back a new or long-stopped simulation begins */
export function makeLiveReadings(
  network: NetworkColumns,
  generator: ReadingGenerator,
  dark: Uint8Array,
  backfillIntervals: number,
): LiveReadings {
  const meters = network.meter.count;
  return {
    next: (nowMs, nextOffset, maxRows) => {
      const nowS = nowMs / 1000;
      /** the newest interval that has ended */
      const newest = Math.floor(nowS / intervalS) - 1;
      const dueOf = (interval: number): number => {
        const share = (nowS - (interval + 1) * intervalS) / deliveryS;
        return Math.max(0, Math.min(meters, Math.floor(share * meters)));
      };
      let interval = Math.floor(nextOffset / stride);
      let at = nextOffset % stride;
      if (interval < newest - backfillIntervals) {
        interval = newest - backfillIntervals;
        at = 0;
      }
      const readings = makeReadingColumns(Math.min(maxRows, meters * (newest - interval + 1)));
      const newIntervalsS: number[] = [];
      let taken = 0;
      while (interval <= newest && taken < maxRows) {
        const to = Math.min(dueOf(interval), at + maxRows - taken);
        if (to > at) {
          if (at === 0) newIntervalsS.push(interval * intervalS);
          fillWithoutDark(generator, nowS, interval * intervalS, at, to, dark, readings);
          taken += to - at;
          at = to;
        }
        if (at < meters) break;
        interval++;
        at = 0;
      }
      if (taken === 0) return undefined;
      return { readings, offsetTo: interval * stride + at, newIntervalsS };
    },
  };
}

/** A meter without power reads nothing: runs of lit meters are filled, the dark left out. */
function fillWithoutDark(
  generator: ReadingGenerator,
  nowS: number,
  startS: number,
  from: number,
  to: number,
  dark: Uint8Array,
  out: ReadingColumns,
): void {
  const isRecent = nowS - startS < 2 * intervalS;
  for (let at = from; at < to; ) {
    let end = isRecent ? dark.indexOf(1, at) : -1;
    if (end < 0 || end > to) end = to;
    if (end > at) generator.fillInterval(startS, at, end, out);
    at = end + 1;
  }
}
