import { Type } from 'typebox';
import { StormArea, StormCurve, StormFlow, StormMode, StormModeEntry, StormModeLogEntry } from '#model/api/storm.ts';
import type { RouteDeclaration, RouteRequest } from '#model/route.ts';
import type { StormService } from './service.ts';

export interface StormRouteNeeds {
  service: StormService;
  /** customers out over the last hours, and what the restoration simulation expects */
  curve: (hours: number) => Promise<StormCurve>;
}

export function stormRoutes({ service, curve }: StormRouteNeeds): RouteDeclaration[] {
  const byArea = { kind: 'rows' as const, areaOf: (row: { area_id: string }) => row.area_id };
  return [
    {
      method: 'GET',
      path: '/api/storm-mode',
      summary: 'which areas are in storm mode, since when, by whom and why; what speaks for switching',
      role: 'viewer',
      scope: byArea,
      response: Type.Array(StormMode),
      handle: () => service.modes(),
    },
    {
      method: 'POST',
      path: '/api/storm-mode',
      summary: 'switch storm mode of an area: thresholds, sampling of messages, restoration times, screen',
      role: 'operator',
      scope: { kind: 'asset', areaOf: ({ body }: RouteRequest) => (body as StormModeEntry).area },
      body: StormModeEntry,
      response: StormMode,
      audited: true,
      handle: ({ body, session }) => service.set(body as StormModeEntry, session.user),
    },
    {
      method: 'GET',
      path: '/api/storm-mode/log',
      summary: 'who switched storm mode, newest first',
      role: 'viewer',
      scope: byArea,
      response: Type.Array(StormModeLogEntry),
      handle: ({ session }) => service.log(session.areas),
    },
    {
      method: 'GET',
      path: '/api/storm/areas',
      summary: 'the storm board by area: customers out, outages, crews, latest estimates, trend, public text',
      role: 'viewer',
      scope: byArea,
      response: Type.Array(StormArea),
      handle: () => service.board(),
    },
    {
      method: 'GET',
      path: '/api/storm/flow',
      summary: 'messages and calls a minute, and messages that wait for their evaluation',
      role: 'viewer',
      scope: { kind: 'territory' },
      response: StormFlow,
      handle: () => service.flow(),
    },
    {
      method: 'GET',
      path: '/api/storm/curve',
      summary: 'customers out so far, and the restoration curve ahead',
      role: 'viewer',
      scope: { kind: 'territory' },
      query: Type.Object({ hours: Type.Optional(Type.Number({ minimum: 0.5, maximum: 168, default: 12 })) }),
      response: StormCurve,
      handle: ({ query }) => curve(Number(query.hours ?? 12)),
    },
  ];
}
