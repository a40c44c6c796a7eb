import { Type } from 'typebox';
import type { Throughput } from '#model/api/pipeline.ts';
import { Pipeline } from '#model/api/readings.ts';
import type { RouteDeclaration } from '#model/route.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { fileRoutes } from './files.ts';
import { type LandingNeeds, landing } from './landing.ts';
import type { PipelineService } from './service.ts';

export interface PipelineRouteNeeds {
  service: PipelineService;
  pool: Pool;
  landing: Omit<LandingNeeds, 'pool'>;
  throughput: () => Throughput;
  /** files are listed at /api/pipeline/files */
  takesFiles: boolean;
}

export function pipelineRoutes(needs: PipelineRouteNeeds): RouteDeclaration[] {
  const { service, pool, throughput, takesFiles } = needs;
  return [
    ...fileRoutes(pool),
    {
      method: 'GET',
      path: '/api/pipeline',
      summary: 'sources with their conservation of records, layers with their lag',
      role: 'viewer',
      scope: { kind: 'territory' },
      response: Pipeline,
      handle: async () => ({ ...(await service.status()), throughput: throughput(), takes_files: takesFiles }),
    },
    {
      method: 'GET',
      path: '/api/pipeline/landing',
      summary: 'messages of a topic as they came: RECORD_CONTENT and RECORD_METADATA, from an offset on',
      role: 'engineer',
      scope: { kind: 'territory' },
      query: Type.Object({
        topic: Type.String({ pattern: '^[A-Za-z0-9._-]{1,200}$' }),
        partition: Type.Integer({ minimum: 0 }),
        offset: Type.Integer({ minimum: 0, default: 0 }),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
      }),
      handle: ({ query }) =>
        landing(
          { pool, ...needs.landing },
          {
            topic: String(query.topic),
            partition: Number(query.partition),
            offset: Number(query.offset ?? 0),
            limit: Number(query.limit ?? 50),
          },
        ),
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
