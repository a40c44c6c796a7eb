/**
 * Gives the engine what is stored beyond its marks, in order, each once: after a start, and when another process stored
 * something. A store that can not be read is asked again.
 */
import type { Pool } from '#stores/postgres/pool.ts';
import { callsAfter, type StoredCall } from './calls_sql.ts';
import { eventsAfter, type StoredEvent } from './sql.ts';

export interface ReplayNeeds {
  pool: Pool;
  appliedEventId: () => number;
  appliedCallNo: () => number;
  /** never empty, in order of their ids */
  events: (rows: StoredEvent[]) => void;
  calls: (rows: StoredCall[]) => void;
  report: (message: string, error: unknown) => void;
}

export interface Replay {
  isRunning(): boolean;
  /** resolves when what was asked for so far is given, or could not be read */
  idle(): Promise<void>;
  /** to the end of what is stored; @throws what the store throws */
  catchUp(): Promise<void>;
  /** the same; a store that does not answer is reported, and asked again in a second */
  wake(): void;
}

const atOnce = 20_000;

export function makeReplay(needs: ReplayNeeds): Replay {
  let running: Promise<void> | undefined;
  let moreStored = false;

  async function everything(): Promise<void> {
    for (;;) {
      const [events, calls] = await Promise.all([
        eventsAfter(needs.pool, needs.appliedEventId(), atOnce),
        callsAfter(needs.pool, needs.appliedCallNo(), atOnce),
      ]);
      if (events.length > 0) needs.events(events);
      if (calls.length > 0) needs.calls(calls);
      // What is stored while this was read wakes it again: an answer that is not full was the end.
      if (events.length < atOnce && calls.length < atOnce) return;
    }
  }

  const replay: Replay = {
    isRunning: () => running !== undefined,
    idle: async () => running?.catch(() => undefined),
    catchUp: () => {
      moreStored = true;
      running ??= (async () => {
        while (moreStored) {
          moreStored = false;
          await everything();
        }
      })().finally(() => {
        running = undefined;
      });
      return running;
    },
    wake: () => {
      replay.catchUp().catch((error: unknown) => {
        needs.report('stored events could not be read; tried again in a second', error);
        setTimeout(replay.wake, 1000).unref();
      });
    },
  };
  return replay;
}
