/** A center that is killed in the middle of an outage comes back to the same outages, with the same ids. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
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
/** Restoration times are estimated anew by the minute, also while a center starts. */
const withoutEtr = <One extends { etr_p50: unknown; etr_p90: unknown; etr_source: unknown }>(one: One) => {
  const { etr_p50: _p50, etr_p90: _p90, etr_source: _source, ...facts } = one;
  return facts;
};
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

  for (let kill = 0; kill < 3; kill++) {
    const [before, alarmsBefore] = [byId(await outages()), byId(await alarms())];
    const detail = (await center.call<OutageDetail>('GET', `/api/outages/${taken.id}`)).body;
    await center.kill();
    center = await center.again();
    assert.deepEqual(byId(await outages()).map(withoutEtr), before.map(withoutEtr));
    assert.deepEqual(byId(await alarms()), alarmsBefore);
    const again = (await center.call<OutageDetail>('GET', `/api/outages/${taken.id}`)).body;
    assert.deepEqual({ ...again, outage: withoutEtr(again.outage) }, { ...detail, outage: withoutEtr(detail.outage) });
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

/** Posts the gasps of one transformer, kills, tampers, starts again. @returns the outage that came of it */
async function killedAfterGasps(transformer: SceneEdge, tamper?: string): Promise<Outage> {
  await postEvents(center, 'last_gasp', transformer.meters);
  await center.kill();
  if (tamper) {
    const { connection } = await startEmbeddedPostgres(center.folder);
    const pool = openPool({ connection });
    await pool.query(tamper);
    await pool.end();
  }
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
