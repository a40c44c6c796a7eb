/** Bad input and trouble, through a center with a real database: defined in services/outages/SPEC.md, B1 to B8. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Outage, OutageDetail } from '#model/api/outages.ts';
import { type RunningCenter, startCenter, temporaryFolder, until } from '../running_center.ts';
import { edgesOf, type SceneEdge } from '../scene.ts';

let center: RunningCenter;
let transformers: SceneEdge[];
before(async () => {
  const folder = await temporaryFolder();
  const thresholds = path.join(folder, 'thresholds.json');
  await fs.writeFile(thresholds, JSON.stringify({ blue_sky: { holdWindowS: 1 }, plannedGraceS: 1 }));
  center = await startCenter({ folder, meters: 6000, environment: { FLUX_THRESHOLDS: thresholds } });
  transformers = (await edgesOf(center, 'power_transformer')).filter((edge) => edge.meters.length >= 4);
});
after(() => center?.stop());

interface Receipt {
  accepted: number;
  duplicate: number;
  set_aside?: { code: string }[];
}
const event = (meter_id: string, type: string, atMs = Date.now()) => ({
  meter_id,
  event_time: new Date(atMs).toISOString(),
  type,
});
const post = async (events: object[]): Promise<Receipt> =>
  (await center.call<Receipt>('POST', '/api/events', events)).body;
const open = async (): Promise<Outage[]> => (await center.call<Outage[]>('GET', '/api/outages')).body;
const openAt = async (edge: SceneEdge): Promise<Outage[]> =>
  (await open()).filter((one) => one.feeder_id === edge.feeder && one.customers_out > 0);
const used = new Set<string>();
function fresh(): SceneEdge {
  const found = transformers.find((edge) => edge.feeder !== null && !used.has(edge.feeder));
  assert.ok(found);
  used.add(found.feeder!);
  return found;
}
const settle = () => new Promise((resolve) => setTimeout(resolve, 2500));

test('B1 unknown meters are set aside with the reason; the good ones beside them count', async () => {
  const edge = fresh();
  const receipt = await post([
    event('NO-SUCH-1', 'last_gasp'),
    ...edge.meters.map((meter) => event(meter, 'last_gasp')),
    event('NO-SUCH-2', 'power_restored'),
  ]);
  assert.equal(receipt.accepted, edge.meters.length);
  await until('the outage', async () => (await openAt(edge)).some((one) => one.device_id === edge.id));
  const { body: kept } = await center.call<{ code: string }[]>('GET', '/api/pipeline/set-aside?code=unknown_meter');
  assert.equal(kept.length, 2);
});

test('B2 a clock a little ahead counts as now; an hour ahead is set aside and raises nothing', async () => {
  const [little, much] = [fresh(), fresh()];
  assert.equal(
    (await post(little.meters.map((meter) => event(meter, 'last_gasp', Date.now() + 60_000)))).accepted,
    little.meters.length,
  );
  assert.equal((await post(much.meters.map((meter) => event(meter, 'last_gasp', Date.now() + 3_600_000)))).accepted, 0);
  const outage = await until('the outage of those a little ahead', async () => (await openAt(little))[0]);
  assert.ok(Date.parse(outage.started_at) <= Date.now());
  await settle();
  assert.deepEqual(await openAt(much), []);
});

test('B3 a clock an hour behind: the outage began when the meter says', async () => {
  const edge = fresh();
  const atMs = Date.now() - 3_600_000;
  await post(edge.meters.map((meter) => event(meter, 'last_gasp', atMs)));
  const outage = await until('the outage', async () => (await openAt(edge))[0]);
  assert.equal(outage.started_at, new Date(atMs).toISOString());
});

test('B4 dark and lit at the same instant, in either order: power is there', async () => {
  const edge = fresh();
  const atMs = Date.now();
  await post(
    edge.meters.flatMap((meter, i) => {
      const both = [event(meter, 'last_gasp', atMs), event(meter, 'power_restored', atMs)];
      return i % 2 === 0 ? both : both.toReversed();
    }),
  );
  await settle();
  assert.deepEqual(await openAt(edge), []);
});

test('B5 gasps below a device that is open already belong to its outage; none is raised beside it', async () => {
  const edge = fresh();
  await center.call('POST', '/api/grid-events', [
    { device_id: (await fuseAbove(edge)).id, event_time: new Date().toISOString(), state: 'open' },
  ]);
  const outage = await until('the outage of the open device', async () =>
    (await openAt(edge)).find((one) => one.source === 'grid_event'),
  );
  await post(edge.meters.map((meter) => event(meter, 'last_gasp')));
  await until('they are its evidence', async () =>
    (await open()).some((one) => one.id === outage.id && one.meters_dark >= edge.meters.length),
  );
  assert.equal((await openAt(edge)).length, 1);
});

/** The nearest switching device above a transformer, from the trace to the source. */
async function fuseAbove(edge: SceneEdge): Promise<{ id: string }> {
  const { body } = await center.call<{ devices: { id: string; kind: string }[] }>(
    'GET',
    `/api/network/trace/${edge.id}?direction=up`,
  );
  const above = body.devices.filter(({ kind }) => kind === 'fuse' || kind === 'recloser' || kind === 'breaker');
  return above.at(-1)!.id.startsWith('BRK') ? above[0] : above.at(-1)!;
}

