/** Local days of the utility's zone as spans of UTC seconds: 23 and 25 hours long where clocks change. */
import { FluxError } from '#model/errors.ts';

export interface LocalDay {
  /** days since 1970-01-01, of the local date: differences are days */
  number: number;
  /** 2026-07-04 */
  date: string;
  startS: number;
  endS: number;
  isWeekend: boolean;
  /** from this moment on the local hour is `(s - startS) / 3600 + shiftHours`; `endS` where no clock changes */
  shiftS: number;
  shiftHours: number;
}

const daySeconds = 86_400;
const clocks = new Map<string, Intl.DateTimeFormat>();

/** Seconds to add to UTC for the zone's clock. */
function offsetS(atS: number, zone: string): number {
  let clock = clocks.get(zone);
  if (!clock) {
    clock = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    clocks.set(zone, clock);
  }
  const name = clock.formatToParts(atS * 1000).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name) ?? [];
  return sign ? (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60) : 0;
}

/** The moment the zone's clock shows 00:00 of that day; offsets differ by less than a day, twice is enough. */
function midnightS(number: number, zone: string): number {
  const wallS = number * daySeconds;
  const guess = wallS - offsetS(wallS, zone);
  return wallS - offsetS(guess, zone);
}

export function localDay(number: number, zone: string): LocalDay {
  const startS = midnightS(number, zone);
  const endS = midnightS(number + 1, zone);
  const before = offsetS(startS, zone);
  const after = offsetS(endS - 1, zone);
  let shiftS = endS;
  if (before !== after)
    for (let atS = startS; atS < endS; atS += 900)
      if (offsetS(atS, zone) === after) {
        shiftS = atS;
        break;
      }
  const weekday = (number + 4) % 7;
  return {
    number,
    date: new Date(number * daySeconds * 1000).toISOString().slice(0, 10),
    startS,
    endS,
    isWeekend: weekday === 0 || weekday === 6,
    shiftS,
    shiftHours: (after - before) / 3600,
  };
}

/** The local day a moment lies in. */
export const dayOfMoment = (atS: number, zone: string): LocalDay =>
  localDay(Math.floor((atS + offsetS(atS, zone)) / daySeconds), zone);

/** @throws FluxError `bad_request` */
export function dayOfDate(date: string, zone: string): LocalDay {
  const ms = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(ms)) throw new FluxError('bad_request', `${date} is not a date, e.g. 2026-07-04`);
  return localDay(ms / 1000 / daySeconds, zone);
}
