import { Type } from 'typebox';
import {
  Asset,
  NetworkSummary,
  SearchHit,
  SwitchOperation,
  SwitchResult,
  Trace,
  TraceDirection,
} from '#model/api/network.ts';
import { FluxError } from '#model/errors.ts';
import type { RouteDeclaration, RouteRequest } from '#model/route.ts';
import { areaOf } from './assets.ts';
import type { NetworkService } from './service.ts';

const idParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });
const columnBundle = 'application/vnd.flux.columns';

/** west,south,east,north in degrees. @throws FluxError `bad_request` */
function boundsFrom(text: unknown): [number, number, number, number] | undefined {
  if (text === undefined) return undefined;
  const numbers = String(text).split(',').map(Number);
  const [west, south, east, north] = numbers;
  if (numbers.length !== 4 || numbers.some((n) => !Number.isFinite(n)) || west > east || south > north) {
    throw new FluxError(
      'bad_request',
      'bbox must be west,south,east,north in degrees, e.g. bbox=-95.5,29.6,-95.3,29.8',
    );
  }
  return [west, south, east, north];
}

interface FeederRow {
  area_id: string;
}

export function networkRoutes(service: NetworkService): RouteDeclaration[] {
  const areaOfId = { kind: 'asset' as const, areaOf: ({ params }: RouteRequest) => service.areaOfAsset(params.id) };
  const rowsByArea = { kind: 'rows' as const, areaOf: (row: FeederRow) => row.area_id };
  return [
    {
      method: 'GET',
      path: '/api/network/summary',
      summary: 'what the network consists of',
      role: 'viewer',
      scope: { kind: 'territory' },
      response: NetworkSummary,
      handle: () => service.summary(),
    },
    {
      method: 'GET',
      path: '/api/network/substations',
      summary: 'all substations',
      role: 'viewer',
      scope: rowsByArea,
      handle: () => substationRows(service),
    },
    {
      method: 'GET',
      path: '/api/network/feeders',
      summary: 'feeders whose head lies in a bounding box',
      role: 'viewer',
      scope: rowsByArea,
      query: Type.Object({ bbox: Type.Optional(Type.String({ description: 'west,south,east,north' })) }),
      handle: ({ query }) => feederRows(service, boundsFrom(query.bbox)),
    },
    {
      method: 'GET',
      path: '/api/network/search',
      summary: 'assets whose id or name holds the words',
      role: 'viewer',
      scope: { kind: 'territory' },
      query: Type.Object({
        q: Type.String({ minLength: 1, maxLength: 128 }),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 12 })),
      }),
      response: Type.Array(SearchHit),
      handle: ({ query }) => service.search(String(query.q).trim(), Number(query.limit ?? 12)),
    },
    {
      method: 'GET',
      path: '/api/network/assets/{id}',
      summary: 'one asset with what hangs below it',
      role: 'viewer',
      scope: areaOfId,
      params: idParams,
      response: Asset,
      handle: ({ params }) => service.asset(params.id),
    },
    {
      method: 'GET',
      path: '/api/network/trace/{id}',
      summary: 'trace down, up, or the devices that isolate a fault',
      role: 'viewer',
      scope: areaOfId,
      params: idParams,
      query: Type.Object({ direction: TraceDirection, rows: Type.Optional(Type.Boolean({ default: true })) }),
      response: Trace,
      handle: ({ params, query }) => service.trace(params.id, query.direction as 'down', query.rows !== false),
    },
    {
      method: 'GET',
      path: '/api/network/switches/{id}/lookahead',
      summary: 'what an operation would drop and restore, without doing it',
      role: 'viewer',
      scope: areaOfId,
      params: idParams,
      query: Type.Object({ operation: Type.Enum(['open', 'close']) }),
      response: SwitchResult,
      handle: ({ params, query }) => service.lookAhead(params.id, query.operation === 'open'),
    },
    {
      method: 'POST',
      path: '/api/network/switches/{id}',
      summary: 'record a switching operation and apply it to the topology',
      role: 'operator',
      scope: areaOfId,
      params: idParams,
      body: SwitchOperation,
      response: SwitchResult,
      audited: true,
      handle: ({ params, body, session }) => {
        const { operation, reason } = body as { operation: 'open' | 'close'; reason: string };
        return service.operate(params.id, operation === 'open', session.user, reason);
      },
    },
    {
      method: 'GET',
      path: '/api/map/current',
      summary: 'the version the map bundles are addressed by',
      role: 'viewer',
      scope: { kind: 'none' },
      response: Type.Object({ version: Type.String() }),
      handle: () => ({ version: service.grid().version }),
    },
    {
      method: 'GET',
      path: '/api/map/{version}/network',
      summary: 'the whole network for drawing (binary columns, see model/map.ts)',
      role: 'viewer',
      scope: { kind: 'territory' },
      cacheSeconds: 'immutable',
      params: Type.Object({ version: Type.String() }),
      handle: async ({ params }) => ({
        bytes: await service.mapNetwork(params.version),
        contentType: columnBundle,
        contentEncoding: 'br',
      }),
    },
    {
      method: 'GET',
      path: '/api/map/{version}/meters/{substation}',
      summary: 'the meters of one substation for drawing (binary columns)',
      role: 'viewer',
      scope: {
        kind: 'asset',
        areaOf: ({ params }) => areaOf(service.grid(), { type: 'substation', row: Number(params.substation) }),
      },
      cacheSeconds: 'immutable',
      params: Type.Object({ version: Type.String(), substation: Type.Integer({ minimum: 0 }) }),
      handle: async ({ params }) => ({
        bytes: await service.mapMeters(params.version, Number(params.substation)),
        contentType: columnBundle,
        contentEncoding: 'br',
      }),
    },
    {
      method: 'GET',
      path: '/api/map/meter/{key}',
      summary: 'the asset of a meter key of the current map version',
      role: 'viewer',
      scope: { kind: 'asset', areaOf: ({ params }) => service.assetOfMeter(Number(params.key)).area_id },
      params: Type.Object({ key: Type.Integer({ minimum: 0 }) }),
      response: Asset,
      handle: ({ params }) => service.assetOfMeter(Number(params.key)),
    },
    {
      method: 'GET',
      path: '/api/map/edge/{row}',
      summary: 'the asset of an edge row of the current map version',
      role: 'viewer',
      scope: { kind: 'asset', areaOf: ({ params }) => service.assetOfEdge(Number(params.row)).area_id },
      params: Type.Object({ row: Type.Integer({ minimum: 0 }) }),
      response: Asset,
      handle: ({ params }) => service.assetOfEdge(Number(params.row)),
    },
  ];
}

