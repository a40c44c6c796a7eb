/**
 * Customers served, as they were: what the indices divide by. Pure. IEEE 1366 asks for the average over the period; whole
 * customer-days add up and are divided last, so that the parts of a level make the system exactly.
 */

export interface ServedChange {
  /** local day from which on the feeder serves so many */
  day: string;
  /** -1: meters of no feeder */
  feederKey: number;
  customers: number;
}

/** Local days [from, to). */
interface Days {
  from: string;
  to: string;
}

export interface Served {
  /** the first day known: its figures hold for the days before it, too */
  since: string;
  /** customers of a day; feeders null = all */
  on(day: string, feeders: readonly number[] | null): number;
  /** of the days of a period that have begun, or of its first day */
  customerDays(period: Days, feeders: readonly number[] | null): number;
  days(period: Days): number;
  average(period: Days, feeders: readonly number[] | null): number;
  /** the figures of a period, each with the day it holds from */
  figures(period: Days, feeders: readonly number[] | null): { from: string; customers: number }[];
}

interface Span {
  from: string;
  customers: number;
}

const dayMs = 86_400_000;
const dayAfter = (day: string): string => new Date(Date.parse(day) + dayMs).toISOString().slice(0, 10);
const daysBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / dayMs;
const [earlier, later] = [(a: string, b: string) => (a < b ? a : b), (a: string, b: string) => (a > b ? a : b)];
const at = (spans: readonly Span[], day: string): number => spans.findLast(({ from }) => from <= day)!.customers;
const sumOver = (list: readonly Span[][], of: (spans: Span[]) => number): number =>
  list.reduce((sum, spans) => sum + of(spans), 0);

/** @param changes oldest first @param today local day: a later one has not been served */
export function servedOf(changes: readonly ServedChange[], today: string): Served {
  const since = changes[0]?.day ?? today;
  const nothing = (): Span[] => [{ from: '', customers: 0 }];
  const system = nothing();
  const byFeeder = new Map<number, Span[]>();
  for (const { day, feederKey, customers } of changes) {
    const spans = byFeeder.get(feederKey) ?? nothing();
    byFeeder.set(feederKey, spans);
    const more = customers - spans[spans.length - 1].customers;
    for (const list of [system, spans]) {
      const last = list[list.length - 1];
      if (day === since || last.from === day) last.customers += more;
      else list.push({ from: day, customers: last.customers + more });
    }
  }
  const spansOf = (feeders: readonly number[] | null): Span[][] =>
    feeders === null
      ? [system]
      : feeders.flatMap((feeder) => [byFeeder.get(feeder) ?? []].filter((one) => one.length > 0));
  /** the part of a period that has been */
  const been = ({ from, to }: Days): Days => {
    const end = to <= today ? to : dayAfter(today);
    return { from, to: end > from ? end : dayAfter(from) };
  };
  const on = (day: string, feeders: readonly number[] | null): number =>
    sumOver(spansOf(feeders), (spans) => at(spans, day));
  function customerDays(period: Days, feeders: readonly number[] | null): number {
    const { from, to } = been(period);
    return sumOver(spansOf(feeders), (spans) =>
      spans.reduce((sum, span, i) => {
        const start = later(span.from, from);
        const next = spans[i + 1]?.from ?? to;
        const end = earlier(next, to);
        return end > start ? sum + span.customers * daysBetween(start, end) : sum;
      }, 0),
    );
  }
  const days = (period: Days): number => {
    const { from, to } = been(period);
    return daysBetween(from, to);
  };
  return {
    since,
    on,
    customerDays,
    days,
    average: (period, feeders) => customerDays(period, feeders) / days(period),
    figures: (period, feeders) => {
      const { from, to } = been(period);
      const changed = new Set(spansOf(feeders).flatMap((spans) => spans.map((span) => span.from)));
      const within = [...changed].filter((day) => day > from && day < to).sort();
      return [from, ...within].map((day) => ({ from: day, customers: on(day, feeders) }));
    },
  };
}
