import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createOutageEngine } from './engine.ts';
import { countingIds } from './engine_book.ts';
import { MeasuredRates } from './engine_rates.ts';
import { seeded } from './engine_storm_testbed.ts';
import { all, engineOn, type Message, plant, transformers } from './engine_testbed.ts';
import { defaultThresholds, type OutageThresholds } from './thresholds.ts';

const names = { edgeId: String, meterId: String };
const prior = defaultThresholds.blue_sky.messageLoss;

/** Twenty fuses of 60 customers fail and come back one after the other; `lost` of the gasps never arrive. */
function season(lost: number, thresholds: OutageThresholds = defaultThresholds) {
  const bed = plant([
    [
      'breaker',
      'B',
      ...Array.from({ length: 20 }, (_, f) => ['fuse', `F${f}`, ...transformers(`T${f}-`, 6, 10)] as const).map(
        (fuse) => [...fuse] as ['fuse', string],
      ),
    ],
  ]);
  const random = seeded(5);
  const run = engineOn(bed, thresholds);
  let atS = 0;
  for (let f = 0; f < 20; f++) {
    const below = bed.below(`F${f}`);
    run.send(
      all(
        below.filter(() => random() >= lost),
        'last_gasp',
        atS,
      ),
      atS + 50,
    );
    run.send(all(below, 'power_restored', atS + 900), atS + 905);
    atS += 7200;
    run.tick(atS);
  }
  run.send(all(bed.below('F0'), 'last_gasp', atS), atS + 50);
  const newest = run.engine.outages(true).at(-1)!;
  return { ...run, bed, evidence: run.engine.evidence(newest.id, names) };
}

describe('measured rates', () => {
  for (const lost of [0.05, 0.15, 0.4]) {
    test(`E1 ${lost * 100} % lost gasps are found, and shown in the evidence`, () => {
      const { evidence } = season(lost);
      assert.ok(
        Math.abs(evidence.message_loss - (lost * 1200 + prior * 200) / 1400) < 0.03,
        `${evidence.message_loss}`,
      );
    });
  }

  test('S1 what was measured outlives a restart', () => {
    const { engine, bed, evidence } = season(0.4);
    const state = JSON.parse(JSON.stringify(engine.state()));
    const again = createOutageEngine(bed.grid, defaultThresholds, countingIds(100), state);
    const { id } = again.outages(true).at(-1)!;
    assert.equal(again.evidence(id, names).message_loss, evidence.message_loss);
  });

  test('E1 without a restoration the configured rate holds', () => {
    const bed = plant([['fuse', 'F', ...transformers('T', 3, 5)]]);
    const { send, engine } = engineOn(bed);
    send(all(bed.below('F'), 'last_gasp', 0), 50);
    assert.equal(engine.evidence(engine.outages()[0].id, names).message_loss, prior);
  });

  test('E2 whatever is measured stays within bounds, and a configured rate outside them is kept', () => {
    const { evidence } = season(0.85);
    assert.ok(evidence.message_loss <= 0.6);
    const none = { ...defaultThresholds, blue_sky: { ...defaultThresholds.blue_sky, messageLoss: 0 } };
    assert.ok(season(0, none).evidence.message_loss <= 0.02);
    // so many observations that the prior says nothing any more
    const rates = new MeasuredRates();
    for (let i = 0; i < 4000; i++) {
      rates.gasp(0, false);
      rates.gasp(1, true);
      for (const area of [0, 1]) rates.litAnswer(area);
      rates.litWasWrong(0);
    }
    const prior = { messageLoss: 0.1, wrongLit: 0.01 };
    assert.deepEqual(rates.estimate(0, prior), { messageLoss: 0.6, wrongLit: 0.2 });
    assert.deepEqual(rates.estimate(1, prior), { messageLoss: 0.02, wrongLit: 0.002 });
    assert.ok(rates.estimate(0, { ...prior, messageLoss: 0.7 }).messageLoss > 0.6);
    assert.ok(rates.estimate(1, { ...prior, messageLoss: 0 }).messageLoss < 0.02);
  });

  test('E1 meters without communication and momentary ones are no lost gasps', () => {
    const bed = plant([['fuse', 'F', ...transformers('T', 3, 5)]]);
    const { send, engine } = engineOn(bed);
    const [deaf, ...others] = bed.below('F');
    engine.setWithoutCommunication([deaf], 0);
    send(all(others, 'last_gasp', 0), 50);
    const { rates } = send(all(bed.below('F'), 'power_restored', 900), 905);
    assert.deepEqual(rates, [{ area: 0, heard: 14, lost: 0, lit: 0, litWrong: 0 }]);
    send(all(others, 'last_gasp', 10_000), 10_001);
    assert.deepEqual(send(all(others, 'power_restored', 10_010), 10_011).rates, []);
  });

  test('E3 a meter that answered lit and says later that it was out was a wrong answer', () => {
    const bed = plant([['fuse', 'F', ...transformers('T', 3, 5)]]);
    const { send, engine } = engineOn(bed);
    const [wrong, right, ...others] = bed.below('F');
    const list: Message[] = [...all(others, 'last_gasp', 0), [wrong, 'ping_lit', 20], [right, 'ping_lit', 20]];
    send(list, 50);
    assert.deepEqual(engine.state().rates, [{ area: 0, heard: 0, lost: 0, lit: 2, litWrong: 0 }]);
    send([[wrong, 'power_restored', 900]], 905);
    assert.deepEqual(engine.state().rates, [{ area: 0, heard: 0, lost: 0, lit: 2, litWrong: 1 }]);
  });
});