const degree = 1e-7;

function substationRows(service: NetworkService) {
  const { network } = service.grid();
  const { substation, area } = network;
  return Array.from({ length: substation.count }, (_, row) => ({
    id: substation.id.at(row),
    name: substation.name[row],
    area_id: area.id.at(substation.area[row]),
    lon: substation.lonE7[row] * degree,
    lat: substation.latE7[row] * degree,
  }));
}

function feederRows(service: NetworkService, bounds: [number, number, number, number] | undefined) {
  const { network, operated } = service.grid();
  const { feeder, substation, area } = network;
  const rows = [];
  for (let row = 0; row < feeder.count; row++) {
    const of = feeder.substation[row];
    const lon = network.node.lonE7[feeder.sourceNode[row]] * degree;
    const lat = network.node.latE7[feeder.sourceNode[row]] * degree;
    if (bounds && (lon < bounds[0] || lat < bounds[1] || lon > bounds[2] || lat > bounds[3])) continue;
    const below = operated.countBelow(feeder.headEdge[row]);
    rows.push({
      id: feeder.id.at(row),
      name: feeder.name[row],
      substation_id: substation.id.at(of),
      area_id: area.id.at(substation.area[of]),
      lon,
      lat,
      nominal_kv: feeder.nominalKv[row],
      customers: below.customers,
      kw: below.kw,
    });
  }
  return rows;
}
