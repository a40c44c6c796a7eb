/** From when on a member counts. SPEC.md, R9. */
import type { EngineCore } from './engine_core.ts';
import { meterDark } from './engine_meters.ts';

/** Dark meters count from their own time, but not from before `fromMs`; silent ones from `silentMs`, or as the last do. */
export function countSince(
  core: EngineCore,
  slot: number,
  meters: readonly number[],
  fromMs: number,
  silentMs?: number,
): void {
  const { book, mergeMs } = core;
  const times = darkSince(core, meters).map((atMs) => Math.max(fromMs, atMs));
  for (let i = 0; i < times.length; ) {
    const first = i;
    while (i < times.length && times[i] - times[first] <= mergeMs) i++;
    book.join(slot, i - first, times[first], mergeMs);
  }
  const silent = meters.length - times.length;
  if (silent > 0) book.join(slot, silent, silentMs ?? book.outages[slot].steps.at(-1)!.fromMs, mergeMs);
}

/**
 * Since when the dark ones of these meters are counted nowhere else, ascending: not in the outage they are left over from,
 * nor as planned.
 */
export function darkSince(core: EngineCore, meters: Iterable<number>): Float64Array {
  const { planned, nowMs, thresholds } = core;
  const { state, darkMs } = core.meters;
  const graceMs = thresholds.plannedGraceS * 1000;
  const since: number[] = [];
  for (const meter of meters) {
    if (state[meter] !== meterDark) continue;
    const atMs = darkMs[meter];
    since.push(Math.max(atMs, leftOverMs(core, meter), planned.plannedUntil(meter, atMs, nowMs, graceMs)));
  }
  return Float64Array.from(since).sort();
}

/** The restoration of the outage a meter is left over from, or of the part of it that came back when the meter left. */
function leftOverMs({ meters, book, thresholds }: EngineCore, meter: number): number {
  const id = meters.leftoverOf.get(meter);
  if (id === undefined || !book.has(id)) return 0;
  const { restoredMs, steps } = book.outages[book.slotOf(id)];
  const leftMs = meters.ripeMs[meter] - thresholds.leftoverGraceS * 1000;
  return restoredMs ?? steps.findLast(({ fromMs }) => fromMs <= leftMs)?.fromMs ?? 0;
}
