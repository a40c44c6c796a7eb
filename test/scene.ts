/** What a test has to know of a running center's territory: devices with the meters below them, and messages from these. */
import assert from 'node:assert/strict';
import type { Asset, SearchHit, Trace } from '#model/api/network.ts';
import { decodeColumns } from '#model/columns.ts';
import { decodeDeltaPlanes } from '#model/delta.ts';
import type { MeterEventType } from '#model/reading.ts';
import type { RunningCenter } from './running_center.ts';

export interface SceneEdge {
  id: string;
  feeder: string | null;
  row: number;
  /** ids of the meters it supplies (transformers: directly) */
  meters: string[];
}

const pathOf = (id: string): string => encodeURIComponent(id);

/** Transformer row and id of every meter, from the map bundles and the search. */
async function metersByTransformer(center: RunningCenter): Promise<Map<number, string[]>> {
  const { version } = (await center.call<{ version: string }>('GET', '/api/map/current')).body;
  const { body: substations } = await center.call<unknown[]>('GET', '/api/network/substations');
  const byRow = new Map<number, string[]>();
  const idOfKey = await meterIds(center);
  for (let substation = 0; substation < substations.length; substation++) {
    const { body } = await center.call<Uint8Array<ArrayBuffer>>('GET', `/api/map/${version}/meters/${substation}`);
    const { columns } = decodeColumns(body.buffer, body.byteOffset, body.byteLength);
    const keys = decodeDeltaPlanes(columns['meter.key'] as Uint8Array);
    const rows = decodeDeltaPlanes(columns['meter.transformer'] as Uint8Array);
    keys.forEach((key, i) => {
      const list = byRow.get(rows[i]) ?? [];
      list.push(idOfKey(key));
      byRow.set(rows[i], list);
    });
  }
  return byRow;
}

/** Generated territories number their meters in key order. */
async function meterIds(center: RunningCenter): Promise<(key: number) => string> {
  const { body } = await center.call<SearchHit[]>('GET', '/api/network/search?q=MTR-0000001&limit=1');
  assert.equal(body[0]?.id, 'MTR-0000001');
  return (key) => `MTR-${String(key + 1).padStart(7, '0')}`;
}

/** The devices of a kind that the search finds, with their feeder; transformers with their meters. */
export async function edgesOf(center: RunningCenter, kind: 'power_transformer' | 'fuse'): Promise<SceneEdge[]> {
  if (kind === 'power_transformer') {
    const edges: SceneEdge[] = [];
    for (const [row, meters] of await metersByTransformer(center)) {
      if (row < 0) continue;
      const { body } = await center.call<Asset>('GET', `/api/map/edge/${row}`);
      edges.push({ id: body.id, feeder: body.feeder_id, row, meters });
    }
    return edges;
  }
  const { body } = await center.call<SearchHit[]>('GET', '/api/network/search?q=FU-&limit=100');
  return Promise.all(
    body.map(async ({ id }) => {
      const asset = (await center.call<Asset>('GET', `/api/network/assets/${pathOf(id)}`)).body;
      return { id, feeder: asset.feeder_id, row: asset.edge_row!, meters: [] };
    }),
  );
}

/** Rows of the edges below a device, itself included. */
export async function rowsBelow(center: RunningCenter, id: string): Promise<Set<number>> {
  const { body } = await center.call<Trace>('GET', `/api/network/trace/${pathOf(id)}?direction=down`);
  return new Set(new Uint32Array(Uint8Array.fromBase64(body.edge_rows).buffer));
}

/** Ids of all meters below a device. */
export async function metersOf(center: RunningCenter, id: string): Promise<string[]> {
  const rows = await rowsBelow(center, id);
  return [...(await metersByTransformer(center))].flatMap(([row, meters]) => (rows.has(row) ? meters : []));
}

/** Sends one message of each meter; all must be new. */
export async function postEvents(
  center: RunningCenter,
  type: MeterEventType,
  meters: string[],
  atMs = Date.now(),
): Promise<void> {
  const event_time = new Date(atMs).toISOString();
  const answer = await center.call<{ accepted: number }>(
    'POST',
    '/api/events',
    meters.map((meter_id) => ({ meter_id, event_time, type })),
  );
  assert.deepEqual([answer.status, answer.body.accepted], [200, meters.length], JSON.stringify(answer.body));
}
