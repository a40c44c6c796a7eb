/** Periods of whole local days, and what a plot makes of them. */
import type { MajorEventDays, ReliabilityDay } from '#model/api/reliability.ts';
import type { Days } from '../lib/api/reliability.ts';

const dayMs = 86_400_000;

export const addDays = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10);

export const todayIn = (zone: string, nowMs: number): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(nowMs);

export const presets = [
  { name: 'month', label: '30 days' },
  { name: 'year', label: '12 months' },
  { name: 'this_year', label: 'This year' },
  { name: 'last_year', label: 'Last year' },
  { name: 'five_years', label: '5 years' },
] as const;
export type Preset = (typeof presets)[number]['name'];

export function daysOf(preset: Preset, today: string): Days {
  const year = Number(today.slice(0, 4));
  switch (preset) {
    case 'month':
      return { from: addDays(today, -29), to: today };
    case 'year':
      return { from: addDays(today, -364), to: today };
    case 'this_year':
      return { from: `${year}-01-01`, to: today };
    case 'last_year':
      return { from: `${year - 1}-01-01`, to: `${year - 1}-12-31` };
    case 'five_years':
      return { from: `${year - 4}-01-01`, to: today };
  }
}

/** Calendar days, the first not after the last; a year that is still being typed (0202) is none. */
export function isPeriod({ from, to }: Days): boolean {
  const isDay = (day: string): boolean =>
    /^(?:19|20|21)\d\d-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(`${day}T00:00:00Z`));
  return isDay(from) && isDay(to) && from <= to;
}

/** UTC seconds of the middle of a day: a plot in UTC shows the date whatever the zone. */
export const noonS = (day: string): number => Date.parse(`${day}T12:00:00Z`) / 1000;

export interface DailySeries {
  times: number[];
  /** minutes; null on days without sustained interruptions: a log scale has no zero */
  usual: (number | null)[];
  major: (number | null)[];
  /** threshold of the day's year, minutes */
  tMed: (number | null)[];
}

/** Every day of the period, so that quiet spells are as wide as they were long. */
export function dailySeries(facts: MajorEventDays, withThreshold: boolean): DailySeries {
  const byDay = new Map(facts.days.map((day) => [day.day, day]));
  const threshold = new Map(facts.thresholds.map(({ year, t_med }) => [year, t_med]));
  const series: DailySeries = { times: [], usual: [], major: [], tMed: [] };
  for (let day = facts.from; day <= facts.to; day = addDays(day, 1)) {
    const known = byDay.get(day);
    const saidi = known && known.saidi > 0 ? known.saidi : null;
    series.times.push(noonS(day));
    series.usual.push(known?.is_major ? null : saidi);
    series.major.push(known?.is_major ? saidi : null);
    series.tMed.push(withThreshold ? (threshold.get(Number(day.slice(0, 4))) ?? null) : null);
  }
  return series;
}

export interface Month {
  /** 2026-07 */
  month: string;
  saidi: number;
  saidiWithoutMajor: number;
  saifi: number;
  saifiWithoutMajor: number;
}

/** Indices of each month of the period, empty ones included. */
export function byMonth(facts: Pick<MajorEventDays, 'from' | 'to' | 'served' | 'days'>): Month[] {
  const months = new Map<string, Month>();
  for (
    let day = `${facts.from.slice(0, 7)}-01`;
    day <= facts.to;
    day = addDays(`${day.slice(0, 7)}-28`, 4)
      .slice(0, 7)
      .concat('-01')
  )
    months.set(day.slice(0, 7), {
      month: day.slice(0, 7),
      saidi: 0,
      saidiWithoutMajor: 0,
      saifi: 0,
      saifiWithoutMajor: 0,
    });
  for (const day of facts.days) {
    const name = day.day.slice(0, 7);
    const month = months.get(name);
    if (!month) continue;
    const customers = averageServed(facts, name);
    add(month, day, (value) => (customers > 0 ? value / customers : 0));
  }
  return [...months.values()];
}

/** Average over the days of a month that lie in the period. */
function averageServed({ from, to, served }: Pick<MajorEventDays, 'from' | 'to' | 'served'>, month: string): number {
  const next = addDays(`${month}-28`, 4).slice(0, 7);
  const [earlier, later] = [(a: string, b: string) => (a < b ? a : b), (a: string, b: string) => (a > b ? a : b)];
  const first = later(from, `${month}-01`);
  const end = earlier(addDays(to, 1), `${next}-01`);
  let customerDays = 0;
  served.forEach((figure, i) => {
    const start = later(figure.from, first);
    const until = earlier(served[i + 1]?.from ?? end, end);
    customerDays += figure.customers * Math.max(0, daysBetween(start, until));
  });
  return customerDays / daysBetween(first, end);
}

const daysBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 86_400_000;

function add(month: Month, day: ReliabilityDay, per: (value: number) => number): void {
  month.saidi += per(day.customer_minutes);
  month.saifi += per(day.customers_interrupted);
  if (day.is_major) return;
  month.saidiWithoutMajor += per(day.customer_minutes);
  month.saifiWithoutMajor += per(day.customers_interrupted);
}

/** `2 h 14 min` until a moment, or how long it is past. */
export function countdown(at: string, nowMs: number): { text: string; isPast: boolean } {
  const minutes = Math.round((Date.parse(at) - nowMs) / 60_000);
  const size = Math.abs(minutes);
  const text = size >= 60 ? `${Math.floor(size / 60)} h ${size % 60} min` : `${size} min`;
  return { text, isPast: minutes < 0 };
}
