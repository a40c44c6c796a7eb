/** An index taken apart: interruptions, their steps, their meters, the meters' messages. Every level adds up to the one above. */
import type {
  DeclaredMeasured,
  Interruption,
  InterruptionDetail,
  InterruptionEvent,
  InterruptionMeters,
  ReliabilityLevel,
} from '#model/api/reliability.ts';
import { FluxError } from '#model/errors.ts';
import { meterEventTypes } from '#model/reading.ts';
import { cohortsOf, type MeterSpan, shareByMeters, shareBySteps } from './cohorts.ts';
import {
  keptDiffering,
  keptInterruptionSums,
  keptInterruptions,
  type ListFilter,
  measuredOf,
  meterEventsOf,
  meterSpansOf,
} from './experience_sql.ts';
import { minutesOf } from './indices.ts';
import { deviceFacts, feederFacts, feedersOf, type Places } from './places.ts';
import { windowMeters } from './planned_sql.ts';
import { addDays, inPeriod, majorDaysOf, type Period, type Snapshot, unsettledIds } from './snapshot.ts';
import { type InterruptionRow, keptRows, withTheirFamilies } from './sql.ts';
import { type CountedOutage, countedWithSteps, interruptionsOf } from './summary.ts';

const iso = (ms: number): string => new Date(ms).toISOString();
/** Messages of a meter are shown from this long before the interruption to this long after it. */
const eventMarginMs = 15 * 60_000;

export interface InterruptionQuery {
  level: ReliabilityLevel;
  id: string | null;
  planned: boolean | null;
  isMajor: boolean | null;
  limit: number;
  /** feeders the asker may see; null = all */
  visible: readonly number[] | null;
}

function toInterruption(row: InterruptionRow, lasts: boolean, isMajor: boolean, places: Places): Interruption {
  const feeder = feederFacts(places, row.feederKey);
  return {
    id: row.id,
    origin: row.origin,
    day: row.day,
    started_at: iso(row.startedMs),
    ended_at: lasts ? null : iso(row.endedMs),
    is_open: lasts,
    is_major: isMajor,
    planned: row.planned,
    feeder_id: feeder?.id ?? null,
    feeder_name: feeder?.name ?? null,
    area_id: feeder?.areaId ?? null,
    device: deviceFacts(places, row.deviceKey)?.id ?? row.device,
    cause: row.cause,
    interruptions: 1,
    customers_interrupted: row.customersInterrupted,
    customer_minutes: minutesOf(row.customerMs),
    momentary_customers: row.momentaryCustomers,
    continues: row.continues,
  };
}

/** The interruptions of a period, largest first; what the limit leaves out is one line at the end, so that the sum stands. @throws FluxError `unknown_asset` */
export async function listInterruptions(
  snapshot: Snapshot,
  period: Period,
  query: InterruptionQuery,
  places: Places,
): Promise<Interruption[]> {
  const { majorDays } = await majorDaysOf(snapshot, period);
  const inPlace = feedersOf(places, query.level, query.id);
  const device = query.level === 'device' && query.id ? places.network.edge.id.rowOf(query.id) : null;
  const asked = device === null ? inPlace : null;
  const { visible } = query;
  const feeders = visible === null ? asked : (asked ?? visible).filter((feeder) => visible.includes(feeder));
  const filter: ListFilter = {
    ...period,
    feeders,
    device,
    planned: query.planned,
    isMajor: query.isMajor,
    majorDays: [...majorDays],
    except: unsettledIds(snapshot),
    origin: null,
  };
  const live = snapshot.live.filter(
    ({ row }) =>
      inPeriod(period, row) &&
      (feeders === null || feeders.includes(row.feederKey)) &&
      (device === null || row.deviceKey === device) &&
      (query.planned === null || row.planned === query.planned) &&
      (query.isMajor === null || majorDays.has(row.day) === query.isMajor),
  );
  const kept = await keptInterruptions(snapshot.on, filter, query.limit);
  const all = [...live, ...kept.map((row) => ({ row, lasts: false }))]
    .toSorted((a, b) => b.row.customerMs - a.row.customerMs || (a.row.id < b.row.id ? -1 : 1))
    .slice(0, query.limit);
  const shown = all.map(({ row, lasts }) => toInterruption(row, lasts, majorDays.has(row.day), places));
  if (live.length + kept.length < query.limit) return shown;
  const sums = await keptInterruptionSums(snapshot.on, filter);
  const total = live.reduce(
    (sum, { row }) => ({
      interruptions: sum.interruptions + 1,
      customersInterrupted: sum.customersInterrupted + row.customersInterrupted,
      customerMs: sum.customerMs + row.customerMs,
      momentaryCustomers: sum.momentaryCustomers + row.momentaryCustomers,
    }),
    sums,
  );
  if (total.interruptions === all.length) return shown;
  const less = (field: 'customersInterrupted' | 'customerMs' | 'momentaryCustomers'): number =>
    all.reduce((left, { row }) => left - row[field], total[field]);
  return [
    ...shown,
    {
      ...{ id: null, origin: 'rest', day: null, started_at: null, ended_at: null, is_open: false, is_major: false },
      ...{ planned: false, feeder_id: null, feeder_name: null, area_id: null, device: null, cause: null },
      interruptions: total.interruptions - all.length,
      customers_interrupted: less('customersInterrupted'),
      customer_minutes: minutesOf(less('customerMs')),
      momentary_customers: less('momentaryCustomers'),
      continues: null,
    },
  ];
}

