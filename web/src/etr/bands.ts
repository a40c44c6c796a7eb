/** Columns of the plots: arithmetic only, drawing is in the `.tsx` beside it. */
import type { EtrRevision, RestorationCurve } from '#model/api/etr.ts';

/** Restoration times over the time at which they were told, UTC seconds; each holds until the next. */
export interface HistoryColumns {
  told: number[];
  p50: number[];
  p90: number[];
  /** the same moment all along, null where it is not over */
  actual: (number | null)[];
  /** now, or the end: what was told can be compared with the moment itself */
  present: number[];
}

export function historyColumns(
  revisions: readonly EtrRevision[],
  restoredAt: string | null,
  nowMs: number,
): HistoryColumns {
  const seconds = (at: string): number => Date.parse(at) / 1000;
  const endS = restoredAt ? seconds(restoredAt) : nowMs / 1000;
  const within = restoredAt ? revisions.filter(({ computed_at }) => seconds(computed_at) <= endS) : revisions;
  const told = within.map(({ computed_at }) => seconds(computed_at));
  const p50 = within.map((one) => seconds(one.p50));
  const p90 = within.map((one) => seconds(one.p90));
  if (told.length > 0 && told[told.length - 1] < endS) {
    told.push(endS);
    p50.push(p50[p50.length - 1]);
    p90.push(p90[p90.length - 1]);
  }
  return { told, p50, p90, actual: told.map(() => (restoredAt ? seconds(restoredAt) : null)), present: told };
}

/** Two curves on one axis of time: each keeps its own points, null between them where the other has one. */
export function joinedCurves(base: RestorationCurve, changed: RestorationCurve): (number | null)[][] {
  const times = [...new Set([...base.time_s, ...changed.time_s])].sort((a, b) => a - b);
  const on = (curve: RestorationCurve, values: number[]): (number | null)[] => {
    const at = new Map(curve.time_s.map((time, i) => [time, values[i]]));
    const last = curve.time_s[curve.time_s.length - 1];
    const end = values[values.length - 1];
    return times.map((time) => at.get(time) ?? (time > last ? end : null));
  };
  return [
    times,
    on(base, base.p90),
    on(base, base.p10),
    on(base, base.p50),
    on(changed, changed.p90),
    on(changed, changed.p10),
    on(changed, changed.p50),
  ];
}
