/** An outage from the first last gasp to the last customer back, told over HTTP by the meters alone. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Outage, OutageDetail, OutageEvidence } from '#model/api/outages.ts';
import { type RunningCenter, startCenter, temporaryFolder, until } from '../running_center.ts';
import { edgesOf, metersOf, postEvents, rowsBelow, type SceneEdge } from '../scene.ts';

let center: RunningCenter;
/** a fuse, and the transformers below it, each with its meters */
let fuse: SceneEdge;
let transformers: SceneEdge[];

before(async () => {
  const folder = await temporaryFolder();
  const thresholds = path.join(folder, 'thresholds.json');
  await fs.writeFile(thresholds, JSON.stringify({ blue_sky: { holdWindowS: 1 }, stepMergeS: 0 }));
  center = await startCenter({ folder, meters: 2000, environment: { FLUX_THRESHOLDS: thresholds } });
  const all = (await edgesOf(center, 'power_transformer')).filter((edge) => edge.meters.length > 0);
  for (const candidate of await edgesOf(center, 'fuse')) {
    const rows = await rowsBelow(center, candidate.id);
    const below = all.filter(({ row }) => rows.has(row)).sort((a, b) => b.meters.length - a.meters.length);
    if (below.length < 3 || below[2].meters.length < 3) continue;
    [fuse, transformers] = [{ ...candidate, meters: below.flatMap((edge) => edge.meters) }, below];
    break;
  }
});
after(() => center?.stop());

const open = async (): Promise<Outage[]> =>
  (await center.call<Outage[]>('GET', '/api/outages')).body.filter((outage) => outage.customers_out > 0);
const detailOf = async (id: string): Promise<OutageDetail> =>
  (await center.call<OutageDetail>('GET', `/api/outages/${id}`)).body;

let id: string;
/** one moment for the whole fault: with `stepMergeS` 0 each other one is a step */
let gaspMs: number;

test('last gasps of one transformer: one outage, there', async () => {
  gaspMs = Date.now();
  await postEvents(center, 'last_gasp', transformers[0].meters, gaspMs);
  const [outage] = await until('the outage', async () => {
    const found = await open();
    return found.length > 0 && found;
  });
  assert.deepEqual(
    [outage.device_id, outage.customers_out, outage.source],
    [transformers[0].id, transformers[0].meters.length, 'last_gasp'],
  );
  id = outage.id;
  const { body } = await center.call<OutageEvidence>('GET', `/api/outages/${id}/evidence`);
  assert.deepEqual(body.supporting.map((meter) => meter.meter_id).sort(), [...transformers[0].meters].sort());
});

test('gasps of its siblings: the same outage moves up to the fuse', async () => {
  for (const sibling of transformers.slice(1)) await postEvents(center, 'last_gasp', sibling.meters, gaspMs);
  const outages = await until('at the fuse', async () => {
    const found = await open();
    return found.length === 1 && found[0].device_id === fuse.id && found;
  });
  assert.deepEqual([outages[0].id, outages[0].customers_out], [id, fuse.meters.length]);
});

test('meters come back: the outage ends in steps, its customer-minutes are those of the steps', async () => {
  const later = transformers.slice(1).flatMap((edge) => edge.meters);
  // so that the step has a length
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await postEvents(center, 'power_restored', transformers[0].meters);
  const part = await until('a part is back', async () =>
    (await open()).find((outage) => outage.customers_out === later.length),
  );
  assert.equal(part.state, 'partly_restored');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await postEvents(center, 'power_restored', later);
  await until('all are back', async () => (await detailOf(id)).outage.state === 'restored');
  const { outage, steps, log } = await detailOf(id);
  assert.equal(outage.customers_out, 0);
  assert.deepEqual(
    steps.map((step) => step.customers_out),
    [fuse.meters.length, later.length],
  );
  for (const step of steps) {
    const minutes = (Date.parse(step.to!) - Date.parse(step.from)) / 60_000;
    assert.ok(Math.abs(step.customer_minutes - minutes * step.customers_out) < 0.01, JSON.stringify(step));
  }
  assert.equal(steps[0].to, steps[1].from);
  assert.ok(log.length >= 2);
  const close = await center.call<OutageDetail>('POST', `/api/outages/${id}/actions`, {
    verb: 'close',
    reason: 'all lit',
  });
  assert.deepEqual([close.status, close.body.outage.state], [200, 'closed']);
  assert.deepEqual(await open(), []);
});

test('a gasp and a restore within the hold window are no outage', async () => {
  const [meters, now] = [transformers[1].meters, Date.now()];
  await postEvents(center, 'last_gasp', meters, now - 800);
  await postEvents(center, 'power_restored', meters, now - 200);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.deepEqual(await open(), []);
});

test('the same messages again: duplicates, no second outage', async () => {
  const atMs = Date.now();
  const dark = await metersOf(center, transformers[2].id);
  await postEvents(center, 'last_gasp', dark, atMs);
  const again = await center.call<{ accepted: number; duplicate: number }>(
    'POST',
    '/api/events',
    dark.map((meter_id) => ({ meter_id, event_time: new Date(atMs).toISOString(), type: 'last_gasp' })),
  );
  assert.deepEqual([again.body.accepted, again.body.duplicate], [0, dark.length]);
  const outages = await until('the outage', async () => {
    const found = await open();
    return found.length > 0 && found;
  });
  assert.deepEqual(
    outages.map((outage) => outage.device_id),
    [transformers[2].id],
  );
});
