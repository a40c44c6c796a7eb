/**
 * The watch for form OE-417 of the United States' Department of Energy: 50,000 customers or more without supply for an
 * hour or longer. Pure. From the moment the hour is full six hours are left for the first report, 72 for the final one.
 */
import type { Oe417, Oe417Event } from '#model/api/reliability.ts';

export const oe417Customers = 50_000;
export const oe417Minutes = 60;
const firstReportMs = 6 * 3_600_000;
const finalReportMs = 72 * 3_600_000;

export interface OutSpan {
  fromMs: number;
  /** null while it lasts */
  toMs: number | null;
  customers: number;
}

export interface CurvePoint {
  atMs: number;
  /** without supply from here to the next point */
  customersOut: number;
}

/** Customers out over time, a point for each change, up to `nowMs`. */
export function customersOutCurve(spans: readonly OutSpan[], nowMs: number): CurvePoint[] {
  const changes = new Map<number, number>();
  const add = (atMs: number, customers: number): void => void changes.set(atMs, (changes.get(atMs) ?? 0) + customers);
  for (const { fromMs, toMs, customers } of spans) {
    if (fromMs > nowMs || (toMs !== null && toMs <= fromMs)) continue;
    add(fromMs, customers);
    if (toMs !== null && toMs <= nowMs) add(toMs, -customers);
  }
  let customersOut = 0;
  const points: CurvePoint[] = [];
  for (const [atMs, change] of [...changes].sort((a, b) => a[0] - b[0])) {
    if (change === 0) continue;
    customersOut += change;
    points.push({ atMs, customersOut });
  }
  return points;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** @param threshold customers; 50,000 unless a test says otherwise */
export function watchOe417(curve: readonly CurvePoint[], nowMs: number, threshold = oe417Customers): Oe417 {
  const spells: { fromMs: number; toMs: number | null; peak: number; peakMs: number }[] = [];
  for (const { atMs, customersOut } of curve) {
    const last = spells.at(-1);
    const isOpen = last !== undefined && last.toMs === null;
    if (customersOut >= threshold) {
      if (!isOpen) spells.push({ fromMs: atMs, toMs: null, peak: customersOut, peakMs: atMs });
      else if (customersOut > last.peak) Object.assign(last, { peak: customersOut, peakMs: atMs });
    } else if (isOpen) last.toMs = atMs;
  }
  const events = spells.map(({ fromMs, toMs, peak, peakMs }): Oe417Event & { finalDueMs: number | null } => {
    const metMs = fromMs + oe417Minutes * 60_000;
    const isMet = metMs <= (toMs ?? nowMs);
    return {
      from: iso(fromMs),
      to: toMs === null ? null : iso(toMs),
      met_at: isMet ? iso(metMs) : null,
      peak_customers: peak,
      peak_at: iso(peakMs),
      first_due_at: isMet ? iso(metMs + firstReportMs) : null,
      final_due_at: isMet ? iso(metMs + finalReportMs) : null,
      finalDueMs: isMet ? metMs + finalReportMs : null,
    };
  });
  const lasting = spells.at(-1)?.toMs === null;
  const hasDue = events.some(({ finalDueMs }) => finalDueMs !== null && finalDueMs > nowMs);
  const state = hasDue ? 'due' : lasting ? 'watching' : events.some(({ met_at }) => met_at !== null) ? 'over' : 'below';
  return {
    at: iso(nowMs),
    state,
    customers_out: curve.at(-1)?.customersOut ?? 0,
    threshold_customers: threshold,
    threshold_minutes: oe417Minutes,
    events: events.map(({ finalDueMs: _, ...event }) => event).reverse(),
  };
}

/**
 * What the alarm says, or null where nothing has to be reported or watched. The text stays the same while it lasts: an
 * acknowledged alarm must not come back because a count moved.
 */
export function oe417Alarm(watch: Oe417): { priority: 1 | 2; text: string } | null {
  const newest = watch.events.at(0);
  if (watch.state === 'due') {
    const met = watch.events.find(({ met_at }) => met_at !== null)!;
    return {
      priority: 1,
      text: `OE-417: 50,000 customers or more out for an hour, since ${met.from}; first report due ${met.first_due_at}, final ${met.final_due_at}`,
    };
  }
  if (watch.state === 'watching' && newest)
    return {
      priority: 2,
      text: `OE-417: 50,000 customers or more out since ${newest.from}; to be reported when it lasts an hour`,
    };
  return null;
}
