/** The HTTP door of telemetry: device states for a utility without a topic of grid events. */
import { Type } from 'typebox';
import { Instant } from '#model/api/common.ts';
import type { RouteDeclaration } from '#model/route.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import type { DeviceStates } from './device_states.ts';
import { refusedStates, reportStates } from './sql.ts';

const GridEvent = Type.Object({
  device_id: Type.String({ minLength: 1, maxLength: 128 }),
  event_time: Instant,
  state: Type.Enum(['open', 'closed']),
});

export function gridEventRoutes(pool: Pool, states: DeviceStates): RouteDeclaration[] {
  return [
    {
      method: 'POST',
      path: '/api/grid-events',
      summary:
        'states of breakers, reclosers and switches as telemetry sees them; the newest by event time operates the grid',
      role: 'engineer',
      scope: { kind: 'none' },
      body: Type.Array(GridEvent, { maxItems: 10_000 }),
      response: Type.Object({ accepted: Type.Integer(), duplicate: Type.Integer() }),
      handle: async ({ body }) => {
        const events = body as { device_id: string; event_time: string; state: string }[];
        const fresh = await reportStates(pool, events, 'http');
        states.wake();
        return { accepted: fresh.length, duplicate: events.length - fresh.length };
      },
    },
    {
      method: 'GET',
      path: '/api/grid-events/refused',
      summary: 'reported device states that could not operate the grid, with the reason, newest first',
      role: 'viewer',
      scope: { kind: 'territory' },
      handle: () => refusedStates(pool, 500),
    },
  ];
}
