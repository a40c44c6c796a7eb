/** What programs outside rely on: routes and shapes, and the names of metrics. `npm run bless` accepts a change. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ApiError } from '#model/api/common.ts';
import { type RunningCenter, startCenter } from '../running_center.ts';
import { matchesSnapshot } from '../snapshot.ts';

let center: RunningCenter;
before(async () => {
  center = await startCenter({ meters: 500 });
});
after(() => center?.stop());

test('OpenAPI document', async () => {
  const { body } = await center.call<{ info: { version: string } }>('GET', '/api/openapi.json');
  assert.match(body.info.version, /^\d+\.\d+\.\d+$/);
  body.info.version = 'masked';
  // every route answers errors in the one shape: once is enough
  const isError = (value: unknown): boolean =>
    (value as { properties?: typeof ApiError.properties })?.properties?.error?.properties?.can_retry !== undefined;
  const shortened = JSON.stringify(body, (_key, value) => (isError(value) ? 'ApiError' : value), 1);
  assert.match(shortened, /"ApiError"/);
  await matchesSnapshot('openapi.json', `${shortened}\n`);
});

test('names, types and labels of metrics', async () => {
  const { body: events } = await center.call('POST', '/api/events', []);
  assert.ok(events);
  const { body } = await center.call<Uint8Array>('GET', '/metrics');
  const text = Buffer.from(body).toString();
  const types = [...text.matchAll(/^# TYPE (flux_\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  // Node's own come and go with the platform
  const ours = types.filter((line) => !/^flux_(nodejs|process)_/.test(line)).sort();
  await matchesSnapshot('metrics.txt', `${ours.join('\n')}\n`);
});
