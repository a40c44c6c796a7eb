import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { all, engineOn, plant, type Testbed, transformers } from './engine_testbed.ts';

const phaseOfLetter: Record<string, number> = { A: 1, B: 2, C: 4 };

/** breaker > recloser > fuse F with transformers A1..A3, B1..B3, C1..C3 of 5 meters, each on the phase of its letter; fuse G beside it, D three-phase. */
function lateral(): Testbed {
  return plant(
    [
      [
        'breaker',
        'S',
        [
          'recloser',
          'R',
          ['fuse', 'F', ...transformers('A', 3, 5), ...transformers('B', 3, 5), ...transformers('C', 3, 5)],
          ['fuse', 'G', ['power_transformer', 'A9', 6], ['power_transformer', 'B9', 6], ['power_transformer', 'D', 4]],
        ],
      ],
    ],
    (id) => (id.length > 1 ? phaseOfLetter[id[0]] : 7),
  );
}
const below = (bed: Testbed, ids: string[]) => ids.flatMap(bed.below);
const phaseA = ['A1', 'A2', 'A3'];

describe('P12 partial phases', () => {
  test('one phase of a fuse: one outage there with its phase, its customers alone', () => {
    const bed = lateral();
    const { send, active, engine } = engineOn(bed);
    send(all(below(bed, phaseA), 'last_gasp', 0), 50);
    assert.deepEqual(active(), ['predicted F 15']);
    assert.equal(engine.outages()[0].phases, 1);
  });

  test('pings that answer lit on the other phases leave it as it is; one on its own phase counts against', () => {
    const bed = lateral();
    const { send, active, engine } = engineOn(bed);
    send(all(below(bed, phaseA), 'last_gasp', 0), 50);
    const { id } = engine.outages()[0];
    send(all(below(bed, ['B1', 'C2']), 'ping_lit', 60), 61);
    assert.deepEqual(active(), ['predicted F 15']);
    assert.equal(engine.outages()[0].id, id);
  });

  test('lost gasps and a lit answer among them do not break it', () => {
    const bed = lateral();
    const { send, active, engine } = engineOn(bed);
    const [lost, lit, ...heard] = below(bed, phaseA);
    assert.ok(lost !== lit);
    send([...all(heard, 'last_gasp', 0), [lit, 'ping_lit', 20]], 50);
    assert.deepEqual(active(), ['predicted F 14']);
    assert.equal(engine.outages()[0].phases, 1);
  });

  test('two phases: the third is not out; all three: the whole device', () => {
    const bed = lateral();
    const { send, active, engine } = engineOn(bed);
    send(all(below(bed, [...phaseA, 'B1', 'B2', 'B3']), 'last_gasp', 0), 50);
    assert.deepEqual(active(), ['predicted F 30']);
    assert.equal(engine.outages()[0].phases, 3);
    send(all(below(bed, ['C1', 'C2', 'C3']), 'last_gasp', 10), 60);
    assert.deepEqual(active(), ['predicted F 45']);
    assert.equal(engine.outages()[0].phases, 0);
  });

  test('above the fuse: the phase is lost at the recloser, and a three-phase meter is out only when it says so', () => {
    const bed = lateral();
    const { send, active, engine } = engineOn(bed);
    const [threePhase] = bed.below('D');
    send(all([...below(bed, [...phaseA, 'A9']), threePhase], 'last_gasp', 0), 50);
    assert.deepEqual(active(), ['predicted R 22']);
    assert.equal(engine.outages()[0].phases, 1);
  });

  test('one transformer alone stays at its transformer, whatever the phase', () => {
    const bed = lateral();
    const { send, active, engine } = engineOn(bed);
    send(all(bed.below('A1'), 'last_gasp', 0), 50);
    assert.deepEqual(active(), ['predicted A1 5']);
    assert.equal(engine.outages()[0].phases, 0);
  });

  test('held, it takes in its phase alone; the evidence is that of the phase', () => {
    const bed = lateral();
    const { send, active, engine } = engineOn(bed);
    send(all(below(bed, ['A1', 'A2']), 'last_gasp', 0), 50);
    const { id } = engine.outages()[0];
    assert.deepEqual(active(), ['predicted F 15']);
    engine.act(id, 'confirm', { actor: 'ann' }, 60_000);
    send(all([...bed.below('A3'), ...bed.below('B1')], 'last_gasp', 70), 120);
    assert.deepEqual(active(), ['confirmed F 15', 'predicted B1 5']);
    const names = { edgeId: (e: number) => bed.network.edge.id.at(e), meterId: (m: number) => `M${m}` };
    const fuse = engine.evidence(id, names).candidates.find((one) => one.chosen);
    assert.deepEqual([fuse?.device_id, fuse?.customers, fuse?.dark], ['F', 15, 15]);
    assert.match(fuse!.why, /on phase A/);
  });

  test('a caller on several phases who misses one of them is out', () => {
    const bed = lateral();
    const { active, engine } = engineOn(bed);
    const [threePhase] = bed.below('D');
    engine.takeCalls([{ meter: threePhase, atMs: 0, kind: 'partial_power' }], 1000);
    assert.deepEqual(active(), [`predicted M${threePhase}@D 1`]);
  });
});

