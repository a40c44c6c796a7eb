/** What hangs below an asset: newest readings and events of its meters, in pages, within the area. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ApiError } from '#model/api/common.ts';
import type { Asset } from '#model/api/network.ts';
import type { LatestReading, ReadingWindow, StoredEvent } from '#model/api/readings.ts';
import { type RunningCenter, startCenter } from '../running_center.ts';

let center: RunningCenter;
let transformer: string;
let feeder: string;
const now = Math.floor(Date.now() / 900_000) * 900_000;
const at = (ms: number): string => new Date(ms).toISOString();

before(async () => {
  center = await startCenter({ meters: 2000 });
  const { body } = await center.call<Asset>('GET', '/api/network/assets/MTR-0000001');
  [transformer, feeder] = [body.transformer_id!, body.feeder_id!];
  const readings = Array.from({ length: 1999 }, (_, m) => ({
    meter_id: `MTR-${String(m + 1).padStart(7, '0')}`,
    reading_time: at(now - 900_000),
    kwh: m / 1000,
  }));
  assert.equal((await center.call('POST', '/api/readings', readings)).status, 200);
});
after(() => center?.stop());

test('the meters of a transformer with their newest readings', async () => {
  const { status, body } = await center.call<ReadingWindow>('GET', `/api/readings/window?asset=${transformer}`);
  const { body: asset } = await center.call<Asset>('GET', `/api/network/assets/${transformer}`);
  assert.deepEqual([status, body.meters, body.readings.length], [200, asset.customers_below, asset.customers_below]);
  const own = body.readings.find((reading) => reading.meter_id === 'MTR-0000001');
  assert.deepEqual([own?.kwh, own?.reading_time], [0, at(now - 900_000)]);
  const { body: latest } = await center.call<LatestReading>('GET', '/api/readings/latest?meter=MTR-0000001');
  assert.deepEqual(own, latest);
});

test('a feeder in pages: every meter once', async () => {
  const seen: string[] = [];
  let after: number | null = null;
  let meters = 0;
  do {
    const { body }: { body: ReadingWindow } = await center.call<ReadingWindow>(
      'GET',
      `/api/readings/window?asset=${feeder}&limit=100${after === null ? '' : `&after=${after}`}`,
    );
    assert.ok(body.readings.length <= 100);
    seen.push(...body.readings.map((reading) => reading.meter_id));
    meters = body.meters;
    after = body.next_after;
  } while (after !== null);
  assert.ok(meters > 100, 'one page would prove nothing');
  assert.equal(new Set(seen).size, seen.length);
  assert.ok(meters - seen.length <= 1, 'all but the meter that has never sent');
});

test('a reading older than the hot window replaces nothing, and is found in the history', async () => {
  const reading_time = at(now - 3 * 86_400_000);
  const readings = ['MTR-0000002', 'MTR-0002000'].map((meter_id) => ({ meter_id, reading_time, kwh: 9 }));
  assert.equal((await center.call('POST', '/api/readings', readings)).status, 200);
  assert.equal((await center.call('POST', '/api/pipeline/refresh')).status, 200);
  const latest = async (id: string) =>
    (await center.call<LatestReading>('GET', `/api/readings/latest?meter=${id}`)).body;
  assert.equal((await latest('MTR-0000002')).reading_time, at(now - 900_000));
  const { reading_time: found, kwh, received_at } = await latest('MTR-0002000');
  assert.deepEqual([found, kwh, received_at], [reading_time, 9, null]);
});

test('events by transformer, newest first', async () => {
  const events = [3, 1, 2].map((minutes) => ({
    meter_id: 'MTR-0000001',
    event_time: at(Date.now() - minutes * 60_000),
    type: minutes === 1 ? 'swell' : 'sag',
  }));
  assert.equal((await center.call('POST', '/api/events', events)).status, 200);
  const address = `/api/events?asset=${transformer}&from=${at(Date.now() - 3_600_000)}`;
  const { status, body } = await center.call<StoredEvent[]>('GET', address);
  assert.equal(status, 200);
  assert.deepEqual(
    body.map((event) => [event.meter_id, event.type]),
    [
      ['MTR-0000001', 'swell'],
      ['MTR-0000001', 'sag'],
      ['MTR-0000001', 'sag'],
    ],
  );
  assert.equal((await center.call<StoredEvent[]>('GET', `${address}&limit=1`)).body.length, 1);
});

test('what is not there, or in another area, says so', async () => {
  const unknown = await center.call<ApiError>('GET', '/api/readings/window?asset=NOTHING');
  assert.deepEqual([unknown.status, unknown.body.error.code], [404, 'unknown_asset']);
  assert.equal((await center.call('GET', '/api/events?asset=NOTHING&from=2026-01-01T00:00:00Z')).status, 404);
});
