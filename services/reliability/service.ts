/** Reliability indices of any part and period, from one snapshot of the record per question. */
import type {
  CustomerExperience,
  MajorEventDays,
  ReliabilityCause,
  ReliabilityLevel,
  ReliabilityRow,
} from '#model/api/reliability.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { customersByExperience } from './experience_sql.ts';
import { addSums, type IndexSums, minutesOf, noSums } from './indices.ts';
import { localDate } from './med.ts';
import { oe417Alarm } from './oe417.ts';
import { makeOe417Watch } from './oe417_watch.ts';
import { feedersOf, type Places, placesOf } from './places.ts';
import type { CrewsOfKind } from './resources.ts';
import { byDevice, byPlace } from './rows.ts';
import { type Served, servedOf } from './served.ts';
import { keepServed, servedChanges } from './served_sql.ts';
import {
  addDays,
  correct,
  inPeriod,
  majorDaysOf,
  type Period,
  perCustomer,
  periodOf,
  type Snapshot,
  sumsBy,
  sumsByDay,
  unsettledIds,
  withSnapshot,
} from './snapshot.ts';
import { keptCauses, momentsOfDays, whatIsKnown } from './sql.ts';
import { bringEventsForward, bringOutagesForward } from './summary.ts';

export interface ReliabilityNeeds {
  pool: Pool;
  network: () => NetworkColumns;
  /** IANA name: days are those of the utility */
  zone: string;
  /** crews that worked in a period, by kind; areas null = all */
  crewsWorked: (fromMs: number, toMs: number, areas: readonly string[] | null) => Promise<CrewsOfKind[]>;
  report: (message: string, error: unknown) => void;
  now?: () => number;
  /** told after each look whether form OE-417 is due; null where nothing is */
  alarm?: (wrong: { priority: 1 | 2; text: string } | null) => void;
}

export type ReliabilityService = ReturnType<typeof makeReliabilityService>;

const forwardEveryMs = 2000;
const eventsEveryMs = 10_000;
/** The alarm stands until the final report is due, 73 hours after the beginning. */
const alarmDays = 5;
const cemiTimes = [1, 2, 3, 4, 5, 6, 8, 10];
const celidHours = [1, 2, 4, 8, 12, 24, 48, 72];

