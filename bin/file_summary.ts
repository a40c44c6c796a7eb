/** What an import reports: every record of the file is accepted, a duplicate, set aside, or part of a net reading. */
import type { FileNotes, FilePiece } from '#sources/files/piece.ts';

export interface FileSummary {
  read: number;
  accepted: number;
  /** meter and interval stood in the file before; they land all the same, the silver layer has the last word */
  duplicate: number;
  set_aside: number;
  set_aside_by_code: Record<string, number>;
  /** channel records that became part of another channel's net reading */
  netted: number;
  /** of accepted readings */
  sum_wh: number;
  /** of accepted readings and duplicates */
  sum_wh_read: number;
  first_interval: string | null;
  /** start of the last */
  last_interval: string | null;
  /** intervals missing between a meter's first and last; null where a meter has intervals of several lengths */
  gaps: number | null;
  channels: Record<string, number>;
}

/** Most intervals remembered to find duplicates: 16 bytes each. */
const maxRemembered = 16_777_216;

/** A set of meter and interval as one number each. */
class IntervalSet {
  #slots = new Float64Array(1024).fill(-1);
  #count = 0;

  /** @returns false where it was there before; true also where the set is full */
  add(meterKey: number, intervalStartS: number): boolean {
    if (this.#count >= maxRemembered) return true;
    if (this.#count * 2 >= this.#slots.length) this.#grow();
    const key = meterKey * 2 ** 32 + intervalStartS;
    const slot = this.#slotOf(this.#slots, key);
    if (this.#slots[slot] === key) return false;
    this.#slots[slot] = key;
    this.#count++;
    return true;
  }

  #slotOf(slots: Float64Array, key: number): number {
    const mask = slots.length - 1;
    // both halves count: meters are dense, intervals are multiples of 300
    const mixed = Math.imul(Math.floor(key / 2 ** 32), 0x9e3779b1) ^ Math.imul((key % 2 ** 32) / 60, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    while (slots[slot] !== -1 && slots[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const next = new Float64Array(this.#slots.length * 2).fill(-1);
    for (const key of this.#slots) if (key !== -1) next[this.#slotOf(next, key)] = key;
    this.#slots = next;
  }
}

/** What lies between a meter's first and last interval. */
class Spans {
  readonly #meters = new Map<number, { firstS: number; lastS: number; count: number; minutes: number }>();

  add(meterKey: number, startS: number, minutes: number): void {
    const span = this.#meters.get(meterKey);
    if (!span) {
      this.#meters.set(meterKey, { firstS: startS, lastS: startS, count: 1, minutes });
      return;
    }
    span.count++;
    if (startS < span.firstS) span.firstS = startS;
    if (startS > span.lastS) span.lastS = startS;
    if (minutes !== span.minutes) span.minutes = Number.NaN;
  }

  gaps(): number | null {
    let gaps = 0;
    for (const { firstS, lastS, count, minutes } of this.#meters.values())
      gaps += (lastS - firstS) / (minutes * 60) + 1 - count;
    return Number.isInteger(gaps) ? gaps : null;
  }
}

export interface Summing {
  take(piece: FilePiece): void;
  summary(): FileSummary;
}

export function makeSummary(notes: FileNotes): Summing {
  const intervals = new IntervalSet();
  const spans = new Spans();
  const byCode: Record<string, number> = {};
  let [accepted, duplicate, setAside, sumWh, sumWhRead] = [0, 0, 0, 0, 0];
  let [firstS, lastS] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return {
    take: ({ readings, setAside: refused }) => {
      for (let i = 0; i < readings.count; i++) {
        const startS = readings.intervalStartS[i];
        sumWhRead += readings.wh[i];
        if (!intervals.add(readings.meterKey[i], startS)) {
          duplicate++;
          continue;
        }
        accepted++;
        spans.add(readings.meterKey[i], startS, readings.intervalMinutes[i]);
        sumWh += readings.wh[i];
        firstS = Math.min(firstS, startS);
        lastS = Math.max(lastS, startS);
      }
      setAside += refused.length;
      for (const { code } of refused) byCode[code] = (byCode[code] ?? 0) + 1;
    },
    summary: () => ({
      read: accepted + duplicate + setAside + notes.netted,
      accepted,
      duplicate,
      set_aside: setAside,
      set_aside_by_code: byCode,
      netted: notes.netted,
      sum_wh: sumWh,
      sum_wh_read: sumWhRead,
      first_interval: Number.isFinite(firstS) ? new Date(firstS * 1000).toISOString() : null,
      last_interval: Number.isFinite(lastS) ? new Date(lastS * 1000).toISOString() : null,
      gaps: spans.gaps(),
      channels: Object.fromEntries(notes.channels),
    }),
  };
}
