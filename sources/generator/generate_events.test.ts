import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meterEventCode } from '#model/reading.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { generateEvents } from './generate_events.ts';

const network = generateTerritory({ scale: 3000, seed: 4 });
const clean = { lossShare: 0, duplicateShare: 0, disorderS: 0, latenessS: 0, clockSkewS: 0 };
const options = { startS: 1_767_225_600, days: 2, seed: 9, faultsPerThousandMeterDays: 2, transport: clean };

test('the same seed gives the same events, another seed others', () => {
  const first = generateEvents(network, options);
  assert.deepEqual(generateEvents(network, options), first);
  assert.notDeepEqual(generateEvents(network, { ...options, seed: 10 }).deliveries, first.deliveries);
});

test('every meter that gasps comes back later, and nothing is delivered before it happened', () => {
  const { deliveries, faults } = generateEvents(network, options);
  assert.equal(faults, 12);
  const gasps = deliveries.filter((d) => d.item.type === meterEventCode.last_gasp);
  const returns = deliveries.filter((d) => d.item.type === meterEventCode.power_restored);
  assert.ok(gasps.length > 50);
  assert.equal(returns.length, gasps.length);
  for (const gasp of gasps)
    assert.ok(returns.some((r) => r.item.meter === gasp.item.meter && r.stampedAtS > gasp.stampedAtS));
  for (let i = 1; i < deliveries.length; i++) assert.ok(deliveries[i].deliverAtS >= deliveries[i - 1].deliverAtS);
});

test('loss and duplicates are what was asked for, and add up', () => {
  const perfect = generateEvents(network, { ...options, days: 20 });
  const lossy = generateEvents(network, {
    ...options,
    days: 20,
    transport: { ...clean, lossShare: 0.1, duplicateShare: 0.05, disorderS: 8, latenessS: 60, clockSkewS: 2 },
  });
  const sent = perfect.deliveries.length;
  assert.equal(lossy.deliveries.length, sent - lossy.lost + lossy.duplicated);
  assert.ok(Math.abs(lossy.lost / sent - 0.1) < 0.02, `lost ${lossy.lost} of ${sent}`);
  assert.ok(Math.abs(lossy.duplicated / (sent - lossy.lost) - 0.05) < 0.02);
});
