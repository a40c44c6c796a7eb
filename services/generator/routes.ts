import { Type } from 'typebox';
import { GeneratorEstimate, GeneratorJob, GeneratorRequest, generatorVerbs } from '#model/api/generator.ts';
import type { GeneratorOptions } from '#model/generator.ts';
import type { RouteDeclaration } from '#model/route.ts';
import type { GeneratorService } from './service.ts';

const Params = Type.Object({ id: Type.Integer({ minimum: 1 }) });

export function generatorRoutes(service: GeneratorService): RouteDeclaration[] {
  return [
    {
      method: 'GET',
      path: '/api/generator/jobs',
      summary: 'runs of the generator, newest first, with their progress',
      role: 'engineer',
      scope: { kind: 'territory' },
      response: Type.Array(GeneratorJob),
      handle: () => service.jobs(),
    },
    {
      method: 'POST',
      path: '/api/generator/jobs',
      summary: 'start a run: readings of the live territory, backfilled or by the clock',
      role: 'engineer',
      scope: { kind: 'territory' },
      body: GeneratorRequest,
      response: GeneratorJob,
      audited: true,
      handle: ({ body, session }) => service.create(body as Partial<GeneratorOptions>, session.user),
    },
    {
      method: 'POST',
      path: '/api/generator/estimate',
      summary: 'readings, bytes, seconds and warnings of a run, before it is started',
      role: 'engineer',
      scope: { kind: 'territory' },
      body: GeneratorRequest,
      response: GeneratorEstimate,
      handle: ({ body }) => service.estimate(body as Partial<GeneratorOptions>),
    },
    {
      method: 'GET',
      path: '/api/generator/jobs/{id}',
      summary: 'one run: progress, rate, checksum, the command that does the same',
      role: 'engineer',
      scope: { kind: 'territory' },
      params: Params,
      response: GeneratorJob,
      handle: ({ params }) => service.job(Number(params.id)),
    },
    {
      method: 'POST',
      path: '/api/generator/jobs/{id}/actions',
      summary: 'pause, resume or cancel a run; nothing lands after a pause is answered',
      role: 'engineer',
      scope: { kind: 'territory' },
      params: Params,
      body: Type.Object({ verb: Type.Enum([...generatorVerbs]) }, { additionalProperties: false }),
      response: GeneratorJob,
      audited: true,
      handle: ({ params, body }) =>
        service.act(Number(params.id), (body as { verb: (typeof generatorVerbs)[number] }).verb),
    },
  ];
}
