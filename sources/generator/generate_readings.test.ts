import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FluxError } from '#model/errors.ts';
import { makeReadingColumns, type ReadingColumns, readingQualities } from '#model/reading.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { electricalDistanceM } from './electrical_distance.ts';
import { makeReadingGenerator } from './generate_readings.ts';

const network = generateTerritory({ scale: 3000, seed: 3 });
const meters = network.meter.count;
const utcS = (iso: string): number => Date.parse(iso) / 1000;

function rows(out: ReadingColumns): string[] {
  return Array.from({ length: out.count }, (_, i) =>
    [
      out.intervalStartS[i],
      out.meterKey[i],
      out.intervalMinutes[i],
      out.wh[i],
      out.decivolt[i],
      out.quality[i],
      out.sourceSeq[i],
    ].join(),
  ).sort();
}

/** Mean kW of the residential meters over whole days. */
function residentialKw(from: string, days: number): number {
  const generator = makeReadingGenerator(network, { seed: 3 });
  const out = makeReadingColumns(meters);
  let wh = 0;
  let readings = 0;
  for (let i = 0; i < days * 96; i++) {
    out.count = 0;
    generator.fillInterval(utcS(from) + i * 900, 0, meters, out);
    for (let k = 0; k < out.count; k++) {
      if (network.meter.customerClass[out.meterKey[k]] !== 0) continue;
      wh += out.wh[k];
      readings++;
    }
  }
  return (wh * 4) / 1000 / readings;
}

describe('interval readings', () => {
  test('are 96 per meter and UTC day, on both days on which the clocks change', () => {
    for (const day of ['2025-03-09T00:00:00Z', '2025-11-02T00:00:00Z']) {
      const generator = makeReadingGenerator(network, { seed: 3 });
      const out = makeReadingColumns(96 * 50);
      for (let i = 0; i < 96; i++) generator.fillInterval(utcS(day) + i * 900, 100, 150, out);
      assert.equal(out.count, 96 * 50);
      const perMeter = new Map<number, Set<number>>();
      for (let k = 0; k < out.count; k++) {
        if (!perMeter.has(out.meterKey[k])) perMeter.set(out.meterKey[k], new Set());
        perMeter.get(out.meterKey[k])!.add(out.intervalStartS[k]);
        assert.equal(out.sourceSeq[k], out.intervalStartS[k] / 900);
        assert.equal(out.intervalMinutes[k], 15);
      }
      assert.equal(perMeter.size, 50);
      for (const starts of perMeter.values()) assert.equal(starts.size, 96);
    }
  });

  test('are the same whatever the order and size of the calls', () => {
    const startS = utcS('2025-08-14T20:00:00Z');
    const plain = makeReadingColumns(4 * meters);
    const generator = makeReadingGenerator(network, { seed: 3 });
    for (let i = 0; i < 4; i++) generator.fillInterval(startS + i * 900, 0, meters, plain);
    const expected = rows(plain);
    fc.assert(
      fc.property(
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
        fc.array(fc.integer({ min: 0, max: meters }), { maxLength: 6 }),
        (order, cuts) => {
          const other = makeReadingGenerator(network, { seed: 3 });
          const out = makeReadingColumns(4 * meters);
          const borders = [0, ...cuts.toSorted((a, b) => a - b), meters];
          for (let k = borders.length - 1; k > 0; k--) {
            for (const i of order) other.fillInterval(startS + i * 900, borders[k - 1], borders[k], out);
          }
          assert.deepEqual(rows(out), expected);
        },
      ),
      { numRuns: 12 },
    );
    const another = makeReadingColumns(meters);
    makeReadingGenerator(network, { seed: 4 }).fillInterval(startS, 0, meters, another);
    assert.notDeepEqual(rows(another), expected.slice(0, meters));
  });

  test('carry plausible energy: summer above spring, winter between, evenings above nights', () => {
    const summer = residentialKw('2025-07-14T05:00:00Z', 7);
    const spring = residentialKw('2025-04-07T05:00:00Z', 7);
    const winter = residentialKw('2025-01-13T06:00:00Z', 7);
    assert.ok(summer > 1.1 && summer < 1.7, `summer ${summer} kW`);
    assert.ok(spring < 0.7 * summer, `spring ${spring} kW`);
    assert.ok(winter > 0.4 && winter < summer, `winter ${winter} kW`);
  });

  test('sag along the feeder and stay within service limits', () => {
    const generator = makeReadingGenerator(network, { seed: 3 });
    const out = makeReadingColumns(meters);
    generator.fillInterval(utcS('2025-08-14T22:00:00Z'), 0, meters, out);
    const distance = electricalDistanceM(network);
    const far: number[] = [];
    const near: number[] = [];
    for (let k = 0; k < out.count; k++) {
      const phases = network.meter.phases[k];
      const perUnit = out.decivolt[k] / (phases === 7 || (phases & (phases - 1)) !== 0 ? 1200 : 2400);
      assert.ok(perUnit > 0.95 && perUnit < 1.05, `${perUnit}`);
      const metresAway = distance[network.meter.node[k]];
      assert.ok(metresAway > 0, 'every meter hangs on a source');
      if (metresAway < 400) near.push(perUnit);
      if (metresAway > 1200) far.push(perUnit);
    }
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    assert.ok(near.length > 50 && far.length > 50);
    assert.ok(mean(near) - mean(far) > 0.004, `${mean(near)} ${mean(far)}`);
  });

  test('are actual but for some estimates', () => {
    const generator = makeReadingGenerator(network, { seed: 3 });
    const out = makeReadingColumns(meters * 40);
    for (let i = 0; i < 40; i++) generator.fillInterval(i * 900, 0, meters, out);
    let estimates = 0;
    for (const quality of out.quality) {
      assert.ok(readingQualities[quality] === 'actual' || readingQualities[quality] === 'estimated');
      if (readingQualities[quality] === 'estimated') estimates++;
    }
    assert.ok(estimates / out.count > 0.002 && estimates / out.count < 0.004, `${estimates}`);
  });

  test('refuse crooked intervals and full columns', () => {
    const generator = makeReadingGenerator(network, { seed: 3 });
    const code = (expected: string) => (error: unknown) => error instanceof FluxError && error.code === expected;
    const out = makeReadingColumns(10);
    assert.throws(() => generator.fillInterval(901, 0, 5, out), code('misaligned_interval'));
    assert.throws(() => generator.fillInterval(900, 0, 11, out), code('batch_full'));
    generator.fillInterval(900, 0, 10, out);
    assert.throws(() => generator.fillInterval(1800, 0, 1, out), code('batch_full'));
    assert.equal(out.count, 10);
  });
});
