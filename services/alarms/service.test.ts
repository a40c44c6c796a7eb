/** A critical customer without supply is news, each one of them. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
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
    customers_out,
    customers_affected: customers_out,
    critical_out,
    detected_at: '2026-07-04T12:00:00.000Z',
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
