/**
 * Seeded storms on a random radial network of about 20,000 meters: 10 % of the last gasps lost, 2 % of the messages from
 * meters that have power, one in ten twice, all out of order. Scored against what really failed, beside two naive rules.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  everythingBelow,
  fullWeather,
  lowestDevices,
  plainWeather,
  play,
  type Score,
  score,
  seeded,
  storm,
  territory,
  type Weather,
} from './engine_storm_testbed.ts';
import { all, engineOn, type Message } from './engine_testbed.ts';
import { defaultThresholds } from './thresholds.ts';

const stormy = { ...defaultThresholds, mode: 'storm' as const };
const kinds: [name: string, weather: Weather][] = [
  ['gasps alone', plainWeather],
  ['with calls, partial phases, wrong mapping, meters without communication', fullWeather],
];

describe('storm', () => {
  for (const [name, kind] of kinds) {
    for (const seed of [7, 11, 23]) {
      test(`seed ${seed}, ${name}: devices found, beside the naive rules`, (t) => {
        const random = seeded(seed);
        const bed = territory(random);
        const weather = storm(bed, random, kind);
        const { engine, delaysS } = play(bed, weather, random);
        const outages = engine.outages(true);
        const devices = outages.filter((outage) => outage.meter < 0);
        const dark = new Set(weather.messages.map(([meter]) => meter));
        const ours = score(bed, devices, weather.faults);
        const lowest = score(bed, lowestDevices(bed, dark), weather.faults);
        const below = score(bed, everythingBelow(bed, dark), weather.faults);
        const say = (rule: string, { precision, recall, customerPrecision, customerRecall }: Score) =>
          t.diagnostic(
            `${rule}: devices ${precision.toFixed(3)} right, ${recall.toFixed(3)} found; customers ${customerPrecision.toFixed(3)} right, ${customerRecall.toFixed(3)} found`,
          );
        t.diagnostic(
          `${bed.grid.meterCount} meters, ${weather.faults.length} faults, ${weather.messages.length} messages, ${weather.calls.length} calls`,
        );
        say('likelihood', ours);
        say('lowest device', lowest);
        say('everything below is out', below);
        t.diagnostic(`${outages.length - devices.length} single service points beside ${devices.length} devices`);
        t.diagnostic(`detected after ${delaysS[delaysS.length >> 1]} s (median)`);
        assert.ok(ours.precision >= 0.95, `precision ${ours.precision}`);
        assert.ok(ours.recall >= 0.95, `recall ${ours.recall}`);
        assert.ok(ours.precision > lowest.precision && ours.recall > below.recall);
        assert.ok(ours.customerPrecision > 0.95 && ours.customerRecall > 0.95);
        const { holdWindowS } = stormy.storm;
        assert.ok(delaysS[delaysS.length >> 1] <= holdWindowS + 30 + 5, 'hold window, travel and batch at most');
      });
    }
  }

  test('P1 the order of arrival within the hold window does not matter', () => {
    const bed = territory(seeded(3));
    const weather = storm(bed, seeded(4), fullWeather);
    const now = weather.messages.map(([meter, type]): Message => [meter, type, 10]);
    const forwards = engineOn(bed, stormy);
    forwards.send(now, 20);
    forwards.tick(60);
    const backwards = engineOn(bed, stormy);
    for (let at = now.length; at > 0; at -= 500) backwards.send(now.slice(Math.max(0, at - 500), at).reverse(), 21);
    backwards.tick(60);
    assert.deepEqual(backwards.active(), forwards.active());
  });

  test('a feeder trips whole: one outage at its breaker, in spite of lost messages', () => {
    const bed = territory(seeded(5));
    const random = seeded(6);
    const { send, active } = engineOn(bed);
    const breaker = bed.network.edge.id.at(bed.network.feeder.headEdge[0]);
    const heard = bed.below(breaker).filter(() => random() >= 0.1);
    send(all(heard, 'last_gasp', 0), 50);
    assert.deepEqual(active(), [`predicted ${breaker} ${bed.below(breaker).length}`]);
  });
});
