import { Type } from 'typebox';
import { Outage, OutageAction, OutageDetail, OutageEvidence } from '#model/api/outages.ts';
import type { RouteDeclaration, RouteRequest } from '#model/route.ts';
import { spanOf } from '#model/time.ts';
import type { OutageService } from './service.ts';

const idParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
export function outageRoutes(service: OutageService): RouteDeclaration[] {
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
      handle: ({ query }) => service.list((query.state ?? 'open') === 'open', Number(query.limit ?? 1000)),
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
      summary: 'what speaks for and against the predicted device',
      role: 'viewer',
      scope: byArea,
      params: idParams,
      response: OutageEvidence,
      handle: ({ params }) => service.evidence(params.id),
    },
    {
      method: 'POST',
      path: '/api/outages/{id}/actions',
      summary: 'confirm, reject, assign, arrive, restore, close, reopen',
      role: 'operator',
      scope: byArea,
      params: idParams,
      body: OutageAction,
      response: OutageDetail,
      audited: true,
      handle: ({ params, body, session }) => service.act(params.id, body as OutageAction, session.user),
    },
  ];
}