/** @throws FluxError `not_found` */
async function find(snapshot: Snapshot, id: string): Promise<Omit<CountedOutage, 'isOver'>> {
  const { on, zone, nowMs } = snapshot;
  const live = snapshot.live.find(({ row }) => row.id === id);
  if (live) return live;
  const [row] = await keptRows(on, [id]);
  if (!row)
    throw new FluxError('not_found', `no interruption ${id} counts; an outage that was rejected or merged does not`);
  if (row.origin !== 'history') {
    const outages = await countedWithSteps(on, await withTheirFamilies(on, [id]), zone, nowMs);
    const counted = interruptionsOf(outages, nowMs).find((one) => one.row.id === id);
    if (counted) return { ...counted, row };
  }
  const customers = row.customersInterrupted + row.momentaryCustomers;
  const steps = [{ stepNo: 1, fromMs: row.startedMs, toMs: row.endedMs, customersOut: customers }];
  return { row, lasts: false, steps, cohorts: cohortsOf(steps, nowMs) };
}

export const feederOfInterruption = async (snapshot: Snapshot, id: string): Promise<number> =>
  (await find(snapshot, id)).row.feederKey;

export async function interruptionDetail(snapshot: Snapshot, id: string, places: Places): Promise<InterruptionDetail> {
  const { row, lasts, steps, cohorts } = await find(snapshot, id);
  const { majorDays } = await majorDaysOf(snapshot, { from: row.day, to: addDays(row.day, 1) });
  const shares = shareBySteps(steps, cohorts, snapshot.nowMs);
  return {
    interruption: toInterruption(row, lasts, majorDays.has(row.day), places),
    steps: shares.map((share) => ({
      step: share.stepNo,
      from: iso(share.fromMs),
      to: iso(share.toMs),
      lasts: share.lasts,
      customers_out: share.customersOut,
      sustained_customers: share.sustainedCustomers,
      customer_minutes: minutesOf(share.customerMs),
    })),
    steps_customer_minutes: minutesOf(shares.reduce((sum, { customerMs }) => sum + customerMs, 0)),
    source: row.sourceFile === null ? null : `${row.sourceFile}, line ${row.sourceLine}`,
  };
}

/** The meters of an interruption with their times, up to now where they last; of declared history there are none. */
async function metersOf({ on, nowMs }: Snapshot, { id, origin }: InterruptionRow): Promise<MeterSpan[]> {
  if (origin === 'planned') return windowMeters(on, id, nowMs);
  if (origin !== 'outage') return [];
  return (await meterSpansOf(on, id)).map((span) => ({ ...span, toMs: span.toMs ?? nowMs }));
}

