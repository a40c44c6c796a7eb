/** Houston's wall clock by arithmetic: load profiles follow people, and a formatter per reading would cost a second a day. */

const dayS = 86_400;

/** Days since 1970-01-01 of a civil date (proleptic Gregorian). */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

function yearOf(days: number): number {
  let year = 1970 + Math.floor(days / 365.2425);
  if (days < daysFromCivil(year, 1, 1)) year--;
  else if (days >= daysFromCivil(year + 1, 1, 1)) year++;
  return year;
}

/** The n-th Sunday of a month, as days since 1970-01-01 (a Thursday). */
function sunday(year: number, month: number, n: number): number {
  const first = daysFromCivil(year, month, 1);
  return first + ((7 - ((first + 4) % 7)) % 7) + (n - 1) * 7;
}

/** Seconds to add to UTC for US Central time, rules of 2007: -18,000 in summer, -21,600 in winter. */
export function centralOffsetS(timeS: number): number {
  const year = yearOf(Math.floor((timeS - 21_600) / dayS));
  const startS = sunday(year, 3, 2) * dayS + 8 * 3600;
  const endS = sunday(year, 11, 1) * dayS + 7 * 3600;
  return timeS >= startS && timeS < endS ? -18_000 : -21_600;
}

export interface LocalTime {
  /** hour of the day with its fraction, [0, 24) */
  hour: number;
  /** Saturday or Sunday */
  weekend: boolean;
  /** day of the year with its fraction, [0, 366) */
  dayOfYear: number;
}

export function centralTime(timeS: number): LocalTime {
  const localS = timeS + centralOffsetS(timeS);
  const days = Math.floor(localS / dayS);
  const weekday = (((days + 4) % 7) + 7) % 7;
  return {
    hour: (localS - days * dayS) / 3600,
    weekend: weekday === 0 || weekday === 6,
    dayOfYear: localS / dayS - daysFromCivil(yearOf(days), 1, 1),
  };
}
