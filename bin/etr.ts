/** Restoration times joined to the outages, the network and the crews. */
import fs from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FluxError, messageOf } from '#model/errors.ts';
import { edgeKinds, type NetworkColumns } from '#model/network.ts';
import type { RouteDeclaration } from '#model/route.ts';
import { etrDefaults } from '#services/etr/decide.ts';
import { type EtrModel, parseModel } from '#services/etr/model.ts';
import type { EtrNeeds } from '#services/etr/needs.ts';
import { etrRoutes } from '#services/etr/routes.ts';
import { type EtrService, makeEtrService } from '#services/etr/service.ts';
import { type CrewFact, type Draw, simulationDefaults } from '#services/etr/simulation.ts';
import { isOut } from '#services/outages/lifecycle.ts';
import type { OutageService } from '#services/outages/service.ts';
import { hashUnit, mix } from '#sources/territory/random.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import type { Config } from './config.ts';

export interface Etr {
  service: EtrService;
  routes: RouteDeclaration[];
}

export interface EtrPieces {
  pool: Pool;
  network: () => NetworkColumns;
  placeOfEdge: (edge: number) => { lon: number; lat: number };
  outages: () => OutageService;
  /** areas in storm mode; none where nothing switches it */
  inStorm?: (area: string) => boolean;
  /** crews on file; an assumed roster where there are none */
  crews?: () => Promise<CrewFact[]>;
  report: (message: string, error: unknown) => void;
  /** a simulated clock, UTC epoch ms */
  drivenMs?: () => number;
}

export async function openEtr(config: Config, pieces: EtrPieces): Promise<Etr> {
  const { network } = pieces;
  const places = networkPlaces(network, pieces.placeOfEdge);
  const outages = pieces.outages;
  const service = makeEtrService({
    pool: pieces.pool,
    model: await modelFor(config),
    timeZone: config.timeZone,
    settings: etrDefaults,
    simulation: simulationDefaults,
    nowMs: pieces.drivenMs ?? Date.now,
    isDriven: pieces.drivenMs !== undefined,
    draw: hashedDraw(config.seed),
    open: () =>
      outages()
        .open()
        .filter(({ state }) => isOut(state)),
    outage: async (id) => (await outages().detail(id)).outage,
    placeOf: places.placeOf,
    areaOfZone: places.areaOfZone,
    inStorm: pieces.inStorm ?? (() => false),
    crews: async () => {
      const onFile = (await pieces.crews?.()) ?? [];
      return onFile.length > 0 ? { crews: onFile, assumed: false } : { crews: assumedCrews(network()), assumed: true };
    },
    changed: (ids) => outages().etrChanged(ids),
    report: pieces.report,
  });
  const routes = etrRoutes({ service, areaOfOutage: (id) => outages().areaOf(id), areaOfZone: places.areaOfZone });
  return { service, routes };
}

/** `etr-model.json` of the data folder where one was fitted, else the one that ships. */
export async function modelFor(config: Pick<Config, 'dataFolder'>): Promise<EtrModel> {
  const own = path.join(config.dataFolder, 'etr-model.json');
  const text = await fs.readFile(own, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw new FluxError('bad_model', `${own} can not be read: ${messageOf(cause)}`, { cause });
  });
  if (text !== undefined) return parseModel(text, own);
  const shipped = path.join(import.meta.dirname, '../services/etr/data/default_model.json.gz');
  return parseModel(gunzipSync(await fs.readFile(shipped)).toString('utf8'), shipped);
}

/** Numbers that belong to an outage, a run and a stage, whatever else is simulated. */
export function hashedDraw(seed: number): Draw {
  return (outage) => {
    let hash = seed;
    for (let i = 0; i < outage.length; i++) hash = mix(hash, outage.charCodeAt(i));
    return (run, stage) => hashUnit(mix(hash, run), stage === 'assess' ? 1 : 2);
  };
}

/** Where devices, service points and zones of the network are. */
export function networkPlaces(network: () => NetworkColumns, placeOfEdge: EtrPieces['placeOfEdge']) {
  const areaOfSubstation = (row: number): string => network().area.id.at(network().substation.area[row]);
  return {
    placeOf: (deviceKey: number, meterKey: number): ReturnType<EtrNeeds['placeOf']> => {
      const { edge, feeder, meter } = network();
      const zone = areaOfSubstation(feeder.substation[edge.feeder[deviceKey]]);
      if (meterKey < 0) return { ...placeOfEdge(deviceKey), zone, device: edgeKinds[edge.kind[deviceKey]] };
      return { lon: meter.lonE7[meterKey] * 1e-7, lat: meter.latE7[meterKey] * 1e-7, zone, device: 'service_point' };
    },
    areaOfZone: (zone: string): string | undefined => {
      const { area, substation, feeder } = network();
      if (area.id.rowOf(zone) >= 0) return zone;
      const station = substation.id.rowOf(zone);
      if (station >= 0) return areaOfSubstation(station);
      const row = feeder.id.rowOf(zone);
      return row >= 0 ? areaOfSubstation(feeder.substation[row]) : undefined;
    },
  };
}

/** Nobody told of crews: three of them in every area, always on duty, in the middle of its substations. */
export function assumedCrews({ area, substation }: NetworkColumns): CrewFact[] {
  const sums = Array.from({ length: area.count }, () => ({ n: 0, lon: 0, lat: 0 }));
  for (let row = 0; row < substation.count; row++) {
    const sum = sums[substation.area[row]];
    sum.n++;
    sum.lon += substation.lonE7[row] * 1e-7;
    sum.lat += substation.latE7[row] * 1e-7;
  }
  return sums.flatMap(({ n, lon, lat }, row) =>
    n === 0
      ? []
      : Array.from({ length: 3 }, (_, i) => ({
          id: `${area.id.at(row)} ${i + 1}`,
          area: area.id.at(row),
          lon: lon / n,
          lat: lat / n,
          onDutyS: 0,
          offDutyS: Number.MAX_SAFE_INTEGER,
        })),
  );
}
