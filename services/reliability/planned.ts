/**
 * Planned work as interruptions: all customers of a window from its begin to its end. Who is without supply by an
 * unplanned outage, or by an earlier window, counts there and not here: no customer counts twice at one moment.
 */
import type { MeterSpan, StepSpan } from './cohorts.ts';

export interface WindowSpan {
  fromMs: number;
  toMs: number;
  customers: number;
}

/** A customer of the window who counts elsewhere. */
export interface CountedElsewhere {
  meterKey: number;
  fromMs: number;
  /** null while it lasts */
  toMs: number | null;
}

/** Steps of the customers who count by the window alone; the last one runs where the window lasts at `nowMs`. */
export function plannedSteps(window: WindowSpan, elsewhere: readonly CountedElsewhere[], nowMs: number): StepSpan[] {
  const { fromMs, customers } = window;
  const lasts = window.toMs > nowMs;
  const endMs = lasts ? nowMs : window.toMs;
  const changes = new Map<number, number>([[fromMs, customers]]);
  const change = (atMs: number, by: number): void => void changes.set(atMs, (changes.get(atMs) ?? 0) + by);
  for (const spans of byMeter(elsewhere).values())
    for (const span of joined(spans, fromMs, endMs)) {
      change(span.fromMs, -1);
      if (span.toMs < endMs) change(span.toMs, 1);
    }
  const times = [...changes.keys()].sort((a, b) => a - b);
  let customersOut = 0;
  return times.map((atMs, i) => {
    customersOut += changes.get(atMs)!;
    const toMs = times.at(i + 1) ?? (lasts ? null : endMs);
    return { stepNo: i + 1, fromMs: atMs, toMs, customersOut };
  });
}

/** When each of the window's meters counts by it: none, or several times, where it counts elsewhere meanwhile. */
export function plannedPieces(
  window: Pick<WindowSpan, 'fromMs' | 'toMs'>,
  meterKeys: readonly number[],
  elsewhere: readonly CountedElsewhere[],
  nowMs: number,
): MeterSpan[] {
  const { fromMs } = window;
  const endMs = Math.min(window.toMs, nowMs);
  const others = byMeter(elsewhere);
  const pieces: MeterSpan[] = [];
  for (const meterKey of meterKeys) {
    let startMs = fromMs;
    const put = (toMs: number): void => void (toMs > startMs && pieces.push({ meterKey, fromMs: startMs, toMs }));
    for (const span of joined(others.get(meterKey) ?? [], fromMs, endMs)) {
      put(span.fromMs);
      startMs = span.toMs;
    }
    put(endMs);
  }
  return pieces;
}

function byMeter(spans: readonly CountedElsewhere[]): Map<number, CountedElsewhere[]> {
  const meters = new Map<number, CountedElsewhere[]>();
  for (const span of spans) {
    const list = meters.get(span.meterKey);
    if (list) list.push(span);
    else meters.set(span.meterKey, [span]);
  }
  return meters;
}

/** Spans of one meter within [from, to), those that touch made one. */
function joined(spans: CountedElsewhere[], fromMs: number, toMs: number): { fromMs: number; toMs: number }[] {
  const done: { fromMs: number; toMs: number }[] = [];
  for (const span of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const start = Math.max(span.fromMs, fromMs);
    const end = Math.min(span.toMs ?? toMs, toMs);
    if (end <= start) continue;
    const last = done.at(-1);
    if (last && start <= last.toMs) last.toMs = Math.max(last.toMs, end);
    else done.push({ fromMs: start, toMs: end });
  }
  return done;
}
