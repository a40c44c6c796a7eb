import { Type } from 'typebox';
import {
  EtrCalibration,
  EtrEntry,
  EtrLedger,
  EtrOverride,
  EtrOverrideEntry,
  WhatIf,
  WhatIfAnswer,
} from '#model/api/etr.ts';
import type { RouteDeclaration, RouteRequest } from '#model/route.ts';
import { spanOf } from '#model/time.ts';
import type { EtrService } from './service.ts';

export interface EtrRouteNeeds {
  service: EtrService;
  areaOfOutage: (id: string) => Promise<string | null>;
  areaOfZone: (zone: string) => string | undefined;
}

const outageId = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const overrideId = Type.Object({ id: Type.Integer({ minimum: 1 }) });

export function etrRoutes({ service, areaOfOutage, areaOfZone }: EtrRouteNeeds): RouteDeclaration[] {
  const byOutage = { kind: 'asset' as const, areaOf: ({ params }: RouteRequest) => areaOfOutage(params.id) };
  const byZone = {
    kind: 'asset' as const,
    areaOf: ({ body }: RouteRequest) => areaOfZone((body as EtrOverrideEntry).zone) ?? null,
  };
  return [
    {
      method: 'GET',
      path: '/api/outages/{id}/etr',
      summary: 'the ledger of one outage: every revision of its restoration time',
      role: 'viewer',
      scope: byOutage,
      params: outageId,
      response: EtrLedger,
      handle: ({ params }) => service.ledger(params.id),
    },
    {
      method: 'POST',
      path: '/api/outages/{id}/etr',
      summary: "a crew's or an operator's restoration time; it stands until it is withdrawn",
      role: 'operator',
      scope: byOutage,
      params: outageId,
      body: EtrEntry,
      response: EtrLedger,
      audited: true,
      handle: ({ params, body, session }) => service.say(params.id, body as EtrEntry, session.user),
    },
    {
      method: 'GET',
      path: '/api/etr/overrides',
      summary: 'standing overrides of zones: times and delays, with author and expiry',
      role: 'viewer',
      scope: { kind: 'rows', areaOf: (row: EtrOverride) => row.area_id },
      response: Type.Array(EtrOverride),
      handle: () => service.overrides(),
    },
    {
      method: 'POST',
      path: '/api/etr/overrides',
      summary: 'a time or a delay for a zone, by customers affected',
      role: 'operator',
      scope: byZone,
      body: EtrOverrideEntry,
      response: EtrOverride,
      audited: true,
      handle: ({ body, session }) => service.addOverride(body as EtrOverrideEntry, session.user),
    },
    {
      method: 'DELETE',
      path: '/api/etr/overrides/{id}',
      summary: 'ends an override before it expires',
      role: 'operator',
      scope: { kind: 'asset', areaOf: ({ params }) => service.areaOfOverride(Number(params.id)) },
      params: overrideId,
      audited: true,
      handle: async ({ params, session }) => {
        await service.endOverride(Number(params.id), session.user);
        return { ended: Number(params.id) };
      },
    },
    {
      method: 'GET',
      path: '/api/etr/calibration',
      summary:
        'how restoration times turned out: bias, late share, P90 coverage, revisions; by source, cause, zone, storm',
      role: 'viewer',
      scope: { kind: 'territory' },
      query: Type.Object({
        from: Type.Optional(Type.String()),
        to: Type.Optional(Type.String()),
        revision: Type.Optional(Type.Enum(['first', 'last'])),
      }),
      response: EtrCalibration,
      handle: ({ query }) => {
        const { fromS, toS } = spanOf(query);
        return service.calibration(fromS * 1000, toS * 1000, query.revision !== 'last');
      },
    },
    {
      method: 'POST',
      path: '/api/etr/what-if',
      summary: 'study: restoration curves of the present outages with other crews; nothing live changes',
      role: 'operator',
      scope: { kind: 'territory' },
      body: WhatIf,
      response: WhatIfAnswer,
      handle: ({ body }) => service.whatIf(body as WhatIf),
    },
  ];
}
