/** Time as requests give it and charts want it. */
import { FluxError } from '#model/errors.ts';

/**
 * UTC epoch seconds of an ISO 8601 query value.
 * @param otherwise where the value was left out; without it the value is required
 * @throws FluxError `bad_request`
 */
export function secondsOf(value: unknown, name: string, otherwise?: number): number {
  if (value === undefined && otherwise !== undefined) return otherwise;
  const ms = Date.parse(String(value));
  if (Number.isNaN(ms)) throw new FluxError('bad_request', `${name} must be ISO 8601, e.g. 2026-07-04T18:15:00Z`);
  return Math.floor(ms / 1000);
}

/**
 * The span [fromS, toS) a request asks for; up to now and a day long where it says nothing.
 * @throws FluxError `bad_request`
 */
export function spanOf(
  query: { from?: unknown; to?: unknown },
  nowS = Math.floor(Date.now() / 1000),
): { fromS: number; toS: number } {
  const toS = secondsOf(query.to, 'to', nowS);
  const fromS = secondsOf(query.from, 'from', toS - 86_400);
  if (fromS >= toS) throw new FluxError('bad_request', 'to must be later than from');
  return { fromS, toS };
}

/** Bucket widths a chart of intervals can have, seconds. */
const bucketsS = [900, 1800, 3600, 3 * 3600, 6 * 3600, 86_400, 7 * 86_400];

/** The narrowest bucket (s) that gives at most `points` of them, or the widest there is. */
export function bucketFor(fromS: number, toS: number, points: number): number {
  return bucketsS.find((bucket) => (toS - fromS) / bucket <= points) ?? bucketsS[bucketsS.length - 1];
}
