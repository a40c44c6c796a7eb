/** Reliability indices joined to the network, the alarms and the push hub. */
import type { Alarm } from '#model/api/live.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { RouteDeclaration } from '#model/route.ts';
import { crewsWorked } from '#services/crews/worked.ts';
import { reliabilityRoutes } from '#services/reliability/routes.ts';
import { makeReliabilityService, type ReliabilityService } from '#services/reliability/service.ts';
import type { Pool } from '#stores/postgres/pool.ts';

export interface ReliabilityPieces {
  pool: Pool;
  network: () => NetworkColumns;
  timeZone: string;
  /** @returns alarms that changed by it */
  condition: (id: string, wrong: { priority: 1 | 2 | 3 | 4; text: string } | null) => Alarm[];
  publish: (alarms: Alarm[]) => void;
  report: (message: string, error: unknown) => void;
}

export function openReliability(pieces: ReliabilityPieces): {
  service: ReliabilityService;
  routes: RouteDeclaration[];
} {
  const { pool, network, timeZone, report } = pieces;
  const service = makeReliabilityService({
    ...{ pool, network, report },
    zone: timeZone,
    crewsWorked: (fromMs, toMs, areas) => crewsWorked(pool, fromMs, toMs, areas),
    alarm: (wrong) => {
      const changed = pieces.condition('ALM-OE417', wrong);
      if (changed.length > 0) pieces.publish(changed);
    },
  });
  return { service, routes: reliabilityRoutes(service) };
}
