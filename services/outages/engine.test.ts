import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FluxError } from '#model/errors.ts';
import { all, engineOn, feeder, type Message, plant } from './engine_testbed.ts';
import { defaultThresholds, type OutageSettings } from './thresholds.ts';

describe('prediction by the engine', () => {
  test('A1 M7 P2 every meter of one transformer: exactly one outage, at that transformer', () => {
    const bed = feeder();
    const { send, tick, active, engine } = engineOn(bed);
    const first = send(all(bed.below('T2'), 'last_gasp', 1000), 1001);
    assert.deepEqual(first.changes, [], 'nothing before the hold window is over');
    const { changes, log } = tick(1046);
    assert.deepEqual(active(), ['predicted T2 6']);
    assert.deepEqual(changes[0].kinds, ['opened', 'updated']);
    assert.equal(changes[0].outage.startedMs, 1_000_000);
    assert.deepEqual([log[0].verb, log[0].toState], ['opened', 'predicted']);
    assert.deepEqual(tick(1050).changes, [], 'time alone changes nothing');
    assert.equal(engine.outages().length, 1);
  });

  test('A2 P7 S3 siblings follow: the same outage moves to the fuse, then to the recloser; ids of the others merge', () => {
    const bed = feeder();
    const { send, tick, active, engine } = engineOn(bed);
    send(all(bed.below('T1'), 'last_gasp', 0), 50);
    assert.deepEqual(active(), ['predicted T1 6']);
    const [{ id }] = engine.outages();
    for (const t of ['T2', 'T3', 'T4']) send(all(bed.below(t), 'last_gasp', 10), 51);
    tick(60);
    assert.deepEqual(active(), ['predicted F1 24']);
    send(all(bed.below('U1'), 'last_gasp', 15), 61);
    assert.deepEqual(active(), ['predicted F1 24', 'predicted U1 6']);
    send([...all(bed.below('U2'), 'last_gasp', 15), ...all(bed.below('U3'), 'last_gasp', 15)], 62);
    assert.deepEqual(active(), ['predicted R 42']);
    const outages = engine.outages();
    assert.equal(outages[0].id, id, 'the oldest id survives');
    assert.deepEqual(
      outages.slice(1).map((outage) => [outage.state, outage.mergedInto]),
      [['merged', id]],
    );
    assert.equal(outages[0].startedMs, 0);
  });

  test('P4 one transformer below a fuse stays at the transformer; one meter of several is its own service point', () => {
    const bed = feeder();
    const { send, active } = engineOn(bed);
    send([...all(bed.below('T1'), 'last_gasp', 0), ...all(bed.below('V1').slice(0, 1), 'last_gasp', 0)], 50);
    assert.deepEqual(active(), ['predicted T1 6', `predicted M${bed.below('V1')[0]}@V1 1`]);
  });

  test('P3 P5 ten per cent lost gasps and a stray dark meter elsewhere change neither device', () => {
    const bed = feeder();
    const { send, active } = engineOn(bed);
    const heard = bed.below('F1').filter((_, i) => i % 9 !== 4);
    send([...all(heard, 'last_gasp', 0), [bed.below('V2')[3], 'last_gasp', 1]], 50);
    assert.deepEqual(active(), ['predicted F1 24', `predicted M${bed.below('V2')[3]}@V2 1`]);
  });

  test('A4 M8 pings that answer lit inside a prediction move it down', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    send(all([...bed.below('F1'), ...bed.below('U1'), ...bed.below('U2')], 'last_gasp', 0), 50);
    assert.deepEqual(active(), ['predicted R 42']);
    const { changes } = send(all(bed.below('U3').slice(0, 2), 'ping_lit', 60), 61);
    assert.deepEqual(active(), ['predicted F1 24', 'predicted U1 6', 'predicted U2 6']);
    assert.equal(changes[0].outage.id, engine.outages()[0].id);
    assert.ok(changes[0].kinds.includes('moved'));
  });

  test('P2 P3 by thresholds alone: percent, count, both or either decide as configured', () => {
    const settled = (settings: Partial<OutageSettings>) => {
      const bed = feeder();
      const { send, active } = engineOn(bed, {
        ...defaultThresholds,
        blue_sky: { ...defaultThresholds.blue_sky, rule: 'thresholds', ...settings },
      });
      send(all([...bed.below('T1'), ...bed.below('T2')], 'last_gasp', 0), 50);
      return active().map((line) => line.split(' ')[1]);
    };
    const { device } = defaultThresholds.blue_sky;
    const fuse = (minPercent: number, minCount: number, need: 'both' | 'either') => ({
      device: { ...device, fuse: { minPercent, minCount, minCalls: 3, need } },
    });
    assert.deepEqual(settled(fuse(50, 12, 'both')), ['F1']);
    assert.deepEqual(settled(fuse(51, 12, 'both')), ['T1', 'T2']);
    assert.deepEqual(settled(fuse(50, 13, 'both')), ['T1', 'T2']);
    assert.deepEqual(settled(fuse(51, 12, 'either')), ['F1']);
  });

  test('probable after its minutes, and from then on it stays where it is', () => {
    const bed = feeder();
    const { send, tick, active } = engineOn(bed);
    send(all(bed.below('T1'), 'last_gasp', 0), 50);
    assert.deepEqual(active(), ['predicted T1 6']);
    tick(50 + 20 * 60);
    assert.deepEqual(active(), ['probable T1 6']);
    send(all(['T2', 'T3', 'T4'].flatMap(bed.below), 'last_gasp', 1300), 1350);
    assert.deepEqual(active(), ['probable T1 6', 'predicted F1 18'], 'the fuse takes the rest');
  });

  test('P6 customers of a held outage count neither for nor against', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed, {
      ...defaultThresholds,
      blue_sky: {
        ...defaultThresholds.blue_sky,
        rule: 'thresholds',
        device: {
          ...defaultThresholds.blue_sky.device,
          fuse: { minPercent: 90, minCount: 3, minCalls: 3, need: 'both' },
        },
      },
    });
    send(all(bed.below('T1'), 'last_gasp', 0), 50);
    engine.act(engine.outages()[0].id, 'confirm', { actor: 'ann' }, 60_000);
    send(all(['T2', 'T3', 'T4'].flatMap(bed.below), 'last_gasp', 100), 150);
    assert.deepEqual(active(), ['confirmed T1 6', 'predicted F1 18']);
  });

  test('meters with no device above them: each is its own service point, lit ones do no harm', () => {
    const bed = plant([['line_segment', 'L', 3, ['power_transformer', 'T', 2]]]);
    const { send, active } = engineOn(bed);
    send(
      [
        [0, 'last_gasp', 0],
        [1, 'ping_lit', 5],
      ],
      50,
    );
    assert.deepEqual(active(), ['predicted M0@L 1']);
  });

  test('an area has its own mode', () => {
    const bed = feeder();
    const areas = new Map([[0, { mode: 'storm' as const, storm: { holdWindowS: 5 } }]]);
    const { send, active } = engineOn(bed, { ...defaultThresholds, areas });
    send(all(bed.below('T1'), 'last_gasp', 0), 6);
    assert.deepEqual(active(), ['predicted T1 6']);
  });
});

