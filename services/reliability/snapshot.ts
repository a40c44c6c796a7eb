/**
 * One moment of the record: kept rows, and outages that changed since or are not over, counted now. Whatever is asked of
 * one snapshot adds up, because all of it is read in one transaction that sees one state.
 */
import { FluxError } from '#model/errors.ts';
import { inTransaction, type Pool, type Queryable } from '#stores/postgres/pool.ts';
import { isDate } from './daily_file.ts';
import { addSums, type IndexSums, minutesOf, noSums } from './indices.ts';
import { type DailySaidi, type MedThreshold, majorEventDaysByYear, medYears, yearOf } from './med.ts';
import { windowsTouchedBy, windowsUnkept } from './planned_sql.ts';
import type { Served } from './served.ts';
import {
  type DayRow,
  type InterruptionRow,
  keptDays,
  keptRows,
  keptSums,
  momentaryByDay,
  momentaryByFeeder,
  unsettledOutages,
} from './sql.ts';
import { type CountedOutage, countedWithSteps, interruptionsOf } from './summary.ts';

export interface Snapshot {
  on: Queryable;
  zone: string;
  nowMs: number;
  served: Served;
  /** outages that are not kept as they are, counted up to now */
  live: CountedOutage[];
  /** kept rows that `live` takes the place of */
  replaced: InterruptionRow[];
}

/** Local days [from, to). */
export interface Period {
  from: string;
  to: string;
}

export const addDays = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** More is a slip of the keyboard, and hours to be drawn one by one. */
const mostYears = 50;

/** A period as people give it, both days included. @throws FluxError `bad_request` */
export function periodOf(from: string, to: string): Period {
  for (const [name, day] of [
    ['from', from],
    ['to', to],
  ])
    if (!isDate(day)) throw new FluxError('bad_request', `${name}: "${day}" is no date; write it like 2026-07-04`);
  if (from > to) throw new FluxError('bad_request', `from (${from}) is later than to (${to})`);
  if (from < '1900-01-01' || to > '2199-12-31' || yearOf(to) - yearOf(from) > mostYears)
    throw new FluxError(
      'bad_request',
      `a period is ${mostYears} years at most, from 1900 to 2199; ${from} to ${to} is not`,
    );
  return { from, to: addDays(to, 1) };
}

export function withSnapshot<T>(
  pool: Pool,
  zone: string,
  nowMs: number,
  served: Served,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  return inTransaction(pool, async (client) => {
    await client.query('set transaction isolation level repeatable read, read only');
    const due = await unsettledOutages(client);
    const ids = [
      ...new Set([
        ...due,
        ...(await windowsTouchedBy(client, due, nowMs)),
        ...(await windowsUnkept(client, nowMs, true)),
        ...(await windowsUnkept(client, nowMs, false)),
      ]),
    ];
    const outages = await countedWithSteps(client, ids, zone, nowMs);
    return work({
      on: client,
      zone,
      nowMs,
      served,
      live: interruptionsOf(outages, nowMs),
      replaced: await keptRows(client, ids),
    });
  });
}

export const inPeriod = ({ from, to }: Period, { day }: { day: string }): boolean => day >= from && day < to;

/** Outages whose kept rows do not count: they are counted live, or do not count any more. */
export const unsettledIds = ({ replaced, live }: Snapshot): string[] => [
  ...new Set([...replaced.map(({ id }) => id), ...live.map(({ row }) => row.id)]),
];

const sumsOfRow = (row: InterruptionRow, sign: 1 | -1): IndexSums => ({
  interruptions: sign,
  customersInterrupted: sign * row.customersInterrupted,
  customerMs: sign * row.customerMs,
  momentaryCustomers: sign * row.momentaryCustomers,
});

/** Calls `take` for each correction of the kept sums: what is replaced is taken away, what is live comes in. */
export function correct(
  snapshot: Snapshot,
  period: Period,
  take: (row: InterruptionRow, sums: IndexSums, lasts: boolean) => void,
): void {
  for (const row of snapshot.replaced) if (inPeriod(period, row)) take(row, sumsOfRow(row, -1), false);
  for (const { row, lasts } of snapshot.live) if (inPeriod(period, row)) take(row, sumsOfRow(row, 1), lasts);
}

