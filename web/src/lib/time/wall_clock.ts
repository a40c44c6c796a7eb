/** Wall clock times as people type them, in the zone that the screen shows. */

/**
 * UTC ms of `2026-07-04T18:15` on the zone's clock; of an hour that a clock change skips, the moment after it; of one that
 * comes twice, the first. NaN where it is no time.
 */
export function momentOf(wall: string, zone: string): number {
  const asUtc = Date.parse(`${wall}Z`);
  if (Number.isNaN(asUtc)) return Number.NaN;
  const guesses = [asUtc - offsetMs(asUtc - 86_400_000, zone), asUtc - offsetMs(asUtc + 86_400_000, zone)];
  const exact = guesses.filter((guess) => wallOf(guess, zone) === wall.slice(0, 16));
  return exact.length > 0 ? Math.min(...exact) : Math.max(...guesses);
}

/** `2026-07-04T18:15` of the zone's clock. */
export function wallOf(ms: number, zone: string): string {
  return new Date(ms + offsetMs(ms, zone)).toISOString().slice(0, 16);
}

/** What the zone's clock is ahead of UTC. */
function offsetMs(ms: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(ms);
  const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  const wall = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return wall - Math.floor(ms / 1000) * 1000;
}
