import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FluxError } from '#model/errors.ts';
import { createOutageEngine } from './engine.ts';
import { countingIds } from './engine_book.ts';
import { all, engineOn, feeder } from './engine_testbed.ts';
import { defaultThresholds } from './thresholds.ts';

const ann = { actor: 'ann' };
const code = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof FluxError);
    return error.code;
  }
  return 'done';
};

/** Customer-minutes of all outages that are not merged away, running steps up to `nowMs`. */
function minutes(outages: ReturnType<ReturnType<typeof engineOn>['engine']['outages']>, nowMs: number): number {
  let sum = 0;
  for (const outage of outages)
    for (const step of outage.steps)
      sum += step.toMs === null ? (step.customersOut * (nowMs - step.fromMs)) / 60_000 : step.customerMinutes;
  return sum;
}

describe('V1 merge', () => {
  test('members, start and minutes go into the other one, which is confirmed thereby', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    send([...all(bed.below('T1'), 'last_gasp', 0), ...all(bed.below('V1'), 'last_gasp', 10)], 60);
    const [first, second] = engine.outages();
    const before = minutes(engine.outages(), 600_000);
    const { log } = engine.act(first.id, 'merge', { ...ann, into: second.id, reason: 'one tree' }, 70_000);
    assert.deepEqual(active(), ['confirmed V1 12']);
    const [gone, survivor] = engine.outages();
    assert.deepEqual([gone.state, gone.mergedInto, gone.steps.length], ['merged', second.id, 0]);
    assert.equal(survivor.startedMs, 0);
    assert.ok(minutes(engine.outages(), 600_000) >= before, 'no customer-minute is lost');
    assert.deepEqual(
      log.map((row) => [row.outageId, row.verb, row.actor]),
      [
        [first.id, 'merge', 'ann'],
        [second.id, 'confirm', 'ann'],
      ],
    );
    engine.tick(100_000);
    assert.deepEqual(active(), ['confirmed V1 12'], 'the engine leaves it so');
  });

  test('refused: without a name, into itself, into what is restored, into nothing; nothing has changed', () => {
    const bed = feeder();
    const { send, engine } = engineOn(bed);
    send([...all(bed.below('T1'), 'last_gasp', 0), ...all(bed.below('V1'), 'last_gasp', 10)], 60);
    const [first, second] = engine.outages();
    engine.act(second.id, 'restore', ann, 70_000);
    const before = engine.outages();
    for (const into of [undefined, first.id, second.id])
      assert.equal(
        code(() => engine.act(first.id, 'merge', { ...ann, into }, 80_000)),
        'bad_merge',
      );
    assert.equal(
      code(() => engine.act(first.id, 'merge', { ...ann, into: 'OUT-9' }, 80_000)),
      'unknown_outage',
    );
    assert.deepEqual(engine.outages(), before);
  });
});

test('V5 a part that nobody is out in is not restored: without names, elsewhere, by a device that is a slip of the pen', () => {
  const bed = feeder();
  const { send, engine } = engineOn(bed);
  send(all(bed.below('T1'), 'last_gasp', 0), 50);
  const { id } = engine.outages()[0];
  engine.act(id, 'confirm', ann, 60_000);
  const before = engine.outages();
  for (const meters of [undefined, [], bed.below('V1')])
    assert.equal(
      code(() => engine.act(id, 'restore_part', { ...ann, meters }, 70_000)),
      'bad_part',
    );
  assert.deepEqual(engine.outages(), before);
});

test('P8 a meter below a held outage joins it; one that had power since it began does not: it is out anew', () => {
  const bed = feeder();
  const { send, active, engine } = engineOn(bed);
  const [back, late, ...others] = bed.below('F1');
  send(all(others, 'last_gasp', 0), 50);
  engine.act(engine.outages()[0].id, 'confirm', ann, 60_000);
  send([[back, 'power_restored', 600]], 605);
  assert.deepEqual(active(), ['confirmed F1 23']);
  send([[late, 'last_gasp', 1200]], 1300);
  assert.deepEqual(active(), ['confirmed F1 23'], 'it was a member already');
  send([[back, 'last_gasp', 1400]], 1500);
  assert.deepEqual(active(), ['confirmed F1 23', `predicted M${back}@T1 1`]);
});

describe('V2 split', () => {
  test('the customers below a device become an outage of their own from the running step on', () => {
    const bed = feeder();
    const { send, tick, active, engine } = engineOn(bed);
    send(all(bed.below('F1'), 'last_gasp', 0), 50);
    const { id } = engine.outages()[0];
    engine.act(id, 'confirm', ann, 60_000);
    send(all(bed.below('T1'), 'power_restored', 600), 601);
    const before = minutes(engine.outages(), 3_600_000);
    engine.act(id, 'split', { ...ann, edge: bed.edge('T4') }, 700_000);
    assert.deepEqual(active(), ['partly_restored F1 12', 'confirmed T4 6']);
    assert.equal(minutes(engine.outages(), 3_600_000), before);
    assert.equal(engine.outages()[1].splitFrom, id);
    tick(800);
    assert.deepEqual(active(), ['partly_restored F1 12', 'confirmed T4 6']);
  });

  test('named meters: their lowest common device, or the one service point', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    send(all(bed.below('F1'), 'last_gasp', 0), 50);
    const { id } = engine.outages()[0];
    engine.act(id, 'confirm', ann, 60_000);
    engine.act(id, 'split', { ...ann, meters: bed.below('T1').slice(0, 1) }, 61_000);
    engine.act(id, 'split', { ...ann, meters: bed.below('T2').slice(0, 3) }, 62_000);
    assert.deepEqual(active(), ['confirmed F1 20', `confirmed M${bed.below('T1')[0]}@T1 1`, 'confirmed T2 3']);
  });

  test('refused: nothing named, nobody of it, everybody of it', () => {
    const bed = feeder();
    const { send, engine } = engineOn(bed);
    send(all(bed.below('F1'), 'last_gasp', 0), 50);
    const before = engine.outages();
    const { id } = before[0];
    assert.equal(
      code(() => engine.act(id, 'split', ann, 60_000)),
      'bad_split',
    );
    assert.equal(
      code(() => engine.act(id, 'split', { ...ann, edge: bed.edge('V1') }, 60_000)),
      'bad_split',
    );
    assert.equal(
      code(() => engine.act(id, 'split', { ...ann, edge: bed.edge('R') }, 60_000)),
      'bad_split',
    );
    assert.deepEqual(engine.outages(), before);
  });
});

