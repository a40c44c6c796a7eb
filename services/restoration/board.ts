/**
 * Which outage each meter is out by: one number per meter, kept in step with what the outage service publishes. A look-up
 * is an array access; a change costs the members of the outages that changed.
 */
import type { Outage } from '#model/api/outages.ts';

export interface BoardNews {
  outage: Outage;
  isOpen: boolean;
}

export interface HomeState {
  outage: Outage;
  /** had been out by it, and has power again */
  isBack: boolean;
  /** differs for each version of the outage: what was rendered for another is stale */
  version: string;
}

export interface Board {
  /** @param membersOf keys of the meters out by an outage now */
  take(news: readonly BoardNews[], membersOf: (outageId: string) => Iterable<number>): void;
  at(meter: number): HomeState | undefined;
  open(): Outage[];
  /** meters that are out by something */
  out(): number;
}

interface Slot {
  outage: Outage;
  out: Set<number>;
  back: Set<number>;
}

const isRestored = (state: Outage['state']): boolean => state === 'restored' || state === 'partly_restored';

export function makeBoard(meterCount: number): Board {
  /** 0 nothing; else twice the slot number from 1, plus 1 where the meter is back */
  const where = new Int32Array(meterCount);
  const slots: (Slot | undefined)[] = [undefined];
  const numberOf = new Map<string, number>();
  const free: number[] = [];

  function slotNumber(outage: Outage): number {
    let number = numberOf.get(outage.id);
    if (number === undefined) {
      number = free.pop() ?? slots.push(undefined) - 1;
      numberOf.set(outage.id, number);
      slots[number] = { outage, out: new Set(), back: new Set() };
    }
    return number;
  }

  function clear(meters: Iterable<number>, number: number): void {
    for (const meter of meters) if (where[meter] >> 1 === number) where[meter] = 0;
  }

  function leave(id: string): void {
    const number = numberOf.get(id);
    if (number === undefined) return;
    const slot = slots[number]!;
    clear(slot.out, number);
    clear(slot.back, number);
    slots[number] = undefined;
    numberOf.delete(id);
    free.push(number);
  }

  function update(outage: Outage, members: Iterable<number>): void {
    const number = slotNumber(outage);
    const slot = slots[number]!;
    slot.outage = outage;
    const next = new Set<number>();
    for (const meter of members) if (meter >= 0 && meter < meterCount) next.add(meter);
    // The engine is ahead of what is published: an outage with customers out and no member is being taken in elsewhere,
    // and the news of that comes next. Until then its homes are out by it.
    if (next.size === 0 && outage.customers_out > 0) return;
    for (const meter of slot.out) {
      if (next.has(meter)) continue;
      if (where[meter] >> 1 !== number) continue;
      if (isRestored(outage.state)) {
        slot.back.add(meter);
        where[meter] = number * 2 + 1;
      } else where[meter] = 0;
    }
    for (const meter of next) {
      slot.back.delete(meter);
      where[meter] = number * 2;
    }
    slot.out = next;
  }

  return {
    take: (news, membersOf) => {
      for (const { outage, isOpen } of news) if (!isOpen) leave(outage.id);
      for (const { outage, isOpen } of news)
        if (isOpen) update(outage, outage.state === 'restored' ? [] : membersOf(outage.id));
    },
    at: (meter) => {
      const code = where[meter];
      if (!code) return undefined;
      const slot = slots[code >> 1];
      if (!slot) return undefined;
      const isBack = (code & 1) === 1 || slot.outage.state === 'restored';
      return { outage: slot.outage, isBack, version: `${slot.outage.id} ${slot.outage.revision} ${isBack ? 1 : 0}` };
    },
    open: () => slots.flatMap((slot) => (slot ? [slot.outage] : [])),
    out: () => {
      let count = 0;
      for (const slot of slots) if (slot && slot.outage.state !== 'restored') count += slot.out.size;
      return count;
    },
  };
}
