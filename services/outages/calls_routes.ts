import { Type } from 'typebox';
import { CallPlace, CallReport, MeterStanding, TroubleCall } from '#model/api/calls.ts';
import { decidingArea, type RouteDeclaration, type RouteRequest } from '#model/route.ts';
import type { CallService } from './calls.ts';
import type { StandingQuestion, StandingService } from './standing.ts';

const idParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 500 }));

export function callRoutes(
  calls: CallService,
  standing: StandingService,
  areaOfOutage: (id: string) => Promise<string | null>,
): RouteDeclaration[] {
  const byCall = { kind: 'asset' as const, areaOf: ({ params }: RouteRequest) => calls.areaOf(params.id) };
  const byRow = { kind: 'rows' as const, areaOf: (row: TroubleCall) => row.area_id };
  return [
    {
      method: 'POST',
      path: '/api/calls',
      summary: 'a trouble call in; answered when it is durable, the same id again is the same call',
      role: 'operator',
      scope: {
        kind: 'asset',
        areaOf: ({ body }) => standing.areaOfMeter((body as CallReport).meter ?? ''),
      },
      body: CallReport,
      response: Type.Object({ call: TroubleCall, is_new: Type.Boolean() }),
      audited: true,
      handle: async ({ body, session }) => {
        const { call, isNew } = await calls.take(body as CallReport, session.user);
        return { call, is_new: isNew };
      },
    },
    {
      method: 'GET',
      path: '/api/calls',
      summary:
        'trouble calls, newest first; those without a known place; or those to be called back, longest restored first',
      role: 'viewer',
      scope: byRow,
      query: Type.Object({
        show: Type.Optional(Type.Enum(['newest', 'unplaced', 'callbacks'])),
        meter: Type.Optional(Type.String({ maxLength: 128 })),
        limit,
      }),
      response: Type.Array(TroubleCall),
      handle: ({ query, session }) => {
        const most = Number(query.limit ?? 500);
        if (query.show === 'unplaced') return calls.unplaced(most);
        if (query.show === 'callbacks') return calls.callbacksDue(most, session.areas);
        return calls.newest(query.meter === undefined ? null : String(query.meter), most, session.areas);
      },
    },
    {
      method: 'GET',
      path: '/api/calls/standing',
      summary:
        'what is known of a meter, account or address right now: its outage, planned work, its last ping and its calls',
      role: 'viewer',
      scope: { kind: 'asset', areaOf: ({ query }) => standing.areaOf(query as StandingQuestion) },
      query: Type.Object({
        meter: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
        account: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
        address: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
      }),
      response: MeterStanding,
      handle: ({ query }) => standing.of(query as StandingQuestion),
    },
    {
      method: 'GET',
      path: '/api/calls/places',
      summary: 'meters by the first of their account number, or by house number and parts of the street',
      role: 'operator',
      scope: { kind: 'rows', areaOf: (row: CallPlace) => row.area_id },
      query: Type.Object({
        q: Type.String({ minLength: 3, maxLength: 200 }),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
      }),
      response: Type.Array(CallPlace),
      handle: ({ query }) => standing.places(String(query.q), Number(query.limit ?? 20)),
    },
    {
      method: 'POST',
      path: '/api/calls/{id}/place',
      summary: 'says which meter the place of a call is',
      role: 'operator',
      scope: {
        kind: 'asset',
        areaOf: async ({ params, body, session }) =>
          decidingArea(session.areas, [
            await calls.areaOf(params.id),
            standing.areaOfMeter((body as { meter: string }).meter),
          ]),
      },
      params: idParams,
      body: Type.Object({ meter: Type.String({ minLength: 1, maxLength: 128 }) }),
      response: TroubleCall,
      audited: true,
      handle: ({ params, body, session }) => calls.place(params.id, (body as { meter: string }).meter, session.user),
    },
    {
      method: 'POST',
      path: '/api/calls/{id}/called-back',
      summary: 'the caller was called back',
      role: 'operator',
      scope: byCall,
      params: idParams,
      body: Type.Object({}),
      response: TroubleCall,
      audited: true,
      handle: ({ params, session }) => calls.calledBack(params.id, session.user),
    },
    {
      method: 'GET',
      path: '/api/outages/{id}/calls',
      summary: 'calls of customers of an outage, newest first',
      role: 'viewer',
      scope: { kind: 'asset', areaOf: ({ params }) => areaOfOutage(params.id) },
      params: idParams,
      query: Type.Object({ limit }),
      response: Type.Array(TroubleCall),
      handle: ({ params, query }) => calls.ofOutage(params.id, Number(query.limit ?? 500)),
    },
  ];
}