test('B6 gasps of meters whose work is planned raise nothing', async () => {
  const edge = fresh();
  const window = { device_id: edge.id, from: new Date(Date.now() - 1000), to: new Date(Date.now() + 600_000) };
  assert.equal((await center.call('POST', '/api/planned-outages', { ...window, reason: 'new pole' })).status, 200);
  await post(edge.meters.map((meter) => event(meter, 'last_gasp')));
  await settle();
  assert.deepEqual(await openAt(edge), []);
});

test('B7 the same messages again and again are the same messages: one outage, one log entry, counted as duplicates', async () => {
  const edge = fresh();
  const atMs = Date.now();
  const messages = edge.meters.map((meter) => event(meter, 'last_gasp', atMs));
  const many = Array.from({ length: Math.ceil(20_000 / messages.length) }, () => messages).flat();
  let [accepted, duplicate] = [0, 0];
  for (let turn = 0; turn < 5; turn++) {
    const receipt = await post(many);
    accepted += receipt.accepted;
    duplicate += receipt.duplicate;
  }
  assert.deepEqual([accepted, duplicate], [messages.length, many.length * 5 - messages.length]);
  const [outage, ...others] = await until('the outage', async () => {
    const list = await openAt(edge);
    return list.length > 0 && list;
  });
  await settle();
  assert.deepEqual(others, []);
  const { body } = await center.call<OutageDetail>('GET', `/api/outages/${outage.id}`);
  assert.equal(body.log.filter(({ verb }) => verb === 'opened').length, 1);
  assert.equal(body.outage.customers_out, edge.meters.length);
});

test('B8 killed in the middle of a storm: the same outages with the same ids, and what was acknowledged counts', async () => {
  const storm = transformers.filter((edge) => edge.feeder !== null && !used.has(edge.feeder)).slice(0, 40);
  const before = await open();
  for (const [i, edge] of storm.entries()) {
    await post(edge.meters.map((meter) => event(meter, 'last_gasp')));
    if (i === storm.length / 2) {
      const shown = await open();
      await center.kill();
      center = await center.again();
      const after = new Map((await open()).map((one) => [one.id, one]));
      for (const one of shown) assert.equal(after.get(one.id)?.started_at, one.started_at, one.id);
    }
  }
  const meters = new Set(storm.flatMap((edge) => edge.meters));
  await until('every meter of the storm is out', async () => {
    const now = (await open()).filter((one) => !before.some((other) => other.id === one.id));
    return now.reduce((sum, one) => sum + one.customers_out, 0) >= meters.size;
  });
  const ids = (await open()).map((one) => one.id);
  assert.equal(new Set(ids).size, ids.length);
  const { body } = await center.call<{ broken: unknown }>('GET', '/api/outage-log/verify');
  assert.equal(body.broken, null);
});
