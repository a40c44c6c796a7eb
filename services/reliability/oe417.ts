/**
 * The watch for form OE-417 of the United States' Department of Energy: 50,000 customers or more without supply for an
 * hour or longer. Pure. From the moment the hour is full six hours are left for the first report, 72 for the final one.
 */
import type { Oe417, Oe417Event, Oe417Filing, Oe417Stage } from '#model/api/reliability.ts';
import type { FilingRow } from './oe417_sql.ts';

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

function toFiling({ stage, reference, filedMs, recordedMs, actor, withdrawn }: FilingRow): Oe417Filing {
  return { stage, reference, filed_at: iso(filedMs), recorded_at: iso(recordedMs), actor, withdrawn };
}

/** When a stage was filed, as the newest word on it has it. */
function filedAt(filings: readonly Oe417Filing[], stage: Oe417Stage): string | null {
  const last = filings.findLast((filing) => filing.stage === stage);
  return last && !last.withdrawn ? last.filed_at : null;
}

const isDue = ({ met_at, final_due_at, final_filed_at }: Oe417Event, nowMs: number): boolean =>
  met_at !== null && final_filed_at === null && Date.parse(final_due_at!) > nowMs;

/**
 * @param filings in the order they were said; each belongs to the event that holds the moment its hour was full
 * @param sinceMs the curve is whole from here on: a filing without an event is one from here on
 */
export function watchOe417(
  curve: readonly CurvePoint[],
  nowMs: number,
  filings: readonly FilingRow[] = [],
  sinceMs = 0,
): Oe417 {
  const spells: { fromMs: number; toMs: number | null; peak: number; peakMs: number }[] = [];
  for (const { atMs, customersOut } of curve) {
    const last = spells.at(-1);
    const isOpen = last !== undefined && last.toMs === null;
    if (customersOut >= oe417Customers) {
      if (!isOpen) spells.push({ fromMs: atMs, toMs: null, peak: customersOut, peakMs: atMs });
      else if (customersOut > last.peak) Object.assign(last, { peak: customersOut, peakMs: atMs });
    } else if (isOpen) last.toMs = atMs;
  }
  const placed = new Set<FilingRow>();
  const events = spells.map(({ fromMs, toMs, peak, peakMs }): Oe417Event => {
    const metMs = fromMs + oe417Minutes * 60_000;
    const isMet = metMs <= (toMs ?? nowMs);
    // an event of exactly an hour ends when its hour is full
    const own = filings.filter(({ eventMetMs: atMs }) => isMet && atMs >= fromMs && atMs <= (toMs ?? nowMs));
    for (const filing of own) placed.add(filing);
    const said = own.map(toFiling);
    return {
      from: iso(fromMs),
      to: toMs === null ? null : iso(toMs),
      met_at: isMet ? iso(metMs) : null,
      peak_customers: peak,
      peak_at: iso(peakMs),
      first_due_at: isMet ? iso(metMs + firstReportMs) : null,
      final_due_at: isMet ? iso(metMs + finalReportMs) : null,
      first_filed_at: filedAt(said, 'first'),
      final_filed_at: filedAt(said, 'final'),
      filings: said,
    };
  });
  const newest = events.at(-1);
  const lastMet = events.findLast(({ met_at }) => met_at !== null);
  let state: Oe417['state'] = 'below';
  if (events.some((event) => isDue(event, nowMs))) state = 'due';
  else if (newest && newest.to === null && newest.met_at === null) state = 'watching';
  else if (lastMet) state = lastMet.final_filed_at === null ? 'over' : 'filed';
  return {
    at: iso(nowMs),
    state,
    customers_out: curve.at(-1)?.customersOut ?? 0,
    threshold_customers: oe417Customers,
    threshold_minutes: oe417Minutes,
    events: events.reverse(),
    filings_elsewhere: filings.filter((filing) => !placed.has(filing) && filing.eventMetMs >= sinceMs).map(toFiling),
  };
}

/**
 * What the alarm says, or null where nothing has to be reported or watched: it ends with the final report. The text stays
 * the same while it lasts: an acknowledged alarm must not come back because a count moved.
 */
export function oe417Alarm(watch: Oe417): { priority: 1 | 2; text: string } | null {
  // of two events the one whose time ends first
  const due = watch.events.findLast((event) => isDue(event, Date.parse(watch.at)));
  if (due) {
    const text = `OE-417: 50,000 customers or more out for an hour, since ${due.from}`;
    return due.first_filed_at === null
      ? { priority: 1, text: `${text}; first report due ${due.first_due_at}, final ${due.final_due_at}` }
      : { priority: 2, text: `${text}; first report filed, final due ${due.final_due_at}` };
  }
  const newest = watch.events.at(0);
  if (watch.state === 'watching' && newest)
    return {
      priority: 2,
      text: `OE-417: 50,000 customers or more out since ${newest.from}; to be reported when it lasts an hour`,
    };
  return null;
}
