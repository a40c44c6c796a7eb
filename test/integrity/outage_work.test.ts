/** Working outages through a center with a real database: people, callers, planned work, telemetry and a head-end. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { CustomerOut, MeterStanding, TroubleCall } from '#model/api/calls.ts';
import type { ApiError } from '#model/api/common.ts';
import type { HeadEndState, Outage, OutageDetail, OutagePing } from '#model/api/outages.ts';
import type { PlannedOutage } from '#model/api/planned.ts';
import { startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { openPool } from '#stores/postgres/pool.ts';
import { flux, type RunningCenter, startCenter, temporaryFolder, until } from '../running_center.ts';
import { edgesOf, metersOf, postEvents, type SceneEdge } from '../scene.ts';

let center: RunningCenter;
let headEnd: http.Server;
/** what the test's head-end says of a meter; undefined: nothing */
let powerOf: (meter: string) => 'on' | 'off' | undefined = () => undefined;
let headEndFails = false;
const asked: string[] = [];
let transformers: SceneEdge[];
/** each test has transformers of its own, on feeders of their own */
const feedersUsed = new Set<string>();

before(async () => {
  headEnd = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      if (headEndFails) {
        response.writeHead(503).end();
        return;
      }
      const { meters } = JSON.parse(body) as { meters: string[] };
      asked.push(...meters);
      for (const meter of meters) {
        const power = powerOf(meter);
        if (power) response.write(`${JSON.stringify({ meter, power, at: new Date().toISOString() })}\n`);
      }
      response.end();
    });
  });
  await new Promise<void>((resolve) => headEnd.listen(0, '127.0.0.1', resolve));
  const folder = await temporaryFolder();
  const [thresholds, pings] = ['thresholds.json', 'pings.json'].map((name) => path.join(folder, name));
  await fs.writeFile(thresholds, JSON.stringify({ blue_sky: { holdWindowS: 1 }, leftoverGraceS: 2, plannedGraceS: 1 }));
  await fs.writeFile(pings, JSON.stringify({ settleS: 2, noRepeatS: 2, timeToLiveS: 3 }));
  center = await startCenter({
    folder,
    meters: 9000,
    environment: {
      FLUX_THRESHOLDS: thresholds,
      FLUX_PINGS: pings,
      FLUX_HEADEND: `http://127.0.0.1:${(headEnd.address() as AddressInfo).port}/ping`,
    },
  });
  transformers = (await edgesOf(center, 'power_transformer')).filter((edge) => edge.meters.length >= 5);
});
after(async () => {
  await center?.stop();
  headEnd.close();
});

function freshTransformer(): SceneEdge {
  // from the end: the search names the fuses of the first feeders, which other tests need
  const found = transformers.findLast((edge) => edge.feeder !== null && !feedersUsed.has(edge.feeder));
  assert.ok(found, 'a feeder that no test has used');
  feedersUsed.add(found.feeder!);
  return found;
}
const open = async (): Promise<Outage[]> => (await center.call<Outage[]>('GET', '/api/outages')).body;
const outageAt = (device: string, deadlineMs = 15_000): Promise<Outage> =>
  until(`an outage at ${device}`, async () => (await open()).find((one) => one.device_id === device), deadlineMs);
const detail = async (id: string): Promise<OutageDetail> =>
  (await center.call<OutageDetail>('GET', `/api/outages/${id}`)).body;
const act = <Body = OutageDetail>(id: string, body: object) =>
  center.call<Body>('POST', `/api/outages/${id}/actions`, body);
const call = (body: object) => center.call<{ call: TroubleCall; is_new: boolean }>('POST', '/api/calls', body);
const nowPlus = (s: number): string => new Date(Date.now() + s * 1000).toISOString();
const pingsOf = async (id: string): Promise<OutagePing[]> =>
  (await center.call<{ pings: OutagePing[] }>('GET', `/api/outages/${id}/evidence`)).body.pings;

