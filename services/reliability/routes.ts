import { Type } from 'typebox';
import {
  CustomerExperience,
  DeclaredMeasured,
  Interruption,
  InterruptionDetail,
  InterruptionEvent,
  InterruptionMeters,
  MajorEventDays,
  Oe417,
  Oe417FilingRequest,
  ReliabilityCause,
  type ReliabilityLevel,
  ReliabilityRow,
  reliabilityLevels,
} from '#model/api/reliability.ts';
import type { RouteDeclaration, RouteRequest } from '#model/route.ts';
import { toCsv } from './csv.ts';
import {
  declaredAgainstMeasured,
  feederOfInterruption,
  interruptionDetail,
  interruptionEvents,
  interruptionMeters,
  listInterruptions,
} from './interruptions.ts';
import { localDate } from './med.ts';
import { feederFacts, feedersOf, visibleFeeders } from './places.ts';
import { gatherReport, indexLines } from './report.ts';
import { drawReport } from './report_pdf.ts';
import { lastYear, type ReliabilityService } from './service.ts';
import { periodOf } from './snapshot.ts';

const day = Type.Optional(Type.String({ description: 'local day, both included; the last year where left out' }));
const period = { from: day, to: day };
const Level = Type.Optional(Type.Enum([...reliabilityLevels]));
const place = { level: Level, id: Type.Optional(Type.String({ maxLength: 128 })) };
const idParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const limit = (most: number, usual: number) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: most, default: usual }));