/** Sums of one feeder or device: all unplanned, of those on days that are not major, planned, and how many last. */
export interface PartSums {
  all: IndexSums;
  withoutMajor: IndexSums;
  planned: IndexSums;
  open: number;
}
export const noParts = (): PartSums => ({ all: noSums(), withoutMajor: noSums(), planned: noSums(), open: 0 });

function put(part: PartSums, sums: IndexSums, planned: boolean, isMajor: boolean): void {
  if (planned) addSums(part.planned, sums);
  else {
    addSums(part.all, sums);
    if (!isMajor) addSums(part.withoutMajor, sums);
  }
}

/** Key is a feeder or device row; -1 is none in particular. */
export async function sumsBy(
  snapshot: Snapshot,
  by: 'feeder' | 'device',
  period: Period,
  major: ReadonlySet<string>,
): Promise<Map<number, PartSums>> {
  const parts = new Map<number, PartSums>();
  const partOf = (key: number): PartSums => {
    const part = parts.get(key) ?? noParts();
    parts.set(key, part);
    return part;
  };
  const majorDays = [...major];
  for (const { key, planned, major: isMajor, ...sums } of await keptSums(
    snapshot.on,
    by,
    period.from,
    period.to,
    majorDays,
  ))
    put(partOf(key), sums, planned, isMajor);
  correct(snapshot, period, (row, sums, lasts) => {
    const part = partOf(by === 'feeder' ? row.feederKey : row.deviceKey);
    put(part, sums, row.planned, major.has(row.day));
    if (lasts) part.open++;
  });
  if (by === 'feeder')
    for (const { key, major: isMajor, customers } of await momentaryByFeeder(
      snapshot.on,
      period.from,
      period.to,
      majorDays,
    ))
      put(partOf(key), { ...noSums(), momentaryCustomers: customers }, false, isMajor);
  return parts;
}

export interface DaySums {
  all: IndexSums;
  planned: IndexSums;
}

/** Days of the period something began in; feeders null = all. */
export async function sumsByDay(
  snapshot: Snapshot,
  period: Period,
  feeders: readonly number[] | null,
): Promise<Map<string, DaySums>> {
  const days = new Map<string, DaySums>();
  const dayOf = (day: string): DaySums => {
    const sums = days.get(day) ?? { all: noSums(), planned: noSums() };
    days.set(day, sums);
    return sums;
  };
  const add = ({ day, planned, ...sums }: DayRow): void =>
    void addSums(planned ? dayOf(day).planned : dayOf(day).all, sums);
  for (const row of await keptDays(snapshot.on, period.from, period.to, feeders)) add(row);
  correct(snapshot, period, (row, sums) => {
    if (feeders === null || feeders.includes(row.feederKey)) add({ day: row.day, planned: row.planned, ...sums });
  });
  for (const { day, customers } of await momentaryByDay(snapshot.on, period.from, period.to, feeders))
    dayOf(day).all.momentaryCustomers += customers;
  return days;
}

export interface MajorDays {
  thresholds: Map<number, MedThreshold | undefined>;
  majorDays: Set<string>;
  /** of the system, unplanned, five years before the period included */
  daily: DailySaidi[];
}

/** SAIDI of a day, by who was served on it. */
export const perCustomer = (customerMs: number, customers: number): number =>
  customers > 0 ? minutesOf(customerMs) / customers : 0;

/** Major event days of a period are those of the system, whatever part of it is looked at. */
export async function majorDaysOf(snapshot: Snapshot, period: Period): Promise<MajorDays> {
  const { served } = snapshot;
  const before = `${yearOf(period.from) - medYears}-01-01`;
  const sums = await sumsByDay(snapshot, { from: before, to: period.to }, null);
  const daily = [...sums]
    .map(([day, { all }]) => ({ day, saidi: perCustomer(all.customerMs, served.on(day, null)) }))
    .sort((a, b) => (a.day < b.day ? -1 : 1));
  return { ...majorEventDaysByYear(daily, yearOf(period.from), yearOf(addDays(period.to, -1))), daily };
}
