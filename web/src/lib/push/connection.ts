/**
 * The push connection as one complete table.
 * connecting: nothing heard yet · live: a message within 5 s · stale: none for 5 s · lost: none for 15 s, or an error.
 * Invariants: only a message leads to `live`; from `lost` nothing but a message leads away; editing is allowed in
 * `live` only.
 */
export type Connection = 'connecting' | 'live' | 'stale' | 'lost';
export type ConnectionEvent = 'message' | 'quiet' | 'silent' | 'failed';

export const connectionTable: Record<Connection, Record<ConnectionEvent, Connection>> = {
  connecting: { message: 'live', quiet: 'connecting', silent: 'lost', failed: 'lost' },
  live: { message: 'live', quiet: 'stale', silent: 'lost', failed: 'lost' },
  stale: { message: 'live', quiet: 'stale', silent: 'lost', failed: 'lost' },
  lost: { message: 'live', quiet: 'lost', silent: 'lost', failed: 'lost' },
};

export const quietAfterMs = 5_000;
export const silentAfterMs = 15_000;

/** What the clock says about a connection whose last message came `sinceMs` ago. */
export function silenceEvent(sinceMs: number): ConnectionEvent | null {
  if (sinceMs >= silentAfterMs) return 'silent';
  return sinceMs >= quietAfterMs ? 'quiet' : null;
}

/** Pause before the n-th new attempt (n from 0): 1, 2, 4, 8, then 10 s, spread by up to 20 % against a stampede. */
export function retryDelayMs(attempt: number, random: number): number {
  return Math.min(10_000, 1_000 * 2 ** attempt) * (0.9 + 0.2 * random);
}

/** Between two looks at what the push would tell: while it is away, and only then. */
export const fallbackMs = (connection: Connection): number | false => (connection === 'live' ? false : 5_000);
