import { type Static, Type } from 'typebox';
import { CustomerOut } from '#model/api/calls.ts';
import { Reason } from '#model/api/common.ts';
import { HeadEndState, Outage, OutageAction, OutageDetail, OutageEvidence, OutagePing } from '#model/api/outages.ts';
import { decidingArea, type RouteDeclaration, type RouteRequest } from '#model/route.ts';
import { spanOf } from '#model/time.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { verifyLog } from './log_sql.ts';
import type { PingService } from './pings.ts';
import type { OutageService } from './service.ts';
import type { StandingService } from './standing.ts';

const idParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const PlaceOutage = Type.Object({
  device_id: Type.String({ minLength: 1, maxLength: 128 }),
  reason: Reason,
  cause: Type.Optional(Type.String({ maxLength: 80 })),
});
type PlaceOutage = Static<typeof PlaceOutage>;

export interface OutageRouteNeeds {
  service: OutageService;
  pings: Pick<PingService, 'ofOutage' | 'askNow' | 'state'>;
  standing: Pick<StandingService, 'customersOf'>;
  pool: Pool;
  areaOfDevice: (id: string) => string | null;
}

export function outageRoutes({ service, pings, standing, pool, areaOfDevice }: OutageRouteNeeds): RouteDeclaration[] {
  const byArea = { kind: 'asset' as const, areaOf: ({ params }: RouteRequest) => service.areaOf(params.id) };
  return [
    {
      method: 'GET',
      path: '/api/outages',
      summary: 'outages, open ones or the newest of all',
      role: 'viewer',
      scope: { kind: 'rows', areaOf: (row: Outage) => row.area_id },
      query: Type.Object({
        state: Type.Optional(Type.Enum(['open', 'all'])),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, default: 1000 })),
      }),
      response: Type.Array(Outage),
      handle: ({ query, session }) =>
        service.list((query.state ?? 'open') === 'open', Number(query.limit ?? 1000), session.areas),
    },
    {
      method: 'POST',
      path: '/api/outages',
      summary: 'places an outage at a device by hand; it takes in the predictions below',
      role: 'operator',
      scope: { kind: 'asset', areaOf: ({ body }) => areaOfDevice((body as PlaceOutage).device_id) },
      body: PlaceOutage,
      response: OutageDetail,
      audited: true,
      handle: ({ body, session }) => {
        const { device_id, ...facts } = body as PlaceOutage;
        return service.place(device_id, facts, session.user);
      },
    },
    {
      method: 'GET',
      path: '/api/outages/timeline',
      summary: 'customers out and outages open over time',
      role: 'viewer',
      scope: { kind: 'territory' },
      query: Type.Object({
        from: Type.Optional(Type.String()),
        to: Type.Optional(Type.String()),
        points: Type.Optional(Type.Integer({ minimum: 2, maximum: 2000, default: 200 })),
      }),
      handle: ({ query }) => {
        const { fromS, toS } = spanOf(query);
        return service.timeline(fromS, toS, Number(query.points ?? 200));
      },
    },
    {
      method: 'GET',
      path: '/api/outages/{id}',
      summary: 'one outage with its steps, its log and what may be done',
      role: 'viewer',
      scope: byArea,
      params: idParams,
      response: OutageDetail,
      handle: ({ params }) => service.detail(params.id),
    },
    {
      method: 'GET',
      path: '/api/outages/{id}/evidence',
      summary: 'what speaks for and against the predicted device, and what its meters answered when asked',
      role: 'viewer',
      scope: byArea,
      params: idParams,
      response: Type.Intersect([OutageEvidence, Type.Object({ pings: Type.Array(OutagePing) })]),
      handle: async ({ params }) => ({
        ...(await service.evidence(params.id)),
        pings: await pings.ofOutage(params.id),
      }),
    },
    {
      method: 'POST',
      path: '/api/outages/{id}/pings',
      summary: 'asks the meters of an outage that were not heard of, by way of the head-end',
      role: 'operator',
      scope: byArea,
      params: idParams,
      body: Type.Object({}),
      response: Type.Object({ asked: Type.Integer() }),
      audited: true,
      handle: async ({ params, session }) => {
        const { outage } = await service.detail(params.id);
        return { asked: await pings.askNow(outage, session.user) };
      },
    },
    {
      method: 'GET',
      path: '/api/outages/{id}/customers',
      summary: 'customers it took supply from, critical ones first',
      role: 'viewer',
      scope: byArea,
      params: idParams,
      query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, default: 2000 })) }),
      response: Type.Array(CustomerOut),
      handle: ({ params, query }) => standing.customersOf(params.id, Number(query.limit ?? 2000)),
    },
    {
      method: 'GET',
      path: '/api/outage-log/verify',
      summary: 'reads the whole outage log and names the first entry that does not follow from those before it',
      role: 'engineer',
      scope: { kind: 'territory' },
      handle: () => verifyLog(pool),
    },
    {
      method: 'GET',
      path: '/api/headend',
      summary: 'how the head-end that takes pings stands',
      role: 'viewer',
      scope: { kind: 'territory' },
      response: HeadEndState,
      handle: () => pings.state(),
    },
    {
      method: 'POST',
      path: '/api/outages/{id}/actions',
      summary:
        'confirm, reject, merge, split, move, assign, unassign, depart, arrive, restore, complete, close, reopen',
      role: 'operator',
      scope: {
        kind: 'asset',
        // a merge also changes the outage that takes the other in, a move what lies below the other device
        areaOf: async ({ params, body, session }) => {
          const { into, device_id: device } = body as OutageAction;
          const areas = [await service.areaOf(params.id)];
          if (into !== undefined) areas.push(await service.areaOf(into));
          if (device !== undefined) areas.push(areaOfDevice(device));
          return decidingArea(session.areas, areas);
        },
      },
      params: idParams,
      body: OutageAction,
      response: OutageDetail,
      audited: true,
      handle: ({ params, body, session }) => service.act(params.id, body as OutageAction, session.user),
    },
  ];
}
