/**
 * What this center's own outages say of a model made elsewhere: how much longer or shorter they take, by zone, cause,
 * device and part of the day, each mean drawn to what is known without it.
 */
import { type Deviation, type DeviationTable, spreadOf, tablesBySize, toLog } from './calibration.ts';
import type { Opinion } from './predict.ts';

export interface OwnKey {
  zone: string;
  cause: string | null;
  device: string;
  /** 0-3: night, morning, afternoon, evening */
  quarter: number;
}

export interface OwnOutage extends OwnKey {
  id: string;
  customers: number;
  /** as the model alone said at first sight */
  opinion: Opinion;
  /** from first sight; so far where it lasts */
  minutes: number;
  lasts: boolean;
}

export interface Correction {
  /** log minutes to add to the model's */
  shift: number;
  /** the parts, for the ledger */
  parts: { by: string; group: string; outages: number; shift: number }[];
}

export interface OwnHistory {
  /** by size class */
  tables: DeviationTable[];
  outages: number;
  correctionOf(key: OwnKey): Correction;
}

/** A mean counts as if its model had been right so many times before. */
const overallStrength = 20;
const groupStrength = 30;
/** Outages the file's table counts as. */
const tableStrength = 200;
const most = 1.5;

const groupsOf = (key: OwnKey): [by: string, group: string][] => [
  ['zone', key.zone],
  ['cause', key.cause ?? ''],
  ['device', key.device],
  ['part of day', String(key.quarter)],
];

/** Means are learned one after the other, each of what the ones before it leave. */
export function learnOwn(outages: readonly OwnOutage[], modelTables: readonly DeviationTable[]): OwnHistory {
  const ended = outages.filter(({ lasts }) => !lasts);
  const left = ended.map(({ opinion, minutes }) => bounded(toLog(minutes) - opinion.log50));
  const overall = left.reduce((sum, value) => sum + value, 0) / (left.length + overallStrength);
  for (let i = 0; i < left.length; i++) left[i] -= overall;
  const groups = new Map<string, { n: number; shift: number }>();
  for (let g = 0; g < 4; g++) {
    const sums = new Map<string, { n: number; sum: number }>();
    ended.forEach((one, i) => {
      const [by, group] = groupsOf(one)[g];
      if (group === '') return;
      const sum = sums.get(`${by}/${group}`) ?? { n: 0, sum: 0 };
      sum.n++;
      sum.sum += left[i];
      sums.set(`${by}/${group}`, sum);
    });
    for (const [name, { n, sum }] of sums) groups.set(name, { n, shift: sum / (n + groupStrength) });
    ended.forEach((one, i) => {
      left[i] -= groups.get(groupsOf(one)[g].join('/'))?.shift ?? 0;
    });
  }
  const correctionOf = (key: OwnKey): Correction => {
    const parts = [
      { by: 'all', group: 'all', outages: ended.length, shift: overall },
      ...groupsOf(key).flatMap(([by, group]) => {
        const known = groups.get(`${by}/${group}`);
        return known ? [{ by, group, outages: known.n, shift: known.shift }] : [];
      }),
    ];
    return { shift: bounded(parts.reduce((sum, { shift }) => sum + shift, 0)), parts };
  };
  const deviations = outages.map((one): Deviation & { customers: number } => {
    const log50 = one.opinion.log50 + correctionOf(one).shift;
    const spread = spreadOf(one.opinion.log50, one.opinion.log90);
    return { z: (toLog(one.minutes) - log50) / spread, censored: one.lasts, customers: one.customers };
  });
  return { tables: tablesBySize(deviations, modelTables, tableStrength), outages: ended.length, correctionOf };
}

/** One outage does not say more than that it took four times as long, or a fourth. */
const bounded = (shift: number): number => Math.max(-most, Math.min(most, shift));
