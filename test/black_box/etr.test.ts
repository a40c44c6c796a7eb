/** Restoration times of a running center: every open outage has one, people's words stand, overrides, study, ledger. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { EtrCalibration, EtrLedger, EtrOverride, WhatIfAnswer } from '#model/api/etr.ts';
import type { Outage } from '#model/api/outages.ts';
import { flux, type RunningCenter, startCenter, temporaryFolder, until } from '../running_center.ts';
import { edgesOf, postEvents, type SceneEdge } from '../scene.ts';

let center: RunningCenter;
let folder: string;
let transformers: SceneEdge[];
let environment: Record<string, string>;

before(async () => {
  folder = await temporaryFolder();
  const thresholds = path.join(folder, 'thresholds.json');
  await fs.writeFile(thresholds, JSON.stringify({ blue_sky: { holdWindowS: 1 }, stepMergeS: 0 }));
  environment = { FLUX_THRESHOLDS: thresholds };
  center = await startCenter({ folder, meters: 2000, environment });
  transformers = (await edgesOf(center, 'power_transformer')).filter((edge) => edge.meters.length > 2).slice(0, 3);
});
after(() => center?.stop());

const open = async (): Promise<Outage[]> =>
  (await center.call<Outage[]>('GET', '/api/outages')).body.filter((outage) => outage.customers_out > 0);
const ledgerOf = async (id: string): Promise<EtrLedger> =>
  (await center.call<EtrLedger>('GET', `/api/outages/${id}/etr`)).body;
const withTime = (id: string, source: string): Promise<Outage> =>
  until(`a time from ${source}`, async () => {
    const found = (await open()).find((outage) => outage.id === id);
    return found?.etr_source === source && found;
  });

let id: string;

test('a new outage gets a P50 and a P90 by the model, pushed with the row and kept in the ledger', async () => {
  await postEvents(center, 'last_gasp', transformers[0].meters);
  [{ id }] = await until('the outage', async () => {
    const found = await open();
    return found.length > 0 && found;
  });
  const outage = await withTime(id, 'model');
  assert.ok(Date.parse(outage.etr_p50!) > Date.now() && outage.etr_p50! <= outage.etr_p90!);
  const ledger = await ledgerOf(id);
  assert.equal(ledger.current!.p50, outage.etr_p50);
  assert.match(ledger.current!.model!, /^etr-[0-9a-f]{10}$/);
  assert.equal(ledger.current!.author, 'flux');
  assert.ok(ledger.age_s! >= 0 && ledger.age_s! < 60);
  assert.equal(typeof ledger.current!.inputs.log50, 'number');
});

test("a crew's word stands: neither the model nor an override of its area takes its place, until it is withdrawn", async () => {
  const p50 = new Date(Math.ceil(Date.now() / 1000) * 1000 + 5 * 3_600_000).toISOString();
  const past = await center.call('POST', `/api/outages/${id}/etr`, {
    source: 'crew',
    p50: '2020-01-01T00:00:00Z',
    reason: 'radio',
  });
  assert.equal(past.status, 400);
  const said = await center.call<EtrLedger>('POST', `/api/outages/${id}/etr`, {
    source: 'crew',
    p50,
    reason: 'pole is broken',
  });
  assert.equal(said.status, 200);
  assert.equal(said.body.current!.p50, p50);
  const outage = await withTime(id, 'crew');
  const override = await center.call<EtrOverride>('POST', '/api/etr/overrides', {
    zone: outage.area_id,
    kind: 'delay',
    delay_minutes: 600,
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    reason: 'flooded roads',
  });
  assert.equal(override.status, 200);
  assert.equal(override.body.outages, 1);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal((await withTime(id, 'crew')).etr_p50, p50);
  const taken = await center.call<EtrLedger>('POST', `/api/outages/${id}/etr`, {
    source: 'crew',
    withdraw: true,
    reason: 'wrong pole',
  });
  assert.equal(taken.body.current!.source, 'zone_override');
  assert.ok(Date.parse(taken.body.current!.p50) > Date.now() + 9 * 3_600_000);
  assert.equal((await center.call('DELETE', `/api/etr/overrides/${override.body.override_id}`)).status, 200);
  await withTime(id, 'model');
  assert.deepEqual(
    (await ledgerOf(id)).revisions.map(({ source }) => source),
    ['model', 'crew', 'zone_override', 'model'],
  );
});

test('what-if: more crews, a lower curve; outages and ledger are bit for bit what they were', async () => {
  for (const { meters } of transformers.slice(1)) await postEvents(center, 'last_gasp', meters);
  await until('a time for each', async () => {
    const found = await open();
    return found.length >= 2 && found.every(({ etr_p50 }) => etr_p50 !== null) && found;
  });
  const live = async () =>
    JSON.stringify([
      await open(),
      ...(await Promise.all((await open()).map(({ id: one }) => ledgerOf(one).then((l) => l.revisions)))),
    ]);
  const before = await live();
  const { status, body } = await center.call<WhatIfAnswer>('POST', '/api/etr/what-if', {
    add_crews: 20,
    mutual_aid: true,
  });
  assert.equal(status, 200);
  assert.equal(body.study, true);
  assert.equal(body.crews_assumed, false, 'the crews are those on file');
  assert.equal(body.changed.crews, body.base.crews + 20);
  assert.ok(body.changed.customer_minutes <= body.base.customer_minutes);
  assert.equal(await live(), before);
  assert.equal((await center.call('POST', '/api/etr/what-if', { add_crews: 1, area: 'nowhere' })).status, 400);
});

test('the trace of one outage is told by one command beside the running center', async () => {
  const { stdout, status, stderr } = await flux(['etr', 'trace', id, '--data', folder], environment);
  assert.equal(status, 0, stderr);
  assert.match(stdout, new RegExp(`^${id}: `));
  assert.match(stdout, /arrives[\s\S]*restored/);
  const json = JSON.parse((await flux(['etr', 'trace', id, '--data', folder, '--json'], environment)).stdout);
  assert.equal(json.outage, id);
  assert.equal((await flux(['etr', 'trace', 'O-999999', '--data', folder], environment)).status, 1);
});

test('after a crash the same times stand; after the restoration they are scored', async () => {
  const p50 = new Date(Math.ceil(Date.now() / 1000) * 1000 + 7_200_000).toISOString();
  await center.call('POST', `/api/outages/${id}/etr`, { source: 'operator', p50, reason: 'by telephone' });
  await center.kill();
  center = await center.again();
  assert.equal((await withTime(id, 'operator')).etr_p50, p50);
  await postEvents(center, 'power_restored', transformers[0].meters);
  const calibration = await until('the score', async () => {
    const { body } = await center.call<EtrCalibration>('GET', '/api/etr/calibration');
    return body.groups.length > 0 && body;
  });
  const all = calibration.groups.find(({ by }) => by === 'all')!;
  assert.equal(all.outages, 1);
  assert.equal(all.revisions_per_outage, 5);
  assert.ok(all.bias_min > 0, 'restored before the time that was given');
  const over = await center.call('POST', `/api/outages/${id}/etr`, { source: 'crew', p50, reason: 'too late' });
  assert.equal(over.status, 409);
});
