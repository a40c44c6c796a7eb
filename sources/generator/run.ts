/** Carries a plan to its target in pieces: as fast as it takes them, capped, or by the clock; from any position. */
import { intervalS } from '#model/generator.ts';
import { makeReadingColumns, type ReadingColumns } from '#model/reading.ts';
import { chainAfter, noChain, type PlannedEvent, type RunPlan, type Slot } from './run_plan.ts';

/** Everything that is needed to go on: what stands before it was delivered, nothing behind it. */
export interface RunPosition {
  slot: number;
  /** readings and events of that slot that were delivered */
  row: number;
  eventRow: number;
  /** checksum of the slots before */
  chain: string;
  rows: number;
  events: number;
  lost: number;
  duplicated: number;
  eventsLost: number;
  eventsDuplicated: number;
}

export const runBegin: RunPosition = {
  slot: 0,
  row: 0,
  eventRow: 0,
  chain: noChain,
  rows: 0,
  events: 0,
  lost: 0,
  duplicated: 0,
  eventsLost: 0,
  eventsDuplicated: 0,
};

export interface Piece {
  /** valid until `take` returns */
  readings: ReadingColumns;
  events: PlannedEvent[];
  from: RunPosition;
  to: RunPosition;
}

export interface RunNeeds {
  plan: RunPlan;
  from: RunPosition;
  live: boolean;
  /** readings a second at most; null = no cap */
  rate: number | null;
  /** readings of a piece at most */
  pieceRows: number;
  nowMs: () => number;
  sleep: (ms: number) => Promise<void>;
  /** delivers a piece; what it throws ends the run where it was */
  take: (piece: Piece) => Promise<void>;
}

const liveStepMs = 1000;
const fields = ['meterKey', 'intervalStartS', 'intervalMinutes', 'wh', 'decivolt', 'quality', 'sourceSeq'] as const;

function append(from: ReadingColumns, start: number, count: number, to: ReadingColumns): void {
  for (const field of fields) to[field].set(from[field].subarray(start, start + count), to.count);
  to.count += count;
}

/** @returns the position after the last piece; its chain is the checksum of the whole run */
export async function runPlan(needs: RunNeeds): Promise<RunPosition> {
  const { plan, live, rate, nowMs } = needs;
  // A capped run goes out second by second, not in bursts of a piece.
  const size = Math.max(1, Math.min(needs.pieceRows, Math.floor(rate ?? needs.pieceRows)));
  const readings = makeReadingColumns(size);
  let events: PlannedEvent[] = [];
  let at = needs.from;
  const beganMs = nowMs();

  async function flush(to: RunPosition): Promise<void> {
    const next = { ...to, rows: at.rows + readings.count, events: at.events + events.length };
    if (readings.count > 0 || events.length > 0) {
      const aheadMs = rate === null ? 0 : ((at.rows - needs.from.rows) / rate) * 1000 - (nowMs() - beganMs);
      if (aheadMs > 0) await needs.sleep(aheadMs);
      await needs.take({ readings, events, from: at, to: next });
    }
    at = next;
    readings.count = 0;
    events = [];
  }

  async function deliver(slot: Slot): Promise<void> {
    const isFirst = slot.index === needs.from.slot;
    let row = isFirst ? needs.from.row : 0;
    let eventRow = isFirst ? needs.from.eventRow : 0;
    for (;;) {
      const dueRows = live ? rowsDue(slot, nowMs() / 1000) : slot.readings.count;
      const dueEvents = live ? eventsDue(slot, nowMs() / 1000) : slot.events.length;
      const count = Math.max(0, Math.min(dueRows - row, size - readings.count));
      append(slot.readings, row, count, readings);
      row += count;
      if (row >= dueRows && dueEvents > eventRow) {
        for (let i = eventRow; i < dueEvents; i++) events.push(slot.events[i]);
        eventRow = dueEvents;
      }
      if (row === slot.readings.count && eventRow === slot.events.length) return;
      await flush({ ...at, slot: slot.index, row, eventRow });
      if (live && row >= dueRows) await needs.sleep(liveStepMs);
    }
  }

  for (const slot of plan.slots(at.slot)) {
    if (live)
      while (nowMs() / 1000 < slot.startS) await needs.sleep(Math.min(liveStepMs, slot.startS * 1000 - nowMs()));
    await deliver(slot);
    const after: RunPosition = {
      ...at,
      slot: slot.index + 1,
      row: 0,
      eventRow: 0,
      chain: chainAfter(at.chain, slot),
      lost: at.lost + slot.lost,
      duplicated: at.duplicated + slot.duplicated,
      eventsLost: at.eventsLost + slot.eventsLost,
      eventsDuplicated: at.eventsDuplicated + slot.eventsDuplicated,
    };
    if (live || readings.count === size) await flush(after);
    // What waits in the piece belongs to the position it is flushed with.
    else at = { ...after, rows: at.rows, events: at.events };
  }
  await flush(at);
  return at;
}

/** Meters report one after another over the quarter of an hour in which their slot is due. */
const rowsDue = (slot: Slot, nowS: number): number =>
  Math.floor(slot.readings.count * Math.max(0, Math.min(1, (nowS - slot.startS) / intervalS)));

function eventsDue(slot: Slot, nowS: number): number {
  const later = slot.events.findIndex(({ dueAtS }) => dueAtS > nowS);
  return later < 0 ? slot.events.length : later;
}
