import { Type } from 'typebox';
import { Reason } from '#model/api/common.ts';
import { Resubmission, SetAsideCount, SetAsideEntry, setAsideStates } from '#model/api/pipeline.ts';
import type { RouteDeclaration } from '#model/route.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import type { SetAsideService } from './set_aside.ts';
import { type SetAsideFilter, setAsideCounts } from './set_aside_sql.ts';

const filter = {
  source: Type.Optional(Type.String({ maxLength: 200 })),
  code: Type.Optional(Type.String({ maxLength: 100 })),
  text: Type.Optional(Type.String({ maxLength: 200, description: 'part of the record or of the reason' })),
};
const Params = Type.Object({ id: Type.Integer({ minimum: 1 }) });

export function setAsideRoutes(service: SetAsideService, pool: Pool): RouteDeclaration[] {
  return [
    {
      method: 'GET',
      path: '/api/pipeline/set-aside',
      summary: 'records that were refused, with reason, place and remedy, newest first',
      role: 'engineer',
      scope: { kind: 'territory' },
      query: Type.Object({
        ...filter,
        state: Type.Optional(Type.Enum([...setAsideStates])),
        before: Type.Optional(Type.Integer()),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
      }),
      response: Type.Array(SetAsideEntry),
      handle: ({ query }) =>
        service.records(
          query as SetAsideFilter,
          query.before === undefined ? null : Number(query.before),
          Number(query.limit ?? 50),
        ),
    },
    {
      method: 'GET',
      path: '/api/pipeline/set-aside/counts',
      summary: 'refused records by source, code and what became of them',
      role: 'engineer',
      scope: { kind: 'territory' },
      response: Type.Array(SetAsideCount),
      handle: () => setAsideCounts(pool),
    },
    {
      method: 'POST',
      path: '/api/pipeline/set-aside/resubmit',
      summary: 'submit all open records of a filter again, e.g. after the network was imported; 50,000 a call',
      role: 'engineer',
      scope: { kind: 'territory' },
      body: Type.Object(filter, { additionalProperties: false }),
      response: Resubmission,
      audited: true,
      handle: ({ body, session }) => service.resubmitAll(body as SetAsideFilter, session.user),
    },
    {
      method: 'POST',
      path: '/api/pipeline/set-aside/{id}/resubmit',
      summary: 'submit one record again, as it was or corrected; refused where somebody did it already',
      role: 'engineer',
      scope: { kind: 'territory' },
      params: Params,
      body: Type.Object({ record: Type.Optional(Type.Unknown()) }, { additionalProperties: false }),
      response: Resubmission,
      audited: true,
      handle: ({ params, body, session }) =>
        service.resubmit(Number(params.id), (body as { record?: unknown }).record, session.user),
    },
    {
      method: 'POST',
      path: '/api/pipeline/set-aside/{id}/dismiss',
      summary: 'close a refused record without submitting it, with the reason',
      role: 'engineer',
      scope: { kind: 'territory' },
      params: Params,
      body: Type.Object({ reason: Reason }, { additionalProperties: false }),
      response: SetAsideEntry,
      audited: true,
      handle: ({ params, body, session }) =>
        service.dismiss(Number(params.id), (body as { reason: string }).reason, session.user),
    },
  ];
}
