/** Outages through a real store: what is kept of their steps, and what can be done with one after a restart. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { verbsWithReason } from '#model/api/outages.ts';
import { FluxError } from '#model/errors.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { writeNetwork } from '#stores/postgres/network_tables.ts';
import { openPool, type Pool } from '#stores/postgres/pool.ts';
import { all, feeder, type Message, messages } from './engine_testbed.ts';
import { makeOutageService, type OutageService } from './service.ts';
import { defaultThresholds } from './thresholds.ts';

let folder: string;
let server: EmbeddedPostgres;
let pool: Pool;
let service: OutageService;
let startS: number;
let lastEventId = 0;
const bed = feeder();
/** Seconds ago: no hold window runs, and what trickles in within a minute makes one step. */
const thresholds = { ...defaultThresholds, stepMergeS: 60 };

before(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-outages-'));
  await fs.chmod(folder, 0o755);
  server = await startEmbeddedPostgres(folder);
  pool = openPool({ connection: server.connection });
  await migrate(pool);
  await writeNetwork(pool, bed.network, { sha256: 'x', seed: 1 });
});
after(async () => {
  await pool.end();
  await server.stop();
  await fs.rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  startS = Math.floor(Date.now() / 1000) - 7200;
  await start();
});
afterEach(async () => {
  await service.stop();
  await pool.query(`
    set session_replication_role = replica; -- the log only grows otherwise
    truncate outage, outage_step, outage_log, meter_outage_span, meter_supply cascade;
    set session_replication_role = origin`);
});

async function start(): Promise<void> {
  service = makeOutageService({
    ...{ pool, thresholds },
    grid: () => ({ view: bed.grid, network: bed.network, placeOf: () => ({ lon: 0, lat: 0 }) }),
    etrOf: () => null,
    positions: async () => [],
    planned: async () => [],
    withoutCommunication: async () => [],
    changed: () => undefined,
    report: (message, error) => assert.fail(`${message}: ${String(error)}`),
  });
  await service.start();
}
async function restart(): Promise<void> {
  await service.stop();
  await start();
}
async function send(list: readonly Message[]): Promise<void> {
  const before = lastEventId;
  lastEventId += list.length;
  service.apply(
    messages(list.map(([meter, type, atS]): Message => [meter, type, startS + atS])),
    ...[before, lastEventId, Date.now()],
  );
  await service.settled();
}
const stored = async (): Promise<{ no: number; open: boolean; out: number }[]> =>
  (
    await pool.query(`
      select step.step_no as no, step.to_at is null as open, step.customers_out as out
      from outage_step as step order by step.outage_id, step.step_no`)
  ).rows;
const outNow = async (): Promise<number> => {
  const nowS = Math.floor(Date.now() / 1000);
  return [...(await service.customersOut(undefined, nowS, nowS + 1, 60)).values()][0];
};

async function darkAndConfirmed(): Promise<string> {
  await send(all(bed.below('F1'), 'last_gasp', 0));
  const [{ id }] = service.open();
  await service.act(id, { verb: 'confirm', reason: 'seen' }, 'ann');
  return id;
}
const refusal = (code: string) => (error: unknown) => error instanceof FluxError && error.code === code;

test('R1 the store has the steps of the record and no other: a running step that is taken back leaves none open', async () => {
  const id = await darkAndConfirmed();
  await send(all(bed.below('T1'), 'power_restored', 1800));
  assert.deepEqual(await stored(), [
    { no: 1, open: false, out: 24 },
    { no: 2, open: true, out: 18 },
  ]);
  assert.equal(await outNow(), 18);
  // within the merge time: everybody is back at the end of the first step, and nobody is out in a second one
  await send(all([...bed.below('T2'), ...bed.below('T3'), ...bed.below('T4')], 'power_restored', 1830));
  const check = async (): Promise<void> => {
    assert.deepEqual(await stored(), [{ no: 1, open: false, out: 24 }]);
    assert.equal(await outNow(), 0);
  };
  await check();
  await restart();
  await check();
  assert.equal((await service.detail(id)).steps.length, 1);
  // the planted bug: the row stays, and 18 customers are out for ever
  await pool.query('insert into outage_step values ($1, 2, now(), null, 18, 0)', [id]);
  await assert.rejects(check());
});

test('a prediction that is withdrawn, and one that another takes in, leave no step running', async () => {
  await send(all(bed.below('T1'), 'last_gasp', 0));
  const [first] = service.open();
  assert.deepEqual(await stored(), [{ no: 1, open: true, out: 6 }]);
  await service.act(first.id, { verb: 'reject', reason: 'a test of the line' }, 'ann');
  assert.deepEqual(await stored(), []);
});