export async function interruptionMeters(
  snapshot: Snapshot,
  id: string,
  limit: number,
  places: Places,
): Promise<InterruptionMeters> {
  const { row, cohorts } = await find(snapshot, id);
  // what is left over from another outage went dark in that one
  const spans = (await metersOf(snapshot, row)).map(({ meterKey, fromMs, toMs }) => ({
    meterKey,
    fromMs: Math.max(fromMs, row.startedMs),
    toMs: Math.max(toMs, row.startedMs),
  }));
  // a window is declared: its meters say nothing of how long they were without supply
  const measured = row.origin === 'outage' ? spans : [];
  const shares = shareByMeters(cohorts, spans).map((share) =>
    row.origin === 'outage' ? share : { ...share, measured: null },
  );
  const { meter } = places.network;
  return {
    meters: shares.slice(0, limit).map((share) => ({
      meter_id: share.meterKey >= 0 && share.meterKey < meter.count ? meter.id.at(share.meterKey) : null,
      customers: share.customers,
      declared_from: iso(share.declaredFromMs),
      declared_to: iso(share.declaredToMs),
      customer_minutes: minutesOf(share.customerMs),
      measured_from: share.measured ? iso(share.measured.fromMs) : null,
      measured_to: share.measured ? iso(share.measured.toMs) : null,
      measured_minutes: share.measured ? minutesOf(share.measured.toMs - share.measured.fromMs) : null,
    })),
    customer_minutes: minutesOf(shares.reduce((sum, { customerMs }) => sum + customerMs, 0)),
    measured_minutes: minutesOf(measured.reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs), 0)),
    left_out: Math.max(0, shares.length - limit),
  };
}

/** The messages a meter sent around an interruption. @throws FluxError `not_found`, `unknown_meter` */
export async function interruptionEvents(
  snapshot: Snapshot,
  id: string,
  meterId: string,
  places: Places,
): Promise<InterruptionEvent[]> {
  const { row } = await find(snapshot, id);
  const key = places.network.meter.id.rowOf(meterId);
  if (key < 0) throw new FluxError('unknown_meter', `there is no meter ${meterId}`);
  const span = (await metersOf(snapshot, row)).find(({ meterKey }) => meterKey === key);
  if (!span) throw new FluxError('not_found', `meter ${meterId} was not in interruption ${id}`);
  const fromMs = Math.min(row.startedMs, span.fromMs) - eventMarginMs;
  const toMs = Math.max(row.endedMs, span.toMs) + eventMarginMs;
  return (await meterEventsOf(snapshot.on, key, fromMs / 1000, toMs / 1000)).map((event) => ({
    event_id: event.eventId,
    at: event.at.toISOString(),
    type: meterEventTypes[event.type] ?? `type ${event.type}`,
    source: event.source,
    received_at: event.receivedAt.toISOString(),
  }));
}

/**
 * Customer-minutes as the steps declare them beside those of the meters' own times, per outage, largest difference
 * first. Both are of sustained interruptions; history has no meters, planned work is declared, and neither is compared.
 */
export async function declaredAgainstMeasured(
  snapshot: Snapshot,
  period: Period,
  visible: readonly number[] | null,
  limit: number,
  places: Places,
): Promise<DeclaredMeasured[]> {
  const live = snapshot.live.filter(
    ({ row }) =>
      row.origin === 'outage' && inPeriod(period, row) && (visible === null || visible.includes(row.feederKey)),
  );
  const ofLive = await measuredOf(
    snapshot.on,
    live.map(({ row }) => row.id),
    new Date(snapshot.nowMs),
  );
  const kept = await keptDiffering(snapshot.on, { ...period, feeders: visible, except: unsettledIds(snapshot) }, limit);
  const compared = [
    ...kept.map((row) => ({
      row,
      lasts: false,
      own: { customers: row.measuredCustomers, minutes: row.measuredMinutes },
    })),
    ...live.map(({ row, lasts }) => ({ row, lasts, own: ofLive.find(({ id }) => id === row.id) })),
  ];
  return compared
    .map(({ row, lasts, own }) => {
      const one = toInterruption(row, lasts, false, places);
      return {
        id: row.id,
        area_id: one.area_id,
        feeder_name: one.feeder_name,
        device: one.device,
        started_at: iso(row.startedMs),
        is_open: lasts,
        declared_customers: row.customersInterrupted,
        declared_minutes: minutesOf(row.customerMs),
        measured_customers: own?.customers ?? 0,
        measured_minutes: own?.minutes ?? 0,
        difference_minutes: minutesOf(row.customerMs) - (own?.minutes ?? 0),
      };
    })
    .sort((a, b) => Math.abs(b.difference_minutes) - Math.abs(a.difference_minutes) || (a.id < b.id ? -1 : 1))
    .slice(0, limit);
}