export function makeReliabilityService(needs: ReliabilityNeeds) {
  const { pool, network, zone, report, alarm, now = Date.now } = needs;
  let timer: NodeJS.Timeout | undefined;
  let forward: Promise<unknown> = Promise.resolve();
  let eventsAtMs = 0;
  let known: { network?: NetworkColumns; today?: string; served?: Served } = {};
  const places = (): Places => placesOf(network());
  const ask = async <T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> =>
    withSnapshot(pool, zone, now(), await servedNow(), work);
  const oe417 = makeOe417Watch(pool, ask);

  /** Read, and written where the network serves others than before: once a network and day, the looks see to it. */
  async function servedNow(): Promise<Served> {
    const key = { network: network(), today: localDate(now(), zone) };
    if (known.network !== key.network || known.today !== key.today) {
      await keepServed(pool, key.today, placesOf(key.network));
      known = { ...key, served: servedOf(await servedChanges(pool), key.today) };
    }
    return known.served!;
  }

  /** Rows of what changed; counts blinks less often, they are found by reading the meters' messages. */
  function bringForward(withEvents: boolean): Promise<void> {
    const work = forward.then(async () => {
      await bringOutagesForward(pool, zone);
      if (!withEvents) return;
      eventsAtMs = Date.now();
      await bringEventsForward(pool, zone);
    });
    forward = work.catch(() => undefined);
    return work;
  }

  async function look(): Promise<void> {
    try {
      const isTime = Date.now() - eventsAtMs >= eventsEveryMs;
      await bringForward(isTime);
      if (isTime) alarm?.(oe417Alarm(await oe417.look(alarmDays)));
    } catch (error) {
      report('the reliability record could not be brought forward; tried again', error);
    }
    if (timer !== undefined) timer = setTimeout(() => void look(), forwardEveryMs);
  }

  async function rows(from: string, to: string, by: ReliabilityLevel): Promise<ReliabilityRow[]> {
    const period = periodOf(from, to);
    return ask(async (snapshot) => {
      const here = places();
      const { majorDays } = await majorDaysOf(snapshot, period);
      const periodMs = await lengthOf(snapshot, period);
      const parts = await sumsBy(snapshot, by === 'device' ? 'device' : 'feeder', period, majorDays);
      const context = { places: here, served: snapshot.served, period, periodMs };
      return by === 'device' ? byDevice(parts, context) : byPlace(parts, by, context);
    });
  }

  async function majorEventDays(
    from: string,
    to: string,
    level: ReliabilityLevel = 'system',
    id: string | null = null,
  ): Promise<MajorEventDays> {
    const period = periodOf(from, to);
    return ask(async (snapshot) => {
      const here = places();
      const { thresholds, majorDays } = await majorDaysOf(snapshot, period);
      const feeders = feedersOf(here, level, id);
      const { served } = snapshot;
      const sums = await sumsByDay(snapshot, period, feeders);
      const record = await whatIsKnown(snapshot.on);
      const years = range(Number(period.from.slice(0, 4)), Number(to.slice(0, 4)));
      const liveSince = snapshot.live.reduce<string | null>(
        (first, { row }) => (first === null || row.day < first ? row.day : first),
        record.since,
      );
      return {
        time_zone: zone,
        from,
        to,
        customers_served: served.average(period, feeders),
        served_known_since: served.since,
        served: served.figures(period, feeders),
        known_since: liveSince,
        own:
          record.own +
          snapshot.live.filter(isOutage).length -
          snapshot.replaced.filter((row) => isOutage({ row })).length,
        declared: record.declared,
        declared_from: record.declaredFrom,
        declared_to: record.declaredTo,
        thresholds: years.map((year) => {
          const threshold = thresholds.get(year);
          return {
            year,
            t_med: threshold?.tMed ?? null,
            alpha: threshold?.alpha ?? null,
            beta: threshold?.beta ?? null,
            days: threshold?.days ?? 0,
            from: threshold?.from ?? null,
            to: threshold?.to ?? null,
          };
        }),
        days: [...sums]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([day, { all }]) => ({
            day,
            interruptions: all.interruptions,
            customers_interrupted: all.customersInterrupted,
            customer_minutes: minutesOf(all.customerMs),
            momentary_customers: all.momentaryCustomers,
            saidi: perCustomer(all.customerMs, served.on(day, feeders)),
            is_major: majorDays.has(day),
          })),
      };
    });
  }

  async function causes(
    from: string,
    to: string,
    level: ReliabilityLevel,
    id: string | null,
    withoutMajor: boolean,
  ): Promise<ReliabilityCause[]> {
    const period = periodOf(from, to);
    return ask(async (snapshot) => {
      const here = places();
      const feeders = feedersOf(here, level, id);
      const { majorDays } = await majorDaysOf(snapshot, period);
      const without = withoutMajor ? majorDays : new Set<string>();
      const sums = new Map<string, { cause: string; planned: boolean; sums: IndexSums }>();
      const add = (cause: string | null, planned: boolean, more: IndexSums): void => {
        const key = `${planned} ${cause ?? ''}`;
        const one = sums.get(key) ?? { cause: cause ?? 'not known', planned, sums: noSums() };
        sums.set(key, one);
        addSums(one.sums, more);
      };
      for (const { cause, planned, ...more } of await keptCauses(snapshot.on, period.from, period.to, feeders, [
        ...without,
      ]))
        add(cause, planned, { ...more, momentaryCustomers: 0 });
      correct(snapshot, period, (row, more) => {
        if ((feeders === null || feeders.includes(row.feederKey)) && !without.has(row.day))
          add(row.cause, row.planned, more);
      });
      return [...sums.values()]
        .filter(({ sums: { interruptions } }) => interruptions > 0)
        .map(({ cause, planned, sums: all }) => ({
          cause,
          planned,
          interruptions: all.interruptions,
          customers_interrupted: all.customersInterrupted,
          customer_minutes: minutesOf(all.customerMs),
        }))
        .sort((a, b) => b.customer_minutes - a.customer_minutes);
    });
  }

  /** CEMI-n and CELID-t, unplanned, by the stays the meters have a record of. */
  async function customers(
    from: string,
    to: string,
    level: ReliabilityLevel,
    id: string | null,
    withoutMajor: boolean,
  ): Promise<CustomerExperience> {
    const period = periodOf(from, to);
    return ask(async (snapshot) => {
      const here = places();
      const feeders = feedersOf(here, level, id);
      const served = snapshot.served.average(period, feeders);
      const { majorDays } = await majorDaysOf(snapshot, period);
      const without = withoutMajor ? majorDays : new Set<string>();
      const live = snapshot.live.filter(
        ({ row }) =>
          inPeriod(period, row) &&
          !row.planned &&
          !without.has(row.day) &&
          (feeders === null || feeders.includes(row.feederKey)),
      );
      const found = await customersByExperience(snapshot.on, {
        ...{ ...period, feeders, without: [...without], except: unsettledIds(snapshot) },
        live: live.map(({ row }) => row.id),
        now: new Date(snapshot.nowMs),
      });
      const count = (is: (one: { times: number; hours: number }) => boolean): number =>
        found.reduce((sum, one) => sum + (is(one) ? one.customers : 0), 0);
      const share = (part: number): number | null => (served > 0 ? part / served : null);
      const record = await whatIsKnown(snapshot.on);
      return {
        customers_served: served,
        served_known_since: snapshot.served.since,
        cemi: cemiTimes.map((n) => {
          const part = count(({ times }) => times >= n);
          return { n, customers: part, share: share(part) };
        }),
        celid: celidHours.map((limit) => {
          const part = count(({ hours }) => hours >= limit);
          return { hours: limit, customers: part, share: share(part) };
        }),
        without_meters: record.declaredTo !== null && record.declaredTo >= period.from ? record.declared : 0,
      };
    });
  }

  return {
    zone,
    places,
    ask,
    rows,
    majorEventDays,
    causes,
    customers,
    oe417: () => oe417.look(),
    /** A report of form OE-417 was filed; the countdown's alarm follows at once. @throws as `makeOe417Watch` says */
    fileOe417: async (...filing: Parameters<typeof oe417.file>) => {
      const watch = await oe417.file(...filing);
      alarm?.(oe417Alarm(watch));
      return watch;
    },
    crewsWorked: needs.crewsWorked,
    bringForward,
    /** Everything up to now: for commands, which ask once. */
    caughtUp: () => bringForward(true),
    start: () => {
      timer ??= setTimeout(() => void look(), 0);
    },
    stop: async () => {
      clearTimeout(timer);
      timer = undefined;
      await forward;
    },
  };
}

const isOutage = ({ row }: Pick<Snapshot['live'][number], 'row'>): boolean => row.origin === 'outage';
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Length of a period up to now, ms: what has not been can not have been supplied. */
async function lengthOf(snapshot: Snapshot, { from, to }: Period): Promise<number> {
  const { fromMs, toMs } = await momentsOfDays(snapshot.on, from, to, snapshot.zone);
  return Math.max(0, Math.min(toMs, snapshot.nowMs) - fromMs);
}

/** The last year up to today, both included, in the utility's days. */
export function lastYear(today: string): { from: string; to: string } {
  return { from: addDays(today, -364), to: today };
}
