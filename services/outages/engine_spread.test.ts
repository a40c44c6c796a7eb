import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineOn, feeder } from './engine_testbed.ts';

test('P10 one fault whose gasps are spread over seconds is one prediction from the start', () => {
  const bed = feeder();
  const { send, tick, active, engine } = engineOn(bed);
  // A gasp every 0.4 s over ten seconds, delivered up to six seconds late and not in their order.
  const gasps = bed
    .below('F1')
    .map((meter, i) => ({ meter, atS: 100 + i * 0.4, deliveredS: 100 + i * 0.4 + ((i * 7) % 6) }));
  gasps.sort((a, b) => a.deliveredS - b.deliveredS);
  for (const { meter, atS, deliveredS } of gasps) send([[meter, 'last_gasp', atS]], deliveredS);
  for (let s = 116; s < 170; s += 0.25) tick(s);
  assert.deepEqual(active(), ['predicted F1 24']);
  assert.equal(engine.outages().length, 1, 'no prediction that had to be merged');
});

test('P10 a meter that went dark long after keeps its own hold window', () => {
  const bed = feeder();
  const { send, tick, active } = engineOn(bed);
  send(
    bed.below('T1').map((meter) => [meter, 'last_gasp', 100]),
    101,
  );
  send(
    bed.below('U1').map((meter) => [meter, 'last_gasp', 120]),
    121,
  );
  tick(146);
  assert.deepEqual(active(), ['predicted T1 6']);
  tick(166);
  assert.deepEqual(active(), ['predicted T1 6', 'predicted U1 6']);
});

test('P10 companions that come back inside their window leave no trace', () => {
  const bed = feeder();
  const { send, tick, active } = engineOn(bed);
  const [first, ...others] = bed.below('T1');
  send([[first, 'last_gasp', 100]], 100);
  send(
    others.map((meter) => [meter, 'last_gasp', 110]),
    110,
  );
  tick(146);
  assert.deepEqual(active(), ['predicted T1 6']);
  send(
    bed.below('T1').map((meter) => [meter, 'power_restored', 150]),
    150,
  );
  tick(151);
  assert.ok(
    active().every((line) => !line.startsWith('predicted')),
    active().join(),
  );
});
