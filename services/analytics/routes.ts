import { Type } from 'typebox';
import { Trend } from '#model/api/live.ts';
import type { RouteDeclaration } from '#model/route.ts';
import { bucketFor, spanOf } from '#model/time.ts';
import { askQuestion, type QuestionNeeds, type QuestionRow } from './ask_question.ts';
import { questions } from './questions.ts';
import { type AnalyticsNeeds, loadTrend } from './service.ts';

export function analyticsRoutes(
  needs: AnalyticsNeeds & QuestionNeeds & { areaOf: (level: string, id: string | null) => string | null },
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
    {
      method: 'GET',
      path: '/api/analytics/questions',
      summary: "the dashboard's questions about history",
      role: 'viewer',
      scope: { kind: 'territory' },
      response: Type.Array(
        Type.Object({
          name: Type.String(),
          title: Type.String(),
          id: Type.Union([Type.Object({ level: Type.String(), required: Type.Boolean() }), Type.Null()]),
        }),
      ),
      handle: async () => questions.map(({ name, title, id }) => ({ name, title, id: id ?? null })),
    },
    {
      method: 'GET',
      path: '/api/analytics/questions/{name}',
      summary: 'the answer to one of them, ended after 5 s; `points` bounds a series, or the rows of a ranking',
      role: 'viewer',
      scope: { kind: 'rows', areaOf: (row: QuestionRow) => row.area_id },
      params: Type.Object({ name: Type.String({ minLength: 1, maxLength: 64 }) }),
      query: Type.Object({
        id: Type.Optional(Type.String({ maxLength: 128 })),
        from: Type.Optional(Type.String()),
        to: Type.Optional(Type.String()),
        points: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1000 })),
      }),
      handle: ({ params, query }) => {
        const { fromS, toS } = spanOf(query);
        const points = Number(query.points ?? 1000);
        // Hours are the narrowest bucket of a series.
        const bucketS = Math.max(3600, bucketFor(fromS, toS, points));
        return askQuestion(needs, params.name, idOf(query.id), { fromS, toS, bucketS, limit: points });
      },
    },
  ];
}
