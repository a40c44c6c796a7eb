/** What a center answers: each capability's routes, given what they need of the others. */
import type { Hub } from '#http/push.ts';
import type { Throughput } from '#model/api/pipeline.ts';
import type { RouteDeclaration } from '#model/route.ts';
import { alarmRoutes } from '#services/alarms/routes.ts';
import type { AlarmService } from '#services/alarms/service.ts';
import { analyticsRoutes } from '#services/analytics/routes.ts';
import { generatorRoutes } from '#services/generator/routes.ts';
import type { GeneratorService } from '#services/generator/service.ts';
import { findAsset, metersOf } from '#services/network/assets.ts';
import { networkRoutes } from '#services/network/routes.ts';
import type { NetworkService } from '#services/network/service.ts';
import type { OutageService } from '#services/outages/service.ts';
import { pipelineRoutes } from '#services/pipeline/routes.ts';
import type { PipelineService } from '#services/pipeline/service.ts';
import type { SetAsideService } from '#services/pipeline/set_aside.ts';
import { setAsideRoutes } from '#services/pipeline/set_aside_routes.ts';
import { readingsRoutes } from '#services/readings/routes.ts';
import { makeReadingsService } from '#services/readings/service.ts';
import { makeWindowService } from '#services/readings/window.ts';
import type { Engine } from '#stores/columnar/engine.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { assetKeys } from './asset_keys.ts';
import type { Config } from './config.ts';
import type { Door } from './door.ts';

export interface CenterParts {
  config: Config;
  pool: Pool;
  analytics: Engine;
  network: NetworkService;
  outages: OutageService;
  alarms: AlarmService;
  hub: Hub;
  pipeline: PipelineService;
  door: Door;
  setAside: SetAsideService;
  throughput: () => Throughput;
  generator: GeneratorService;
  /** a folder or a bucket is watched */
  takesFiles: boolean;
}

export function centerRoutes(parts: CenterParts): RouteDeclaration[] {
  const { pool, analytics, network, outages, alarms, hub, pipeline, door } = parts;
  const columns = () => network.grid().network;
  const { feedersOf, keyOf, areaOfId } = assetKeys(() => network.grid());
  const freshTo = () => pipeline.freshTo();
  return [
    ...networkRoutes(network),
    ...readingsRoutes({
      service: makeReadingsService({
        pool,
        engine: analytics,
        meterRowOf: (id) => columns().meter.id.rowOf(id),
        freshTo,
      }),
      window: makeWindowService({
        pool,
        metersOf: (id) => metersOf(network.grid(), findAsset(network.grid(), id)),
        meterIdOf: (row) => columns().meter.id.at(row),
      }),
      areaOfAsset: areaOfId,
      takeReadings: door.takeReadings,
      takeEvents: door.takeEvents,
    }),
    ...alarmRoutes({
      service: alarms,
      changed: (alarm) => hub.publish({ alarms: [alarm] }),
    }),
    ...analyticsRoutes({
      engine: analytics,
      feedersOf,
      keyOf,
      areaOfAsset: (_level, id) => areaOfId(id),
      customersOut: outages.customersOut,
      freshTo,
      areaOf: (_level, id) => (id ? areaOfId(id) : null),
    }),
    ...pipelineRoutes({
      service: pipeline,
      pool,
      landing: { engine: analytics, dataFolder: parts.config.dataFolder, network: columns },
      throughput: parts.throughput,
      takesFiles: parts.takesFiles,
    }),
    ...setAsideRoutes(parts.setAside, pool),
    ...generatorRoutes(parts.generator),
  ];
}
