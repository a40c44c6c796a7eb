/**
 * Which outage each meter is out by: one number per meter, kept in step with what the outage service publishes. A look-up
 * is an array access; a change costs the members of the outages that changed.
 */
import type { Outage } from '#model/api/outages.ts';
import { hasCustomersOut } from '#model/outage_state.ts';

export interface BoardNews {
  outage: Outage;
  isOpen: boolean;
}

export interface HomeState {
  outage: Outage;
  /** had been out by it, and has power again */
  isBack: boolean;
  /** differs each time the outage is told, also with the same revision: what was rendered before is stale */
  version: string;
}

export interface Board {
  /** @param membersOf keys of the meters out by an outage now */
  take(news: readonly BoardNews[], membersOf: (outageId: string) => ArrayLike<number>): void;
  at(meter: number): HomeState | undefined;
  open(): Outage[];
  /** The network has more meters now; the keys of the others stay. */
  grow(meterCount: number): void;
}

interface Slot {
  outage: Outage;
  /** number of the update that told it last */
  told: number;
  /** meter keys */
  out: Int32Array;
  /** meters that came back, some of them perhaps more than once */
  back: number[];
}

const nobody = new Int32Array(0);
const isRestored = (state: Outage['state']): boolean =>
  state === 'restored' || state === 'completed' || state === 'partly_restored';

export function makeBoard(meterCount: number): Board {
  /** 0 nothing; else twice the slot number from 1, plus 1 where the meter is back */
  let where = new Int32Array(meterCount);
  /** number of the update that named the meter last */
  let seen = new Uint32Array(meterCount);
  let updates = 0;
  const slots: (Slot | undefined)[] = [undefined];
  const numberOf = new Map<string, number>();
  const free: number[] = [];

  function slotNumber(outage: Outage): number {
    let number = numberOf.get(outage.id);
    if (number === undefined) {
      number = free.pop() ?? slots.push(undefined) - 1;
      numberOf.set(outage.id, number);
      slots[number] = { outage, told: 0, out: nobody, back: [] };
    }
    return number;
  }

  function leave(id: string): void {
    const number = numberOf.get(id);
    if (number === undefined) return;
    const { out, back } = slots[number]!;
    for (const meter of out) if (where[meter] >> 1 === number) where[meter] = 0;
    for (const meter of back) if (where[meter] >> 1 === number) where[meter] = 0;
    slots[number] = undefined;
    numberOf.delete(id);
    free.push(number);
  }

  function update(outage: Outage, members: ArrayLike<number>): void {
    const number = slotNumber(outage);
    const slot = slots[number]!;
    slot.outage = outage;
    const stamp = ++updates;
    slot.told = stamp;
    // The engine is ahead of what is published: an outage with customers out and no member is being taken in elsewhere,
    // and the news of that comes next. Until then its homes are out by it.
    if (members.length === 0 && outage.customers_out > 0) return;
    const next = new Int32Array(members.length);
    for (let i = 0; i < next.length; i++) {
      next[i] = members[i];
      seen[next[i]] = stamp;
    }
    for (const meter of slot.out) {
      if (seen[meter] === stamp || where[meter] >> 1 !== number) continue;
      if (isRestored(outage.state)) {
        slot.back.push(meter);
        where[meter] = number * 2 + 1;
      } else where[meter] = 0;
    }
    for (const meter of next) where[meter] = number * 2;
    slot.out = next;
    if (slot.back.length > 1000 && slot.back.length > where.length / 2)
      slot.back = [...new Set(slot.back)].filter((meter) => where[meter] === number * 2 + 1);
  }

  return {
    take: (news, membersOf) => {
      for (const { outage, isOpen } of news) if (!isOpen) leave(outage.id);
      for (const { outage, isOpen } of news)
        if (isOpen) update(outage, hasCustomersOut(outage.state) ? membersOf(outage.id) : nobody);
    },
    at: (meter) => {
      const code = where[meter];
      const slot = code ? slots[code >> 1] : undefined;
      if (!slot) return undefined;
      const isBack = (code & 1) === 1 || !hasCustomersOut(slot.outage.state);
      return { outage: slot.outage, isBack, version: `${slot.told} ${isBack ? 1 : 0}` };
    },
    open: () => slots.flatMap((slot) => (slot ? [slot.outage] : [])),
    grow: (count) => {
      const wider = new Int32Array(Math.max(count, where.length));
      wider.set(where);
      where = wider;
      seen = new Uint32Array(wider.length);
    },
  };
}
