import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { all, engineOn, feeder, type Plan, plant, transformers } from './engine_testbed.ts';

describe('restoration', () => {
  test('A5 M7 R7 back within the hold window is momentary and never an outage', () => {
    const bed = feeder();
    const { send, tick, engine } = engineOn(bed);
    send(all(bed.below('T1'), 'last_gasp', 0), 1);
    const { counts } = send(all(bed.below('T1'), 'power_restored', 30), 31);
    tick(100);
    assert.equal(counts.momentary, 6);
    assert.deepEqual(engine.outages(), []);
  });

  test('A5 a restore that only arrives late still makes it momentary: the prediction is withdrawn', () => {
    const bed = feeder();
    const { send, engine } = engineOn(bed);
    send(all(bed.below('T1'), 'last_gasp', 0), 50);
    const { log } = send(all(bed.below('T1'), 'power_restored', 40), 55);
    assert.deepEqual([engine.outages()[0].state, log[0].verb], ['rejected', 'withdrawn']);
    assert.equal(engine.outages()[0].steps.length, 0);
  });

  test('A7 R1 R4 each partial restoration closes a step; customer-minutes add up', () => {
    const bed = feeder();
    const { send, engine, active } = engineOn(bed);
    send(all(bed.below('F1'), 'last_gasp', 0), 50);
    engine.act(engine.outages()[0].id, 'confirm', { actor: 'ann' }, 60_000);
    send(all(bed.below('T1'), 'power_restored', 600), 601);
    assert.deepEqual(active(), ['partly_restored F1 18']);
    send(all([...bed.below('T2'), ...bed.below('T3')], 'power_restored', 1200), 1201);
    send(all(bed.below('T4'), 'power_restored', 3600), 3601);
    const [outage] = engine.outages();
    assert.equal(outage.state, 'restored');
    assert.deepEqual(
      outage.steps.map((step) => [step.fromMs / 1000, step.toMs! / 1000, step.customersOut, step.customerMinutes]),
      [
        [0, 600, 24, 240],
        [600, 1200, 18, 180],
        [1200, 3600, 6, 240],
      ],
    );
    assert.equal(outage.customersRestored, 24);
    engine.tick(3_601_000 + 3_600_000);
    assert.equal(engine.outages()[0].state, 'closed');
  });

  test('A8 R6 what stays dark after the restoration becomes a nested outage at its own device', () => {
    const bed = feeder();
    const { send, tick, engine, active } = engineOn(bed);
    send(all(bed.below('R'), 'last_gasp', 0), 50);
    const dark = bed.below('U1');
    send(
      all(
        bed.below('R').filter((meter) => !dark.includes(meter)),
        'power_restored',
        900,
      ),
      905,
    );
    assert.deepEqual(active(), ['restored R 0']);
    tick(960);
    assert.deepEqual(active(), ['restored R 0'], 'the last messages may still be on their way');
    tick(966);
    assert.deepEqual(active(), ['restored R 0', 'predicted U1 6']);
    const [parent, nested] = engine.outages();
    assert.equal(nested.nestedIn, parent.id);
    assert.equal(nested.startedMs, parent.restoredMs, 'no customer-minute is counted twice');
  });

  test('P17 a restore lost here and there is left over at its own meter, not at the device that came back', () => {
    const transformers = Array.from({ length: 9 }, (_, i): Plan => ['power_transformer', `T${i}`, 6]);
    const bed = plant([['breaker', 'B', ['recloser', 'R', ...transformers], ['power_transformer', 'X', 6]]]);
    const { send, tick, active } = engineOn(bed);
    send(all(bed.below('R'), 'last_gasp', 0), 50);
    // one of each transformer: together they are all that is not accounted for below R
    const lost = transformers.map(([, id]) => bed.below(id)[0]);
    const back = bed.below('R').filter((meter) => !lost.includes(meter));
    send(all(back, 'power_restored', 900), 905);
    tick(970);
    const leftOver = active().filter((outage) => outage.startsWith('predicted'));
    assert.equal(leftOver.length, lost.length, String(active()));
    assert.ok(
      leftOver.every((outage) => outage.endsWith(' 1')),
      String(active()),
    );
  });

  test('P17 two faults below a device that fed a third of its customers again are two, and none at that device', () => {
    const fuse = (i: number): Plan => [
      'fuse',
      `F${i}`,
      ['power_transformer', `T${i}`, 5],
      ['power_transformer', `U${i}`, 5],
    ];
    const bed = plant([['breaker', 'B', ['recloser', 'R', fuse(1), fuse(2), fuse(3)], ['power_transformer', 'X', 6]]]);
    const { send, tick, engine, active } = engineOn(bed);
    send(all(bed.below('R'), 'last_gasp', 0), 50);
    assert.deepEqual(active(), ['predicted R 30']);
    send(all(bed.below('F3'), 'power_restored', 900), 905);
    engine.act(engine.outages()[0].id, 'restore', { actor: 'crew' }, 910_000);
    tick(980);
    assert.deepEqual(active(), ['restored R 0', 'predicted F1 10', 'predicted F2 10']);
  });

  for (const saysFirst of ['the switch', 'the meters'])
    test(`R8 a held outage goes on at the switch that isolates the damage; ${saysFirst} say so first`, () => {
      const bed = plant([
        ['breaker', 'B', ['recloser', 'R', ...transformers('T', 2, 6), ['switch', 'S', ...transformers('U', 2, 6)]]],
      ]);
      const { send, engine, active } = engineOn(bed);
      send(all(bed.below('R'), 'last_gasp', 0), 50);
      const [{ id, device }] = engine.outages();
      assert.equal(device, bed.edge('R'));
      engine.act(id, 'assign', { actor: 'ann', crew: 'C1' }, 60_000);
      const sound = [...bed.below('T1'), ...bed.below('T2').slice(1)];
      const opens = () => {
        bed.setOpen(bed.edge('S'), true);
        engine.applyDevice({ edge: bed.edge('S'), open: true, atMs: 900_000 }, 960_000);
      };
      if (saysFirst === 'the switch') opens();
      send(all(sound, 'power_restored', 900), 960);
      if (saysFirst === 'the meters') opens();
      assert.deepEqual(active(), ['partly_restored S 12']);
      const [outage] = engine.outages();
      assert.deepEqual([outage.id, outage.crew, outage.customersRestored], [id, 'C1', 12]);
    });

  test('R6 a device that was open below another one keeps its customers out from the restoration of that one on', () => {
    const bed = feeder();
    const { tick, engine, send, active } = engineOn(bed);
    const reports = (id: string, open: boolean, atS: number) => {
      bed.setOpen(bed.edge(id), open);
      engine.applyDevice({ edge: bed.edge(id), open, atMs: atS * 1000 }, atS * 1000);
    };
    reports('B', true, 0);
    send(all(bed.below('B'), 'last_gasp', 0), 5);
    reports('R', true, 300);
    reports('B', false, 900);
    send(all(bed.below('F3'), 'power_restored', 900), 905);
    tick(970);
    assert.deepEqual(active(), ['restored B 0', 'probable R 42']);
    const [parent, nested] = engine.outages();
    assert.equal(nested.nestedIn, parent.id);
    assert.deepEqual(
      nested.steps.map(({ fromMs, customersOut }) => [fromMs, customersOut]),
      [[900_000, 42]],
      'no customer-minute is counted twice',
    );
  });

  test('R6 so does one that had a customer of its own before: a step begins with those who join', () => {
    const bed = feeder();
    const { tick, engine, send } = engineOn(bed);
    const reports = (id: string, open: boolean, atS: number) => {
      bed.setOpen(bed.edge(id), open);
      engine.applyDevice({ edge: bed.edge(id), open, atMs: atS * 1000 }, atS * 1000);
    };
    const [own] = bed.below('T1');
    reports('B', true, 0);
    send(all(bed.below('B'), 'last_gasp', 0), 5);
    send(all([own], 'power_restored', 200), 205);
    reports('R', true, 300);
    send(all([own], 'last_gasp', 310), 400);
    reports('B', false, 900);
    send(all(bed.below('F3'), 'power_restored', 900), 905);
    tick(970);
    const nested = engine.outages().find(({ device }) => device === bed.edge('R'))!;
    assert.deepEqual(nested.steps.map(({ fromMs, toMs, customersOut }) => [fromMs / 1000, toMs, customersOut]).at(-1), [
      900,
      null,
      42,
    ]);
    assert.equal(nested.steps.length, 2);
  });

  test('R3 a transformer with power again has it for its silent meters, too', () => {
    const bed = feeder();
    const { send, active } = engineOn(bed);
    const silent = bed.below('T1').slice(0, 2);
    send(
      all(
        bed.below('F1').filter((meter) => !silent.includes(meter)),
        'last_gasp',
        0,
      ),
      50,
    );
    assert.deepEqual(active(), ['predicted F1 24']);
    send(all(bed.below('T1').slice(2), 'power_restored', 600), 601);
    assert.deepEqual(active(), ['partly_restored F1 18']);
  });

  test('a transformer with a dark meter left keeps its silent ones out', () => {
    const bed = feeder();
    const { send, active } = engineOn(bed);
    const [silent, stays, ...others] = bed.below('T1');
    send(
      all(
        bed.below('F1').filter((meter) => meter !== silent),
        'last_gasp',
        0,
      ),
      50,
    );
    send(all(others, 'power_restored', 600), 601);
    assert.deepEqual(active(), ['partly_restored F1 20']);
    send([[stays, 'power_restored', 700]], 701);
    assert.deepEqual(active(), ['partly_restored F1 18']);
  });

  test('R5 one meter that answers does not restore an outage that was hardly heard', () => {
    const bed = feeder();
    const { send, engine, active } = engineOn(bed);
    engine.place(bed.edge('R'), { actor: 'ann' }, 0);
    send(all(bed.below('U1').slice(0, 1), 'power_restored', 600), 601);
    assert.deepEqual(active(), ['partly_restored R 36']);
  });

  test('R2 messages that trickle in make one step, not many', () => {
    const bed = feeder();
    const { send, engine } = engineOn(bed);
    send(all(bed.below('F1'), 'last_gasp', 0), 50);
    send(all(bed.below('T1'), 'power_restored', 600), 601);
    send(all(bed.below('T2'), 'power_restored', 620), 621);
    send(all(bed.below('T3'), 'power_restored', 700), 701);
    assert.deepEqual(
      engine.outages()[0].steps.map((step) => [step.fromMs / 1000, step.customersOut]),
      [
        [0, 24],
        [600, 12],
        [700, 6],
      ],
    );
  });

  test('restored by a person; a meter that stays dark comes back as an outage of its own', () => {
    const bed = feeder();
    const { send, tick, engine, active } = engineOn(bed);
    send(all(bed.below('T1'), 'last_gasp', 0), 50);
    engine.act(engine.outages()[0].id, 'restore', { actor: 'ann', reason: 'crew says so' }, 300_000);
    send(all(bed.below('T1').slice(1), 'power_restored', 299), 310);
    tick(400);
    assert.deepEqual(active(), ['restored T1 0', `predicted M${bed.below('T1')[0]}@T1 1`]);
  });

  test('rejected: the same messages do not raise it again, new ones do', () => {
    const bed = feeder();
    const { send, tick, engine, active } = engineOn(bed);
    const gasps = all(bed.below('T1'), 'last_gasp', 0);
    send(gasps, 50);
    engine.act(engine.outages()[0].id, 'reject', { actor: 'ann' }, 60_000);
    send(gasps, 61);
    tick(200);
    assert.deepEqual(active(), []);
    send(all(bed.below('T1'), 'last_gasp', 210), 300);
    assert.deepEqual(active(), ['predicted T1 6']);
  });

  test('reopened: customers are out again, in a new step', () => {
    const bed = feeder();
    const { send, engine, active } = engineOn(bed);
    send(all(bed.below('T1'), 'last_gasp', 0), 50);
    const { id } = engine.outages()[0];
    engine.act(id, 'restore', { actor: 'ann' }, 100_000);
    engine.act(id, 'reopen', { actor: 'ann', reason: 'wrong pole' }, 120_000);
    assert.deepEqual(active(), ['confirmed T1 6']);
    assert.deepEqual(
      engine.outages()[0].steps.map((step) => step.customersOut),
      [6, 6],
    );
  });
});
