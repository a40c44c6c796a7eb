/** Reliability indices of any part and period, from one snapshot of the record per question. */
import type {
  CustomerExperience,
  MajorEventDays,
  ReliabilityCause,
  ReliabilityIndices,
  ReliabilityLevel,
  ReliabilityRow,
} from '#model/api/reliability.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { customersByExperience } from './experience_sql.ts';
import { addSums, type IndexSums, indicesOf, minutesOf, noSums } from './indices.ts';
import { oe417Alarm } from './oe417.ts';
import { makeOe417Watch } from './oe417_watch.ts';
import { deviceFacts, feederFacts, feedersOf, groupsOf, type Places, placesOf, rowAt } from './places.ts';
import type { CrewsOfKind } from './resources.ts';
import {
  addDays,
  correct,
  inPeriod,
  majorDaysOf,
  noParts,
  type PartSums,
  type Period,
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
/** Devices listed; those with fewest customer-minutes go together in one row. */
const devicesListed = 500;

export function makeReliabilityService(needs: ReliabilityNeeds) {
  const { pool, network, zone, report, alarm, now = Date.now } = needs;
  let timer: NodeJS.Timeout | undefined;
  let forward: Promise<unknown> = Promise.resolve();
  let eventsAtMs = 0;
  const places = (): Places => placesOf(network());
  const ask = <T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> => withSnapshot(pool, zone, now(), work);
  const oe417 = makeOe417Watch(pool, ask);

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
      const { majorDays } = await majorDaysOf(snapshot, period, here.customers);
      const periodMs = await lengthOf(snapshot, period);
      const parts = await sumsBy(snapshot, by === 'device' ? 'device' : 'feeder', period, majorDays);
      return by === 'device' ? byDevice(parts, here, periodMs) : byPlace(parts, here, by, periodMs);
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
      const { thresholds, majorDays } = await majorDaysOf(snapshot, period, here.customers);
      const feeders = feedersOf(here, level, id);
      const customers = customersOf(here, feeders);
      const sums = await sumsByDay(snapshot, period, feeders);
      const known = await whatIsKnown(snapshot.on);
      const years = range(Number(period.from.slice(0, 4)), Number(to.slice(0, 4)));
      const liveSince = snapshot.live.reduce<string | null>(
        (first, { row }) => (first === null || row.day < first ? row.day : first),
        known.since,
      );
      return {
        time_zone: zone,
        from,
        to,
        customers_served: customers,
        known_since: liveSince,
        own:
          known.own +
          snapshot.live.filter(isOutage).length -
          snapshot.replaced.filter((row) => isOutage({ row })).length,
        declared: known.declared,
        declared_from: known.declaredFrom,
        declared_to: known.declaredTo,
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
            saidi: customers > 0 ? minutesOf(all.customerMs) / customers : 0,
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
      const { majorDays } = await majorDaysOf(snapshot, period, here.customers);
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
      const served = customersOf(here, feeders);
      const { majorDays } = await majorDaysOf(snapshot, period, here.customers);
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
      const known = await whatIsKnown(snapshot.on);
      return {
        customers_served: served,
        cemi: cemiTimes.map((n) => {
          const part = count(({ times }) => times >= n);
          return { n, customers: part, share: share(part) };
        }),
        celid: celidHours.map((limit) => {
          const part = count(({ hours }) => hours >= limit);
          return { hours: limit, customers: part, share: share(part) };
        }),
        without_meters: known.declaredTo !== null && known.declaredTo >= period.from ? known.declared : 0,
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

function customersOf(places: Places, feeders: readonly number[] | null): number {
  if (feeders === null) return places.customers;
  return feeders.reduce((sum, feeder) => sum + places.customersOfFeeder[feeder], 0);
}

/** Length of a period up to now, ms: what has not been can not have been supplied. */
async function lengthOf(snapshot: Snapshot, { from, to }: Period): Promise<number> {
  const { fromMs, toMs } = await momentsOfDays(snapshot.on, from, to, snapshot.zone);
  return Math.max(0, Math.min(toMs, snapshot.nowMs) - fromMs);
}

export function toIndices(sums: IndexSums, customersServed: number, periodMs: number): ReliabilityIndices {
  return {
    interruptions: sums.interruptions,
    customers_interrupted: sums.customersInterrupted,
    customer_minutes: minutesOf(sums.customerMs),
    momentary_customers: sums.momentaryCustomers,
    ...indicesOf(sums, customersServed, periodMs),
  };
}

function toRow(
  level: ReliabilityLevel,
  facts: { id: string; name: string; areaId: string | null; customers: number },
  part: PartSums,
  periodMs: number,
): ReliabilityRow {
  return {
    level,
    id: facts.id,
    name: facts.name,
    area_id: facts.areaId,
    customers_served: facts.customers,
    all: toIndices(part.all, facts.customers, periodMs),
    without_major: toIndices(part.withoutMajor, facts.customers, periodMs),
    planned: toIndices(part.planned, facts.customers, periodMs),
    open: part.open,
  };
}

function addParts(to: PartSums, more: PartSums): void {
  addSums(to.all, more.all);
  addSums(to.withoutMajor, more.withoutMajor);
  addSums(to.planned, more.planned);
  to.open += more.open;
}

const worstFirst = (a: ReliabilityRow, b: ReliabilityRow): number =>
  (b.all.saidi ?? 0) - (a.all.saidi ?? 0) || (a.id < b.id ? -1 : 1);

/** All things of a level, worst first; what belongs to no feeder is a row of its own, so that the rows add up. */
function byPlace(
  parts: ReadonlyMap<number, PartSums>,
  places: Places,
  level: Exclude<ReliabilityLevel, 'device'>,
  periodMs: number,
): ReliabilityRow[] {
  const groups = groupsOf(places, level).map((facts) => ({ facts, part: noParts() }));
  const nowhere = noParts();
  for (const [feeder, part] of parts) {
    const row = level === 'system' ? 0 : feederFacts(places, feeder) ? rowAt(places, level, feeder) : -1;
    addParts(row < 0 ? nowhere : groups[row].part, part);
  }
  const rows = groups.map(({ facts, part }) => toRow(level, facts, part, periodMs)).sort(worstFirst);
  const lost = toRow(
    level,
    { id: '', name: `of no ${level} in particular`, areaId: null, customers: 0 },
    nowhere,
    periodMs,
  );
  return lost.all.interruptions + lost.planned.interruptions + lost.all.momentary_customers > 0
    ? [...rows, lost]
    : rows;
}

/** Devices by what they cost the whole system. */
function byDevice(parts: ReadonlyMap<number, PartSums>, places: Places, periodMs: number): ReliabilityRow[] {
  const rest = noParts();
  const rows: ReliabilityRow[] = [];
  const worst = [...parts].sort((a, b) => b[1].all.customerMs - a[1].all.customerMs || a[0] - b[0]);
  for (const [device, part] of worst) {
    const facts = deviceFacts(places, device);
    if (!facts || rows.length >= devicesListed) {
      addParts(rest, part);
      continue;
    }
    const areaId = feederFacts(places, facts.feeder)?.areaId ?? null;
    const name = `${facts.kind.replaceAll('_', ' ')} ${facts.id}`;
    rows.push(toRow('device', { id: facts.id, name, areaId, customers: places.customers }, part, periodMs));
  }
  const others = { id: '', name: 'all other devices', areaId: null, customers: places.customers };
  return rest.all.interruptions + rest.planned.interruptions > 0
    ? [...rows, toRow('device', others, rest, periodMs)]
    : rows;
}

/** The last year up to today, both included, in the utility's days. */
export function lastYear(today: string): { from: string; to: string } {
  return { from: addDays(today, -364), to: today };
}
