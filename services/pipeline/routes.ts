import { Type } from 'typebox';
import { Pipeline } from '#model/api/readings.ts';
import type { RouteDeclaration } from '#model/route.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import type { PipelineService } from './service.ts';
import { setAsideRecords } from './sql.ts';

export function pipelineRoutes(service: PipelineService, pool: Pool): RouteDeclaration[] {
  return [
    {
      method: 'GET',
      path: '/api/pipeline',
      summary: 'sources with their conservation of records, layers with their lag',
      role: 'viewer',
      scope: { kind: 'territory' },
      response: Pipeline,
      handle: () => service.status(),
    },
    {
      method: 'GET',
      path: '/api/pipeline/set-aside',
      summary: 'records that were refused, with the reason, newest first',
      role: 'engineer',
      scope: { kind: 'territory' },
      query: Type.Object({
        before: Type.Optional(Type.Integer()),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
      }),
      handle: ({ query }) =>
        setAsideRecords(pool, query.before === undefined ? null : Number(query.before), Number(query.limit ?? 50)),
    },
    {
      method: 'POST',
      path: '/api/pipeline/refresh',
      summary: 'bring all layers forward now; answered when they are',
      role: 'engineer',
      scope: { kind: 'territory' },
      handle: async () => {
        await service.caughtUp();
        return service.status();
      },
    },
    {
      method: 'POST',
      path: '/api/pipeline/verify',
      summary: 'recompute every layer from parts and segments and compare cell by cell',
      role: 'engineer',
      scope: { kind: 'territory' },
      audited: true,
      handle: () => service.verify(),
    },
  ];
}
