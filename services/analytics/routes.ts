import { Type } from 'typebox';
import { Trend } from '#model/api/live.ts';
import type { RouteDeclaration } from '#model/route.ts';
import { spanOf } from '#model/time.ts';
import { type AnalyticsNeeds, loadTrend } from './service.ts';

export function analyticsRoutes(
  needs: AnalyticsNeeds & { areaOf: (level: string, id: string | null) => string | null },
): RouteDeclaration[] {
  const idOf = (value: unknown): string | null => (value === undefined || value === '' ? null : String(value));
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
        const { fromS, toS } = spanOf(query);
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
