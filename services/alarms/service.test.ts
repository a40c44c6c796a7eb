/** A critical customer without supply is news, each one of them. What is raised again counts from then; each has its area. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Alarm } from '#model/api/live.ts';
import type { Outage } from '#model/api/outages.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { openPool, type Pool } from '#stores/postgres/pool.ts';
import { makeAlarmService } from './service.ts';

let folder: string;
let server: EmbeddedPostgres;
let pool: Pool;
before(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-alarms-'));
  await fs.chmod(folder, 0o755);
  server = await startEmbeddedPostgres(folder);
  pool = openPool({ connection: server.connection });
  await migrate(pool);
});
after(async () => {
  await pool.end();
  await server.stop();
  await fs.rm(folder, { recursive: true, force: true });
});

const outage = (customers_out: number, critical_out: number): Outage =>
  ({
    id: 'OUT-1',
    state: 'predicted',
    device_id: 'FU-1',
    device_kind: 'fuse',
    feeder_id: 'FDR-1',
    area_id: 'NORTH',
    customers_out,
    customers_affected: customers_out,
    critical_out,
    updated_at: '2026-07-04T12:00:00.000Z',
  }) as Outage;

test('an acknowledged alarm is news again with the first critical customer and with every further one, not with plain ones', async () => {
  const alarms = makeAlarmService(pool, (_message, error) => assert.fail(String(error)));
  await alarms.start();
  const follow = (customers: number, critical: number) => alarms.follow(outage(customers, critical), true)[0];
  assert.equal(follow(12, 0).priority, 4);
  await alarms.acknowledge('ALM-OUT-1', 'ann');
  const hit = follow(14, 1);
  assert.deepEqual([hit.priority, hit.state], [1, 'unacknowledged']);
  assert.match(hit.text, /1 critical/);
  await alarms.acknowledge('ALM-OUT-1', 'ann');
  assert.equal(follow(15, 1).state, 'acknowledged');
  assert.equal(follow(15, 2).state, 'unacknowledged');
  await alarms.acknowledge('ALM-OUT-1', 'ann');
  // one comes back, and goes again: not a further one
  assert.equal(follow(15, 1).state, 'acknowledged');
  assert.equal(follow(15, 2).state, 'acknowledged');
  await alarms.stop();
});

/** What a center reads that starts now. */
async function stored(): Promise<Map<string, Alarm>> {
  const again = makeAlarmService(pool, (_message, error) => assert.fail(String(error)));
  await again.start();
  return new Map(again.active().map((alarm) => [alarm.id, alarm]));
}

test('raised again, an alarm has the time it was raised at now, also after a restart; while it stands it keeps it', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-07-04T12:00:00Z') });
  const alarms = makeAlarmService(pool, (_message, error) => assert.fail(String(error)));
  await alarms.start();
  const raise = (text: string) => alarms.condition('ALM-HEADEND', { priority: 2, text });
  raise('No pings: it does not answer');
  t.mock.timers.tick(60_000);
  assert.equal(raise('No pings: it refuses')[0].at, '2026-07-04T12:00:00.000Z');
  assert.equal(alarms.condition('ALM-HEADEND', null)[0].at, '2026-07-04T12:00:00.000Z');
  t.mock.timers.tick(60_000);
  assert.equal(raise('No pings: it refuses')[0].at, '2026-07-04T12:02:00.000Z');
  await alarms.acknowledge('ALM-HEADEND', 'ann');
  alarms.condition('ALM-HEADEND', null);
  await alarms.stop();
  assert.equal((await stored()).has('ALM-HEADEND'), false);
  t.mock.timers.tick(60_000);
  raise('No pings: it refuses');

  const reopened = { ...outage(3, 0), id: 'OUT-2' };
  alarms.follow(reopened, true);
  assert.equal(
    alarms.follow({ ...reopened, updated_at: '2026-07-04T13:00:00.000Z' }, false)[0].at,
    reopened.updated_at,
  );
  alarms.follow({ ...reopened, updated_at: '2026-07-04T14:00:00.000Z' }, true);
  await alarms.stop();
  const now = await stored();
  assert.equal(now.get('ALM-HEADEND')?.at, '2026-07-04T12:03:00.000Z');
  assert.equal(now.get('ALM-OUT-2')?.at, '2026-07-04T14:00:00.000Z');
});

test('an alarm keeps its area over a restart; in another area it is news; none: of the whole utility', async () => {
  const alarms = makeAlarmService(pool, (_message, error) => assert.fail(String(error)));
  await alarms.start();
  alarms.follow({ ...outage(3, 0), id: 'OUT-3' }, true);
  const raise = (area_id?: string) => alarms.condition('SWO-1', { priority: 2, text: 'left a tag', area_id });
  raise('NORTH');
  await alarms.acknowledge('SWO-1', 'ann');
  assert.deepEqual(raise('NORTH'), []);
  assert.deepEqual(
    raise('SOUTH').map(({ area_id, state }) => [area_id, state]),
    [['SOUTH', 'unacknowledged']],
  );
  alarms.condition('ALM-OE417', { priority: 1, text: 'report within the hour' });
  await alarms.stop();
  const now = await stored();
  const ids = ['ALM-OUT-3', 'SWO-1', 'ALM-OE417'];
  assert.deepEqual(
    ids.map((id) => now.get(id)?.area_id),
    ['NORTH', 'SOUTH', null],
  );
  alarms.follow({ ...outage(3, 0), id: 'OUT-3', area_id: 'SOUTH' }, true);
  assert.deepEqual(
    ids.map((id) => alarms.areaOf(id)),
    ['SOUTH', 'SOUTH', null],
  );
  await alarms.stop();
});