test('an outage is placed by hand, and what takes something back is refused without a reason', async () => {
  const transformer = freshTransformer();
  const place = <Body>(body: object) => center.call<Body>('POST', '/api/outages', body);
  const where = { device_id: transformer.id };
  assert.equal((await place<ApiError>({ ...where, reason: 'x' })).status, 400);
  const unknown = await place<ApiError>({ device_id: 'NO-SUCH', reason: 'seen hanging' });
  assert.deepEqual([unknown.status, unknown.body.error.code], [404, 'unknown_asset']);
  const placed = await place<OutageDetail>({ ...where, reason: 'seen hanging', cause: 'tree' });
  const { outage } = placed.body;
  assert.deepEqual(
    [placed.status, outage.state, outage.source, outage.cause, outage.customers_out],
    [200, 'confirmed', 'operator', 'tree', transformer.meters.length],
  );
  assert.equal((await outageAt(transformer.id)).id, outage.id);
  const twice = await place<ApiError>({ ...where, reason: 'seen hanging' });
  assert.deepEqual([twice.status, twice.body.error.code], [409, 'already_there']);
  for (const verb of ['reject', 'restore', 'close', 'unassign']) {
    const refused = await act<ApiError>(outage.id, { verb });
    assert.deepEqual([refused.status, refused.body.error.code], [400, 'bad_request'], verb);
    assert.match(refused.body.error.message, /needs a reason: say why in "reason"/);
  }
  assert.equal((await detail(outage.id)).outage.state, 'confirmed');
  await act(outage.id, { verb: 'restore', reason: 'fuse replaced' });
});

test('G3, G4 two people at one outage: the second is told what changed and by whom; nothing is lost, nothing is done twice', async () => {
  const transformer = freshTransformer();
  await postEvents(center, 'last_gasp', transformer.meters);
  const seen = await outageAt(transformer.id);
  const [first, second] = await Promise.all([
    act(seen.id, { verb: 'confirm', reason: 'seen by ann', revision: seen.revision }),
    act<ApiError>(seen.id, { verb: 'reject', reason: 'test of the line', revision: seen.revision }),
  ]);
  assert.deepEqual([first.status, second.status], [200, 409]);
  const { error } = second.body as ApiError;
  assert.equal(error.code, 'outage_changed');
  const changes = error.details!.changes as { actor: string; verb: string; reason: string }[];
  assert.deepEqual(
    changes.map(({ actor, verb, reason }) => [actor, verb, reason]),
    [['admin', 'confirm', 'seen by ann']],
  );
  const after = await detail(seen.id);
  assert.equal(after.outage.state, 'confirmed');
  assert.equal(after.log.filter(({ verb }) => verb === 'reject').length, 0);
  // Who looked again may go on; a count that moved on is no change of anybody's decision.
  await postEvents(center, 'last_gasp', [transformer.meters[0]], Date.now() + 1).catch(() => undefined);
  const again = await act(seen.id, { verb: 'assign', crew: 'Crew 7', cause: 'tree', revision: after.outage.revision });
  assert.deepEqual([again.status, again.body.outage.crew, again.body.outage.cause], [200, 'Crew 7', 'tree']);
  for (const verb of ['depart', 'arrive']) assert.equal((await act(seen.id, { verb, reason: 'by radio' })).status, 200);
  const half = transformer.meters.slice(0, 2);
  const part = await act(seen.id, { verb: 'restore_part', meter_ids: half, reason: 'fed back' });
  assert.equal(part.body.outage.customers_out, transformer.meters.length - 2);
  assert.equal(part.body.steps.length, 2);
  assert.ok(part.body.steps[0].customer_minutes > 0);
  assert.equal((await act(seen.id, { verb: 'restore', reason: 'fuse replaced' })).body.outage.state, 'restored');
  const unknown = await act<ApiError>(seen.id, { verb: 'restore_part', meter_ids: ['NO-SUCH'], reason: 'fed back' });
  assert.deepEqual([unknown.status, unknown.body.error.code], [404, 'unknown_meter']);
});

