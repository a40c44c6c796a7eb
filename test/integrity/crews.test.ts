/** Crews and outages stay of one mind: with the real outage service, on a real store. */
import assert from 'node:assert/strict';
import { after, before, describe, mock, test } from 'node:test';
import type { Crew, CrewStatus } from '#model/api/crews.ts';
import type { Outage } from '#model/api/outages.ts';
import type { FluxError } from '#model/errors.ts';
import { makeCrewService } from '#services/crews/service.ts';
import { crewNeeds, type FieldWork, startFieldWork } from './field_work.ts';

let field: FieldWork;
let nextFuse = 0;
before(async () => {
  field = await startFieldWork();
});
after(() => field?.stop());

const crewNow = async (id: string): Promise<Crew> => (await field.crews.detail(id)).crew;
const outageNow = async (id: string): Promise<Outage> => (await field.outages.detail(id)).outage;
const newOutage = (): Promise<Outage> => field.outageAt(field.fuses[nextFuse++]);
async function freeCrew(kind: Crew['kind'] = 'troubleman'): Promise<Crew> {
  const found = (await field.crews.list()).find((crew) => crew.kind === kind && crew.status === 'available');
  assert.ok(found, `a ${kind} crew is free`);
  return found;
}
const give = async (crew: Crew, outage: Outage, actor = 'anna'): Promise<Crew> =>
  field.crews.assign(crew.id, { outage: outage.id, revision: (await crewNow(crew.id)).revision }, actor);
const order = async (id: string, verb: Parameters<FieldWork['crews']['act']>[1]['verb'], actor = 'anna') =>
  field.crews.act(id, { verb, revision: (await crewNow(id)).revision }, actor);
async function states(crew: string, outage: string): Promise<[CrewStatus, string, string | null]> {
  await field.outages.settled();
  await field.crews.settled();
  const now = await outageNow(outage);
  return [(await crewNow(crew)).status, now.state, now.crew];
}
/** ends the outage and sends everybody home, so that the next test begins with free crews */
async function clear(...outages: Outage[]): Promise<void> {
  for (const { id } of outages)
    await field.outages.act(id, { verb: 'restore', reason: 'end' }, 'test').catch(() => undefined);
  await field.crews.settled();
  for (const crew of await field.crews.list())
    if (crew.status === 'on_site') await order(crew.id, 'complete').catch(() => undefined);
}

async function restart(): Promise<void> {
  await field.crews.stop();
  await field.crews.start();
}