describe('V3 move', () => {
  test('up takes in what is below; it is held there', () => {
    const bed = feeder();
    const { send, tick, active, engine } = engineOn(bed);
    send([...all(bed.below('T1'), 'last_gasp', 0), ...all(bed.below('T2').slice(0, 1), 'last_gasp', 5)], 60);
    const [{ id }] = engine.outages();
    engine.act(id, 'move', { ...ann, direction: 'up', reason: 'fuse is open' }, 70_000);
    assert.deepEqual(active(), ['confirmed F1 24']);
    tick(300);
    assert.deepEqual(active(), ['confirmed F1 24']);
  });

  test('down goes to the branch with the most dark meters; the others are predicted anew', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    send(all([...bed.below('F1'), ...bed.below('F2')], 'last_gasp', 0), 50);
    const [{ id }] = engine.outages();
    assert.deepEqual(active(), ['predicted R 42']);
    engine.act(id, 'move', { ...ann, direction: 'down' }, 60_000);
    assert.deepEqual(active(), ['confirmed F1 24', 'predicted F2 18']);
  });

  test('to a named device; refused above the top, below the last, where another one stands', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    send([...all(bed.below('T1'), 'last_gasp', 0), ...all(bed.below('V1'), 'last_gasp', 5)], 60);
    const [first, second] = engine.outages();
    engine.act(first.id, 'move', { ...ann, edge: bed.edge('B') }, 70_000);
    assert.deepEqual(active(), ['confirmed B 60'], 'the prediction below is taken in');
    assert.equal(engine.outages()[1].mergedInto, first.id);
    assert.equal(
      code(() => engine.act(first.id, 'move', { ...ann, direction: 'up' }, 71_000)),
      'bad_move',
    );
    assert.equal(
      code(() => engine.act(first.id, 'move', ann, 71_000)),
      'bad_move',
    );
    engine.place(bed.edge('U1'), ann, 72_000);
    assert.equal(
      code(() => engine.act(first.id, 'move', { ...ann, edge: bed.edge('B') }, 73_000)),
      'already_there',
    );
    assert.equal(second.state, 'predicted');
  });
});

test('V4 complete: the work is done, and it still closes by itself or by hand', () => {
  const bed = feeder();
  const { send, tick, active, engine } = engineOn(bed);
  send(all(bed.below('T1'), 'last_gasp', 0), 50);
  const { id } = engine.outages()[0];
  assert.equal(
    code(() => engine.act(id, 'complete', ann, 60_000)),
    'invalid_transition',
  );
  send(all(bed.below('T1'), 'power_restored', 90), 100);
  engine.act(id, 'complete', { ...ann, cause: 'tree' }, 200_000);
  assert.deepEqual(active(), ['completed T1 0']);
  assert.equal(engine.outages()[0].cause, 'tree');
  tick(200 + 3600);
  assert.equal(engine.outages()[0].state, 'closed');
});

test('V5 a refused verb lets no time pass: what was due comes with the next call, after a restart as well', () => {
  const bed = feeder();
  const { engine } = engineOn(bed);
  engine.setPlanned([{ id: 'W', fromMs: 0, toMs: 1000, meters: bed.below('F1') }], 0);
  bed.setOpen(bed.edge('F1'), true);
  engine.applyDevice({ edge: bed.edge('F1'), open: true, atMs: 500 }, 600);
  engine.place(bed.edge('V1'), ann, 700);
  const before = engine.state();
  const [{ id }] = engine.outages();
  assert.equal(
    code(() => engine.act(id, 'merge', ann, 400_000)),
    'bad_merge',
  );
  assert.deepEqual(engine.state(), before);
  const again = createOutageEngine(bed.grid, defaultThresholds, countingIds(2), JSON.parse(JSON.stringify(before)));
  assert.deepEqual(again.tick(400_000).log, engine.tick(400_000).log);
  assert.equal(engine.outages(true).length, 2, 'the device is still open after its planned work');
});

describe('V6 unassign', () => {
  test('the outage has no crew, is confirmed, and may be given to another; before it is assigned it is refused', () => {
    const bed = feeder();
    const { send, engine } = engineOn(bed);
    send(all(bed.below('T1'), 'last_gasp', 0), 60);
    const [{ id }] = engine.outages();
    assert.equal(
      code(() => engine.act(id, 'unassign', ann, 61_000)),
      'invalid_transition',
    );
    for (const drive of [[], ['depart'], ['depart', 'arrive']] as const) {
      engine.act(id, 'assign', { ...ann, crew: 'C7' }, 70_000);
      for (const verb of drive) engine.act(id, verb, ann, 71_000);
      engine.act(id, 'unassign', ann, 72_000);
      assert.deepEqual([engine.outages()[0].state, engine.outages()[0].crew], ['confirmed', null]);
    }
  });
});
