import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { intervalLoad, systemLoadShare } from './load_model.ts';
import { centralTime } from './local_time.ts';
import { lmpUsdPerMwh } from './price.ts';
import { cosTurn, temperatureC } from './weather.ts';

const yearS = Date.parse('2025-01-01T00:00:00Z') / 1000;
const quarters = Array.from({ length: 365 * 96 }, (_, i) => yearS + i * 900);

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - meanA) * (b[i] - meanB);
    aa += (a[i] - meanA) ** 2;
    bb += (b[i] - meanB) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

describe('weather, load and price', () => {
  test('the temperature is that of Houston', () => {
    for (const seed of [1, 2, 3]) {
      const byMonth = Array.from({ length: 12 }, () => [] as number[]);
      for (const timeS of quarters) byMonth[new Date(timeS * 1000).getUTCMonth()].push(temperatureC(timeS, seed));
      const means = byMonth.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
      assert.ok(means[6] > 26.5 && means[6] < 31, `July ${means[6]}`);
      assert.ok(means[0] > 8 && means[0] < 17, `January ${means[0]}`);
      const all = byMonth.flat();
      assert.ok(Math.max(...all.slice(0, 9000)) < 42 && all.reduce((a, b) => Math.max(a, b)) > 33);
      assert.ok(all.reduce((a, b) => Math.min(a, b)) > -12);
    }
    for (let i = 1; i < quarters.length; i++) {
      const step = Math.abs(temperatureC(quarters[i], 1) - temperatureC(quarters[i - 1], 1));
      assert.ok(step < 4, `a jump of ${step} degrees`);
    }
  });

  test('homes answer to heat above 18 and to cold below 12 degrees', () => {
    // One hour of workdays each, so that only the weather differs.
    const at = (wanted: number, kept: (feltC: number) => boolean): { felt: number[]; home: number[] } => {
      const loads = quarters
        .filter((timeS) => centralTime(timeS).hour === wanted && !centralTime(timeS).weekend)
        .map((timeS) => intervalLoad(timeS, 1))
        .filter((load) => kept(load.feltC));
      return { felt: loads.map((load) => load.feltC), home: loads.map((load) => load.share[3]) };
    };
    const hot = at(18, (feltC) => feltC > 18);
    const cold = at(6, (feltC) => feltC < 12);
    assert.ok(hot.felt.length > 100 && correlation(hot.felt, hot.home) > 0.95);
    assert.ok(cold.felt.length > 20 && correlation(cold.felt, cold.home) < -0.95);
  });

  test('the price follows the load, with rare spikes', () => {
    for (const seed of [1, 2, 3, 4]) {
      const prices = quarters.map((timeS) => lmpUsdPerMwh(timeS, seed));
      const loads = quarters.map((timeS) => systemLoadShare(timeS, seed));
      const ordinary = prices.map((price) => Math.min(price, 100));
      assert.ok(correlation(ordinary, loads) > 0.6, `${correlation(ordinary, loads)}`);
      const share = (test: (price: number) => boolean): number => prices.filter(test).length / prices.length;
      assert.ok(share((p) => p > 100) > 0.003 && share((p) => p > 100) < 0.03, `${share((p) => p > 100)} above 100`);
      const scarce = share((p) => p > 1000);
      assert.ok(scarce > 0 && scarce < 0.003, `${scarce} above 1,000`);
      assert.ok(prices.every((p) => p >= -20 && p <= 5000));
      assert.ok(loads.every((load) => load > 0.2 && load < 1.1));
    }
  });

  test('values depend on time and seed only', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000_000_000 }), fc.integer({ min: 0, max: 9 }), (timeS, seed) => {
        assert.equal(lmpUsdPerMwh(timeS, seed), lmpUsdPerMwh(Math.floor(timeS / 900) * 900, seed));
        assert.equal(temperatureC(timeS, seed), temperatureC(timeS, seed));
      }),
    );
    assert.notEqual(temperatureC(yearS, 1), temperatureC(yearS, 2));
  });

  test('the wall clock agrees with the time zone data of the platform', () => {
    fc.assert(
      // The rule is that of 2007.
      fc.property(fc.integer({ min: 1_180_000_000, max: 2_145_000_000 }), (timeS) => {
        const zoned = Temporal.Instant.fromEpochMilliseconds(timeS * 1000).toZonedDateTimeISO('America/Chicago');
        const local = centralTime(timeS);
        assert.equal(Math.floor(local.hour), zoned.hour);
        assert.equal(local.weekend, zoned.dayOfWeek >= 6);
        assert.equal(Math.floor(local.dayOfYear) + 1, zoned.dayOfYear);
      }),
      { numRuns: 2000 },
    );
    for (let t = -2; t < 2; t += 0.01) assert.ok(Math.abs(cosTurn(t) - Math.cos(2 * Math.PI * t)) < 0.002);
  });
});
