import { Type } from 'typebox';
import {
  VeeAction,
  VeeCount,
  VeeException,
  VeeExceptionDetail,
  VeeQualityRow,
  VeeRun,
  VeeVersion,
} from '#model/api/vee.ts';
import { FluxError } from '#model/errors.ts';
import type { RouteDeclaration, RouteRequest } from '#model/route.ts';
import { spanOf } from '#model/time.ts';
import { defaultVeeConfig, entryOf, ruleNames, type VeeConfig } from './rules.ts';
import type { VeeService } from './service.ts';

export interface VeeRouteNeeds {
  service: VeeService;
  config: () => VeeConfig;
  areaOfMeter: (meterId: string) => string | null;
}

const idParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });
const span = { from: Type.Optional(Type.String()), to: Type.Optional(Type.String()) };

export function veeRoutes({ service, config, areaOfMeter }: VeeRouteNeeds): RouteDeclaration[] {
  const byArea = { kind: 'asset' as const, areaOf: ({ params }: RouteRequest) => service.areaOf(params.id) };
  const byRow = { kind: 'rows' as const, areaOf: (row: { area_id: string | null }) => row.area_id };
  return [
    {
      method: 'GET',
      path: '/api/vee/exceptions',
      summary: 'interval data that broke a validation rule, most severe first',
      role: 'viewer',
      scope: byRow,
      query: Type.Object({
        state: Type.Optional(Type.Enum(['open', 'closed', 'all'])),
        rule: Type.Optional(Type.Enum([...ruleNames])),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, default: 5000 })),
      }),
      response: Type.Array(VeeException),
      handle: ({ query, session }) => {
        const state = query.state ?? 'open';
        return service.queue(
          state === 'all' ? null : state === 'open',
          query.rule === undefined ? null : String(query.rule),
          service.feedersOfAreas(session.areas),
          Number(query.limit ?? 5000),
        );
      },
    },
    {
      method: 'GET',
      path: '/api/vee/counts',
      summary: 'how many exceptions of each state a feeder has; closed ones of the last 30 days',
      role: 'viewer',
      scope: byRow,
      response: Type.Array(VeeCount),
      handle: () => service.counts(),
    },
    {
      method: 'GET',
      path: '/api/vee/exceptions/{id}',
      summary: 'one exception with its log, its chart, what may be done and what an estimate would be',
      role: 'viewer',
      scope: byArea,
      params: idParams,
      response: VeeExceptionDetail,
      handle: ({ params }) => service.detail(params.id),
    },
    {
      method: 'POST',
      path: '/api/vee/exceptions/{id}/actions',
      summary: 'assign, accept as is, estimate, edit, dismiss, reopen',
      role: 'operator',
      scope: byArea,
      params: idParams,
      body: VeeAction,
      response: VeeExceptionDetail,
      audited: true,
      handle: ({ params, body, session }) => service.act(params.id, body as VeeAction, session.user),
    },
    {
      method: 'GET',
      path: '/api/vee/quality',
      summary: 'validated, not validated, estimated and missing intervals per feeder and hour',
      role: 'viewer',
      scope: byRow,
      cacheSeconds: 30,
      query: Type.Object(span),
      response: Type.Array(VeeQualityRow),
      handle: ({ query }) => {
        const { fromS, toS } = spanOf(query);
        return service.quality(fromS, toS);
      },
    },
    {
      method: 'GET',
      path: '/api/vee/versions',
      summary: "all versions of a meter's intervals: current and earlier, source, quality, arrival, method",
      role: 'viewer',
      scope: { kind: 'asset', areaOf: ({ query }) => areaOfMeter(String(query.meter)) },
      query: Type.Object({ meter: Type.String({ minLength: 1, maxLength: 128 }), ...span }),
      response: Type.Array(VeeVersion),
      handle: ({ query }) => {
        const { fromS, toS } = spanOf(query);
        return service.versions(String(query.meter), fromS, toS);
      },
    },
    {
      method: 'GET',
      path: '/api/vee/runs',
      summary: 'the newest run of each of the last 35 days',
      role: 'viewer',
      scope: { kind: 'territory' },
      response: Type.Array(VeeRun),
      handle: () => service.runs(35),
    },
    {
      method: 'POST',
      path: '/api/vee/runs',
      summary: 'judge local days now, from and to included',
      role: 'engineer',
      scope: { kind: 'territory' },
      body: Type.Object({ from: Type.String(), to: Type.String() }),
      response: Type.Array(VeeRun),
      audited: true,
      handle: ({ body }) => {
        const { from, to } = body as { from: string; to: string };
        if (Date.parse(to) - Date.parse(from) > 31 * 86_400_000)
          throw new FluxError('bad_request', 'ask for at most 31 days at once; longer spans with `flux vee run`');
        return service.run(from, to);
      },
    },
    {
      method: 'GET',
      path: '/api/vee/rules',
      summary: 'the validation rules as they are set, with defaults and ranges',
      role: 'viewer',
      scope: { kind: 'none' },
      handle: () => rulesAsSet(config()),
    },
    {
      method: 'POST',
      path: '/api/vee/registers',
      summary: 'register reads in, kWh; the register sum rule and scaled estimates use them',
      role: 'engineer',
      scope: { kind: 'none' },
      body: Type.Array(Type.Object({ meter_id: Type.String(), at: Type.String(), kwh: Type.Number() }), {
        maxItems: 100_000,
      }),
      maxBodyBytes: 16 * 1024 * 1024,
      handle: ({ body }) => service.takeRegisters(body as { meter_id: string; at: string; kwh: number }[]),
    },
  ];
}

/** One line per rule: what it looks for, how it is set, and within which bounds it may be set. */
export function rulesAsSet(config: VeeConfig) {
  return ruleNames.map((rule) => {
    const { title, about, wholeDay, thresholds } = entryOf(rule);
    const { on, severity, scope, thresholds: set } = config.rules[rule];
    return {
      rule,
      title,
      about,
      on,
      severity,
      whole_day: wholeDay,
      scoped: scope.classes !== null || scope.feeders !== null || scope.meters !== null,
      thresholds: Object.entries(thresholds).map(([name, t]) => ({
        name,
        value: set[name],
        default: defaultVeeConfig.rules[rule].thresholds[name],
        least: t.least,
        most: t.most,
        unit: t.unit,
        about: t.about,
      })),
    };
  });
}
