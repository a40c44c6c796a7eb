/** Which value an outage gets, out of what the model, the simulation, zones and people say. Pure; times are UTC epoch ms. */
import type { EtrSource } from '#model/api/etr.ts';

export interface EtrValue {
  p50Ms: number;
  p90Ms: number;
  source: EtrSource;
  /** version of the model or of the simulation */
  model: string | null;
  /** ids of the zones' overrides it was made with; absent without any */
  overrides?: string;
}

/** What a crew or an operator said last and did not take back. */
export interface Word extends EtrValue {
  source: 'crew' | 'operator';
}

export interface Override {
  id: number;
  zone: string;
  kind: 'time' | 'delay';
  restoredMs: number | null;
  delayMinutes: number | null;
  leastCustomers: number;
  mostCustomers: number | null;
  expiresMs: number;
}

export interface EtrSettings {
  /** a promise is rounded up to whole steps, minutes */
  p50StepMin: number;
  p90StepMin: number;
  /** no revision for less than this, and for less than this share of what is left */
  toleranceMin: number;
  toleranceShare: number;
}
export const etrDefaults: EtrSettings = { p50StepMin: 5, p90StepMin: 15, toleranceMin: 15, toleranceShare: 0.2 };

export interface Place {
  /** ids of the area, the substation and the feeder */
  zones: readonly string[];
  customersAffected: number;
}

const minuteMs = 60_000;

export function bearsOn(override: Override, { zones, customersAffected }: Place, nowMs: number): boolean {
  return (
    zones.includes(override.zone) &&
    nowMs < override.expiresMs &&
    customersAffected >= override.leastCustomers &&
    (override.mostCustomers === null || customersAffected <= override.mostCustomers)
  );
}

/**
 * A person's word stands, whatever else is said. Else the newest time given for the zone (while it lies ahead) takes the
 * place of the computed value; then delays are added, the newest of each zone.
 */
export function decide(
  word: Word | null,
  computed: EtrValue,
  overrides: readonly Override[],
  place: Place,
  nowMs: number,
  settings: EtrSettings,
): EtrValue {
  if (word) return word;
  const bearing = overrides.filter((one) => bearsOn(one, place, nowMs)).sort((a, b) => b.id - a.id);
  const time = bearing.find(({ kind, restoredMs }) => kind === 'time' && restoredMs !== null && restoredMs > nowMs);
  let value: EtrValue = time
    ? { p50Ms: time.restoredMs!, p90Ms: time.restoredMs!, source: 'zone_override', model: null }
    : computed;
  const used = time ? [time.id] : [];
  const delayed = new Set<string>();
  for (const { id, kind, zone, delayMinutes } of bearing) {
    if (kind !== 'delay' || delayed.has(zone)) continue;
    delayed.add(zone);
    used.push(id);
    const laterMs = delayMinutes! * minuteMs;
    value = { ...value, p50Ms: value.p50Ms + laterMs, p90Ms: value.p90Ms + laterMs, source: 'zone_override' };
  }
  return rounded(used.length > 0 ? { ...value, overrides: used.join() } : value, nowMs, settings);
}

/** Up to whole steps of the clock, never before the step that comes next. */
export function rounded(value: EtrValue, nowMs: number, { p50StepMin, p90StepMin }: EtrSettings): EtrValue {
  const up = (ms: number, stepMin: number): number =>
    Math.ceil(Math.max(ms, nowMs + minuteMs) / (stepMin * minuteMs)) * stepMin * minuteMs;
  const p50Ms = up(value.p50Ms, p50StepMin);
  return { ...value, p50Ms, p90Ms: Math.max(p50Ms, up(value.p90Ms, p90StepMin)) };
}

/** Is the new value worth a revision? People are not told each minute that a minute has passed. */
export function isNews(before: EtrValue | null, now: EtrValue, nowMs: number, settings: EtrSettings): boolean {
  if (!before || before.source !== now.source || before.model !== now.model) return true;
  // what the control room says of a zone is told however little it changes
  if (before.overrides !== now.overrides) return true;
  if (isPersons(now.source)) return before.p50Ms !== now.p50Ms || before.p90Ms !== now.p90Ms;
  // a promise that is past is no promise
  if (before.p50Ms <= nowMs || before.p90Ms <= nowMs) return now.p50Ms !== before.p50Ms || now.p90Ms !== before.p90Ms;
  const tolerance = (atMs: number): number =>
    Math.max(settings.toleranceMin * minuteMs, settings.toleranceShare * (atMs - nowMs));
  return (
    Math.abs(now.p50Ms - before.p50Ms) > tolerance(before.p50Ms) ||
    Math.abs(now.p90Ms - before.p90Ms) > tolerance(before.p90Ms)
  );
}

export const isPersons = (source: EtrSource): source is 'crew' | 'operator' =>
  source === 'crew' || source === 'operator';
