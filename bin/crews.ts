/** Crews and switching joined to the outages, the grid and the alarms. */
import type { Crew } from '#model/api/crews.ts';
import type { Alarm } from '#model/api/live.ts';
import type { Outage } from '#model/api/outages.ts';
import { FluxError } from '#model/errors.ts';
import type { RouteDeclaration } from '#model/route.ts';
import type { AlarmService } from '#services/alarms/service.ts';
import { type OutageFact, takesCrew } from '#services/crews/follow.ts';
import { crewRoutes } from '#services/crews/routes.ts';
import { seedCrews } from '#services/crews/seed.ts';
import { type CrewService, makeCrewService } from '#services/crews/service.ts';
import { shiftsAround } from '#services/crews/shifts.ts';
import { type CrewRow, hasCrews, keepCrew } from '#services/crews/sql.ts';
import type { CrewFact } from '#services/etr/simulation.ts';
import type { NetworkService } from '#services/network/service.ts';
import type { OutageService } from '#services/outages/service.ts';
import { Random } from '#sources/territory/random.ts';
import { inTransaction, type Pool } from '#stores/postgres/pool.ts';
import type { Config } from './config.ts';

export interface Crews {
  service: CrewService;
  routes: RouteDeclaration[];
}

export interface CrewTellers {
  alarmsChanged: (alarms: Alarm[]) => void;
  crewsChanged: (crews: Crew[]) => void;
  say: (text: string, areaId: string | null) => void;
}

interface CrewPieces extends CrewTellers {
  pool: Pool;
  network: NetworkService;
  outages: () => OutageService;
  alarms: AlarmService;
  report: (message: string, error: unknown) => void;
  /** a simulated clock, UTC epoch ms */
  drivenMs?: () => number;
}

/** Streams of randomness of a territory's seed; any number no other piece uses. */
const seedStream = 0x6372_6577;

/** The crews of a synthetic territory, unless it has any: its making may have been killed before this. */
export async function seedTerritoryCrews(
  pool: Pool,
  network: NetworkService,
  seed: number,
  zone: string,
): Promise<number> {
  if (await hasCrews(pool)) return 0;
  const random = new Random(seed, seedStream);
  const crews = seedCrews(network.grid().network, () => random.unit(), zone);
  const at = new Date();
  await inTransaction(pool, async (client) => {
    for (const crew of crews)
      await keepCrew(client, crew, at, shiftsAround(crew.shifts, at.getTime()).current !== null);
  });
  return crews.length;
}

/** The roster as restorations are simulated with it: where each crew is, or else its base, and when it is on duty. */
export function crewFacts(crews: readonly CrewRow[], nowMs: number): CrewFact[] {
  return crews.flatMap(({ crew_id: id, area_id: area, lat, lon, home_lat, home_lon, status, shifts }) => {
    const { current, next } = shiftsAround(shifts, nowMs);
    const shift = current ?? next;
    if (shift === null || status === 'unavailable') return [];
    const place = { lat: lat ?? home_lat, lon: lon ?? home_lon };
    return { id, area, ...place, onDutyS: shift.fromMs / 1000, offDutyS: shift.toMs / 1000 };
  });
}

export function openCrews(config: Config, pieces: CrewPieces): Crews {
  const { pool, network, outages, alarms } = pieces;
  const factOf = (outage: Outage): OutageFact => ({
    ...outage,
    underground: network.grid().network.edge.underground[outage.edge_row] === 1,
  });
  const service = makeCrewService({
    pool,
    nowMs: pieces.drivenMs ?? Date.now,
    isDriven: pieces.drivenMs !== undefined,
    settings: { kmh: config.crewKmh, detour: config.crewDetour },
    outageOf: async (id) => {
      const open = outages()
        .open()
        .find((outage) => outage.id === id);
      if (open) return factOf(open);
      try {
        return factOf((await outages().detail(id)).outage);
      } catch (error) {
        if (error instanceof FluxError && error.code === 'unknown_outage') return null;
        throw error;
      }
    },
    openOutages: () =>
      outages()
        .open()
        .filter((outage) => takesCrew(outage.state))
        .map(factOf),
    act: async (id, verb, { actor, ...said }) => {
      await outages().act(id, { verb, ...said }, actor);
    },
    changed: pieces.crewsChanged,
    notice: (crew, outageId, text) => {
      const id = `CREW-${crew.crew_id}-${outageId}`;
      // a crew lent to another area: both must know, so that everybody is told
      const isLent = outages()
        .open()
        .some((outage) => outage.id === outageId && outage.area_id !== crew.area_id);
      const area_id = isLent ? null : crew.area_id;
      const raised = alarms.condition(id, { priority: crew.status === 'en_route' ? 2 : 3, text, area_id });
      // it tells of something that happened: over at once, listed until somebody has acknowledged it
      pieces.alarmsChanged([...raised, ...alarms.condition(id, null)]);
      pieces.say(text, area_id);
    },
    report: pieces.report,
  });
  return {
    service,
    routes: crewRoutes({ service, areaOfOutage: (id) => outages().areaOf(id) }),
  };
}
