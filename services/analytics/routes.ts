import { Type } from 'typebox';
import { Trend } from '#model/api/live.ts';
import { FluxError } from '#model/errors.ts';
import type { RouteDeclaration } from '#model/route.ts';
import { type AnalyticsNeeds, loadTrend } from './service.ts';

const day = 86_400;

export function analyticsRoutes(
  needs: AnalyticsNeeds & { areaOf: (level: string, id: string | null) => string | null },
): RouteDeclaration[] {
  const idOf = (value: unknown): string | null => (value === undefined || value === '' ? null : String(value));
  const secondsOf = (value: unknown, otherwise: number): number => {
    if (value === undefined) return otherwise;
    const ms = Date.parse(String(value));
    if (Number.isNaN(ms)) throw new FluxError('bad_request', 'from and to must be ISO 8601, e.g. 2026-07-04T18:15:00Z');
    return Math.floor(ms / 1000);
  };
  return [
    {
      method: 'GET',
      path: '/api/analytics/trend',
      summary: 'load, customers out, price and temperature over time, in at most `points` buckets',
      role: 'viewer',
      scope: { kind: 'asset', areaOf: ({ query }) => needs.areaOf(String(query.level ?? 'system'), idOf(query.id)) },
      query: Type.Object({
        level: Type.Optional(Type.Enum(['system', 'substation', 'feeder'])),
        id: Type.Optional(Type.String({ maxLength: 128 })),
        from: Type.Optional(Type.String()),
        to: Type.Optional(Type.String()),
        points: Type.Optional(Type.Integer({ minimum: 2, maximum: 5000, default: 200 })),
      }),
      response: Trend,
      handle: ({ query }) => {
        const toS = secondsOf(query.to, Math.floor(Date.now() / 1000));
        const fromS = secondsOf(query.from, toS - day);
        if (fromS >= toS) throw new FluxError('bad_request', 'to must be later than from');
        return loadTrend(
          needs,
          String(query.level ?? 'system'),
          idOf(query.id),
          fromS,
          toS,
          Number(query.points ?? 200),
        );
      },
    },
  ];
}
