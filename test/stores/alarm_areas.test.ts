/** A store of before alarms had areas: what stands in it gets the area it lies in. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { migrate } from '#stores/postgres/migrate.ts';
import { servers, startServer } from './servers.ts';

const all = path.join(import.meta.dirname, '../../stores/postgres/migrations');

test('standing alarms of outages, crews and switching get their areas; those of the center stay of the whole utility', async () => {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-migrations-'));
  const { pool, stop } = await startServer(servers[0]);
  try {
    for (const name of await fs.readdir(all))
      if (name < '0024') await fs.copyFile(path.join(all, name), path.join(folder, name));
    await migrate(pool, folder);
    await pool.query(`
      insert into area (area_key, id, name) values (1, 'NORTH', 'North'), (2, 'SOUTH', 'South');
      insert into substation (substation_key, id, name, area_key, lon, lat, geometry_wkb) values (7, 'S', 'S', 2, 0, 0, '');
      insert into feeder (feeder_key, id, name, substation_key, source_node_key, head_equipment_key, nominal_kv)
      values (3, 'FDR-3', 'F', 7, 0, 0, 12);
      insert into crew (crew_id, name, kind, skills, size, area_id, home_lon, home_lat, shifts, status, status_since, was_in_shift)
      select id, id, 'line', '{}', 3, area, 0, 0, '[]', 'available', now(), false
      from (values ('LN-1', 'NORTH'), ('LN-1-OUT-2', 'SOUTH')) as given (id, area);
      insert into switching_order (title, state, area_id, authors, created_at, updated_at)
      values ('Work', 'aborted', 'NORTH', '{}', now(), now());
      insert into alarm (id, priority, state, raised_at, text, feeder_id)
      select id, 2, 'unacknowledged', now(), id, feeder
      from (values ('ALM-OUT-0000001', 'FDR-3'), ('CREW-LN-1-OUT-0000002', null), ('CREW-LN-1-OUT-2-OUT-0000003', null),
                   ('SWO-1', null), ('SWO-1-12', null), ('SWO-99', null), ('ALM-OE417', null)) as given (id, feeder)`);
    await migrate(pool);
    const { rows } = await pool.query<{ id: string; area_id: string | null }>('select id, area_id from alarm');
    assert.deepEqual(Object.fromEntries(rows.map((row) => [row.id, row.area_id])), {
      'ALM-OUT-0000001': 'SOUTH',
      'CREW-LN-1-OUT-0000002': 'NORTH',
      'CREW-LN-1-OUT-2-OUT-0000003': 'SOUTH',
      'SWO-1': 'NORTH',
      'SWO-1-12': 'NORTH',
      'SWO-99': null,
      'ALM-OE417': null,
    });
  } finally {
    await stop();
    await fs.rm(folder, { recursive: true, force: true });
  }
});
