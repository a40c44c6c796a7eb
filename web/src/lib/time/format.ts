/** Words for numbers and times on the screen: units on every number, thousands separators, zones named. */

/** How instants are shown: in the utility's zone, or in UTC. */
export interface TimeView {
  zone: string;
  utc: boolean;
}

const absent = '—';
const counts = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const clocks = new Map<string, Intl.DateTimeFormat>();

function clock(zone: string, parts: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${JSON.stringify(parts)}`;
  let format = clocks.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', ...parts });
    clocks.set(key, format);
  }
  return format;
}

const zoneOf = (view: TimeView): string => (view.utc ? 'UTC' : view.zone);

/** `12,431` */
export function formatCount(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value) ? absent : counts.format(value);
}

/** `1 feeder`, `37 feeders` */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`;
}

/** At most `digits` decimals, thousands separated. */
export function formatNumber(value: number | null | undefined, digits: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return absent;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Share of a whole as `2.1%`; below one tenth of a percent `<0.1%`. */
export function formatShare(part: number, whole: number): string {
  if (whole <= 0) return absent;
  const percent = (part / whole) * 100;
  if (percent > 0 && percent < 0.1) return '<0.1%';
  return `${percent.toFixed(percent >= 10 ? 0 : 1)}%`;
}

/** Power in the unit that keeps it readable: `980 kW`, `4.2 MW`, `1,204 MW`. */
export function formatPower(kw: number | null | undefined): string {
  if (kw === null || kw === undefined || !Number.isFinite(kw)) return absent;
  if (Math.abs(kw) < 1000) return `${formatNumber(kw, kw !== 0 && Math.abs(kw) < 10 ? 1 : 0)} kW`;
  return `${formatNumber(kw / 1000, Math.abs(kw) < 100_000 ? 1 : 0)} MW`;
}

/** Length in feet and miles is the field's habit in the US; the model is metric, so are we: `143 m`, `2.4 km`. */
export function formatLength(m: number | null | undefined): string {
  if (m === null || m === undefined || !Number.isFinite(m)) return absent;
  return m < 1000 ? `${formatNumber(m, 0)} m` : `${formatNumber(m / 1000, 1)} km`;
}

/** Bytes as `2.7 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${formatNumber(bytes / 1000, 0)} kB` : `${formatNumber(bytes / 1e6, 1)} MB`;
}

/** `14:32` */
export function formatTime(at: string | number | null | undefined, view: TimeView): string {
  const ms = toMs(at);
  return ms === null ? absent : clock(zoneOf(view), { hour: '2-digit', minute: '2-digit' }).format(ms);
}

/** `14:32:07` */
export function formatTimeSeconds(at: string | number | null | undefined, view: TimeView): string {
  const ms = toMs(at);
  if (ms === null) return absent;
  return clock(zoneOf(view), { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(ms);
}

/** `Jul 4, 14:32` */
export function formatDayTime(at: string | number | null | undefined, view: TimeView): string {
  const ms = toMs(at);
  if (ms === null) return absent;
  return clock(zoneOf(view), { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' }).format(ms);
}

/** `Jul 4, 2026` */
export function formatDay(at: string | number | null | undefined, view: TimeView): string {
  const ms = toMs(at);
  return ms === null ? absent : clock(zoneOf(view), { year: 'numeric', month: 'short', day: 'numeric' }).format(ms);
}

/** `Jul 4, 2026` of a calendar day `2026-07-04`, whatever the zone. */
export function formatDate(day: string | null | undefined): string {
  return formatDay(day, { zone: 'UTC', utc: true });
}

/** `CDT`, `UTC` */
export function zoneName(ms: number, view: TimeView): string {
  if (view.utc) return 'UTC';
  const parts = clock(view.zone, { timeZoneName: 'short' }).formatToParts(ms);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? view.zone;
}

/** `14:32` today, `Sun 03:10` within the next days, else `Jul 15 03:10`: an ETR without its day is a trap at midnight. */
export function formatEtr(at: string | null, nowMs: number, view: TimeView): string {
  const ms = toMs(at);
  if (ms === null) return absent;
  const day = clock(zoneOf(view), { year: 'numeric', month: '2-digit', day: '2-digit' });
  if (day.format(ms) === day.format(nowMs)) return formatTime(ms, view);
  // a weekday says enough while it can only be the next one, and stays narrow in a column
  if (ms > nowMs && ms - nowMs < 6 * 86_400_000)
    return `${clock(zoneOf(view), { weekday: 'short' }).format(ms)} ${formatTime(ms, view)}`;
  return formatDayTime(ms, view).replace(',', '');
}

/** Age in seconds as `0.8s`, `22s`, `4m`, `3h 05m`, `2d 4h`. */
export function formatAge(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return absent;
  const s = Math.max(0, seconds);
  if (s < 10) return `${s.toFixed(s < 1 ? 1 : 0)}s`;
  if (s < 60) return `${Math.floor(s)}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m`;
  if (s < 86400) return `${Math.floor(s / 3600)}h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')}m`;
  return `${Math.floor(s / 86400)}d ${Math.floor((s % 86400) / 3600)}h`;
}

/** Length of a bucket in words: `15 min`, `2 h`. */
export function formatBucket(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3600
    ? `${Math.round(seconds / 60)} min`
    : `${formatNumber(seconds / 3600, seconds % 3600 ? 1 : 0)} h`;
}

/** Seconds from an instant until `nowMs`, null where there is none. */
export function ageSeconds(at: string | null | undefined, nowMs: number): number | null {
  const ms = toMs(at);
  return ms === null ? null : (nowMs - ms) / 1000;
}

/** `de_energised` -> `de-energised`, `line_segment` -> `line segment`. */
export function words(code: string | null | undefined): string {
  if (!code) return absent;
  return code === 'de_energised' ? 'de-energised' : code.replaceAll('_', ' ');
}

function toMs(at: string | number | null | undefined): number | null {
  if (at === null || at === undefined) return null;
  const ms = typeof at === 'number' ? at : Date.parse(at);
  return Number.isFinite(ms) ? ms : null;
}
