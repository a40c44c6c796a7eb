/** The log can only grow, and no change of it stays unseen: not even one made past the trigger. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { inTransaction, openPool, type Pool } from '#stores/postgres/pool.ts';
import type { LogEntry } from './log.ts';
import { appendLog, chainLogOfBefore, verifyLog } from './log_sql.ts';

let folder: string;
let server: EmbeddedPostgres;
let pool: Pool;

before(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-log-'));
  await fs.chmod(folder, 0o755);
  server = await startEmbeddedPostgres(folder);
  pool = openPool({ connection: server.connection });
  await migrate(pool);
  await pool.query(`
    insert into outage (id, outage_no, state, device_key, feeder_key, customers_out, customers_affected, critical_out, started_at,
                        detected_at, is_open, source, revision, updated_at, record)
    values ('OUT-1', 1, 'predicted', 0, 0, 1, 1, 0, now(), now(), true, 'last_gasp', 1, now(), '{}')`);
});
after(async () => {
  await pool.end();
  await server.stop();
  await fs.rm(folder, { recursive: true, force: true });
});

/** What nobody does in earnest: a superuser who switches the trigger off. */
async function pastTheTrigger(sql: string): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query('set local session_replication_role = replica');
    await client.query(sql);
  });
}
const entry = (no: number): LogEntry => ({
  outage_id: 'OUT-1',
  at: new Date(1_783_500_000_000 + no * 1000),
  actor: no % 2 === 0 ? 'engine' : 'ada',
  verb: 'confirm',
  from_state: no === 0 ? null : 'predicted',
  to_state: 'confirmed',
  reason: no % 3 === 0 ? null : `seen “${no}”`,
  revision: no,
});
const append = (from: number, count: number) =>
  inTransaction(pool, (client) =>
    appendLog(
      client,
      Array.from({ length: count }, (_, i) => entry(from + i)),
    ),
  );

beforeEach(async () => {
  await pastTheTrigger("delete from outage_log; update outage_log_head set entries = 0, hash = ''");
});

test('G2 a log that nobody touched is whole, also where two write at once', async () => {
  assert.equal((await verifyLog(pool)).entries, 0);
  await Promise.all(Array.from({ length: 8 }, (_, i) => append(i * 10, 10)));
  const verdict = await verifyLog(pool);
  assert.deepEqual([verdict.entries, verdict.broken], [80, null]);
  assert.match(verdict.head, /^[0-9a-f]{64}$/);
});

test('G1 the database refuses to change, delete or empty it', async () => {
  await append(0, 3);
  for (const change of [
    "update outage_log set reason = 'other'",
    'update outage_log set hash = null',
    "update outage_log set hash = 'x'",
    'delete from outage_log',
    'truncate outage_log',
  ]) {
    await assert.rejects(pool.query(change), /the outage log only grows/, change);
  }
  assert.equal((await verifyLog(pool)).broken, null);
});

const plantedChanges: { what: string; sql: string; broken: number }[] = [
  { what: 'a reason', sql: `update outage_log set reason = 'other' where revision = 4`, broken: 4 },
  { what: 'an actor', sql: `update outage_log set actor = 'eve' where revision = 0`, broken: 0 },
  { what: 'a time', sql: `update outage_log set at = at - interval '1 minute' where revision = 7`, broken: 7 },
  { what: 'a deleted entry', sql: 'delete from outage_log where revision = 5', broken: 6 },
  {
    what: 'two entries that changed places',
    sql: `
      update outage_log as log set (at, actor, reason, revision, hash) =
        (select other.at, other.actor, other.reason, other.revision, other.hash from outage_log as other where other.revision = 5 - log.revision)
      where log.revision in (2, 3)`,
    broken: 3,
  },
];
for (const { what, sql, broken } of plantedChanges) {
  test(`${what}: the first entry that does not follow is named`, async () => {
    await append(0, 10);
    await pastTheTrigger(sql);
    const verdict = await verifyLog(pool);
    const { rows } = await pool.query('select log_id from outage_log where revision = $1', [broken]);
    assert.equal(verdict.broken?.log_id, rows[0].log_id);
    assert.equal(verdict.entries, broken === 6 ? 5 : broken === 3 ? 2 : broken);
  });
}

test('G2 an end that was cut off is missed', async () => {
  await append(0, 10);
  await pastTheTrigger('delete from outage_log where revision >= 8');
  const { broken, entries } = await verifyLog(pool);
  assert.equal(entries, 8);
  assert.match(broken!.why, /ends after 8 entries, 10 were written/);
});

test('entries of before the chain are chained once; a hash can not be given twice', async () => {
  await pool.query(`
    insert into outage_log (outage_id, at, actor, verb, from_state, to_state, reason)
    select 'OUT-1', now() + no * interval '1 second', 'engine', 'aged', null, 'probable', 'old' from generate_series(1, 25) as no`);
  assert.equal((await verifyLog(pool)).broken?.why, 'it carries no hash');
  assert.equal(await chainLogOfBefore(pool), 25);
  assert.deepEqual([(await verifyLog(pool)).entries, (await verifyLog(pool)).broken], [25, null]);
  assert.equal(await chainLogOfBefore(pool), 0);
  await append(0, 2);
  assert.equal((await verifyLog(pool)).entries, 27);
  await pool.query(
    `insert into outage_log (outage_id, at, actor, verb, to_state) values ('OUT-1', now(), 'eve', 'close', 'closed')`,
  );
  await assert.rejects(chainLogOfBefore(pool), { code: 'log_broken' });
});
