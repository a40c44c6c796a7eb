/**
 * The worst moments one by one: a process that ingests ends at every fsync, rename and write of its batches, or the
 * disk fails there. After each, what was acknowledged is there once, and the next process goes on.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Engine, startEngine } from '#stores/columnar/engine.ts';
import { sweepSegments } from '#stores/columnar/segments.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { openPool, type Pool } from '#stores/postgres/pool.ts';
import { cleanUp, temporaryFolder } from '../running_center.ts';
import { checkIngest } from './ingest.ts';
import { type Fault, ingestWithFault, straceMissing } from './syscall_faults.ts';

const missing = straceMissing();
const source = 'sequence';
const batches = 3;

describe('system calls that kill or fail', { skip: process.env.CI ? false : (missing ?? false) }, () => {
  let folder: string;
  let postgres: EmbeddedPostgres;
  let pool: Pool;
  let engine: Engine;
  let acknowledged = 0;

  before(async () => {
    folder = await temporaryFolder();
    postgres = await startEmbeddedPostgres(folder);
    pool = openPool({ connection: postgres.connection });
    await migrate(pool);
    await sweepSegments(folder, new Set());
    engine = startEngine({ name: 'check', path: ':memory:', temporaryFolder: folder });
  });
  after(async () => {
    await engine?.stop();
    await pool?.end();
    await postgres?.stop();
    await cleanUp(folder);
  });

  /** @returns whether the fault hit before the batches were done */
  async function survives(fault: Fault): Promise<boolean> {
    const task = { dataFolder: folder, connection: postgres.connection, source, batches };
    const run = await ingestWithFault(task, fault);
    acknowledged = Math.max(acknowledged, run.acknowledged);
    const problems = await checkIngest({ pool, engine, dataFolder: folder, source }, acknowledged);
    assert.deepEqual(problems, [], `after ${fault.calls} ${fault.nth}: ${run.said}`);
    return !run.endedItself;
  }

  // a commit syncs the file, renames it, and syncs the folder
  test('killed at every fsync', async () => {
    for (let nth = 1; nth <= 2 * batches; nth++)
      assert.ok(await survives({ calls: 'fsync', does: 'signal=SIGKILL', nth }), `fsync ${nth} was not reached`);
  });

  test('killed at every rename', async () => {
    for (let nth = 1; nth <= batches; nth++)
      assert.ok(await survives({ calls: 'rename', does: 'signal=SIGKILL', nth }), `rename ${nth} was not reached`);
  });

  test('killed at every write, to the file and to PostgreSQL, from the start to the end', async (t) => {
    let hit = 0;
    let nth = 1;
    // The last writes of a run are a few more or less: three in a row that are not reached are the end.
    for (let beyond = 0; beyond < 3 && nth < 300; nth++) {
      const reached = await survives({ calls: 'write,writev,pwrite64,sendto', does: 'signal=SIGKILL', nth });
      beyond = reached ? 0 : beyond + 1;
      if (reached) hit++;
    }
    assert.ok(hit > 30, `only ${hit} writes were reached`);
    t.diagnostic(`${hit} writes, ${acknowledged} readings acknowledged`);
  });

  for (const error of ['EIO', 'ENOSPC'])
    test(`fsync and rename fail with ${error}: not acknowledged, and the next attempt lands`, async () => {
      for (const calls of ['fsync', 'rename'])
        for (let nth = 1; nth <= batches; nth++) assert.ok(await survives({ calls, does: `error=${error}`, nth }));
    });

  test('without a fault all batches land', async () => {
    const before = acknowledged;
    assert.equal(await survives({ calls: 'fsync', does: 'error=EIO', nth: 1000 }), false);
    assert.ok(acknowledged > before);
  });
});
