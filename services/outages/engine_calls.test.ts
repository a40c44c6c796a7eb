import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TroubleCall } from './engine_records.ts';
import { all, engineOn, feeder } from './engine_testbed.ts';

const call = (meter: number, atS: number, kind: TroubleCall['kind'] = 'no_power'): TroubleCall => ({
  meter,
  atMs: atS * 1000,
  kind,
});

describe('M9 trouble calls', () => {
  test('a caller without power is an outage at the service point at once, source call', () => {
    const bed = feeder();
    const { active, engine } = engineOn(bed);
    const [meter] = bed.below('T1');
    const { counts } = engine.takeCalls([call(meter, 10)], 11_000);
    assert.deepEqual([counts.received, counts.dark], [1, 1]);
    assert.deepEqual(active(), [`predicted M${meter}@T1 1`]);
    const [outage] = engine.outages();
    assert.deepEqual([outage.source, outage.called, outage.dark], ['call', 1, 1]);
  });

  test('a call does not end the hold window of the meters beside it: a blink with a call stays a blink', () => {
    const bed = feeder();
    const { send, tick, active, engine } = engineOn(bed);
    const [caller, ...others] = bed.below('T1');
    send(all(others, 'last_gasp', 10), 11);
    engine.takeCalls([call(caller, 15)], 16_000);
    assert.deepEqual(active(), [`predicted M${caller}@T1 1`]);
    send(all(others, 'power_restored', 30), 31);
    tick(120);
    assert.deepEqual(active(), [`predicted M${caller}@T1 1`]);
  });

  test('M10 call and gasp about one meter count once, in either order', () => {
    for (const callFirst of [true, false]) {
      const bed = feeder();
      const { send, tick, active, engine } = engineOn(bed);
      const [meter, ...others] = bed.below('T1');
      if (callFirst) engine.takeCalls([call(meter, 12)], 13_000);
      const gasp = send(all([meter, ...others], 'last_gasp', 10), 14);
      assert.equal(gasp.counts.dark, 6);
      if (!callFirst) assert.equal(engine.takeCalls([call(meter, 12)], 13_000).counts.duplicate, 1);
      tick(60);
      assert.deepEqual(active(), ['predicted T1 6']);
      const [outage] = engine.outages();
      assert.deepEqual([outage.dark, outage.called, outage.startedMs], [6, 0, 10_000]);
    }
  });

  test('M11 a meter that answers lit after the call: the trouble is the house’s own', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    const [meter] = bed.below('T1');
    engine.takeCalls([call(meter, 10)], 11_000);
    send([[meter, 'ping_lit', 20]], 21);
    assert.deepEqual(active(), []);
    assert.equal(engine.takeCalls([call(meter, 15)], 30_000).counts.late, 1, 'lit since the call');
  });

  test('what a call says decides: a wire down or a flicker says nothing of the supply', () => {
    const bed = feeder();
    const { active, engine } = engineOn(bed);
    const [a, b, c] = bed.below('T1');
    const { counts } = engine.takeCalls(
      [call(a, 10, 'wire_down'), call(b, 10, 'flicker'), call(c, 10, 'partial_power'), call(9999, 10)],
      11_000,
    );
    assert.deepEqual([counts.received, counts.other, counts.unknownMeter], [4, 3, 1]);
    assert.deepEqual(active(), []);
  });
});

describe('P11 planned work', () => {
  const window = (meters: number[], fromS: number, toS: number) => ({
    id: 'W1',
    fromMs: fromS * 1000,
    toMs: toS * 1000,
    meters,
  });

  test('meters of a window raise no prediction while it lasts; still dark after end and grace they do', () => {
    const bed = feeder();
    const { send, tick, active, engine } = engineOn(bed);
    const meters = bed.below('T1');
    engine.setPlanned([window(meters, 0, 3600)], 0);
    const { counts } = send(all(meters, 'last_gasp', 10), 11);
    assert.deepEqual([counts.dark, counts.planned], [6, 6]);
    tick(3600 + 299);
    assert.deepEqual(active(), []);
    tick(3600 + 301);
    assert.deepEqual(active(), ['predicted T1 6']);
    assert.equal(engine.outages()[0].startedMs, 3_600_000, 'what was planned is no interruption of this outage');
  });

  test('a window that ends early counts to its new end; meters back in time leave no trace', () => {
    const bed = feeder();
    const { send, tick, active, engine } = engineOn(bed);
    const meters = bed.below('F1');
    engine.setPlanned([window(meters, 0, 36_000)], 0);
    send(all(meters, 'last_gasp', 10), 11);
    engine.setPlanned([window(meters, 0, 1000)], 1_000_000);
    send(all(bed.below('T1'), 'power_restored', 1100), 1101);
    tick(1301);
    assert.deepEqual(active(), ['predicted F1 18']);
    assert.equal(engine.outages()[0].startedMs, 1_000_000);
  });

  test('a fault elsewhere above is still found, without the customers of the window', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    engine.setPlanned([window(bed.below('T1'), 0, 3600)], 0);
    send(all(bed.below('T1'), 'last_gasp', 10), 11);
    send(all(['T2', 'T3', 'T4'].flatMap(bed.below), 'last_gasp', 100), 150);
    assert.deepEqual(active(), ['predicted F1 18']);
  });

  test('what was dark long before the window is no part of the plan', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    send(all(bed.below('T1'), 'last_gasp', 0), 50);
    engine.setPlanned([window(bed.below('T1'), 1000, 3600)], 1_100_000);
    assert.deepEqual(active(), ['predicted T1 6']);
  });

  test('a window that is only now known withdraws the prediction, and leaves what a person holds', () => {
    for (const held of [false, true]) {
      const bed = feeder();
      const { send, active, engine } = engineOn(bed);
      send(all(bed.below('T1'), 'last_gasp', 0), 50);
      if (held) engine.act(engine.outages()[0].id, 'confirm', { actor: 'ann' }, 55_000);
      engine.setPlanned([window(bed.below('T1'), 0, 3600)], 60_000);
      assert.deepEqual(active(), held ? ['confirmed T1 6'] : []);
    }
  });

  test('the device that the work opens is no outage, until its window is over', () => {
    const bed = feeder();
    const { tick, active, engine } = engineOn(bed);
    engine.setPlanned([window(bed.below('F1'), 0, 3600)], 0);
    bed.setOpen(bed.edge('F1'), true);
    engine.applyDevice({ edge: bed.edge('F1'), open: true, atMs: 5000 }, 6000);
    assert.deepEqual(active(), []);
    tick(3600 + 300);
    assert.deepEqual(active(), ['probable F1 24']);
    assert.equal(engine.outages()[0].startedMs, 3_600_000);
  });
});
