/** A center that is killed in the middle of an outage comes back to the same outages, with the same ids. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Crew } from '#model/api/crews.ts';
import type { Alarm } from '#model/api/live.ts';
import type { Outage, OutageDetail } from '#model/api/outages.ts';
import { startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { openPool } from '#stores/postgres/pool.ts';
import { type RunningCenter, startCenter, temporaryFolder, until } from '../running_center.ts';
import { edgesOf, metersOf, postEvents, type SceneEdge } from '../scene.ts';

let center: RunningCenter;
before(async () => {
  const folder = await temporaryFolder();
  const thresholds = path.join(folder, 'thresholds.json');
  await fs.writeFile(thresholds, JSON.stringify({ blue_sky: { holdWindowS: 1 } }));
  center = await startCenter({ folder, meters: 2000, environment: { FLUX_THRESHOLDS: thresholds } });
});
after(() => center?.stop());

const outages = async (): Promise<Outage[]> => (await center.call<Outage[]>('GET', '/api/outages')).body;
const alarms = async (): Promise<Alarm[]> => (await center.call<Alarm[]>('GET', '/api/alarms')).body;
/** A restoration time may be told anew at any moment; that there is one must not change. */
const withoutTimes = ({ etr_p50, etr_p90, ...outage }: Outage): unknown => ({
  ...outage,
  hasTimes: etr_p50 !== null && etr_p90 !== null,
});
const byId = <Row extends { id: string }>(rows: Row[]): Row[] => rows.toSorted((a, b) => a.id.localeCompare(b.id));

test('killed with two outages open, one of them taken up by a person: the same again; then they end as if nothing was', async () => {
  const transformers = (await edgesOf(center, 'power_transformer')).filter((edge) => edge.meters.length >= 4);
  const [one, two] = [transformers[0], transformers.find((other) => other.feeder !== transformers[0].feeder)!];
  await postEvents(center, 'last_gasp', one.meters);
  await postEvents(center, 'last_gasp', two.meters);
  await until('two outages', async () => (await outages()).length === 2);
  const taken = (await outages()).find((outage) => outage.device_id === one.id)!;
  const confirmed = await center.call('POST', `/api/outages/${taken.id}/actions`, { verb: 'confirm', reason: 'seen' });
  assert.equal(confirmed.status, 200);
  await until('two alarms', async () => (await alarms()).length === 2);

  await until('their restoration times', async () => (await outages()).every((outage) => outage.etr_p50 !== null));

  for (let kill = 0; kill < 3; kill++) {
    const [before, alarmsBefore] = [byId(await outages()), byId(await alarms())];
    const detail = (await center.call<OutageDetail>('GET', `/api/outages/${taken.id}`)).body;
    await center.kill();
    center = await center.again();
    assert.deepEqual(byId(await outages()).map(withoutTimes), before.map(withoutTimes));
    assert.deepEqual(byId(await alarms()), alarmsBefore);
    const { outage, ...again } = (await center.call<OutageDetail>('GET', `/api/outages/${taken.id}`)).body;
    const { outage: outageBefore, ...detailBefore } = detail;
    assert.deepEqual(again, detailBefore);
    assert.deepEqual(withoutTimes(outage), withoutTimes(outageBefore));
  }

  // while it was away, nothing was heard: what comes now counts
  await postEvents(center, 'power_restored', await metersOf(center, one.id));
  await until('the confirmed one is restored', async () =>
    (await outages()).some((outage) => outage.id === taken.id && outage.state === 'restored'),
  );
  await postEvents(center, 'power_restored', two.meters);
  await until('nobody is out', async () => (await outages()).every((outage) => outage.customers_out === 0));
  const { body: all } = await center.call<Outage[]>('GET', '/api/outages?state=all');
  assert.deepEqual(all.length, 2, 'no outage was made twice');
});

/** What only somebody at the store of a center that does not run can do. */
async function atTheStore(sql: string): Promise<void> {
  const { connection } = await startEmbeddedPostgres(center.folder);
  const pool = openPool({ connection });
  await pool.query(sql);
  await pool.end();
}

/** Posts the gasps of one transformer, kills, tampers, starts again. @returns the outage that came of it */
async function killedAfterGasps(transformer: SceneEdge, tamper?: string): Promise<Outage> {
  await postEvents(center, 'last_gasp', transformer.meters);
  await center.kill();
  if (tamper) await atTheStore(tamper);
  center = await center.again();
  return until(
    'the outage',
    async () => (await outages()).find((outage) => outage.device_id === transformer.id && outage.customers_out > 0),
    6000,
  );
}

test('killed right after events were acknowledged: they are applied at the next start', async () => {
  const transformers = (await edgesOf(center, 'power_transformer')).filter((edge) => edge.meters.length >= 4);
  const third = transformers.at(-1)!;
  assert.equal((await killedAfterGasps(third)).customers_out, third.meters.length);
  // the planted bug: a mark that was written ahead of what it marks
  const fourth = transformers.findLast((other) => other.feeder !== third.feeder)!;
  // (and none of it stored: whether the kill came before that or after is chance, the planted bug must not be)
  const ahead = `
    set session_replication_role = replica; -- the log only grows otherwise
    delete from meter_supply; delete from outage_step; delete from outage_log; delete from outage;
    update outage_engine set applied_event_id = (select max(event_id) from meter_event)`;
  await assert.rejects(killedAfterGasps(fourth, ahead), /waited/);
});

test('killed between its territory and its crews: the next start makes them, and no start makes others', async () => {
  const ids = async (): Promise<string[]> =>
    (await center.call<Crew[]>('GET', '/api/crews')).body.map((crew) => crew.id).sort();
  const before = await ids();
  assert.ok(before.length > 0);
  await center.kill();
  await atTheStore(`
    set session_replication_role = replica; -- the log only grows otherwise
    delete from crew_job; delete from crew_left; delete from crew_log; delete from crew`);
  center = await center.again();
  assert.deepEqual(await ids(), before);
  await center.kill();
  await atTheStore(`
    set session_replication_role = replica;
    delete from crew_log; delete from crew where crew_id <> '${before[0]}'`);
  center = await center.again();
  assert.deepEqual(await ids(), [before[0]], 'what a utility makes of them stays');
});