test('C1, C2 a caller: durable and once, whatever is sent twice; raises an outage; is called back after the restoration', async () => {
  const transformer = freshTransformer();
  const [meter, neighbour] = transformer.meters;
  const id = randomUUID();
  const report = { id, meter, kind: 'no_power', words: 'all dark since lunch', callback: '555-0100' };
  const answers = await Promise.all([call(report), call(report), call({ ...report, words: 'again' })]);
  assert.deepEqual(answers.map(({ status, body }) => [status, body.is_new]).toSorted(), [
    [200, false],
    [200, false],
    [200, true],
  ]);
  assert.equal(new Set(answers.map(({ body }) => body.call.words)).size, 1);
  await call({ id: randomUUID(), meter: neighbour, kind: 'no_power' });
  const outage = await until('the calls make an outage', async () =>
    (await open()).find((one) => one.feeder_id === transformer.feeder),
  );
  assert.equal(outage.source, 'call');
  const standing = (await center.call<MeterStanding>('GET', `/api/calls/standing?meter=${meter}`)).body;
  assert.equal(standing.outage?.id, outage.id);
  assert.equal(standing.calls[0].outage_id, outage.id);
  const ofOutage = (await center.call<TroubleCall[]>('GET', `/api/outages/${outage.id}/calls`)).body;
  assert.ok(ofOutage.some((one) => one.id === id));

  await center.kill();
  center = await center.again();
  const same = (await open()).find((one) => one.id === outage.id);
  assert.deepEqual([same?.device_id, same?.meters_called], [outage.device_id, outage.meters_called]);

  await act(outage.id, { verb: 'restore', reason: 'done' });
  const due = (await center.call<TroubleCall[]>('GET', '/api/calls?show=callbacks')).body;
  assert.deepEqual(
    due.map((one) => one.id),
    [id],
  );
  assert.equal((await center.call('POST', `/api/calls/${id}/called-back`, {})).status, 200);
  assert.equal((await center.call('POST', `/api/calls/${id}/called-back`, {})).status, 409);
  assert.deepEqual((await center.call('GET', '/api/calls?show=callbacks')).body, []);
});

test('C1 a caller whose place nobody knows is kept, and counts when the place is found', async () => {
  const transformer = freshTransformer();
  assert.equal((await call({ id: randomUUID(), meter: 'NO-SUCH', kind: 'no_power' })).status, 404);
  assert.equal((await call({ id: randomUUID(), kind: 'no_power' })).status, 400);
  assert.equal(
    (await call({ id: randomUUID(), meter: transformer.meters[0], kind: 'no_power', called_at: nowPlus(3600) })).status,
    400,
  );
  const id = randomUUID();
  assert.equal((await call({ id, place: 'blue house behind the mill', kind: 'no_power' })).status, 200);
  const waiting = (await center.call<TroubleCall[]>('GET', '/api/calls?show=unplaced')).body;
  assert.deepEqual(
    waiting.map((one) => one.id),
    [id],
  );
  const placed = await center.call<TroubleCall>('POST', `/api/calls/${id}/place`, { meter: transformer.meters[0] });
  assert.equal(placed.body.meter_id, transformer.meters[0]);
  assert.equal((await center.call('POST', `/api/calls/${id}/place`, { meter: transformer.meters[1] })).status, 409);
  await until('it counts', async () => (await open()).some((one) => one.feeder_id === transformer.feeder));
});

test('W1 planned work keeps quiet while it lasts; who is dark after its end is out', async () => {
  const transformer = freshTransformer();
  const bad = { device_id: transformer.id, from: nowPlus(10), to: nowPlus(5), reason: 'pole replaced' };
  assert.equal((await center.call('POST', '/api/planned-outages', bad)).status, 400);
  const added = await center.call<PlannedOutage>('POST', '/api/planned-outages', {
    device_id: transformer.id,
    from: nowPlus(-1),
    to: nowPlus(3600),
    reason: 'pole replaced',
  });
  assert.deepEqual([added.status, added.body.state, added.body.customers], [200, 'lasting', transformer.meters.length]);
  await postEvents(center, 'last_gasp', transformer.meters);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const here = async () => (await open()).filter((one) => one.feeder_id === transformer.feeder);
  assert.deepEqual(await here(), []);
  const { body: standing } = await center.call<MeterStanding>(
    'GET',
    `/api/calls/standing?meter=${transformer.meters[0]}`,
  );
  assert.equal(standing.planned?.id, added.body.id);

  await center.kill();
  center = await center.again();
  assert.deepEqual(await here(), [], 'also after a restart');
  const withdrawn = await center.call<PlannedOutage>('DELETE', `/api/planned-outages/${added.body.id}`);
  assert.equal(withdrawn.body.state, 'withdrawn');
  assert.equal((await center.call('DELETE', `/api/planned-outages/${added.body.id}`)).status, 409);
  const outage = await outageAt(transformer.id);
  assert.equal(outage.customers_out, transformer.meters.length);
});

