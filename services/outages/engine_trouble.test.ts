/** Messages that can not be true, clocks that are wrong, and too many of them: defined, counted, nothing lost. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { all, engineOn, feeder, type Message, messages, plant, transformers } from './engine_testbed.ts';
import { defaultThresholds } from './thresholds.ts';

describe('bad input', () => {
  test('M4 a head-end an hour ahead: its outages are found and restored, at the time of arrival', () => {
    const bed = feeder();
    const { send, tick, active, engine } = engineOn(bed);
    const { counts } = send(all(bed.below('F1'), 'last_gasp', 3700), 100);
    assert.equal(counts.clockAhead, 24);
    tick(146);
    assert.deepEqual(active(), ['predicted F1 24']);
    assert.equal(engine.outages()[0].startedMs, 100_000);
    send(all(bed.below('F1'), 'power_restored', 4600), 1000);
    assert.deepEqual(active(), ['restored F1 0']);
    assert.equal(engine.outages()[0].restoredMs, 1_000_000);
  });

  test('M12 a head-end an hour behind beside one that is right: one outage, dated by the others', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    const behind = bed.below('T4').slice(0, 5);
    const right = bed.below('F1').filter((meter) => !behind.includes(meter));
    send([...all(right, 'last_gasp', 4000), ...all(behind, 'last_gasp', 400)], 4050);
    assert.deepEqual(active(), ['predicted F1 24']);
    const [outage] = engine.outages();
    assert.equal(outage.startedMs, 4_000_000);
    send([...all(right, 'power_restored', 5000), ...all(behind, 'power_restored', 1400)], 5005);
    assert.deepEqual(active(), ['restored F1 0']);
    assert.ok(engine.outages()[0].steps.every((step) => step.toMs! >= step.fromMs));
  });

  test('M2 lit and dark at once, in both orders and many times: the same end, every message counted', () => {
    const ends = [false, true].map((turned) => {
      const bed = feeder();
      const { send, tick, active, engine } = engineOn(bed);
      const both: Message[] = bed.below('T1').flatMap((meter): Message[] => [
        [meter, 'last_gasp', 100],
        [meter, 'ping_lit', 100],
        [meter, 'ping_dark', 100],
      ]);
      send(turned ? both.reverse() : both, 101);
      tick(200);
      const { received, clockAhead: _, momentary: __, planned: ___, ...ways } = engine.counts();
      assert.equal(
        Object.values(ways).reduce((a, b) => a + b, 0),
        received,
      );
      return active();
    });
    assert.deepEqual(ends[0], []);
    assert.deepEqual(ends[1], ends[0]);
  });

  test('M13 a million duplicates: linear in time, and nothing is kept of them', () => {
    const bed = feeder();
    const { engine } = engineOn(bed);
    const gasps = messages(all(bed.below('B'), 'last_gasp', 100));
    engine.apply(gasps, 150_000);
    const before = engine.state();
    const rounds = Math.ceil(1_000_000 / gasps.count);
    const start = process.cpuUsage();
    let duplicates = 0;
    for (let i = 0; i < rounds; i++) {
      const result = engine.apply(gasps, 150_000);
      duplicates += result.counts.duplicate;
      assert.equal(result.changes.length + result.log.length + result.meters.length, 0);
    }
    const used = process.cpuUsage(start);
    assert.equal(duplicates, rounds * gasps.count);
    assert.deepEqual(engine.state(), before);
    assert.ok(used.user + used.system < 10_000_000, 'ten microseconds each at the very most');
  });

  test('events for a de-energised area: a gasp below an open device is explained by it', () => {
    const bed = feeder();
    const { send, active, engine } = engineOn(bed);
    bed.setOpen(bed.edge('R'), true);
    engine.applyDevice({ edge: bed.edge('R'), open: true, atMs: 0 }, 1000);
    send(all(bed.below('F1'), 'last_gasp', 10), 100);
    assert.deepEqual(active(), ['probable R 42']);
  });

  test('calls and windows about meters nobody knows are counted or passed over; the good ones beside them count', () => {
    const bed = feeder();
    const { active, engine } = engineOn(bed);
    const [meter] = bed.below('T1');
    const { counts } = engine.takeCalls(
      [-1, 99_999, Number.NaN, meter].map((one) => ({ meter: one, atMs: 1000, kind: 'no_power' as const })),
      2000,
    );
    assert.deepEqual([counts.unknownMeter, counts.dark], [3, 1]);
    engine.setPlanned([{ id: 'W', fromMs: 0, toMs: 10_000, meters: [-1, 99_999, meter] }], 3000);
    engine.setWithoutCommunication([-1, 99_999], 3000);
    assert.deepEqual(active(), []);
  });
});

describe('guard rails', () => {
  test('P16 two transformers of one fuse ten minutes apart are two faults; in the same seconds they are one', () => {
    for (const laterS of [3, 600]) {
      const bed = plant([['fuse', 'F', ...transformers('T', 3, 4)]]);
      const { send, tick, active } = engineOn(bed, { ...defaultThresholds, mode: 'storm' });
      send(all(bed.below('T1'), 'last_gasp', 0), 1);
      send(all(bed.below('T2'), 'last_gasp', laterS), laterS + 1);
      tick(laterS + 50);
      assert.deepEqual(active(), laterS === 3 ? ['predicted F 12'] : ['predicted T1 4', 'predicted T2 4']);
    }
  });

  test('P15 callers alone need to be enough for a device, by its class', () => {
    for (const [minCalls, line] of [
      [4, 'predicted T1 6'],
      [5, undefined],
    ] as const) {
      const bed = feeder();
      const { blue_sky: settings } = defaultThresholds;
      const { active, engine } = engineOn(bed, {
        ...defaultThresholds,
        blue_sky: {
          ...settings,
          device: { ...settings.device, power_transformer: { ...settings.device.power_transformer, minCalls } },
        },
      });
      engine.setWithoutCommunication(bed.below('B'), 0);
      const calls = bed
        .below('T1')
        .slice(0, 4)
        .map((meter) => ({ meter, atMs: 1000, kind: 'no_power' as const }));
      engine.takeCalls(calls, 2000);
      assert.deepEqual(active(), line ? [line] : calls.map(({ meter }) => `predicted M${meter}@T1 1`));
    }
  });

  test('P15 meters that go dark after the separation are an event of their own, however near', () => {
    const bed = feeder();
    const { send, active } = engineOn(bed);
    // All still predictions at once: told together, three hours apart.
    send(
      [
        ...all([...bed.below('T1'), ...bed.below('T2')], 'last_gasp', 0),
        ...all([...bed.below('T3'), ...bed.below('T4')], 'last_gasp', 10_800),
      ],
      10_850,
    );
    assert.deepEqual(active(), ['predicted T1 6', 'predicted T2 6', 'predicted F1 12']);
  });
});
