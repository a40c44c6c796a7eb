import { Type } from 'typebox';
import { Crew, CrewAction, CrewAssignment, CrewDetail, CrewNeedRow, CrewPosition } from '#model/api/crews.ts';
import { decidingArea, type RouteDeclaration, type RouteRequest } from '#model/route.ts';
import type { CrewService } from './service.ts';

export interface CrewRouteNeeds {
  service: CrewService;
  areaOfOutage: (outageId: string) => Promise<string | null>;
}

const idParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });

export function crewRoutes({ service, areaOfOutage }: CrewRouteNeeds): RouteDeclaration[] {
  const byCrew = { kind: 'asset' as const, areaOf: ({ params }: RouteRequest) => service.areaOf(params.id) };
  return [
    {
      method: 'GET',
      path: '/api/crews',
      summary: 'crews with status, jobs, shift and the age of their position',
      role: 'viewer',
      scope: { kind: 'rows', areaOf: (crew: Crew) => crew.area_id },
      response: Type.Array(Crew),
      handle: () => service.list(),
    },
    {
      method: 'GET',
      path: '/api/crews/{id}',
      summary: 'one crew with its log, newest first',
      role: 'viewer',
      scope: byCrew,
      params: idParams,
      response: CrewDetail,
      handle: ({ params }) => service.detail(params.id),
    },
    {
      method: 'POST',
      path: '/api/crews/{id}/assign',
      summary: 'give a crew an outage, at once or behind what it has; the outage moves by its own verb',
      role: 'operator',
      scope: {
        kind: 'asset',
        areaOf: async ({ params, body, session }) =>
          decidingArea(session.areas, [
            await service.areaOf(params.id),
            await areaOfOutage((body as CrewAssignment).outage),
          ]),
      },
      params: idParams,
      body: CrewAssignment,
      response: Crew,
      audited: true,
      handle: ({ params, body, session }) => service.assign(params.id, body as CrewAssignment, session.user),
    },
    {
      method: 'POST',
      path: '/api/crews/{id}/actions',
      summary: 'sign on or off, depart, arrive, complete, release, break, out of service',
      role: 'operator',
      scope: byCrew,
      params: idParams,
      body: CrewAction,
      response: Crew,
      audited: true,
      handle: ({ params, body, session }) => service.act(params.id, body as CrewAction, session.user),
    },
    {
      method: 'POST',
      path: '/api/crews/{id}/position',
      summary: 'where the crew is; an older position than the known one changes nothing',
      role: 'operator',
      scope: byCrew,
      params: idParams,
      body: CrewPosition,
      response: Crew,
      handle: ({ params, body }) => service.report(params.id, body as CrewPosition),
    },
    {
      method: 'GET',
      path: '/api/dispatch/plan',
      summary: 'who should go where: open outages without a crew in order of work, each with its crew and the reasons',
      role: 'viewer',
      scope: { kind: 'rows', areaOf: (row: CrewNeedRow) => row.area_id },
      response: Type.Array(CrewNeedRow),
      handle: ({ session }) => service.plan(session.areas),
    },
    {
      method: 'GET',
      path: '/api/dispatch/outages/{id}',
      summary: 'crews that could go to one outage, best first, with reasons',
      role: 'viewer',
      scope: { kind: 'asset', areaOf: ({ params }) => areaOfOutage(params.id) },
      params: idParams,
      response: Type.Array(CrewNeedRow),
      handle: ({ params, session }) => service.suggest(params.id, session.areas),
    },
  ];
}