test('D1, D2 telemetry operates the grid: newest wins in any order, unknown devices are set aside, a restart changes nothing', async () => {
  const fuses = (await edgesOf(center, 'fuse')).filter((edge) => edge.feeder !== null && !feedersUsed.has(edge.feeder));
  const fuse = fuses[0];
  feedersUsed.add(fuse.feeder!);
  const below = await metersOf(center, fuse.id);
  const send = (events: object[]) =>
    center.call<{ accepted: number; duplicate: number }>('POST', '/api/grid-events', events);
  const [t1, t2, t3] = [-30, -20, -10].map(nowPlus);
  const first = await send([
    { device_id: fuse.id, event_time: t2, state: 'open' },
    { device_id: fuse.id, event_time: t1, state: 'closed' },
    { device_id: 'NO-SUCH', event_time: t1, state: 'open' },
  ]);
  assert.deepEqual(first.body, { accepted: 3, duplicate: 0 });
  const outage = await outageAt(fuse.id);
  assert.deepEqual([outage.source, outage.customers_out, outage.started_at], ['grid_event', below.length, t2]);
  const { body: refused } = await center.call<{ device_id: string; reason: string }[]>(
    'GET',
    '/api/grid-events/refused',
  );
  assert.deepEqual(
    refused.map((one) => [one.device_id, one.reason]),
    [['NO-SUCH', 'NO-SUCH is not in the network']],
  );

  await center.kill();
  center = await center.again();
  // its restoration time may have been estimated meanwhile
  const without = (one: Outage | undefined) => ({ ...one, etr_p50: null, etr_p90: null, etr_source: null });
  assert.deepEqual(without((await open()).find((one) => one.id === outage.id)), without(outage));
  assert.deepEqual((await send([{ device_id: fuse.id, event_time: t2, state: 'open' }])).body, {
    accepted: 0,
    duplicate: 1,
  });
  const { body: asset } = await center.call<{ status: string }>('GET', `/api/network/assets/${fuse.id}`);
  assert.notEqual(asset.status, 'energised');

  await send([{ device_id: fuse.id, event_time: t3, state: 'closed' }]);
  await until('it is restored', async () => (await detail(outage.id)).outage.state === 'restored');
  assert.equal((await detail(outage.id)).outage.restored_at, t3);
});

test('D3 a crash after a switch was stored and before its outage was: the engine learns of it at the next start', async () => {
  const transformer = freshTransformer();
  const { body } = await center.call<{ devices: { id: string; kind: string; edge_row: number }[] }>(
    'GET',
    `/api/network/trace/${transformer.id}?direction=up`,
  );
  const fuse = body.devices.find(({ kind }) => kind === 'fuse')!;
  await center.kill();
  const { connection } = await startEmbeddedPostgres(center.folder);
  const pool = openPool({ connection });
  await pool.query(
    `insert into switch_state (equipment_key, is_open, source, actor, reason) values ($1, true, 'telemetry', 'telemetry', 'test')`,
    [fuse.edge_row],
  );
  await pool.query(`insert into device_position (equipment_key, is_open, at) values ($1, true, now())`, [
    fuse.edge_row,
  ]);
  await pool.end();
  center = await center.again();
  assert.equal((await outageAt(fuse.id)).source, 'grid_event');
});

