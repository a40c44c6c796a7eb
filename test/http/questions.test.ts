/** The dashboard's questions as a client asks them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ApiError } from '#model/api/common.ts';
import { type RunningCenter, startCenter } from '../running_center.ts';

let center: RunningCenter;
const from = '2026-03-07T00:00:00Z';
const to = '2026-03-10T00:00:00Z';
const path = (name: string, more: Record<string, string> = {}): string =>
  `/api/analytics/questions/${name}?${new URLSearchParams({ from, to, ...more })}`;

before(async () => {
  center = await startCenter({ meters: 500 });
});
after(() => center?.stop());

interface Listed {
  name: string;
  id: { level: string; required: boolean } | null;
}
type Row = Record<string, unknown>;

test('twelve questions are listed, and each is answered', async () => {
  const feeders = (await center.call<{ id: string; substation_id: string }[]>('GET', '/api/network/feeders')).body;
  const [substation] = (await center.call<{ id: string }[]>('GET', '/api/network/substations')).body;
  const ids: Record<string, string> = { feeder: feeders[0].id, substation: substation.id, meter: 'MTR-0000001' };
  const readings = Array.from({ length: 8 }, (_, i) => ({
    meter_id: ids.meter,
    reading_time: new Date(Date.parse('2026-03-08T12:00:00Z') + i * 900_000).toISOString(),
    kwh: 0.25 * i,
    voltage: 241.5,
  }));
  assert.equal((await center.call('POST', '/api/readings', readings)).status, 200);
  assert.equal((await center.call('POST', '/api/pipeline/refresh')).status, 200);
  const listed = (await center.call<Listed[]>('GET', '/api/analytics/questions')).body;
  assert.equal(listed.length, 12);
  for (const { name, id } of listed) {
    const answer = await center.call<Row[]>('GET', path(name, id ? { id: ids[id.level] } : {}));
    assert.equal(answer.status, 200, `${name}: ${JSON.stringify(answer.body)}`);
    assert.ok(Array.isArray(answer.body), name);
  }
  const [load] = (await center.call<Row[]>('GET', path('system_load_by_hour'))).body;
  assert.deepEqual([load.time_s, load.wh, load.mean_kw], [Date.parse('2026-03-08T12:00:00Z') / 1000, 1500, 1.5]);
  const [day] = (await center.call<Row[]>('GET', path('meter_year_by_day', { id: ids.meter }))).body;
  assert.deepEqual(
    [day.local_date, day.wh, day.readings, day.mean_volts, day.min_volts],
    ['2026-03-08', 7000, 8, 241.5, 241.5],
  );
});

test('what can not be asked is refused in words', async () => {
  const cases: [string, number, string][] = [
    [path('load_by_moonlight'), 404, 'not_found'],
    [path('meter_year_by_day'), 400, 'bad_request'],
    [path('system_load_by_hour', { id: 'MTR-0000001' }), 400, 'bad_request'],
    [path('meter_year_by_day', { id: 'NOBODY' }), 404, 'unknown_asset'],
    [path('system_load_by_hour', { points: '0' }), 400, 'bad_request'],
  ];
  for (const [address, status, code] of cases) {
    const answer = await center.call<ApiError>('GET', address);
    assert.deepEqual([answer.status, answer.body.error?.code], [status, code], address);
  }
});
