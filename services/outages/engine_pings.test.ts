import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { all, engineOn, feeder } from './engine_testbed.ts';

describe('E4 the deciding pings', () => {
  test('silent transformers below the device decide; what is dark already does not', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    send(all([...bed.below('F1'), ...bed.below('U1'), ...bed.below('U2')], 'last_gasp', 0), 50);
    assert.deepEqual(active(), ['predicted R 42']);
    const { id } = engine.outages()[0];
    const before = engine.state();
    const pings = engine.decidingPings(id, 5);
    assert.deepEqual(engine.state(), before, 'trying an answer changes nothing');
    const [first] = pings;
    assert.deepEqual(first.meters, bed.below('U3').slice(0, 2));
    assert.deepEqual([first.ifLit, first.ifDark], [bed.edge('F1'), bed.edge('R')]);
    assert.equal(first.customers, 18);
    send(all(first.meters, 'ping_lit', 60), 61);
    assert.deepEqual(active(), ['predicted F1 24', 'predicted U1 6', 'predicted U2 6'], 'as was said');
  });

  test('dark answers move it up, as was said', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    send(all([...bed.below('T1'), ...bed.below('T2').slice(0, 2)], 'last_gasp', 0), 50);
    const { id } = engine.outages()[0];
    const up = engine.decidingPings(id, 10).find((ping) => ping.ifDark === bed.edge('F1'));
    if (up) {
      send(all(up.meters, 'ping_dark', 60), 120);
      assert.ok(active().some((line) => line.includes(' F1 ')));
    }
    const whole = feeder();
    const run = engineOn(whole);
    run.send(all([...whole.below('T1'), ...whole.below('T2')], 'last_gasp', 0), 50);
    const pings = run.engine.decidingPings(run.engine.outages()[0].id, 10);
    assert.ok(pings.every((ping) => ping.ifLit !== ping.ifDark));
  });

  test('an outage that no answer would move has none', () => {
    const bed = feeder();
    const { send, engine } = engineOn(bed);
    send(all(bed.below('B'), 'last_gasp', 0), 50);
    assert.deepEqual(engine.decidingPings(engine.outages()[0].id, 5), []);
  });

  test('meters without communication are not asked', () => {
    const bed = feeder();
    const { send, engine } = engineOn(bed);
    send(all([...bed.below('F1'), ...bed.below('U1'), ...bed.below('U2')], 'last_gasp', 0), 50);
    engine.setWithoutCommunication(bed.below('U3'), 51_000);
    assert.deepEqual(engine.decidingPings(engine.outages()[0].id, 5), []);
  });
});

test('Q7 beside an outage one silent meter of each transformer below the next device up is asked, others each time', () => {
  const bed = feeder();
  const { send, engine, active } = engineOn(bed);
  send(all([...bed.below('T1'), ...bed.below('T2').slice(0, 1)], 'last_gasp', 0), 50);
  assert.deepEqual(active(), ['predicted T1 7'], 'the lone one of T2 goes with it');
  const { id } = engine.outages()[0];
  const [T2, T3, T4] = ['T2', 'T3', 'T4'].map(bed.below);
  assert.deepEqual(
    engine.metersBeside(id, 0).sort((a, b) => a - b),
    [T2[1], T3[0], T4[0]],
  );
  assert.deepEqual(
    engine.metersBeside(id, 1).sort((a, b) => a - b),
    [T2[2], T3[1], T4[1]],
  );
});