test('Q1, Q2 a ping that answers lit inside a prediction changes it; one at a single customer says it is the customer’s side', async () => {
  const transformer = freshTransformer();
  const [alone] = transformer.meters;
  powerOf = (meter) => (meter === alone ? 'on' : undefined);
  await call({ id: randomUUID(), meter: alone, kind: 'no_power' });
  const outage = await until('an outage of one', async () => (await open()).find((one) => one.device_id === alone));
  await until('the prediction is gone', async () => !(await open()).some((one) => one.id === outage.id));
  const ping = await until('the question has ended', async () =>
    (await pingsOf(outage.id)).find((one) => one.ended_at !== null),
  );
  assert.deepEqual([ping.purpose, ping.asked, ping.lit], ['single_customer', 3, 1]);
  const { body: standing } = await center.call<MeterStanding>('GET', `/api/calls/standing?meter=${alone}`);
  assert.deepEqual([standing.supply, standing.ping?.answer, standing.outage], ['lit', 'lit', null]);
  powerOf = () => undefined;
});

test('Q2 after a restoration a sample is asked; who is still dark becomes an outage by itself', async () => {
  const fuses = (await edgesOf(center, 'fuse')).filter((one) => one.feeder !== null && !feedersUsed.has(one.feeder));
  const below = await Promise.all(fuses.map(async (one) => ({ edge: one, meters: await metersOf(center, one.id) })));
  const inside = (meters: string[]) => transformers.filter((one) => one.meters.every((id) => meters.includes(id)));
  const found = below.find(({ meters }) => inside(meters).length >= 2);
  assert.ok(found, 'a fuse with two transformers');
  const { edge, meters } = found;
  const feeder = edge.feeder!;
  feedersUsed.add(feeder);
  const [left] = inside(meters);
  const dark = new Set(left.meters);
  const report = (state: string) =>
    center.call('POST', '/api/grid-events', [{ device_id: edge.id, event_time: nowPlus(0), state }]);
  await report('open');
  const outage = await outageAt(edge.id);
  assert.equal(outage.customers_out, meters.length);
  powerOf = (meter) => (dark.has(meter) ? 'off' : 'on');
  await report('closed');
  await until('it is restored', async () => (await detail(outage.id)).outage.restored_at !== null);
  const nested = await outageAt(left.id, 30_000);
  assert.ok(nested.customers_out >= 2, `${nested.customers_out} customers of ${left.id} are found dark`);
  assert.ok((await pingsOf(outage.id)).some((ping) => ping.purpose === 'restoration' && ping.dark > 0));
  powerOf = () => undefined;
});

test('Q4 a head-end that is away holds up no outage; its state is shown, and it is asked again when it is back', async () => {
  headEndFails = true;
  const transformer = freshTransformer();
  await postEvents(center, 'last_gasp', transformer.meters.slice(0, -1));
  const outage = await outageAt(transformer.id);
  const state = async (): Promise<HeadEndState> => (await center.call<HeadEndState>('GET', '/api/headend')).body;
  await until('it is seen to be away', async () => (await state()).state === 'away');
  assert.match((await state()).problem!, /503/);
  const { body: alarms } = await center.call<{ id: string }[]>('GET', '/api/alarms');
  assert.ok(alarms.some((alarm) => alarm.id === 'ALM-HEADEND'));
  headEndFails = false;
  powerOf = (meter) => (meter === transformer.meters.at(-1) ? 'off' : undefined);
  await until('it answers', async () => (await state()).state === 'answering', 30_000);
  const silent = transformer.meters.at(-1)!;
  await until('the silent meter has answered', async () =>
    (await pingsOf(outage.id)).some((ping) =>
      ping.answers.some((one) => one.meter_id === silent && one.answer === 'dark'),
    ),
  );
  const { body: customers } = await center.call<CustomerOut[]>('GET', `/api/outages/${outage.id}/customers`);
  assert.equal(customers.length, transformer.meters.length);
  powerOf = () => undefined;
});

test('the log of all this is whole', async () => {
  const { body } = await center.call<{ entries: number; broken: unknown }>('GET', '/api/outage-log/verify');
  assert.equal(body.broken, null);
  assert.ok(body.entries > 15, `${body.entries} entries`);
  const said = await flux(['outages', 'verify-log', '--json', '--data', center.folder]);
  assert.deepEqual([said.status, JSON.parse(said.stdout).broken], [0, null]);
});
