/** Wall clock times of a zone to UTC. Days without a change of the clock are arithmetic; the others go through Temporal. */
import { FluxError } from '#model/errors.ts';

/** UTC epoch seconds of a wall clock time: two in the repeated hour, none in the hour that is left out. */
export type Instants = readonly number[];

export interface LocalClock {
  /** @param secondOfDay 0 to 86,400 (the next midnight) */
  instants(year: number, month: number, day: number, secondOfDay: number): Instants;
}

const dayS = 86_400;

/** @throws FluxError `bad_zone` */
export function makeLocalClock(zone: string): LocalClock {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch {
    throw new FluxError('bad_zone', `${zone} is not an IANA time zone, e.g. America/Chicago`);
  }
  /** UTC second of local midnight of days on which the clock does not change, else undefined */
  const plainDays = new Map<number, number | undefined>();

  function plainMidnight(day: number): number | undefined {
    if (plainDays.has(day)) return plainDays.get(day);
    const date = new Temporal.PlainDate(1970, 1, 1).add({ days: day });
    const startS = Math.floor(date.toZonedDateTime({ timeZone: zone }).epochMilliseconds / 1000);
    const endS = Math.floor(date.add({ days: 1 }).toZonedDateTime({ timeZone: zone }).epochMilliseconds / 1000);
    const isPlain = endS - startS === dayS && (startS - day * dayS) % 60 === 0;
    if (plainDays.size > 20_000) plainDays.clear();
    plainDays.set(day, isPlain ? startS : undefined);
    return isPlain ? startS : undefined;
  }

  return {
    instants: (year, month, dayOfMonth, secondOfDay) => {
      const utcMs = Date.UTC(year, month - 1, dayOfMonth);
      const given = new Date(utcMs);
      // The 30th of February is no day, and years before 100 are not what Date.UTC makes of them.
      if (
        given.getUTCFullYear() !== year ||
        given.getUTCMonth() !== month - 1 ||
        given.getUTCDate() !== dayOfMonth ||
        year < 1900 ||
        year > 2200 ||
        !(secondOfDay >= 0 && secondOfDay <= dayS)
      )
        return [];
      const day = utcMs / 86_400_000;
      const midnight = plainMidnight(day);
      if (midnight !== undefined) return [midnight + secondOfDay];
      return changingDay(zone, day * dayS + secondOfDay);
    },
  };
}

/** @param wallS the wall clock as if it were UTC, epoch seconds */
function changingDay(zone: string, wallS: number): Instants {
  const wall = Temporal.Instant.fromEpochMilliseconds(wallS * 1000)
    .toZonedDateTimeISO('UTC')
    .toPlainDateTime();
  const at = (disambiguation: 'earlier' | 'later'): Temporal.ZonedDateTime =>
    wall.toZonedDateTime(zone, { disambiguation });
  const [earlier, later] = [at('earlier'), at('later')];
  // In the hour that is left out, Temporal moves the wall clock: what it shows is not what was asked.
  if (!earlier.toPlainDateTime().equals(wall)) return [];
  const first = earlier.epochMilliseconds / 1000;
  const second = later.epochMilliseconds / 1000;
  return first === second ? [first] : [first, second];
}

/**
 * Tells the passes of the repeated hour apart by order: a wall clock time that comes for the second time on a day is the
 * later one. Keeps the newest day of each series only.
 */
export class RepeatedHour {
  readonly #days = new Map<string, { day: string; seen: Map<number, number> }>();

  /** The instant meant, or undefined where there is none. */
  pick(series: string, day: string, wallSecond: number, instants: Instants): number | undefined {
    if (instants.length < 2) return instants[0];
    let known = this.#days.get(series);
    if (known?.day !== day) {
      known = { day, seen: new Map() };
      this.#days.set(series, known);
    }
    const times = known.seen.get(wallSecond) ?? 0;
    known.seen.set(wallSecond, times + 1);
    return instants[times % 2];
  }
}
