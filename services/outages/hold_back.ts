/**
 * Bellwether sampling. When more messages of areas in storm mode come in than are evaluated in a second, one meter of
 * each transformer speaks at once and the others wait their turn; as soon as there is room they are taken, oldest first.
 * Nothing is dropped: taken in = evaluated + waiting. Pure; whoever asks tells the time. Rules: SPEC.md, H1 to H5.
 */
import { type MeterEventColumns, makeMeterEventColumns, pickEvents } from '#model/reading.ts';

export interface HoldBackNeeds {
  /** messages a second that are evaluated at once */
  limitPerS: () => number;
  isBellwether: (meter: number) => boolean;
  /** the meter's area is in storm mode */
  applies: (meter: number) => boolean;
}

export interface HoldBack {
  /** @returns what is evaluated at once */
  take(events: MeterEventColumns, previousEventId: number, nowMs: number): MeterEventColumns;
  /** what waited and has its turn now; null where nothing has */
  release(nowMs: number): MeterEventColumns | null;
  /** everything that waits */
  releaseAll(): MeterEventColumns | null;
  /** How far everything is evaluated: the event before the oldest that waits, `seenEventId` where none does. */
  evaluatedTo(seenEventId: number): number;
  counts(): { waiting: number; ever: number; most: number };
}

interface Batch {
  events: MeterEventColumns;
  /** rows before it are evaluated */
  next: number;
  previousEventId: number;
}

export function makeHoldBack(needs: HoldBackNeeds): HoldBack {
  let batches: Batch[] = [];
  let waiting = 0;
  let ever = 0;
  let most = 0;
  let second = Number.NEGATIVE_INFINITY;
  let spent = 0;

  function roomAt(nowMs: number): number {
    const now = Math.floor(nowMs / 1000);
    if (now !== second) {
      second = now;
      spent = 0;
    }
    return Math.max(0, needs.limitPerS() - spent);
  }

  /** The oldest `count`, in the order in which they came. */
  function oldest(count: number): MeterEventColumns | null {
    if (count <= 0 || waiting === 0) return null;
    const out = makeMeterEventColumns(Math.min(count, waiting));
    while (out.count < count && batches.length > 0) {
      const [batch] = batches;
      const { events } = batch;
      for (; batch.next < events.count && out.count < count; batch.next++) {
        const at = out.count++;
        out.meterKey[at] = events.meterKey[batch.next];
        out.eventTimeMs[at] = events.eventTimeMs[batch.next];
        out.type[at] = events.type[batch.next];
      }
      if (batch.next === events.count) batches.shift();
    }
    waiting -= out.count;
    return out;
  }

  return {
    take: (events, previousEventId, nowMs) => {
      let room = roomAt(nowMs);
      const now: number[] = [];
      const later: number[] = [];
      for (let row = 0; row < events.count; row++) {
        const meter = events.meterKey[row];
        if (!needs.applies(meter) || needs.isBellwether(meter)) {
          spent++;
          room--;
          now.push(row);
        } else if (room > 0 && waiting === 0 && later.length === 0) {
          spent++;
          room--;
          now.push(row);
        } else later.push(row);
      }
      if (later.length === 0) return events;
      batches.push({ events: pickEvents(events, later), next: 0, previousEventId });
      waiting += later.length;
      ever += later.length;
      most = Math.max(most, waiting);
      return pickEvents(events, now);
    },
    release: (nowMs) => {
      const taken = oldest(roomAt(nowMs));
      if (taken) spent += taken.count;
      return taken;
    },
    releaseAll: () => {
      const taken = oldest(waiting);
      batches = [];
      return taken;
    },
    evaluatedTo: (seenEventId) => (batches.length > 0 ? batches[0].previousEventId : seenEventId),
    counts: () => ({ waiting, ever, most }),
  };
}