describe('known devices', () => {
  test('P8 P9 an open breaker is an outage at once and takes in what was predicted below', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    send(all([...bed.below('T1'), ...bed.below('V1')], 'last_gasp', 0), 50);
    const [first, second] = engine.outages();
    bed.setOpen(bed.edge('B'), true);
    const { changes } = engine.applyDevice({ edge: bed.edge('B'), open: true, atMs: 55_000 }, 56_000);
    assert.deepEqual(active(), ['probable B 60']);
    const [survivor, merged] = engine.outages();
    assert.deepEqual([survivor.id, survivor.source], [first.id, 'grid_event']);
    assert.deepEqual([merged.id, merged.mergedInto], [second.id, first.id]);
    assert.equal(changes.length, 2);
    send(all(bed.below('T2'), 'last_gasp', 56), 200);
    assert.deepEqual(active(), ['probable B 60'], 'gasps below are explained already');
    bed.setOpen(bed.edge('B'), false);
    engine.applyDevice({ edge: bed.edge('B'), open: false, atMs: 655_000 }, 656_000);
    const [restored] = engine.outages();
    assert.deepEqual([restored.state, restored.restoredMs, restored.customersOut], ['restored', 655_000, 0]);
    assert.equal(
      restored.steps.reduce((sum, step) => sum + step.customerMinutes, 0),
      (60 * 655) / 60,
    );
  });

  test('P9 a late report of a device is ignored; a confirmed outage below stays nested', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    send(all(bed.below('T1'), 'last_gasp', 0), 50);
    engine.act(engine.outages()[0].id, 'confirm', { actor: 'ann' }, 51_000);
    bed.setOpen(bed.edge('R'), true);
    engine.applyDevice({ edge: bed.edge('R'), open: true, atMs: 60_000 }, 60_000);
    assert.deepEqual(active(), ['confirmed T1 6', 'probable R 36']);
    engine.applyDevice({ edge: bed.edge('R'), open: false, atMs: 59_000 }, 61_000);
    assert.deepEqual(active(), ['confirmed T1 6', 'probable R 36']);
  });

  test('below a switch that is known to be open everything is its affair: nothing rolls up across it', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    bed.setOpen(bed.edge('R'), true);
    engine.topologyChanged(0);
    send(all([...bed.below('R'), ...bed.below('F3')], 'last_gasp', 0), 50);
    assert.deepEqual(active().sort(), ['predicted F3 18', 'predicted R 42']);
  });

  test('while the device is open a few lit meters restore a part, not the whole', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    bed.setOpen(bed.edge('R'), true);
    engine.applyDevice({ edge: bed.edge('R'), open: true, atMs: 0 }, 1000);
    send(all(bed.below('U1'), 'power_restored', 600), 601);
    assert.deepEqual(active(), ['partly_restored R 36']);
  });

  test('an outage that moved up to a known device is gone from its old one', () => {
    const bed = feeder();
    const { send, tick, active, engine } = engineOn(bed);
    const heard = bed.below('R').filter((meter) => !bed.below('U1').includes(meter));
    send(all(heard, 'last_gasp', 0), 50);
    tick(50 + 20 * 60);
    assert.deepEqual(active(), ['probable R 42']);
    bed.setOpen(bed.edge('B'), true);
    engine.applyDevice({ edge: bed.edge('B'), open: true, atMs: 1_300_000 }, 1_300_000);
    bed.setOpen(bed.edge('B'), false);
    engine.applyDevice({ edge: bed.edge('B'), open: false, atMs: 1_400_000 }, 1_400_000);
    send(all(heard, 'power_restored', 1400), 1401);
    send(all(bed.below('U1'), 'last_gasp', 1500), 1550);
    assert.deepEqual(active(), ['restored B 0', 'predicted U1 6']);
  });

  test('placed by hand it is confirmed; a prediction that reaches further keeps its id and the rest', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    send(all(bed.below('R'), 'last_gasp', 0), 50);
    assert.deepEqual(active(), ['predicted R 42']);
    engine.place(bed.edge('F1'), { actor: 'ann', reason: 'fuse seen hanging' }, 60_000);
    assert.deepEqual(active(), ['predicted F2 18', 'confirmed F1 24']);
  });
});