describe('crews and their outage', () => {
  test('C5, F1 assign, depart, arrive, complete: both move together, the log names who', async () => {
    const [crew, outage] = [await freeCrew(), await newOutage()];
    await give(crew, outage);
    assert.deepEqual(await states(crew.id, outage.id), ['assigned', 'assigned', crew.id]);
    await order(crew.id, 'depart', 'ben');
    assert.deepEqual(await states(crew.id, outage.id), ['en_route', 'en_route', crew.id]);
    await order(crew.id, 'arrive');
    assert.deepEqual(await states(crew.id, outage.id), ['on_site', 'on_site', crew.id]);
    await field.outages.act(outage.id, { verb: 'restore', reason: 'fuse replaced' }, 'anna');
    assert.equal((await states(crew.id, outage.id))[0], 'on_site', 'F3 who is there finishes');
    await order(crew.id, 'complete');
    const { crew: now, log } = await field.crews.detail(crew.id);
    assert.deepEqual([now.status, now.jobs], ['available', []]);
    assert.deepEqual(
      log.slice(0, 4).map(({ verb, actor, outage_id: at }) => [verb, actor, at]),
      [
        ['complete', 'anna', outage.id],
        ['arrive', 'anna', outage.id],
        ['depart', 'ben', outage.id],
        ['assign', 'anna', outage.id],
      ],
    );
    const { log: outageLog } = await field.outages.detail(outage.id);
    assert.ok(outageLog.some((entry) => entry.verb === 'depart' && entry.actor === 'ben'));
  });

  test('C6 two dispatchers on one crew at once: one is served, the other learns what happened', async () => {
    const crew = await freeCrew();
    const [one, two] = [await newOutage(), await newOutage()];
    const tries = await Promise.allSettled([
      field.crews.assign(crew.id, { outage: one.id, revision: crew.revision }, 'anna'),
      field.crews.assign(crew.id, { outage: two.id, revision: crew.revision }, 'ben'),
    ]);
    assert.deepEqual(tries.map((result) => result.status).sort(), ['fulfilled', 'rejected']);
    const refused = tries.find((result) => result.status === 'rejected')!.reason as FluxError;
    assert.equal(refused.code, 'conflict');
    assert.match(refused.message, new RegExp(`${crew.id} has changed.*assigned at ${one.id}`));
    assert.deepEqual(
      (await crewNow(crew.id)).jobs.map((job) => [job.outage_id, job.assigned_by]),
      [[one.id, 'anna']],
    );
    assert.deepEqual(await states(crew.id, two.id).then(([, state]) => state), 'probable', 'untouched');
    await clear(one, two);
  });

  for (const verb of ['reject', 'restore'] as const)
    test(`F3, F5 the outage is ${verb}ed while the crew drives: it is free, and nobody can miss it`, async () => {
      const [crew, outage] = [await freeCrew(), await newOutage()];
      await give(crew, outage);
      await order(crew.id, 'depart');
      await field.outages.act(outage.id, { verb, reason: 'by phone' }, 'anna');
      assert.equal((await states(crew.id, outage.id))[0], 'available');
      const { log } = await field.crews.detail(crew.id);
      assert.match(String(log[0].reason), new RegExp(`${outage.id} (was rejected|is restored)`));
      const alarm = field.alarms().find((one) => one.id === `CREW-${crew.id}-${outage.id}`);
      assert.deepEqual([alarm?.state, alarm?.priority, alarm?.area_id], ['returned_unacknowledged', 2, crew.area_id]);
      assert.ok(field.said.some((text) => text.includes(crew.id) && text.includes('set free')));
    });

  test('C3, F3 a crew that is set free goes on with the job that waits, and that outage follows', async () => {
    const crew = await freeCrew();
    const [one, two] = [await newOutage(), await newOutage()];
    await give(crew, one);
    await order(crew.id, 'depart');
    await give(crew, two);
    assert.deepEqual(await states(crew.id, two.id), ['en_route', 'assigned', crew.id]);
    await field.outages.act(one.id, { verb: 'restore', reason: 'came back' }, 'anna');
    assert.deepEqual(await states(crew.id, two.id), ['assigned', 'assigned', crew.id]);
    assert.deepEqual(
      (await crewNow(crew.id)).jobs.map((job) => job.outage_id),
      [two.id],
    );
    await clear(two);
  });

  test('F1 several crews: the outage is where the furthest is; that one leaves, the other is named', async () => {
    const outage = await newOutage();
    const first = await freeCrew();
    await give(first, outage);
    const second = await freeCrew('line');
    await give(second, outage);
    await order(second.id, 'arrive');
    assert.deepEqual(await states(first.id, outage.id), ['assigned', 'on_site', second.id]);
    await order(second.id, 'release');
    assert.deepEqual(await states(first.id, outage.id), ['assigned', 'assigned', first.id]);
    await clear(outage);
  });

  test('F1, F3 one of two crews completes: the outage is where the other is, and is complete with the last', async () => {
    const outage = await newOutage();
    const [first, second] = [await freeCrew(), await freeCrew('line')];
    await give(first, outage);
    await give(second, outage);
    await order(first.id, 'arrive');
    await order(first.id, 'complete');
    assert.deepEqual(await states(second.id, outage.id), ['assigned', 'assigned', second.id]);
    await give(first, outage);
    for (const crew of [first, second]) await order(crew.id, 'arrive');
    await field.outages.act(outage.id, { verb: 'restore', reason: 'fuse replaced' }, 'anna');
    await field.crews.settled();
    await order(first.id, 'complete');
    assert.deepEqual((await states(second.id, outage.id)).slice(0, 2), ['on_site', 'restored']);
    await order(second.id, 'complete');
    assert.deepEqual((await states(second.id, outage.id)).slice(0, 2), ['available', 'completed']);
  });

  test('F2 an outage moved on by hand takes its crew along', async () => {
    const [crew, outage] = [await freeCrew(), await newOutage()];
    await give(crew, outage);
    await field.outages.act(outage.id, { verb: 'arrive' }, 'ben');
    assert.deepEqual(await states(crew.id, outage.id), ['on_site', 'on_site', crew.id]);
    await clear(outage);
  });

  test('F5 a truck that breaks down leaves its outage loudly', async () => {
    const [crew, outage] = [await freeCrew(), await newOutage()];
    await give(crew, outage);
    await field.crews.act(
      crew.id,
      { verb: 'out_of_service', revision: (await crewNow(crew.id)).revision, reason: 'flat tyre' },
      'anna',
    );
    await field.crews.settled();
    assert.ok(field.said.some((text) => text === `${outage.id} has no crew any more, ${crew.id}: flat tyre`));
    await order(crew.id, 'back_in_service');
    await clear(outage);
  });

  for (const isLent of [false, true])
    test(`F5 ${isLent ? 'everybody' : 'its area'} is told what a crew ${isLent ? 'lent to another' : 'of the'} area leaves`, async () => {
      const [crew, outage] = [await freeCrew(), await newOutage()];
      const live = (area: string) =>
        field.on.pool.query('update crew set area_id = $2 where crew_id = $1', [crew.id, area]);
      await live(isLent ? 'AREA-ELSEWHERE' : outage.area_id);
      await give(crew, outage);
      await order(crew.id, 'release');
      await field.crews.settled();
      const alarm = field.alarms().find(({ id }) => id === `CREW-${crew.id}-${outage.id}`);
      assert.equal(alarm?.area_id, isLent ? null : outage.area_id);
      await live(crew.area_id);
      await clear(outage);
    });

  test('what is over takes no crew; who is off shift takes no job; what does not exist is named', async () => {
    const [crew, outage] = [await freeCrew(), await newOutage()];
    await field.outages.act(outage.id, { verb: 'restore', reason: 'end' }, 'anna');
    await assert.rejects(give(crew, outage), { code: 'invalid_transition', message: /is restored: no crew is sent/ });
    await order(crew.id, 'sign_off');
    const other = await newOutage();
    await assert.rejects(give(crew, other), { code: 'invalid_transition', message: /off shift/ });
    await order(crew.id, 'sign_on');
    await assert.rejects(field.crews.assign('XX-1', { outage: other.id, revision: 1 }, 'anna'), { code: 'not_found' });
    await assert.rejects(give(crew, { ...other, id: 'OUT-99999' }), { code: 'unknown_outage' });
    await clear(other);
  });

  test('F6 a crash between crew and outage is mended by the next start', async () => {
    const [crew, outage] = [await freeCrew(), await newOutage()];
    // as if the process had ended after the crew's transaction
    await field.on.pool.query("update crew set status = 'assigned', revision = revision + 1 where crew_id = $1", [
      crew.id,
    ]);
    await field.on.pool.query(
      "insert into crew_job (crew_id, outage_id, device_id, assigned_by, assigned_at) values ($1, $2, $3, 'anna', now())",
      [crew.id, outage.id, outage.device_id],
    );
    assert.equal((await outageNow(outage.id)).state, 'probable');
    await restart();
    assert.deepEqual(await states(crew.id, outage.id), ['assigned', 'assigned', crew.id]);
    await clear(outage);
  });

  test('what changes of a crew is pushed as it is then, and nothing that did not change', async () => {
    const [crew, outage] = [await freeCrew(), await newOutage()];
    field.told.length = 0;
    await give(crew, outage);
    await order(crew.id, 'depart');
    await field.crews.report(crew.id, { lon: -95.2, lat: 29.8 });
    assert.ok(field.told.every(({ id }) => id === crew.id));
    assert.deepEqual(
      field.told.map((one) => [one.status, one.jobs.map((job) => job.outage_id), one.lon]),
      [
        ['assigned', [outage.id], null],
        ['en_route', [outage.id], null],
        ['en_route', [outage.id], -95.2],
      ],
    );
    await clear(outage);
    field.told.length = 0;
    // by another process, such as `flux crews import`
    await field.on.pool.query("update crew set name = 'Renamed', revision = revision + 1 where crew_id = $1", [
      crew.id,
    ]);
    await restart();
    assert.deepEqual(
      field.told.map(({ id, name }) => [id, name]),
      [[crew.id, 'Renamed']],
    );
  });

  test('F8 unassigned on the outage: every crew, on site too, is free on the board, and nothing sends it again', async () => {
    const outage = await newOutage();
    const first = await freeCrew();
    await give(first, outage);
    await order(first.id, 'arrive');
    const second = await freeCrew('line');
    await give(second, outage);
    await states(first.id, outage.id);
    await field.outages.act(outage.id, { verb: 'unassign', reason: 'wrong place' }, 'ben');
    assert.deepEqual(await states(first.id, outage.id), ['available', 'confirmed', null]);
    assert.deepEqual(await states(second.id, outage.id), ['available', 'confirmed', null]);
    assert.ok(
      field.said.some((text) => text.includes(`${first.id} (on site) was set free: ${outage.id} was unassigned`)),
    );
    await give(first, outage);
    assert.deepEqual(await states(first.id, outage.id), ['assigned', 'assigned', first.id], 'sent there again');
    await clear(outage);
  });

  test('F8 unassigned, or released, right before a crash: the next start finds the same end', async () => {
    const [crew, outage] = [await freeCrew(), await newOutage()];
    await give(crew, outage);
    await states(crew.id, outage.id);
    await field.outages.act(outage.id, { verb: 'unassign', reason: 'wrong place' }, 'ben');
    assert.deepEqual(await states(crew.id, outage.id), ['available', 'confirmed', null]);
    // as if the process had ended before the crew's transaction
    await field.on.pool.query("update crew set status = 'assigned' where crew_id = $1", [crew.id]);
    await field.on.pool.query(
      "insert into crew_job (crew_id, outage_id, device_id, assigned_by, assigned_at, is_told) values ($1, $2, $3, 'anna', now(), true)",
      [crew.id, outage.id, outage.device_id],
    );
    await restart();
    assert.deepEqual(await states(crew.id, outage.id), ['available', 'confirmed', null]);
    // the process ends between the crew's transaction and the outage's
    const killed = makeCrewService({ ...crewNeeds(field), outageOf: () => Promise.reject(new Error('killed')) });
    await give(crew, outage);
    await states(crew.id, outage.id);
    const { revision } = await crewNow(crew.id);
    await assert.rejects(killed.act(crew.id, { verb: 'release', revision, reason: 'flat tyre' }, 'anna'), /killed/);
    assert.deepEqual(await states(crew.id, outage.id), ['available', 'assigned', crew.id]);
    await restart();
    assert.deepEqual(await states(crew.id, outage.id), ['available', 'confirmed', null]);
    await clear(outage);
  });

  test('F9 a store that fails while an outage ends does not leave its crew there', async () => {
    const [crew, outage] = [await freeCrew(), await newOutage()];
    await give(crew, outage);
    mock.timers.enable({ apis: ['setInterval'] });
    let fails = true;
    const reported: string[] = [];
    const service = makeCrewService({
      ...crewNeeds(field),
      outageOf: async () => {
        if (fails) throw new Error('the store is away');
        return { ...outage, state: 'closed', underground: false };
      },
      report: (message) => void reported.push(message),
    });
    try {
      await service.start();
      assert.match(reported.join(), /could not follow the outage; tried again/);
      assert.equal((await crewNow(crew.id)).status, 'assigned');
      fails = false;
      mock.timers.tick(20_000);
      await service.settled();
      assert.equal((await crewNow(crew.id)).status, 'available');
    } finally {
      mock.timers.reset();
      await service.stop();
    }
    await clear(outage);
  });

  test('F7 an outage that was restored a moment ago leaves the crew as free as before', async () => {
    const [crew, outage] = [await freeCrew(), await newOutage()];
    await field.outages.act(outage.id, { verb: 'restore', reason: 'a moment ago' }, 'ben');
    // reads what was true before that moment; everything else is the real thing
    const late = makeCrewService({
      ...crewNeeds(field),
      outageOf: async () => ({ ...outage, underground: false }),
    });
    const order = { outage: outage.id, revision: crew.revision };
    await assert.rejects(late.assign(crew.id, order, 'anna'), { code: 'invalid_transition' });
    const { crew: now, log } = await field.crews.detail(crew.id);
    assert.deepEqual([now.status, now.jobs], ['available', []]);
    assert.deepEqual(
      log.slice(0, 2).map((entry) => entry.verb),
      ['release', 'assign'],
    );
    assert.match(String(log[0].reason), /the outage refused/);
  });

  test('C4 the roster signs on and off at the edges of a shift, never under a job', async () => {
    const [crew, outage] = [await freeCrew(), await newOutage()];
    const busy = await freeCrew('line');
    await give(busy, outage);
    const over = JSON.stringify([{ days: [1], from: '00:00', to: '00:01', time_zone: 'UTC' }]);
    const isMondayMinute =
      new Date().getUTCDay() === 1 && new Date().getUTCHours() === 0 && new Date().getUTCMinutes() === 0;
    assert.ok(!isMondayMinute, 'run it a minute later');
    await field.on.pool.query('update crew set shifts = $1 where crew_id = any($2)', [over, [crew.id, busy.id]]);
    await restart();
    assert.equal((await crewNow(crew.id)).status, 'off_shift');
    assert.equal((await crewNow(busy.id)).status, 'assigned');
    await field.outages.act(outage.id, { verb: 'arrive' }, 'anna');
    await field.crews.settled();
    await order(busy.id, 'complete');
    await restart();
    assert.equal((await crewNow(busy.id)).status, 'off_shift', 'as soon as it is free');
    await order(crew.id, 'sign_on', 'called in');
    await restart();
    assert.equal((await crewNow(crew.id)).status, 'available', 'an order stands until the next edge');
    await clear(outage);
  });

  test('C5 the log only grows; an older position changes nothing, one from the future is refused', async () => {
    const crew = await freeCrew();
    await assert.rejects(field.on.pool.query('delete from crew_log'), /only grows/);
    await assert.rejects(field.on.pool.query("update crew_log set actor = 'x'"), /only grows/);
    const at = new Date().toISOString();
    const { revision } = await field.crews.report(crew.id, { lon: -95.1, lat: 29.7, at });
    const later = await field.crews.report(crew.id, { lon: -95.9, lat: 29.7, at: '2020-01-01T00:00:00Z' });
    assert.deepEqual([later.lon, later.position_at, later.revision], [-95.1, at, revision]);
    const ahead = new Date(Date.now() + 3_600_000).toISOString();
    await assert.rejects(field.crews.report(crew.id, { lon: 0, lat: 0, at: ahead }), /from the future/);
  });

  test('the plan over the real outages can be carried out as it stands', async () => {
    const outages = [await newOutage(), await newOutage(), await newOutage()];
    const plan = await field.crews.plan(null);
    const rows = plan.filter((row) => outages.some(({ id }) => id === row.outage_id));
    assert.equal(rows.length, 3);
    for (const { chosen, outage_id: outage } of rows)
      if (chosen) await field.crews.assign(chosen.crew_id, { outage, revision: chosen.crew_revision }, 'anna');
    assert.deepEqual(await field.crews.plan(['AREA-NOWHERE']), []);
    const served = new Set(rows.filter((row) => row.chosen).map((row) => row.outage_id));
    assert.ok(served.size > 0);
    assert.ok(
      (await field.crews.plan(null)).every((row) => !served.has(row.outage_id)),
      'who has a crew needs none',
    );
    await clear(...outages);
  });

  test('nothing was reported as broken', () => assert.deepEqual(field.reported, []));
});
