import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeMeterEventColumns, makeReadingColumns } from '#model/reading.ts';
import type { Batch, Claim } from '#model/stream.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { networkSha256, readSnapshot, writeSnapshot } from '#stores/network_snapshot.ts';
import { knownSegmentPaths, makeLedger, replaceSegments, segmentsAfter } from '#stores/postgres/ledger.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { networkState, readNetwork, writeNetwork } from '#stores/postgres/network_tables.ts';
import { root } from '../running_center.ts';
import { schemaOf } from './schema.ts';
import { servers, startServer, type TestServer } from './servers.ts';

const schemaFile = path.join(root, 'stores', 'postgres', 'schema.snapshot.sql');

/** `[meter, interval number, wh, quality]` */
function batchOf(claim: Claim, rows: [number, number, number, number][]): Batch {
  const readings = makeReadingColumns(rows.length);
  for (const [meter, interval, wh, quality] of rows) {
    const i = readings.count++;
    readings.meterKey[i] = meter;
    readings.intervalStartS[i] = 1_767_225_600 + interval * 900;
    readings.intervalMinutes[i] = 15;
    readings.wh[i] = wh;
    readings.decivolt[i] = 2400;
    readings.quality[i] = quality;
  }
  return {
    source: claim.source,
    partition: claim.partition,
    offsetFrom: claim.nextOffset,
    offsetTo: claim.nextOffset + rows.length,
    receivedAtMs: 1_767_300_000_000,
    readings,
    setAside: [],
  };
}

const manifestOf = (batch: Batch) => ({
  source: batch.source,
  partition: batch.partition,
  offsetFrom: batch.offsetFrom,
  offsetTo: batch.offsetTo,
  rowCount: batch.readings.count,
  path: `${batch.source}-${batch.offsetFrom}.parquet`,
  byteCount: 1,
  sha256: '',
  sumWh: 0,
  minIntervalStartS: 0,
  maxIntervalStartS: 0,
});