describe('M1 to M6: messages', () => {
  const cases: [what: string, list: Message[], counted: Record<string, number>, lines: string[]][] = [
    [
      'a repeated message',
      [
        [0, 'last_gasp', 10],
        [0, 'last_gasp', 10],
      ],
      { dark: 1, duplicate: 1 },
      ['predicted M0@T 1'],
    ],
    [
      'a gasp older than the restore',
      [
        [0, 'power_restored', 20],
        [0, 'last_gasp', 10],
      ],
      { lit: 1, late: 1 },
      [],
    ],
    [
      'a restore older than the gasp',
      [
        [0, 'last_gasp', 20],
        [0, 'power_restored', 10],
      ],
      { dark: 1, late: 1 },
      ['predicted M0@T 1'],
    ],
    [
      'both at once: power is there',
      [
        [0, 'last_gasp', 20],
        [0, 'power_restored', 20],
      ],
      { dark: 1, lit: 1, momentary: 1 },
      [],
    ],
    [
      'both at once, the other way round',
      [
        [0, 'power_restored', 20],
        [0, 'last_gasp', 20],
      ],
      { lit: 1, late: 1 },
      [],
    ],
    [
      'a meter nobody knows',
      [
        [99, 'last_gasp', 10],
        [-1, 'last_gasp', 10],
      ],
      { unknownMeter: 2 },
      [],
    ],
    [
      'a message about something else',
      [
        [0, 'tamper', 10],
        [0, 'sag', 11],
      ],
      { other: 2 },
      [],
    ],
    ['a message of last week', [[0, 'last_gasp', -700_000]], { tooOld: 1 }, []],
    ['a clock an hour ahead', [[0, 'last_gasp', 3700]], { dark: 1, clockAhead: 1 }, ['predicted M0@T 1']],
  ];
  for (const [what, list, counted, lines] of cases) {
    test(`${what}: ${JSON.stringify(counted)}`, () => {
      const bed = plant([['breaker', 'B', ['power_transformer', 'T', 4], ['power_transformer', 'U', 4]]]);
      const { send, tick, active } = engineOn(bed);
      const { counts } = send(list, 30);
      const nonZero = Object.fromEntries(Object.entries(counts).filter(([, n]) => n > 0));
      assert.deepEqual(nonZero, { received: list.length, ...counted });
      tick(120);
      assert.deepEqual(active(), lines);
    });
  }
});

