/** Switching orders joined to the grid, to the present load and to the alarms. */
import type { Alarm } from '#model/api/live.ts';
import type { RouteDeclaration } from '#model/route.ts';
import type { AlarmService } from '#services/alarms/service.ts';
import { areaOf } from '#services/network/assets.ts';
import type { NetworkService } from '#services/network/service.ts';
import { presentWatts } from '#services/readings/sql.ts';
import { switchingRoutes } from '#services/switching/routes.ts';
import { makeSwitchingService, type SwitchingService } from '#services/switching/service.ts';
import type { PresentLoad } from '#services/switching/study_grid.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { makeStudyGrids } from './study_grid.ts';

export interface Switching {
  service: SwitchingService;
  routes: RouteDeclaration[];
}

interface SwitchingPieces {
  pool: Pool;
  network: NetworkService;
  alarms: AlarmService;
  alarmsChanged: (alarms: Alarm[]) => void;
  say: (text: string, areaId: string | null) => void;
}

/** Loads are those of the newest quarter hours: asked for again after this. */
const loadForMs = 60_000;

export function openSwitching({ pool, network, alarms, alarmsChanged, say }: SwitchingPieces): Switching {
  const { study, isolate } = makeStudyGrids(() => network.grid());
  let load: { atMs: number; version: string; found: Promise<PresentLoad> } | undefined;
  const areaOfDevice = (id: string): string | null => {
    const row = network.grid().network.edge.id.rowOf(id);
    return row < 0 ? null : areaOf(network.grid(), { type: 'edge', row });
  };
  const service = makeSwitchingService({
    pool,
    nowMs: Date.now,
    study,
    isolate,
    load: () => {
      const { version } = network.grid();
      if (!load || load.version !== version || Date.now() - load.atMs > loadForMs) {
        const found = presentLoad(pool, network);
        load = { atMs: Date.now(), version, found };
        found.catch(() => {
          load = undefined;
        });
      }
      return load.found;
    },
    operate: (id, open, actor, reason) => network.operate(id, open, actor, reason),
    areaOfDevice,
    notice: (id, text, area_id) => {
      // it tells of something that happened: over at once, listed until somebody has acknowledged it
      alarmsChanged([...alarms.condition(id, { priority: 2, text, area_id }), ...alarms.condition(id, null)]);
      say(text, area_id);
    },
  });
  return { service, routes: switchingRoutes({ service, areaOfDevice }) };
}

/** The newest recent reading of each meter; peak demand where there is none or it says nothing, as in an outage. */
async function presentLoad(pool: Pool, network: NetworkService): Promise<PresentLoad> {
  const { meter } = network.grid().network;
  const { meterKeys, watts } = await presentWatts(pool);
  const kwOf = meter.peakKw.slice();
  let measured = 0;
  meterKeys.forEach((key, i) => {
    if (key >= kwOf.length || !(watts[i] > 0)) return;
    kwOf[key] = watts[i] / 1000;
    measured++;
  });
  return { kwOf, measuredShare: meter.count === 0 ? 0 : measured / meter.count, at: new Date().toISOString() };
}
