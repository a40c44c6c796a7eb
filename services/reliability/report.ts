/** What a regulator is given about a period: indices, days, events, customers out over time, resources; as CSV and PDF. */
import type {
  DeclaredMeasured,
  Interruption,
  MajorEventDays,
  Oe417,
  ReliabilityCause,
  ReliabilityRow,
} from '#model/api/reliability.ts';
import { seesArea } from '#model/route.ts';
import { toCsv } from './csv.ts';
import { crewsBetween, keptInterruptions, stepsBetween } from './experience_sql.ts';
import { declaredAgainstMeasured, listInterruptions } from './interruptions.ts';
import { type CurvePoint, customersOutCurve, watchOe417 } from './oe417.ts';
import { filingsBetween } from './oe417_sql.ts';
import { visibleFeeders } from './places.ts';
import { drawReport } from './report_pdf.ts';
import { type CrewsOfKind, resourceFields } from './resources.ts';
import type { ReliabilityService } from './service.ts';
import { periodOf } from './snapshot.ts';
import { momentsOfDays } from './sql.ts';

const hourMs = 3_600_000;

export interface ReportFacts {
  from: string;
  to: string;
  zone: string;
  madeAt: string;
  territory: string;
  levels: { system: ReliabilityRow; areas: ReliabilityRow[]; substations: ReliabilityRow[]; feeders: ReliabilityRow[] };
  days: MajorEventDays;
  causes: ReliabilityCause[];
  interruptions: Interruption[];
  declared: DeclaredMeasured[];
  /** customers out at each full hour and at each peak */
  curve: { atMs: number; customersOut: number }[];
  peak: { atMs: number; customersOut: number };
  /** hours from the peak until that share of its customers was back; null where they are not */
  restored: { share: number; hours: number | null }[];
  oe417: Oe417;
  /** named by outages of the center's own record */
  crews: { crews: number; outages: number };
  /** from the crews' own log, by kind */
  resources: CrewsOfKind[];
}

const interruptionsListed = 100_000;

/** @param areas of the asker: single things of other areas are left out, totals of the system are not; null = all */
export async function gatherReport(
  service: ReliabilityService,
  from: string,
  to: string,
  areas: readonly string[] | null,
): Promise<ReportFacts> {
  const period = periodOf(from, to);
  const places = service.places();
  const visible = visibleFeeders(places, areas);
  const seen = (rows: ReliabilityRow[]): ReliabilityRow[] => rows.filter((row) => seesArea(areas, row.area_id));
  const [[system], inAreas, substations, feeders] = await Promise.all([
    service.rows(from, to, 'system'),
    service.rows(from, to, 'area'),
    service.rows(from, to, 'substation'),
    service.rows(from, to, 'feeder'),
  ]);
  const days = await service.majorEventDays(from, to);
  const causes = await service.causes(from, to, 'system', null, false);
  const of = { level: 'system' as const, id: null, planned: null, isMajor: null, visible };
  return service.ask(async (snapshot) => {
    const { nowMs } = snapshot;
    const moments = await momentsOfDays(snapshot.on, period.from, period.to, service.zone);
    const [fromMs, toMs] = [moments.fromMs, Math.min(moments.toMs, nowMs)];
    const own = await stepsBetween(snapshot.on, fromMs / 1000, toMs / 1000);
    const filter = { ...period, feeders: null, device: null, planned: null, isMajor: null, majorDays: [], except: [] };
    const declared = { ...filter, origin: 'history' as const };
    const history = await keptInterruptions(snapshot.on, declared, 1_000_000);
    const spans = [
      ...own,
      ...history.map((row) => ({
        fromMs: row.startedMs,
        toMs: row.endedMs,
        customers: row.customersInterrupted + row.momentaryCustomers,
      })),
    ];
    const points = customersOutCurve(spans, toMs);
    const peak = points.reduce((most, point) => (point.customersOut > most.customersOut ? point : most), {
      atMs: fromMs,
      customersOut: 0,
    });
    return {
      ...{ from, to, zone: service.zone, madeAt: new Date(nowMs).toISOString(), territory: places.network.name },
      levels: { system, areas: seen(inAreas), substations: seen(substations), feeders: seen(feeders) },
      days,
      causes,
      interruptions: await listInterruptions(snapshot, period, { ...of, limit: interruptionsListed }, places),
      declared: await declaredAgainstMeasured(snapshot, period, visible, interruptionsListed, places),
      curve: hourly(points, fromMs, toMs),
      peak,
      restored: restorationOf(points, peak),
      oe417: watchOe417(points, toMs, await filingsBetween(snapshot.on, fromMs / 1000, toMs / 1000), fromMs),
      crews: await crewsBetween(snapshot.on, fromMs / 1000, toMs / 1000),
      resources: await service.crewsWorked(fromMs, toMs, areas),
    };
  });
}

/** The most customers out within each hour: a peak between two full hours is not lost. */
export function hourly(points: readonly CurvePoint[], fromMs: number, toMs: number): CurvePoint[] {
  const hours: CurvePoint[] = [];
  let next = 0;
  let customersOut = 0;
  const take = (): number => {
    customersOut = points[next++].customersOut;
    return customersOut;
  };
  for (let startMs = fromMs; startMs < toMs; startMs += hourMs) {
    while (next < points.length && points[next].atMs <= startMs) take();
    let most = customersOut;
    while (next < points.length && points[next].atMs < startMs + hourMs) most = Math.max(most, take());
    hours.push({ atMs: startMs, customersOut: most });
  }
  return hours;
}