describe('operators', () => {
  test('a verb the state does not take is refused and changes nothing', () => {
    const bed = feeder();
    const { send, engine } = engineOn(bed);
    send(all(bed.below('T1'), 'last_gasp', 0), 50);
    const [before] = engine.outages();
    assert.throws(
      () => engine.act(before.id, 'close', { actor: 'ann' }, 60_000),
      (error) => error instanceof FluxError && error.code === 'invalid_transition',
    );
    assert.throws(
      () => engine.act('OUT-9', 'confirm', { actor: 'ann' }, 60_000),
      (error) => error instanceof FluxError && error.code === 'unknown_outage',
    );
    assert.deepEqual(engine.outages(), [before]);
  });

  test('A6 each change has its person, time and reason', () => {
    const bed = feeder();
    const { send, engine } = engineOn(bed);
    send(all(bed.below('T1'), 'last_gasp', 0), 50);
    const { id } = engine.outages()[0];
    const log = (['confirm', 'assign', 'depart', 'arrive', 'restore_part', 'restore', 'close'] as const).flatMap(
      (verb, i) =>
        engine.act(
          id,
          verb,
          { actor: 'ann', reason: `r${i}`, crew: 'C7', meters: bed.below('T1').slice(0, 1) },
          60_000 + i,
        ).log,
    );
    assert.deepEqual(
      log.map((row) => [row.actor, row.verb, row.toState, row.atMs, row.reason]),
      [
        ['ann', 'confirm', 'confirmed', 60_000, 'r0'],
        ['ann', 'assign', 'assigned', 60_001, 'r1'],
        ['ann', 'depart', 'en_route', 60_002, 'r2'],
        ['ann', 'arrive', 'on_site', 60_003, 'r3'],
        ['ann', 'restore_part', 'partly_restored', 60_004, 'r4'],
        ['ann', 'restore', 'restored', 60_005, 'r5'],
        ['ann', 'close', 'closed', 60_006, 'r6'],
      ],
    );
    assert.equal(engine.outages()[0].crew, 'C7');
  });

  test('A3 E5 the evidence: for, against, silent, and every candidate with its reason', () => {
    const bed = feeder();
    const { send, engine } = engineOn(bed);
    const [silent, lit, ...heard] = bed.below('F1');
    send([...all(heard, 'last_gasp', 0), [lit, 'ping_lit', 20]], 50);
    const { id } = engine.outages()[0];
    const names = { edgeId: (e: number) => bed.network.edge.id.at(e), meterId: (m: number) => `M${m}` };
    const evidence = engine.evidence(id, names);
    assert.equal(evidence.supporting.length, heard.length);
    assert.deepEqual(
      evidence.contradicting.map((one) => one.meter_id),
      [`M${lit}`],
    );
    assert.equal(evidence.silent_count, 1);
    assert.ok(!heard.includes(silent));
    const by = new Map(evidence.candidates.map((one) => [one.device_id, one]));
    assert.deepEqual([...by.keys()].sort(), ['B', 'F1', 'R', 'T1', 'T2', 'T3', 'T4']);
    assert.deepEqual(
      [...by.values()].filter((one) => one.chosen).map((one) => one.device_id),
      ['F1'],
    );
    assert.match(by.get('R')!.why, /only one branch/);
    assert.match(by.get('T2')!.why, /a device above explains it/);
    assert.equal(by.get('F1')!.dark, 22);
  });
});
