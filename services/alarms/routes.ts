import { Type } from 'typebox';
import { Alarm } from '#model/api/live.ts';
import type { RouteDeclaration } from '#model/route.ts';
import type { AlarmService } from './service.ts';

export function alarmRoutes(needs: { service: AlarmService; changed: (alarm: Alarm) => void }): RouteDeclaration[] {
  const { service } = needs;
  return [
    {
      method: 'GET',
      path: '/api/alarms',
      summary: 'alarms that are not back to normal',
      role: 'viewer',
      scope: { kind: 'rows', areaOf: (alarm: Alarm) => alarm.area_id },
      response: Type.Array(Alarm),
      handle: () => service.active(),
    },
    {
      method: 'POST',
      path: '/api/alarms/{id}/acknowledge',
      summary: 'acknowledge an alarm',
      role: 'operator',
      scope: { kind: 'asset', areaOf: ({ params }) => service.areaOf(params.id) },
      params: Type.Object({ id: Type.String({ maxLength: 80 }) }),
      response: Alarm,
      audited: true,
      handle: async ({ params, session }) => {
        const alarm = await service.acknowledge(params.id, session.user);
        needs.changed(alarm);
        return alarm;
      },
    },
  ];
}
