/** Switching orders from the draft to the last step, on the live grid and a real store. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { makeStudyGrids } from '#bin/study_grid.ts';
import { openSwitching } from '#bin/switching.ts';
import type { PlannedStep, SwitchingOrder } from '#model/api/switching.ts';
import { edgeKindCode } from '#model/network.ts';
import { makeAlarmService } from '#services/alarms/service.ts';
import { makeSwitchingService } from '#services/switching/service.ts';
import type { PresentLoad } from '#services/switching/study_grid.ts';
import { type FieldWork, startFieldWork } from './field_work.ts';

let field: FieldWork;
before(async () => {
  field = await startFieldWork();
});
after(() => field?.stop());

const isOpen = (id: string): boolean => {
  const { operated, network } = field.network.grid();
  return operated.isOpen(network.edge.id.rowOf(id));
};
const openSet = (): string => {
  const { operated, network } = field.network.grid();
  return Array.from({ length: network.edge.count }, (_, e) => (operated.isOpen(e) ? '1' : '0')).join('');
};
const fuse = (n: number): string => field.network.grid().network.edge.id.at(field.fuses[n]);
const act = async (order: SwitchingOrder, verb: 'check' | 'approve' | 'start' | 'revise' | 'abort', actor: string) =>
  field.switching.act(order.id, { verb, revision: (await field.switching.detail(order.id)).order.revision }, actor);
const execute = async (order: SwitchingOrder, step: number, actor = 'carla') =>
  field.switching.execute(order.id, step, (await field.switching.detail(order.id)).order.revision, actor);
async function approved(steps: PlannedStep[]): Promise<SwitchingOrder> {
  const order = await field.switching.create({ title: 'Work on a lateral', steps }, 'anna');
  await act(order, 'check', 'anna');
  await act(order, 'approve', 'ben');
  return act(order, 'start', 'anna');
}

describe('a switching order', () => {
  test('from draft to done: studied, approved by another, each step with who and when, the grid follows', async () => {
    const device = fuse(0);
    const customers = field.network.grid().operated.countBelow(field.fuses[0]).customers;
    const before = openSet();
    const steps: PlannedStep[] = [
      { device_id: device, operation: 'open' },
      { device_id: device, operation: 'tag' },
      { device_id: device, operation: 'ground' },
      { device_id: device, operation: 'unground' },
      { device_id: device, operation: 'untag' },
      { device_id: device, operation: 'close' },
    ];
    const study = await field.switching.study(steps);
    assert.deepEqual(
      study.steps.map((step) => [step.look_ahead.customers_dropped, step.look_ahead.customers_picked_up]),
      [
        [customers, 0],
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
        [0, customers],
      ],
    );
    assert.equal(openSet(), before, 'S1');
    const order = await field.switching.create({ title: 'Replace a pole', steps }, 'anna');
    await assert.rejects(act(order, 'approve', 'ben'), { code: 'invalid_transition' });
    await act(order, 'check', 'anna');
    await assert.rejects(act(order, 'approve', 'anna'), { code: 'forbidden', message: /another person/ });
    await assert.rejects(execute(order, 1), { code: 'invalid_transition' });
    await act(order, 'approve', 'ben');
    await act(order, 'start', 'anna');
    await assert.rejects(execute(order, 2), /step 1 .* comes next/);
    await execute(order, 1);
    assert.ok(isOpen(device));
    await execute(order, 2);
    await execute(order, 3);
    await assert.rejects(
      field.network.operate(device, false, 'dora', 'not knowing'),
      /is tagged by switching order/,
      'T1',
    );
    assert.deepEqual(
      (await field.switching.tags()).map((tag) => [tag.device_id, tag.kind]),
      [
        [device, 'tag'],
        [device, 'ground'],
      ],
    );
    await execute(order, 4);
    await execute(order, 5);
    const done = await execute(order, 6);
    assert.equal(done.state, 'done');
    assert.equal(openSet(), before);
    assert.deepEqual(
      done.steps.map((step) => step.done_by),
      Array.from({ length: 6 }, () => 'carla'),
    );
    const { log } = await field.switching.detail(order.id);
    assert.deepEqual(
      log.map((entry) => entry.verb),
      ['create', 'check', 'approve', 'start', 'step', 'step', 'step', 'step', 'step', 'step'],
    );
    await assert.rejects(field.on.pool.query('delete from switching_log'), /only grows/);
  });

  test('S5 a step that would do something else by now is stopped, says why, and operates nothing', async () => {
    const [first, second] = [fuse(1), fuse(2)];
    const order = await approved([
      { device_id: first, operation: 'open' },
      { device_id: second, operation: 'open' },
    ]);
    await execute(order, 1);
    // meanwhile the head of the feeder trips: the second fuse would drop nobody any more
    const { network } = field.network.grid();
    const head = network.edge.id.at(network.feeder.headEdge[network.edge.feeder[field.fuses[2]]]);
    await field.network.operate(head, true, 'protection', 'tripped');
    await assert.rejects(execute(order, 2), {
      code: 'conflict',
      message: /step 2 is stopped.*customers dropped: 0 now/,
    });
    assert.equal(isOpen(second), false);
    const { order: stopped } = await field.switching.detail(order.id);
    assert.equal(stopped.state, 'executing');
    assert.match(String(stopped.steps[1].stopped), /customers dropped: 0 now, \d+ when it was checked/);
    // revised, checked and approved again it goes on; what was done stays
    await act(order, 'revise', 'anna');
    const { order: draft } = await field.switching.detail(order.id);
    const edit = { title: draft.title, revision: draft.revision };
    await assert.rejects(
      field.switching.edit(order.id, { ...edit, steps: [{ device_id: second, operation: 'open' }] }, 'anna'),
      /stay as they are/,
    );
    await act(order, 'check', 'anna');
    await act(order, 'approve', 'ben');
    await act(order, 'start', 'anna');
    assert.equal((await execute(order, 2)).state, 'done');
    for (const id of [head, first, second]) await field.network.operate(id, false, 'test', 'as it was');
  });

  test('S4 who edits a checked order can not approve it; the edit takes the check away', async () => {
    const order = await field.switching.create(
      { title: 'Draft of anna', steps: [{ device_id: fuse(3), operation: 'open' }] },
      'anna',
    );
    const checked = await act(order, 'check', 'anna');
    const edited = await field.switching.edit(
      order.id,
      { title: 'Draft of both', revision: checked.revision, steps: [{ device_id: fuse(4), operation: 'open' }] },
      'ben',
    );
    assert.deepEqual([edited.state, edited.authors], ['draft', ['anna', 'ben']]);
    await act(order, 'check', 'ben');
    await assert.rejects(act(order, 'approve', 'ben'), { code: 'forbidden' });
    assert.equal((await act(order, 'approve', 'carla')).approver, 'carla');
    await act(order, 'abort', 'anna');
  });

  test('S4 who made the order never approves it; who wrote before the last approval may approve the next', async () => {
    const steps: PlannedStep[] = [{ device_id: fuse(3), operation: 'open' }];
    const order = await field.switching.create({ title: 'Draft of anna', steps }, 'anna');
    const edit = async (actor: string): Promise<SwitchingOrder> => {
      const { revision } = (await field.switching.detail(order.id)).order;
      return field.switching.edit(order.id, { title: `Written by ${actor}`, revision, steps }, actor);
    };
    await edit('dora');
    await act(order, 'check', 'anna');
    await act(order, 'approve', 'ben');
    await act(order, 'revise', 'ben');
    assert.deepEqual((await edit('carla')).authors, ['anna', 'carla']);
    await act(order, 'check', 'carla');
    for (const author of ['anna', 'carla']) await assert.rejects(act(order, 'approve', author), { code: 'forbidden' });
    assert.equal((await act(order, 'approve', 'dora')).approver, 'dora');
    await act(order, 'abort', 'anna');
  });

  test('S3 an order with a step that can not be done stays a draft, and names the step', async () => {
    const steps: PlannedStep[] = [
      { device_id: fuse(3), operation: 'open' },
      { device_id: fuse(3), operation: 'open' },
    ];
    const order = await field.switching.create({ title: 'Opens it twice', steps }, 'anna');
    await assert.rejects(act(order, 'check', 'anna'), {
      code: 'conflict',
      message: /step 2 can not be done: .*open already/,
    });
    const { order: now } = await field.switching.detail(order.id);
    assert.deepEqual([now.state, now.steps.map((step) => step.foreseen)], ['draft', [null, null]]);
  });

  test('L1 the load of a meter is its newest reading in kW; without one, or at zero, its peak demand', async () => {
    const { network, operated } = field.network.grid();
    const [measured, dark, ...others] = operated.metersBelow(field.fuses[13]);
    // half a kilowatt-hour in a quarter of an hour
    await field.on.pool.query(
      `insert into ami_realtime (meter_key, interval_start, interval_minutes, wh, decivolt, quality, received_at)
       select meter_key, now(), 15, wh, 1200, 1, now() from unnest($1::int[], $2::int[]) as given (meter_key, wh)`,
      [
        [measured, dark],
        [500, 0],
      ],
    );
    const alarms = makeAlarmService(field.on.pool, () => undefined);
    const tellers = { alarmsChanged: () => undefined, say: () => undefined };
    const { service } = openSwitching({ pool: field.on.pool, network: field.network, alarms, ...tellers });
    const study = await service.study([{ device_id: fuse(13), operation: 'open' }]);
    const peakKw = [dark, ...others].reduce((sum, key) => sum + network.meter.peakKw[key], 0);
    assert.ok(Math.abs(study.steps[0].look_ahead.kw_dropped - (2 + peakKw)) < 0.06);
    assert.equal(study.measured_share, Math.round((1 / network.meter.count) * 1000) / 1000);
  });

  test('S6 two at once on one order: one is served, the other gets a conflict', async () => {
    const order = await approved([{ device_id: fuse(5), operation: 'open' }]);
    const { revision } = order;
    const tries = await Promise.allSettled([
      field.switching.execute(order.id, 1, revision, 'anna'),
      field.switching.execute(order.id, 1, revision, 'ben'),
    ]);
    assert.deepEqual(
      tries.map((one) => (one.status === 'fulfilled' ? 'done' : (one.reason as { code: string }).code)).sort(),
      ['conflict', 'done'],
    );
    await field.network.operate(fuse(5), false, 'test', 'as it was');
  });

  test('S1 studies that begin in the same moment do not see each other', async () => {
    const { promise: load, resolve: loaded } = Promise.withResolvers<PresentLoad>();
    const { study, isolate } = makeStudyGrids(() => field.network.grid());
    const { pool } = field.on;
    const refused = async (): Promise<never> => Promise.reject(new Error('a study operates nothing'));
    const service = makeSwitchingService({
      ...{ pool, study, isolate, nowMs: Date.now, load: () => load, operate: refused },
      ...{ areaOfDevice: () => null, notice: () => undefined },
    });
    const steps: PlannedStep[] = [{ device_id: fuse(10), operation: 'open' }];
    const both = [service.study(steps), service.study(steps)];
    // by then both have their tags and wait for the loads, as they do once a minute
    await setTimeout(300);
    const { meter } = field.network.grid().network;
    loaded({ kwOf: meter.peakKw, measuredShare: 0, at: new Date().toISOString() });
    const [one, other] = await Promise.all(both);
    assert.equal(one.steps[0].look_ahead.blocked, null);
    assert.deepEqual(other, one);
  });

  test('S7 a crash after the operation: the start finds the step carried out; before it: not', async () => {
    const order = await approved([
      { device_id: fuse(6), operation: 'open' },
      { device_id: fuse(7), operation: 'open' },
    ]);
    const begin = (step: number) =>
      field.on.pool.query("update switching_step set begun_by = 'anna' where order_id = $1 and step_no = $2", [
        order.id,
        step,
      ]);
    await begin(1);
    await field.network.operate(fuse(6), true, 'anna', 'the process ended here');
    await field.switching.start();
    await begin(2);
    await field.switching.start();
    const { order: now } = await field.switching.detail(order.id);
    assert.deepEqual(
      now.steps.map((step) => step.done_by),
      ['anna', null],
    );
    await act(order, 'abort', 'anna');
    await field.network.operate(fuse(6), false, 'test', 'as it was');
  });

  test('S7 a step is marked as begun while the grid is operated, and not any more where that was refused', async () => {
    const order = await approved([{ device_id: fuse(10), operation: 'open' }]);
    const begun = async (): Promise<string | null> =>
      (await field.on.pool.query('select begun_by from switching_step where order_id = $1', [order.id])).rows[0]
        .begun_by;
    let meanwhile: string | null = null;
    const { meter } = field.network.grid().network;
    const service = makeSwitchingService({
      ...{ ...makeStudyGrids(() => field.network.grid()), pool: field.on.pool, nowMs: Date.now },
      ...{ areaOfDevice: () => null, notice: () => undefined },
      load: async () => ({ kwOf: meter.peakKw, measuredShare: 0, at: new Date().toISOString() }),
      operate: async () => {
        meanwhile = await begun();
        throw new Error('the lock-out hangs');
      },
    });
    await assert.rejects(service.execute(order.id, 1, order.revision, 'carla'), /lock-out/);
    assert.deepEqual([meanwhile, await begun()], ['carla', null]);
    assert.equal((await execute(order, 1)).state, 'done');
    await field.network.operate(fuse(10), false, 'test', 'as it was');
  });

  for (const verb of ['revise', 'abort', 'execute'] as const)
    test(`S7 a record that failed is made good before "${verb}", and the center starts after it`, async () => {
      const device = fuse(11);
      const order = await approved([
        { device_id: device, operation: 'open' },
        { device_id: device, operation: 'close' },
      ]);
      // the store answers no more between the operation and the record; the process goes on
      await field.on.pool.query("update switching_step set begun_by = 'carla' where order_id = $1 and step_no = 1", [
        order.id,
      ]);
      await field.network.operate(device, true, 'carla', 'step 1');
      const tried = verb === 'execute' ? execute(order, 1) : act(order, verb, 'anna');
      await assert.rejects(tried, { code: 'conflict', message: /has changed since you looked at it/ });
      const { order: now } = await field.switching.detail(order.id);
      assert.deepEqual(
        now.steps.map((step) => [step.done_by, step.stopped]),
        [
          ['carla', null],
          [null, null],
        ],
      );
      if (verb !== 'execute') await act(order, verb, 'anna');
      await field.switching.start();
      await field.network.operate(device, false, 'test', 'as it was');
    });

  test('T3 an aborted order that leaves a tag says so; another order may take it down', async () => {
    const order = await approved([
      { device_id: fuse(8), operation: 'open' },
      { device_id: fuse(8), operation: 'tag' },
      { device_id: fuse(8), operation: 'untag' },
    ]);
    await execute(order, 1);
    await execute(order, 2);
    const other = await field.switching.create(
      {
        title: 'Clean up',
        steps: [
          { device_id: fuse(8), operation: 'untag' },
          { device_id: fuse(8), operation: 'close' },
        ],
      },
      'anna',
    );
    await assert.rejects(act(other, 'check', 'anna'), /carries no tag that this order may take down/);
    await act(order, 'abort', 'anna');
    assert.ok(field.said.some((text) => text.includes(`order ${order.id} was aborted and leaves tag at ${fuse(8)}`)));
    const alarm = field.alarms().find(({ id }) => id === `SWO-${order.id}`);
    assert.equal(alarm?.area_id, field.network.areaOfAsset(fuse(8)));
    await act(other, 'check', 'anna');
    await act(other, 'approve', 'ben');
    await act(other, 'start', 'anna');
    await execute(other, 1);
    assert.equal((await execute(other, 2)).state, 'done');
    assert.deepEqual(await field.switching.tags(), []);
  });

  test('T2 a ground is in the way of everybody who would make it alive', async () => {
    const device = fuse(9);
    const order = await approved([
      { device_id: device, operation: 'open' },
      { device_id: device, operation: 'ground' },
    ]);
    await execute(order, 1);
    await execute(order, 2);
    await assert.rejects(field.network.operate(device, false, 'dora', 'not knowing'), /would energise the ground/);
    const { steps } = await field.switching.study([{ device_id: device, operation: 'close' }]);
    assert.match(String(steps[0].look_ahead.blocked), /would energise the ground/);
  });

  test('R1 to R3 a proposal for a fault becomes an order and is carried out', async () => {
    const { network } = field.network.grid();
    const lines = Array.from({ length: network.edge.count }, (_, e) => e).filter(
      (e) => network.edge.kind[e] === edgeKindCode.line_segment,
    );
    let found: Awaited<ReturnType<FieldWork['switching']['propose']>> | undefined;
    for (const line of lines) {
      const proposal = await field.switching.propose(network.edge.id.at(line));
      if (proposal.steps.some((step) => step.operation === 'close')) {
        found = proposal;
        break;
      }
    }
    assert.ok(found, 'some fault leaves a healthy part that a tie can feed');
    const waiting = found.not_fed.reduce((sum, part) => sum + part.customers, found.customers_in_section);
    assert.equal(found.study.customers_out_after, found.study.customers_out_before + waiting);
    const order = await approved(found.steps);
    for (const [i] of found.steps.entries()) await execute(order, i + 1);
    assert.equal((await field.switching.detail(order.id)).order.state, 'done');
  });

  test('a device nobody knows, an order without steps', async () => {
    await assert.rejects(field.switching.study([{ device_id: 'NOPE', operation: 'open' }]), { code: 'unknown_asset' });
    const order = await field.switching.create({ title: 'Nothing yet', steps: [] }, 'anna');
    await assert.rejects(act(order, 'check', 'anna'), /has no step/);
  });
});
