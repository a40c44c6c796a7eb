import type { StormCurve } from '#model/api/storm.ts';

/** Times (UTC seconds), then so far, P90, P10 and P50 ahead: one column each, null where it does not reach. */
export function curveColumns({ time_s, customers_out, ahead }: StormCurve): (number | null)[][] {
  const later = ahead ? ahead.time_s.map((atS) => Math.floor(atS)) : [];
  const lastS = time_s.at(-1) ?? Number.NEGATIVE_INFINITY;
  const from = later.findIndex((atS) => atS > lastS);
  const kept = from < 0 ? [] : later.slice(from);
  const none = (count: number): null[] => Array.from({ length: count }, () => null);
  const tail = (values: readonly number[] | undefined): (number | null)[] => [
    ...none(time_s.length),
    ...(values && from >= 0 ? values.slice(from).map(Math.round) : none(kept.length)),
  ];
  return [
    [...time_s, ...kept],
    [...customers_out, ...none(kept.length)],
    tail(ahead?.p90),
    tail(ahead?.p10),
    tail(ahead?.p50),
  ];
}

/** "+120", "−35", "±0" */
export function signed(value: number): string {
  if (value === 0) return '±0';
  return `${value > 0 ? '+' : '−'}${Math.abs(value).toLocaleString('en-US')}`;
}
