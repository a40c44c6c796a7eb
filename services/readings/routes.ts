import { type Static, Type } from 'typebox';
import { History, LatestReading, ReadingWindow, Receipt, StoredEvent } from '#model/api/readings.ts';
import type { SetAside } from '#model/reading.ts';
import type { RecordsBody, RouteDeclaration, RouteRequest } from '#model/route.ts';
import { spanOf } from '#model/time.ts';
import type { ReadingsService } from './service.ts';
import type { WindowService } from './window.ts';

/** What the door answers once a batch is durable. */
export interface DoorAnswer {
  accepted: number;
  duplicate: number;
  setAside: SetAside[];
  position: number | null;
}

export interface ReadingsRouteNeeds {
  service: ReadingsService;
  window: WindowService;
  areaOfAsset: (id: string) => string | null;
  takeReadings: (body: RecordsBody) => Promise<DoorAnswer>;
  takeEvents: (body: RecordsBody) => Promise<DoorAnswer>;
}

const assetQuery = {
  asset: Type.String({ minLength: 1, maxLength: 128, description: 'any asset that supplies meters' }),
};
const meterQuery = { meter: Type.String({ minLength: 1, maxLength: 128 }) };
const maxBodyBytes = 32 * 1024 * 1024;
const shownSetAside = 100;

function receiptOf(answer: DoorAnswer): Static<typeof Receipt> {
  return {
    received: answer.accepted + answer.duplicate + answer.setAside.length,
    accepted: answer.accepted,
    duplicate: answer.duplicate,
    set_aside: answer.setAside.length,
    position: answer.position,
    set_aside_records: answer.setAside
      .slice(0, shownSetAside)
      .map(({ index, code, reason }) => ({ index, code, reason })),
  };
}

const areaOfQuery = (needs: ReadingsRouteNeeds) => (request: RouteRequest) =>
  needs.areaOfAsset(String(request.query.meter ?? request.query.asset));

export function readingsRoutes(needs: ReadingsRouteNeeds): RouteDeclaration[] {
  const { service } = needs;
  const anyArray = Type.Array(Type.Unknown(), { description: 'records; each is checked on its own' });
  return [
    {
      method: 'POST',
      path: '/api/readings',
      summary: 'interval readings in; answered when they are durable',
      role: 'engineer',
      scope: { kind: 'none' },
      body: anyArray,
      response: Receipt,
      maxBodyBytes,
      takesRecords: true,
      handle: async ({ body }) => receiptOf(await needs.takeReadings(body as RecordsBody)),
    },
    {
      method: 'POST',
      path: '/api/events',
      summary: 'meter events in; answered when they are durable',
      role: 'engineer',
      scope: { kind: 'none' },
      body: anyArray,
      response: Receipt,
      maxBodyBytes,
      takesRecords: true,
      handle: async ({ body }) => receiptOf(await needs.takeEvents(body as RecordsBody)),
    },
    {
      method: 'GET',
      path: '/api/readings/latest',
      summary: 'the newest reading of a meter',
      role: 'viewer',
      scope: { kind: 'asset', areaOf: areaOfQuery(needs) },
      query: Type.Object(meterQuery),
      response: LatestReading,
      handle: ({ query }) => service.latest(String(query.meter)),
    },
    {
      method: 'GET',
      path: '/api/readings/window',
      summary: 'the newest recent readings of the meters an asset supplies',
      role: 'viewer',
      scope: { kind: 'asset', areaOf: areaOfQuery(needs) },
      query: Type.Object({
        ...assetQuery,
        after: Type.Optional(Type.Integer({ minimum: 0 })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, default: 500 })),
      }),
      response: ReadingWindow,
      handle: ({ query }) =>
        needs.window.readings(String(query.asset), Number(query.after ?? -1), Number(query.limit ?? 500)),
    },
    {
      method: 'GET',
      path: '/api/events',
      summary: 'meter events below an asset, newest first',
      role: 'viewer',
      scope: { kind: 'asset', areaOf: areaOfQuery(needs) },
      query: Type.Object({
        ...assetQuery,
        from: Type.String(),
        to: Type.Optional(Type.String()),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, default: 500 })),
      }),
      response: Type.Array(StoredEvent),
      handle: ({ query }) => {
        const { fromS, toS } = spanOf(query);
        return needs.window.events(String(query.asset), fromS, toS, Number(query.limit ?? 500));
      },
    },
    {
      method: 'GET',
      path: '/api/readings/history',
      summary: 'readings of a meter over time, in at most `points` buckets',
      role: 'viewer',
      scope: { kind: 'asset', areaOf: areaOfQuery(needs) },
      query: Type.Object({
        ...meterQuery,
        from: Type.String(),
        to: Type.Optional(Type.String()),
        points: Type.Optional(Type.Integer({ minimum: 2, maximum: 5000, default: 400 })),
      }),
      response: History,
      handle: ({ query }) => {
        const { fromS, toS } = spanOf(query);
        return service.history(String(query.meter), fromS, toS, Number(query.points ?? 400));
      },
    },
  ];
}