test('what was closed before a restart can be reopened, closed and looked into after it', async () => {
  const id = await darkAndConfirmed();
  await service.act(id, { verb: 'restore', reason: 'fuse replaced' }, 'ann');
  await service.act(id, { verb: 'close', reason: 'done' }, 'ann');
  const before = await service.detail(id);
  await restart();
  assert.deepEqual(service.open(), []);
  assert.equal((await service.evidence(id)).outage_id, id);
  const after = await service.act(id, { verb: 'reopen', reason: 'the street is dark' }, 'ben');
  assert.deepEqual([after.outage.state, after.outage.customers_out], ['confirmed', 24]);
  assert.deepEqual(after.log.slice(0, before.log.length), before.log);
  assert.ok(after.outage.revision > before.outage.revision);
  assert.deepEqual(
    service.open().map((one) => [one.id, one.customers_out]),
    [[id, 24]],
  );
  assert.equal(await outNow(), 24);
  // it is an outage like any: its meters come back, and it survives the next restart
  await restart();
  assert.deepEqual(
    service.membersOf(id).toSorted((a, b) => a - b),
    bed.below('F1'),
  );
  await assert.rejects(
    service.act('OUT-9999999', { verb: 'reopen', reason: 'no such' }, 'ben'),
    refusal('unknown_outage'),
  );
});

test('merging into one that was closed before a restart is refused for what it is, not as unknown', async () => {
  const closed = await darkAndConfirmed();
  for (const verb of ['restore', 'close'] as const) await service.act(closed, { verb, reason: 'done' }, 'ann');
  await restart();
  await send(all(bed.below('V1'), 'last_gasp', 3600));
  const [open] = service.open();
  await assert.rejects(
    service.act(open.id, { verb: 'merge', into: closed, reason: 'the same' }, 'ann'),
    refusal('bad_merge'),
  );
});

test('an outage placed by hand is confirmed, takes in the predictions below and is the same after a restart', async () => {
  await send(all(bed.below('T1'), 'last_gasp', 0));
  const [predicted] = service.open();
  const placed = await service.place('F1', { reason: 'fuse seen hanging', cause: 'tree' }, 'ann');
  assert.deepEqual(
    [placed.outage.id, placed.outage.device_id, placed.outage.state, placed.outage.customers_out, placed.outage.cause],
    [predicted.id, 'F1', 'confirmed', 24, 'tree'],
  );
  assert.deepEqual(
    placed.log.slice(-1).map(({ actor, verb, reason }) => [actor, verb, reason]),
    [['ann', 'confirm', 'fuse seen hanging']],
  );
  await assert.rejects(service.place('F1', { reason: 'again' }, 'ben'), refusal('already_there'));
  await assert.rejects(service.place('NO-SUCH', { reason: 'again' }, 'ben'), refusal('unknown_asset'));
  await restart();
  assert.deepEqual((await service.detail(placed.outage.id)).outage, placed.outage);
});

test('S1 what was closed before a restart answers as before it: deciding meters, members, evidence', async () => {
  const id = await darkAndConfirmed();
  await service.act(id, { verb: 'restore', reason: 'fuse replaced' }, 'ann');
  await service.act(id, { verb: 'close', reason: 'done' }, 'ann');
  const said = async () => [await service.decidingMeters(id), service.membersOf(id), await service.evidence(id)];
  const before = await said();
  await restart();
  assert.deepEqual(await said(), before);
  await restart();
  assert.deepEqual(service.membersOf(id), [], 'named first');
  await restart();
  assert.deepEqual(await service.decidingMeters(id), before[0], 'named first');
  await assert.rejects(service.decidingMeters('OUT-999999'), refusal('unknown_outage'));
});

test('R6 meters left over from an outage that was closed before a restart are out from its restoration on, not twice', async () => {
  const id = await darkAndConfirmed();
  await send(all(bed.below('F1').slice(2), 'power_restored', 1800));
  const before = await service.detail(id);
  assert.equal(before.outage.state, 'restored');
  await service.act(id, { verb: 'close', reason: 'done' }, 'ann');
  await restart();
  await pool.query('update meter_supply set ripe_ms = 0 where leftover_of is not null'); // their grace is over
  await restart();
  await send([[bed.below('V1')[0], 'power_restored', 3600]]);
  const [nested] = service.open();
  assert.equal(nested.started_at, before.outage.restored_at);
});

test('G5 what takes something back must say why: refused by the service, whoever calls it, and nothing is done', async () => {
  const id = await darkAndConfirmed();
  const before = await service.detail(id);
  for (const verb of verbsWithReason)
    for (const reason of [undefined, '', '  x  '])
      await assert.rejects(
        service.act(id, { verb, ...(reason === undefined ? {} : { reason }) }, 'ann'),
        (error: unknown) => error instanceof FluxError && error.code === 'bad_request' && /say why/.test(error.message),
      );
  assert.deepEqual(await service.detail(id), before);
  await service.act(id, { verb: 'assign', crew: 'LN-1' }, 'ann');
  const freed = await service.act(id, { verb: 'unassign', reason: 'flat tyre' }, 'ann');
  assert.deepEqual([freed.outage.state, freed.outage.crew], ['confirmed', null]);
});
