import type { Throughput } from '#model/api/pipeline.ts';
import { Pipeline } from '#model/api/readings.ts';
import type { RouteDeclaration } from '#model/route.ts';
import type { PipelineService } from './service.ts';

/** What others know of the pipeline: shown with it. */
export interface PipelineBeside {
  throughput?: () => Throughput;
  /** files are listed at /api/pipeline/files */
  takesFiles?: boolean;
}

export function pipelineRoutes(service: PipelineService, beside: PipelineBeside = {}): RouteDeclaration[] {
  return [
    {
      method: 'GET',
      path: '/api/pipeline',
      summary: 'sources with their conservation of records, layers with their lag',
      role: 'viewer',
      scope: { kind: 'territory' },
      response: Pipeline,
      handle: async () => {
        const throughput = beside.throughput?.();
        return { ...(await service.status()), throughput, takes_files: beside.takesFiles };
      },
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
      summary: 'recompute every layer from the segments and compare cell by cell',
      role: 'engineer',
      scope: { kind: 'territory' },
      audited: true,
      handle: () => service.verify(),
    },
  ];
}