describe('P13 mapping errors', () => {
  test('a meter that the model has on another phase goes with the outage it is dark with, and is suspected', () => {
    const bed = lateral();
    const { send, active, engine } = engineOn(bed);
    const [wrong] = bed.below('B2');
    send(all([...below(bed, phaseA), wrong], 'last_gasp', 0), 50);
    assert.deepEqual(active(), ['predicted F 16']);
    const names = { edgeId: (e: number) => bed.network.edge.id.at(e), meterId: (m: number) => `M${m}` };
    const { suspected_mapping: suspected } = engine.evidence(engine.outages()[0].id, names);
    assert.deepEqual(
      suspected.map((one) => [one.meter_id, one.device_id]),
      [[`M${wrong}`, 'B2']],
    );
    assert.match(suspected[0].why, /phase/);
  });

  test('a meter that the model has at the transformer beside: one outage, the meter in it and suspected', () => {
    const bed = lateral();
    const { send, active, engine } = engineOn(bed);
    const [wrong] = bed.below('B1');
    send([...all([...bed.below('A1'), wrong], 'last_gasp', 0), ...all(bed.below('B1').slice(1), 'ping_lit', 20)], 50);
    assert.deepEqual(active(), ['predicted A1 6']);
    const names = { edgeId: (e: number) => bed.network.edge.id.at(e), meterId: (m: number) => `M${m}` };
    const { suspected_mapping: suspected } = engine.evidence(engine.outages()[0].id, names);
    assert.deepEqual(
      suspected.map((one) => one.meter_id),
      [`M${wrong}`],
    );
    send(all([...bed.below('A1'), wrong], 'power_restored', 900), 901);
    assert.deepEqual(active(), ['restored A1 0']);
  });

  test('a stray that turns out to be an outage of its own leaves the other one, counted', () => {
    const bed = lateral();
    const { send, active, engine } = engineOn(bed);
    const [stray, neighbour] = bed.below('B1');
    send(all([...bed.below('A1'), stray], 'last_gasp', 0), 50);
    assert.deepEqual(active(), ['predicted A1 6']);
    engine.takeCalls([{ meter: neighbour, atMs: 60_000, kind: 'no_power' }], 61_000);
    send(all(bed.below('B1').slice(2), 'last_gasp', 60), 120);
    assert.deepEqual(active(), ['predicted A1 5', 'predicted B1 5']);
  });

  test('a lit meter among dark neighbours is suspected, and does not move the outage', () => {
    const bed = lateral();
    const { send, active, engine } = engineOn(bed);
    const [wrong, ...others] = bed.below('A1');
    send([...all(others, 'last_gasp', 0), [wrong, 'ping_lit', 20]], 50);
    assert.deepEqual(active(), ['predicted A1 4']);
    const names = { edgeId: (e: number) => bed.network.edge.id.at(e), meterId: (m: number) => `M${m}` };
    assert.deepEqual(
      engine.evidence(engine.outages()[0].id, names).suspected_mapping.map((one) => one.meter_id),
      [`M${wrong}`],
    );
  });

  test('dark at another time, or farther away, it is an outage of its own', () => {
    const bed = lateral();
    const { send, active } = engineOn(bed);
    const [late] = bed.below('B1');
    send([...all(bed.below('A1'), 'last_gasp', 0), [late, 'last_gasp', 12]], 60);
    assert.deepEqual(active(), ['predicted A1 5', `predicted M${late}@B1 1`]);
  });
});

describe('P14 meters without communication', () => {
  test('their silence counts neither for nor against: the few that are heard decide', () => {
    const bed = lateral();
    const { send, active, engine } = engineOn(bed);
    const heard = ['A1', 'B1', 'C1', 'A2'].flatMap((id) => bed.below(id).slice(0, 2));
    const deaf = bed.below('F').filter((meter) => !heard.includes(meter));
    send(all(heard, 'last_gasp', 0), 50);
    assert.equal(active().length, 4, 'with all the others listening, single transformers');
    engine.setWithoutCommunication(deaf, 51_000);
    assert.deepEqual(active(), ['predicted F 45']);
    engine.setWithoutCommunication([], 52_000);
    assert.equal(active().length, 4);
  });

  test('P15 callers alone make a device once there are enough of them', () => {
    const bed = lateral();
    const { active, engine } = engineOn(bed);
    engine.setWithoutCommunication(bed.below('F'), 0);
    const calls = bed.below('A1').map((meter) => ({ meter, atMs: 1000, kind: 'no_power' as const }));
    engine.takeCalls(calls.slice(0, 1), 2000);
    assert.deepEqual(active(), [`predicted M${calls[0].meter}@A1 1`]);
    engine.takeCalls(calls.slice(1, 2), 3000);
    assert.deepEqual(active(), ['predicted A1 5']);
  });
});
