/** When a crew works: weekly windows of local wall clock time turned into instants. Changes of the clock are Temporal's. */
import type { ShiftWindow } from '#model/api/crews.ts';
import { FluxError } from '#model/errors.ts';

/** Half-open, UTC epoch milliseconds. */
export interface Span {
  fromMs: number;
  toMs: number;
}

export interface ShiftNow {
  /** the shift that runs, windows that touch joined */
  current: Span | null;
  /** the first one that begins later, within the next nine days */
  next: Span | null;
}

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const windowPattern = /^([A-Za-z]{3})(?:-([A-Za-z]{3}))?\s+(\d\d:\d\d)-(\d\d:\d\d)\s+(\S+)$/;

/**
 * Reads `Mon-Fri 07:00-19:00 America/Chicago; Sat 22:00-06:00 America/Chicago`. Nothing is a crew on call.
 * @throws FluxError `bad_shift`
 */
export function readShifts(text: string): ShiftWindow[] {
  return text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(readWindow);
}

function readWindow(text: string): ShiftWindow {
  const wrong = (what: string): FluxError =>
    new FluxError('bad_shift', `"${text}" ${what}; write e.g. Mon-Fri 07:00-19:00 America/Chicago`);
  const [, first, last = first, from, to, zone] = windowPattern.exec(text) ?? [];
  if (first === undefined) throw wrong('is no shift');
  const [a, b] = [first, last].map((day) => weekdays.indexOf(day.toLowerCase()));
  if (a < 0 || b < 0) throw wrong('names no weekday (Mon to Sun)');
  for (const clock of [from, to])
    if (Number(clock.slice(0, 2)) > 23 || Number(clock.slice(3)) > 59) throw wrong(`has no time of day ${clock}`);
  try {
    Temporal.Now.zonedDateTimeISO(zone);
  } catch {
    throw wrong(`has no time zone ${zone}`);
  }
  // Sat-Mon goes over the end of the week
  const days = Array.from({ length: ((b - a + 7) % 7) + 1 }, (_, i) => ((a + i) % 7) + 1);
  return { days, from, to, time_zone: zone };
}

export function writeShifts(shifts: readonly ShiftWindow[]): string {
  const name = (day: number): string => weekdays[day - 1][0].toUpperCase() + weekdays[day - 1].slice(1);
  return shifts
    .map(({ days, from, to, time_zone: zone }) => {
      const dayText = days.length > 1 ? `${name(days[0])}-${name(days[days.length - 1])}` : name(days[0]);
      return `${dayText} ${from}-${to} ${zone}`;
    })
    .join('; ');
}

/**
 * A time that the clock leaves out counts as the moment it jumps to; one that comes twice as its first time: so a night
 * shift is an hour shorter in spring and an hour longer in autumn.
 */
export function shiftsAround(shifts: readonly ShiftWindow[], nowMs: number): ShiftNow {
  const spans = shifts.flatMap((shift) => spansOf(shift, nowMs)).sort((a, b) => a.fromMs - b.fromMs);
  const joined: Span[] = [];
  for (const span of spans) {
    const before = joined.at(-1);
    if (before && span.fromMs <= before.toMs) before.toMs = Math.max(before.toMs, span.toMs);
    else joined.push({ ...span });
  }
  return {
    current: joined.find(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs) ?? null,
    next: joined.find(({ fromMs }) => fromMs > nowMs) ?? null,
  };
}

function spansOf({ days, from, to, time_zone: timeZone }: ShiftWindow, nowMs: number): Span[] {
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timeZone).toPlainDate();
  const at = (date: Temporal.PlainDate, clock: string): number =>
    date.toZonedDateTime({ timeZone, plainTime: Temporal.PlainTime.from(clock) }).epochMilliseconds;
  const spans: Span[] = [];
  for (let offset = -2; offset <= 8; offset++) {
    const date = today.add({ days: offset });
    if (!days.includes(date.dayOfWeek)) continue;
    spans.push({ fromMs: at(date, from), toMs: at(to > from ? date : date.add({ days: 1 }), to) });
  }
  return spans;
}

/** `shiftsAround` remembered until the next edge: a board asks for hundreds of crews every few seconds. */
export function makeRoster(): (shifts: readonly ShiftWindow[], nowMs: number) => ShiftNow {
  const known = new Map<string, { from: number; until: number; found: ShiftNow }>();
  return (shifts, nowMs) => {
    const key = JSON.stringify(shifts);
    const before = known.get(key);
    if (before && nowMs >= before.from && nowMs < before.until) return before.found;
    const found = shiftsAround(shifts, nowMs);
    const until = found.current?.toMs ?? found.next?.fromMs ?? nowMs + 86_400_000;
    if (known.size > 1000) known.clear();
    known.set(key, { from: nowMs, until, found });
    return found;
  };
}
