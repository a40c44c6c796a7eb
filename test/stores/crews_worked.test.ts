/** Crews that worked, from their log: hours within the period, each crew once, by area. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { crewsWorked } from '#services/crews/worked.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { servers, startServer, type TestServer } from './servers.ts';

let server: TestServer;
const hour = 3_600_000;
const t = Date.parse('2026-02-03T12:00:00Z');

before(async () => {
  server = await startServer(servers[0]);
  await migrate(server.pool);
  for (const [id, kind, size, area] of [
    ['LN-1', 'line', 4, 'NORTH'],
    ['LN-2', 'line', 3, 'SOUTH'],
    ['TR-1', 'tree', 2, 'NORTH'],
    ['LN-9', 'line', 5, 'NORTH'],
  ])
    await server.pool.query(
      `insert into crew (crew_id, name, kind, skills, size, area_id, home_lon, home_lat, shifts, status, status_since, was_in_shift)
       values ($1, $1, $2, '{}', $3, $4, 0, 0, '[]', 'available', now(), false)`,
      [id, kind, size, area],
    );
  const log = (crew: string, hours: number, status: string, outage: string | null, before: string | null = null) =>
    server.pool.query(
      `insert into crew_log (crew_id, at, actor, verb, from_status, to_status, outage_id)
       values ($1, $2, 'ann', 'any', $3, $4, $5)`,
      [crew, new Date(t + hours * hour), before, status, outage],
    );
  await log('LN-1', -3, 'en_route', 'OUT-1');
  await log('LN-1', -1, 'on_site', 'OUT-1');
  // a job that waits, and is taken away again
  await log('LN-1', 1, 'on_site', 'OUT-9', 'on_site');
  await log('LN-1', 1.5, 'on_site', 'OUT-9', 'on_site');
  await log('LN-1', 2, 'available', 'OUT-1');
  await log('LN-1', 3, 'en_route', 'OUT-2');
  await log('LN-1', 3.5, 'on_site', 'OUT-2');
  await log('LN-1', 4, 'off_shift', null);
  await log('LN-2', 8, 'on_site', 'OUT-1');
  await log('TR-1', 1, 'on_site', 'OUT-3');
  await log('TR-1', 2, 'on_break', null);
  // never left its base
  await log('LN-9', 1, 'assigned', 'OUT-2');
});
after(() => server.stop());

test('hours are those within the period; what began before it or lasts beyond it is cut', async () => {
  assert.deepEqual(await crewsWorked(server.pool, t, t + 10 * hour, null), [
    { kind: 'line', crews: 2, people: 7, outages: 2, hoursOnSite: 2 + 0.5 + 2, hoursUnderWay: 0.5 },
    { kind: 'tree', crews: 1, people: 2, outages: 1, hoursOnSite: 1, hoursUnderWay: 0 },
  ]);
  // two periods that follow each other add up
  const parts = await Promise.all([
    crewsWorked(server.pool, t, t + 3.25 * hour, null),
    crewsWorked(server.pool, t + 3.25 * hour, t + 10 * hour, null),
  ]);
  const hours = parts.flat().reduce((sum, one) => sum + one.hoursOnSite + one.hoursUnderWay, 0);
  assert.equal(hours, 6);
});

test('of other areas nothing is told', async () => {
  assert.deepEqual(await crewsWorked(server.pool, t, t + 10 * hour, ['SOUTH']), [
    { kind: 'line', crews: 1, people: 3, outages: 1, hoursOnSite: 2, hoursUnderWay: 0 },
  ]);
  assert.deepEqual(await crewsWorked(server.pool, t, t + 10 * hour, []), []);
});
