import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { generateTerritory } from '#sources/territory/generate.ts';
import { defineSpatialViews, migrate } from '#stores/postgres/migrate.ts';
import { writeNetwork } from '#stores/postgres/network_tables.ts';
import { servers, startServer, type TestServer } from './servers.ts';

const [embedded, withPostgis] = servers;

test('without PostGIS there are no spatial views, and nothing fails', async () => {
  const on = await startServer(embedded);
  try {
    await migrate(on.pool);
    assert.equal(await defineSpatialViews(on.pool), false);
  } finally {
    await on.stop();
  }
});

describe('with PostGIS', { skip: withPostgis.skip }, () => {
  const network = generateTerritory({ scale: 4000, seed: 5 });
  let on: TestServer;
  before(async () => {
    on = await startServer(withPostgis);
    await migrate(on.pool);
    assert.equal(await defineSpatialViews(on.pool), true);
    await writeNetwork(on.pool, network, { sha256: '' });
  });
  after(() => on?.stop());

  // `&&` compares boxes in single precision (that is what the index holds); the bounds decide at the border.
  test('a box holds the same equipment in PostGIS as in process', async () => {
    const { edge, vertex, node } = network;
    const [lon, lat] = [node.lonE7[100] / 1e7, node.latE7[100] / 1e7];
    for (const half of [0.002, 0.01, 0.05]) {
      const box = [lon - half, lat - half, lon + half, lat + half];
      const { rows } = await on.pool.query<{ equipment_key: number }>(
        'select equipment_key from equipment_geometry where geometry && st_makeenvelope($1, $2, $3, $4, 4326) and st_xmin(geometry) <= $3 and st_xmax(geometry) >= $1 and st_ymin(geometry) <= $4 and st_ymax(geometry) >= $2 order by 1',
        box,
      );
      const inProcess: number[] = [];
      for (let e = 0; e < edge.count; e++) {
        let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
        for (let v = edge.vertexOffset[e]; v < edge.vertexOffset[e + 1]; v++) {
          west = Math.min(west, vertex.lonE7[v] * 1e-7);
          east = Math.max(east, vertex.lonE7[v] * 1e-7);
          south = Math.min(south, vertex.latE7[v] * 1e-7);
          north = Math.max(north, vertex.latE7[v] * 1e-7);
        }
        if (west <= box[2] && east >= box[0] && south <= box[3] && north >= box[1]) inProcess.push(e);
      }
      assert.ok(inProcess.length > 0);
      assert.deepEqual(
        rows.map((row) => row.equipment_key),
        inProcess,
      );
    }
  });

  test('lengths of lines in PostGIS are those of the model', async () => {
    const { rows } = await on.pool.query<{ ours: number; theirs: number }>(
      "select sum(length_m)::float8 as ours, sum(st_length(geometry::geography))::float8 as theirs from equipment_geometry where kind = 'line_segment'",
    );
    assert.ok(Math.abs(rows[0].ours / rows[0].theirs - 1) < 0.02, JSON.stringify(rows[0]));
  });

  test('every view answers, and is made again over itself', async () => {
    assert.equal(await defineSpatialViews(on.pool), true);
    for (const [view, count] of [
      ['substation_geometry', network.substation.count],
      ['equipment_geometry', network.edge.count],
      ['meter_geometry', network.meter.count],
      ['outage_geometry', 0],
    ] as const) {
      const { rows } = await on.pool.query(
        `select count(*) as n, count(*) filter (where geometry is null or not st_isvalid(geometry)) as bad from ${view}`,
      );
      assert.deepEqual(rows, [{ n: count, bad: 0 }], view);
    }
  });
});