export function restorationOf(
  points: readonly CurvePoint[],
  peak: CurvePoint,
): { share: number; hours: number | null }[] {
  const later = points.filter(({ atMs }) => atMs >= peak.atMs);
  return [0.5, 0.8, 0.95, 1].map((share) => {
    const point = later.find(({ customersOut }) => customersOut <= peak.customersOut * (1 - share) + 1e-9);
    return { share, hours: point && peak.customersOut > 0 ? (point.atMs - peak.atMs) / hourMs : null };
  });
}

/** One line per part of the system and kind of days. */
export function indexLines(facts: ReportFacts): object[] {
  const { system, areas, substations, feeders } = facts.levels;
  return [system, ...areas, ...substations, ...feeders].flatMap((row) =>
    (['all', 'without_major', 'planned'] as const).map((days) => ({
      ...{ from: facts.from, to: facts.to, level: row.level, id: row.id, name: row.name },
      customers_served: row.customers_served,
      served_known_since: row.served_known_since,
      interruptions_counted: {
        all: 'unplanned',
        without_major: 'unplanned without major event days',
        planned: 'planned',
      }[days],
      ...row[days],
      open: row.open,
    })),
  );
}

/** The fields a state's major event report asks for, one a line. */
export function eventFields(facts: ReportFacts): { field: string; value: string | number | null; unit: string }[] {
  const { all } = facts.levels.system;
  const row = (
    field: string,
    value: string | number | null,
    unit = '',
  ): { field: string; value: typeof value; unit: string } => ({
    field,
    value,
    unit,
  });
  const days = facts.days.days.filter(({ is_major }) => is_major);
  return [
    row('first day', facts.from, facts.zone),
    row('last day', facts.to, facts.zone),
    row('customers served, average', facts.days.customers_served, 'customers'),
    row('customers served known since', facts.days.served_known_since, facts.zone),
    row('interruptions', all.interruptions),
    row('customers interrupted', all.customers_interrupted, 'customer interruptions'),
    row('customer-minutes interrupted', all.customer_minutes, 'customer-minutes'),
    row('event SAIDI', all.saidi, 'minutes'),
    row('event SAIFI', all.saifi, 'interruptions'),
    row('event CAIDI', all.caidi, 'minutes'),
    row('peak customers out', facts.peak.customersOut, 'customers'),
    row('peak at', facts.peak.customersOut > 0 ? new Date(facts.peak.atMs).toISOString() : null, 'UTC'),
    ...facts.restored.map(({ share, hours }) =>
      row(`hours from the peak to ${share * 100} % restored`, hours, 'hours'),
    ),
    row('major event days', days.map(({ day }) => day).join(' ') || 'none'),
    row('crews named by outages', facts.crews.crews, 'crews'),
    row('outages with a crew', facts.crews.outages),
    ...resourceFields(facts.resources).map(([field, value, unit]) => row(field, value, unit)),
    row(
      'interruptions declared from before this center',
      facts.interruptions.filter(({ origin }) => origin === 'history').length,
    ),
    row('interruptions not over', facts.interruptions.filter(({ is_open }) => is_open).length),
  ];
}

/** Everything a pack holds: names of files with what is in them. */
export async function reportFiles(facts: ReportFacts): Promise<{ name: string; bytes: Uint8Array }[]> {
  const csv = (name: string, rows: readonly object[], names?: readonly string[]) => ({
    name: `${name}.csv`,
    bytes: Buffer.from(toCsv(rows, rows.length > 0 ? undefined : names)),
  });
  const { events, filings_elsewhere: elsewhere } = facts.oe417;
  const oe417Names = ['from', 'to', 'met_at', 'peak_customers', 'peak_at', 'first_due_at', 'final_due_at'];
  const filings = [
    ...events.flatMap((event) => event.filings.map((filing) => ({ event_from: event.from, ...filing }))),
    ...elsewhere.map((filing) => ({ event_from: null, ...filing })),
  ];
  const filingNames = ['event_from', 'stage', 'reference', 'filed_at', 'recorded_at', 'actor', 'withdrawn'];
  return [
    csv('indices', indexLines(facts)),
    csv('major_event_report', eventFields(facts)),
    csv('days', facts.days.days, [
      'day',
      'interruptions',
      'customers_interrupted',
      'customer_minutes',
      'saidi',
      'is_major',
    ]),
    csv('thresholds', facts.days.thresholds),
    csv('interruptions', facts.interruptions, ['id', 'origin', 'day', 'started_at', 'ended_at', 'customer_minutes']),
    csv('causes', facts.causes, ['cause', 'planned', 'interruptions', 'customers_interrupted', 'customer_minutes']),
    csv(
      'customers_out',
      facts.curve.map(({ atMs, customersOut }) => ({
        hour: new Date(atMs).toISOString(),
        most_customers_out: customersOut,
      })),
      ['hour', 'most_customers_out'],
    ),
    csv('declared_vs_measured', facts.declared, ['id', 'declared_minutes', 'measured_minutes', 'difference_minutes']),
    csv(
      'oe417',
      events.map(({ filings: _, ...event }) => event),
      [...oe417Names, 'first_filed_at', 'final_filed_at'],
    ),
    csv('oe417_filings', filings, filingNames),
    csv(
      'resources',
      facts.resources.map(({ kind, crews, people, outages, hoursOnSite, hoursUnderWay }) => ({
        ...{ kind, crews, people, outages },
        ...{ crew_hours_on_site: hoursOnSite, crew_hours_under_way: hoursUnderWay },
      })),
      ['kind', 'crews', 'people', 'outages', 'crew_hours_on_site', 'crew_hours_under_way'],
    ),
    { name: 'report.pdf', bytes: await drawReport(facts) },
  ];
}