export function reliabilityRoutes(service: ReliabilityService): RouteDeclaration[] {
  const { ask, places } = service;
  const daysOf = ({ from, to }: Record<string, unknown>): { from: string; to: string } => {
    const year = lastYear(localDate(Date.now(), service.zone));
    return { from: String(from ?? year.from), to: String(to ?? year.to) };
  };
  const placeOf = (query: Record<string, unknown>): [ReliabilityLevel, string | null] => [
    (query.level as ReliabilityLevel | undefined) ?? 'system',
    query.id === undefined ? null : String(query.id),
  ];
  /** the area of what is asked about; the whole system is territory */
  const byPlace = {
    kind: 'asset' as const,
    areaOf: ({ query }: RouteRequest): string | null => {
      const feeders = feedersOf(places(), ...placeOf(query));
      return feeders?.[0] === undefined ? null : (feederFacts(places(), feeders[0])?.areaId ?? null);
    },
  };
  const byInterruption = {
    kind: 'asset' as const,
    areaOf: async ({ params }: RouteRequest) =>
      feederFacts(places(), await ask((snapshot) => feederOfInterruption(snapshot, params.id)))?.areaId ?? null,
  };
  const byRow = { kind: 'rows' as const, areaOf: (row: { area_id: string | null }) => row.area_id };
  return [
    {
      method: 'GET',
      path: '/api/reliability',
      summary:
        'SAIDI, SAIFI, CAIDI, MAIFI, ASAI of every part of a level, with and without major event days, worst first',
      role: 'viewer',
      scope: byRow,
      query: Type.Object({ ...period, by: Level }),
      response: Type.Array(ReliabilityRow),
      handle: ({ query }) => {
        const { from, to } = daysOf(query);
        return service.rows(from, to, (query.by as ReliabilityLevel | undefined) ?? 'system');
      },
    },
    {
      method: 'GET',
      path: '/api/reliability/major-event-days',
      summary:
        'SAIDI of each day, the 2.5 beta threshold of each year, major event days, and how far the record reaches',
      role: 'viewer',
      scope: byPlace,
      query: Type.Object({ ...period, ...place }),
      response: MajorEventDays,
      handle: ({ query }) => {
        const { from, to } = daysOf(query);
        return service.majorEventDays(from, to, ...placeOf(query));
      },
    },
    {
      method: 'GET',
      path: '/api/reliability/causes',
      summary: 'customer-minutes by cause',
      role: 'viewer',
      scope: byPlace,
      query: Type.Object({ ...period, ...place, without_major: Type.Optional(Type.Boolean()) }),
      response: Type.Array(ReliabilityCause),
      handle: ({ query }) => {
        const { from, to } = daysOf(query);
        return service.causes(from, to, ...placeOf(query), query.without_major === true);
      },
    },
    {
      method: 'GET',
      path: '/api/reliability/customers',
      summary: 'CEMI-n and CELID-t: customers by how often and how long they had no supply, by their meters',
      role: 'viewer',
      scope: byPlace,
      cacheSeconds: 10,
      query: Type.Object({ ...period, ...place, without_major: Type.Optional(Type.Boolean()) }),
      response: CustomerExperience,
      handle: ({ query }) => {
        const { from, to } = daysOf(query);
        return service.customers(from, to, ...placeOf(query), query.without_major === true);
      },
    },
    {
      method: 'GET',
      path: '/api/reliability/interruptions',
      summary:
        'the interruptions an index is made of, most customer-minutes first; the rest in one line, so that the sum stands',
      role: 'viewer',
      scope: byRow,
      query: Type.Object({
        ...period,
        ...place,
        planned: Type.Optional(Type.Boolean({ description: 'only planned, or only unplanned ones' })),
        major: Type.Optional(Type.Boolean({ description: 'only those of major event days, or none of them' })),
        limit: limit(100_000, 500),
      }),
      response: Type.Array(Interruption),
      handle: ({ query, session }) => {
        const { from, to } = daysOf(query);
        const [level, id] = placeOf(query);
        return ask((snapshot) =>
          listInterruptions(
            snapshot,
            periodOf(from, to),
            {
              level,
              id,
              planned: (query.planned as boolean | undefined) ?? null,
              isMajor: (query.major as boolean | undefined) ?? null,
              limit: Number(query.limit ?? 500),
              visible: visibleFeeders(places(), session.areas),
            },
            places(),
          ),
        );
      },
    },
    {
      method: 'GET',
      path: '/api/reliability/interruptions/{id}',
      summary: 'one interruption with its steps and what each gives to the sum',
      role: 'viewer',
      scope: byInterruption,
      params: idParams,
      response: InterruptionDetail,
      handle: ({ params }) => ask((snapshot) => interruptionDetail(snapshot, params.id, places())),
    },
    {
      method: 'GET',
      path: '/api/reliability/interruptions/{id}/meters',
      summary: 'the interruption by meters: declared by the steps, measured by their messages',
      role: 'viewer',
      scope: byInterruption,
      params: idParams,
      query: Type.Object({ limit: limit(100_000, 1000) }),
      response: InterruptionMeters,
      handle: ({ params, query }) =>
        ask((snapshot) => interruptionMeters(snapshot, params.id, Number(query.limit ?? 1000), places())),
    },
    {
      method: 'GET',
      path: '/api/reliability/interruptions/{id}/meters/{meter}/events',
      summary: 'the messages a meter sent around the interruption',
      role: 'viewer',
      scope: byInterruption,
      params: Type.Object({
        id: Type.String({ minLength: 1, maxLength: 64 }),
        meter: Type.String({ minLength: 1, maxLength: 128 }),
      }),
      response: Type.Array(InterruptionEvent),
      handle: ({ params }) => ask((snapshot) => interruptionEvents(snapshot, params.id, params.meter, places())),
    },
    {
      method: 'GET',
      path: '/api/reliability/declared-vs-measured',
      summary: "customer-minutes by the outages' steps beside those of the meters' own times, largest difference first",
      role: 'viewer',
      scope: byRow,
      query: Type.Object({ ...period, limit: limit(100_000, 200) }),
      response: Type.Array(DeclaredMeasured),
      handle: ({ query, session }) => {
        const { from, to } = daysOf(query);
        const visible = visibleFeeders(places(), session.areas);
        return ask((snapshot) =>
          declaredAgainstMeasured(snapshot, periodOf(from, to), visible, Number(query.limit ?? 200), places()),
        );
      },
    },
    {
      method: 'GET',
      path: '/api/reliability/oe417',
      summary: '50,000 customers out for an hour: what has to be reported on form OE-417, and until when',
      role: 'viewer',
      scope: { kind: 'territory' },
      response: Oe417,
      handle: () => service.oe417(),
    },
    {
      method: 'POST',
      path: '/api/reliability/oe417/filings',
      summary:
        'a report of form OE-417 was filed: which, when, under which number; the countdown ends with the final one',
      role: 'operator',
      scope: { kind: 'territory' },
      body: Oe417FilingRequest,
      response: Oe417,
      audited: true,
      handle: ({ body, session }) => service.fileOe417(body as Oe417FilingRequest, session.user),
    },
    {
      method: 'GET',
      path: '/api/reliability/report.csv',
      summary: 'the indices by system, area, substation and feeder as CSV',
      role: 'operator',
      scope: { kind: 'territory' },
      query: Type.Object(period),
      handle: async ({ query, session }) => {
        const { from, to } = daysOf(query);
        const facts = await gatherReport(service, from, to, session.areas);
        return { bytes: Buffer.from(toCsv(indexLines(facts))), contentType: 'text/csv; charset=utf-8' };
      },
    },
    {
      method: 'GET',
      path: '/api/reliability/report.pdf',
      summary: 'the major event report as PDF',
      role: 'operator',
      scope: { kind: 'territory' },
      query: Type.Object(period),
      handle: async ({ query, session }) => {
        const { from, to } = daysOf(query);
        const facts = await gatherReport(service, from, to, session.areas);
        return { bytes: await drawReport(facts), contentType: 'application/pdf' };
      },
    },
  ];
}