for (const server of servers) {
  describe(server.name, { skip: server.skip }, () => {
    let on: TestServer;
    before(async () => {
      on = await startServer(server);
    });
    after(() => on?.stop());

    test('migrations run from empty, once, and give the committed schema', async () => {
      assert.ok((await migrate(on.pool)).length >= 4);
      assert.deepEqual(await migrate(on.pool), []);
      const schema = await schemaOf(on.pool);
      if (process.env.BLESS) await fs.writeFile(schemaFile, schema);
      assert.equal(
        schema,
        await fs.readFile(schemaFile, 'utf8'),
        'the schema differs: `npm run bless` if that is wanted',
      );
    });

    test('an edited or unknown migration stops the start', async () => {
      await on.pool.query("update schema_migration set sha256 = 'x' where name like '0002%'");
      await assert.rejects(migrate(on.pool), { code: 'migration_changed' });
      const file = path.join(root, 'stores', 'postgres', 'migrations');
      const name = (await fs.readdir(file)).find((entry) => entry.startsWith('0002'))!;
      const { createHash } = await import('node:crypto');
      await on.pool.query('update schema_migration set sha256 = $1 where name = $2', [
        createHash('sha256')
          .update(await fs.readFile(path.join(file, name)))
          .digest('hex'),
        name,
      ]);
      await on.pool.query("insert into schema_migration (name, sha256) values ('9999_future.sql', '')");
      await assert.rejects(migrate(on.pool), { code: 'schema_too_new' });
      await on.pool.query("delete from schema_migration where name = '9999_future.sql'");
      assert.deepEqual(await migrate(on.pool), []);
    });

    test('a network goes into its tables and comes back the same, from the snapshot and from the tables', async () => {
      const network = generateTerritory({ scale: 1500, seed: 3 });
      const sha256 = await writeSnapshot(on.folder, network);
      assert.equal(await writeNetwork(on.pool, network, { sha256, seed: 3 }), 1);
      assert.deepEqual(await networkState(on.pool), { name: network.name, version: 1, sha256, seed: 3 });
      const fromFile = await readSnapshot(on.folder, sha256);
      assert.equal(networkSha256(fromFile!), sha256);
      assert.equal(networkSha256(await readNetwork(on.pool)), sha256);
      assert.equal(await readSnapshot(on.folder, 'other'), undefined, 'a snapshot of another version is none');
    });

    test('hot rows keep the newest interval, and of one interval the better or newer quality', async () => {
      const ledger = makeLedger(on.pool);
      const claim = await ledger.claim('hot', 0, 'reading');
      const commit = async (rows: [number, number, number, number][]) => {
        const batch = batchOf(claim, rows);
        const done = await ledger.commitReadings(claim, batch, manifestOf(batch));
        claim.nextOffset = batch.offsetTo;
        return done.duplicateRows;
      };
      const hot = async () =>
        (await on.pool.query('select meter_key, wh, quality from ami_realtime where meter_key < 3 order by meter_key'))
          .rows;
      assert.deepEqual(
        await commit([
          [0, 5, 100, 1],
          [1, 5, 200, 1],
          [0, 5, 100, 1],
        ]),
        [2],
        'a repeated row of the batch',
      );
      assert.deepEqual(
        await commit([
          [0, 4, 90, 1],
          [1, 5, 200, 1],
        ]),
        [1],
        'what is current already',
      );
      assert.deepEqual(
        await hot(),
        [
          { meter_key: 0, wh: 100, quality: 1 },
          { meter_key: 1, wh: 200, quality: 1 },
        ],
        'an older interval changes nothing',
      );
      await commit([
        [0, 5, 111, 3],
        [1, 5, 222, 0],
      ]);
      assert.deepEqual(
        await hot(),
        [
          { meter_key: 0, wh: 100, quality: 1 },
          { meter_key: 1, wh: 222, quality: 0 },
        ],
        'an estimate never replaces an actual',
      );
      await commit([
        [0, 6, 7, 3],
        [2, 1, 1, 1],
      ]);
      assert.deepEqual(await hot(), [
        { meter_key: 0, wh: 7, quality: 3 },
        { meter_key: 1, wh: 222, quality: 0 },
        { meter_key: 2, wh: 1, quality: 1 },
      ]);
    });

    test('an older owner and a wrong offset are fenced, and leave nothing', async () => {
      const ledger = makeLedger(on.pool);
      const first = await ledger.claim('fence', 0, 'reading');
      const second = await ledger.claim('fence', 0, 'reading');
      const late = batchOf(first, [[9, 1, 1, 1]]);
      await assert.rejects(ledger.commitReadings(first, late, manifestOf(late)), { code: 'fenced' });
      const gap = { ...batchOf(second, [[9, 1, 1, 1]]), offsetFrom: 5, offsetTo: 6 };
      await assert.rejects(ledger.commitReadings(second, gap, manifestOf(gap)), { code: 'fenced' });
      assert.equal((await on.pool.query('select 1 from ami_realtime where meter_key = 9')).rowCount, 0);
      assert.ok(![...(await knownSegmentPaths(on.pool))].some((name) => name.startsWith('fence')));
      await assert.rejects(ledger.claim('fence', 0, 'event'), { code: 'source_kind' });
    });

    test('events are stored once, in order, and counted', async () => {
      const ledger = makeLedger(on.pool);
      const claim = await ledger.claim('events', 0, 'event');
      const send = async (rows: [number, number, number][], refused: string[] = []) => {
        const events = makeMeterEventColumns(rows.length);
        for (const [meter, atMs, type] of rows) {
          const i = events.count++;
          events.meterKey[i] = meter;
          events.eventTimeMs[i] = atMs;
          events.type[i] = type;
        }
        const setAside = refused.map((content, index) => ({ index, code: 'test', reason: 'test', content }));
        const batch = {
          source: 'events',
          partition: 0,
          offsetFrom: claim.nextOffset,
          offsetTo: claim.nextOffset + rows.length + refused.length,
          receivedAtMs: 1,
          events,
          setAside,
        };
        const done = await ledger.commitEvents(claim, batch);
        claim.nextOffset = batch.offsetTo;
        return done;
      };
      const first = await send(
        [
          [1, 1_767_225_600_123, 0],
          [2, 1_767_225_600_500, 1],
          [1, 1_767_225_600_123, 0],
        ],
        ['a\u0000b'],
      );
      assert.deepEqual([first.eventRows, first.duplicateRows], [[0, 1], [2]]);
      const again = await send([
        [2, 1_767_225_600_500, 1],
        [2, 1_767_225_600_501, 1],
      ]);
      assert.deepEqual([again.eventRows, again.duplicateRows], [[1], [0]]);
      assert.ok(again.eventIds[0] > first.eventIds[1]);
      const { rows } = await on.pool.query(
        "select received, landed, duplicate, set_aside from stream_position where source = 'events'",
      );
      assert.deepEqual(rows, [{ received: 6, landed: 3, duplicate: 2, set_aside: 1 }]);
    });

    test('merged segments stand in the place of their parts', async () => {
      const ledger = makeLedger(on.pool);
      const claim = await ledger.claim('merge', 0, 'reading');
      for (let i = 0; i < 3; i++) {
        const batch = batchOf(claim, [[3, i, i, 1]]);
        await ledger.commitReadings(claim, batch, manifestOf(batch));
        claim.nextOffset = batch.offsetTo;
      }
      const parts = (await segmentsAfter(on.pool, 0, 1000)).filter((row) => row.source === 'merge');
      await replaceSegments(on.pool, parts, {
        ...parts[0],
        offsetTo: parts[2].offsetTo,
        rowCount: 3,
        path: 'merged.parquet',
      });
      const left = (await segmentsAfter(on.pool, 0, 1000)).filter((row) => row.source === 'merge');
      assert.deepEqual(
        left.map((row) => [row.segmentId, row.path, row.rowCount]),
        [[parts[2].segmentId, 'merged.parquet', 3]],
      );
    });

    test('the audit log can not be changed', async () => {
      await on.pool.query("insert into audit_log (actor, action, subject, outcome) values ('a', 'b', 'c', 'd')");
      for (const change of ['update audit_log set actor = null', 'delete from audit_log', 'truncate audit_log']) {
        await assert.rejects(on.pool.query(change), /append-only/);
      }
    });
  });
}
