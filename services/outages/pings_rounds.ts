/**
 * When an outage is asked about again, and whom: a question is lost, an answer is lost, a restore is lost, and a stray
 * gasp raises an outage that nobody but its meter can deny. SPEC.md, Q5. Pure but for what it remembers.
 */
import type { Outage } from '#model/api/outages.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { PingSettings } from './pings_settings.ts';

export interface Rounds {
  isDue(outage: Outage, nowMs: number): boolean;
  /** how often it was asked about */
  number(outageId: string): number;
  /** those that were not asked about this outage, all once everybody was */
  notYetAsked(outageId: string, members: readonly number[]): readonly number[];
  asked(outageId: string, meters: readonly number[], nowMs: number): void;
  /** a meter said itself that it is dark: there is no hurry any more */
  verified(outageId: string): void;
  /** forgets all others */
  keep(outageIds: ReadonlySet<string>): void;
}

interface Round {
  number: number;
  pauseS: number;
  dueMs: number;
  asked: Set<number>;
}

export function makeRounds({ noRepeatS, repeatMostS }: Pick<PingSettings, 'noRepeatS' | 'repeatMostS'>): Rounds {
  const rounds = new Map<string, Round>();
  return {
    // Whoever is there sees more than a meter says.
    isDue: ({ id, state }, nowMs) =>
      state !== 'on_site' && nowMs >= (rounds.get(id)?.dueMs ?? Number.POSITIVE_INFINITY),
    number: (id) => rounds.get(id)?.number ?? 0,
    notYetAsked: (id, members) => {
      const round = rounds.get(id);
      const left = members.filter((meter) => !round?.asked.has(meter));
      if (left.length > 0 || !round) return left;
      round.asked.clear();
      return members;
    },
    asked: (id, meters, nowMs) => {
      const round = rounds.getOrInsertComputed(id, () => ({
        number: 0,
        pauseS: noRepeatS / 2,
        dueMs: 0,
        asked: new Set(),
      }));
      round.number++;
      round.pauseS = Math.min(repeatMostS, round.pauseS * 2);
      round.dueMs = nowMs + round.pauseS * 1000;
      for (const meter of meters) round.asked.add(meter);
    },
    verified: (id) => {
      const round = rounds.get(id);
      if (!round) return;
      round.dueMs += (repeatMostS - round.pauseS) * 1000;
      round.pauseS = repeatMostS;
    },
    keep: (ids) => {
      for (const id of rounds.keys()) if (!ids.has(id)) rounds.delete(id);
    },
  };
}

/** Neighbours that are asked beside a meter that is dark alone: is it the house or the transformer? */
const neighboursAsked = 2;

/** Meters at the transformer of a meter, others in each round. */
export function makeNeighbours(network: () => NetworkColumns): (meter: number, round: number) => number[] {
  let of: NetworkColumns | undefined;
  const at = new Map<number, number[]>();
  return (meter, round) => {
    const now = network();
    const { transformer, count } = now.meter;
    if (of !== now) {
      of = now;
      at.clear();
      for (let key = 0; key < count; key++)
        if (transformer[key] >= 0) at.getOrInsertComputed(transformer[key], () => []).push(key);
    }
    const others = (at.get(transformer[meter]) ?? []).filter((other) => other !== meter);
    if (others.length <= neighboursAsked) return others;
    // from the meter on, so that two lone meters of one transformer do not ask the same ones
    return Array.from(
      { length: neighboursAsked },
      (_, i) => others[(meter + round * neighboursAsked + i) % others.length],
    );
  };
}
