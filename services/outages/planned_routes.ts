import { Type } from 'typebox';
import { PlannedOutage, PlannedOutageRequest } from '#model/api/planned.ts';
import type { RouteDeclaration } from '#model/route.ts';
import type { PlannedService } from './planned.ts';

const idParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });

export function plannedRoutes(service: PlannedService): RouteDeclaration[] {
  return [
    {
      method: 'GET',
      path: '/api/planned-outages',
      summary: 'planned work: future, lasting, and what ended lately',
      role: 'viewer',
      scope: { kind: 'rows', areaOf: (row: PlannedOutage) => row.area_id },
      query: Type.Object({
        past_hours: Type.Optional(Type.Integer({ minimum: 0, maximum: 8760, default: 24 })),
      }),
      response: Type.Array(PlannedOutage),
      handle: ({ query }) => service.list(Number(query.past_hours ?? 24)),
    },
    {
      method: 'POST',
      path: '/api/planned-outages',
      summary: 'a window in which a device, or single meters, are switched off on purpose',
      role: 'operator',
      scope: { kind: 'asset', areaOf: ({ body }) => service.areaOfRequest(body as PlannedOutageRequest) },
      body: PlannedOutageRequest,
      response: PlannedOutage,
      audited: true,
      handle: ({ body, session }) => service.add(body as PlannedOutageRequest, session.user),
    },
    {
      method: 'DELETE',
      path: '/api/planned-outages/{id}',
      summary: 'withdraws a window; one that lasts ends now',
      role: 'operator',
      scope: { kind: 'asset', areaOf: ({ params }) => service.areaOf(params.id) },
      params: idParams,
      response: PlannedOutage,
      audited: true,
      handle: ({ params, session }) => service.withdraw(params.id, session.user),
    },
  ];
}
