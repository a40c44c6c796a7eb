/** Laws of quantiles, of precedence and of what is news; each with a planted breach. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Deviation, deviationAt, deviationTable, shareBelow } from './calibration.ts';
import { decide, type EtrValue, etrDefaults, isNews, type Override, type Word } from './decide.ts';
import { learnOwn, type OwnOutage } from './own_history.ts';
import { predictMinutes } from './predict.ts';
import { weightedQuantile } from './trees.ts';

const nowMs = Date.parse('2026-07-04T12:00:00Z');
const hourMs = 3_600_000;
const numbers = fc.double({ min: -4, max: 4, noNaN: true });
const tables = fc.array(numbers, { minLength: 99, maxLength: 99 }).map((list) => list.toSorted((a, b) => a - b));
const opinions = fc.record({
  log50: fc.double({ min: 2.3, max: 8, noNaN: true }),
  log90: fc.double({ min: 2.3, max: 9, noNaN: true }),
});

test('P50 is before P90 and neither is before what has passed, however long it lasts', () => {
  fc.assert(
    fc.property(opinions, tables, fc.double({ min: 0, max: 50_000, noNaN: true }), (opinion, table, elapsed) => {
      const { p50, p90 } = predictMinutes(opinion, table, elapsed);
      assert.ok(p50 >= elapsed && p90 >= p50 && Number.isFinite(p90), `${p50} ${p90} ${elapsed}`);
    }),
  );
});

test('the longer it lasts, the later the median', () => {
  const table = Array.from({ length: 99 }, (_, i) => (i - 49) / 40);
  let before = 0;
  for (let elapsed = 0; elapsed < 3000; elapsed += 7) {
    const { p50 } = predictMinutes({ log50: 4.6, log90: 5.6 }, table, elapsed);
    assert.ok(p50 >= before - 1e-9);
    before = p50;
  }
});

test('a table is ordered, is the plain quantiles without censoring, and lies higher with it', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: -4000, max: 4000 }), { minLength: 200, maxLength: 300 }), (values) => {
      const table = deviationTable(values.map((z) => ({ z, censored: false })));
      const sorted = values.toSorted((a, b) => a - b);
      for (let i = 0; i < 99; i++) {
        assert.ok(i === 0 || table[i] >= table[i - 1]);
        // where the share falls on a value to the last bit, the product may round to its neighbour
        const rank = sorted.indexOf(table[i]);
        assert.ok(Math.abs(rank + 1 - ((i + 1) / 100) * values.length) <= 1);
      }
      const censored = deviationTable(values.map((z, i): Deviation => ({ z, censored: i % 3 === 0 })));
      assert.ok(censored[49] >= table[49] - 1e-12);
    }),
    { numRuns: 30 },
  );
});

test('share and value of a table are each other turned round', () => {
  fc.assert(
    fc.property(tables, fc.double({ min: 0.02, max: 0.98, noNaN: true }), (table, probability) => {
      const share = shareBelow(table, deviationAt(table, probability));
      // values that occur several times are over at once
      assert.ok(share >= probability - 0.011, `${share} ${probability}`);
    }),
  );
});

test('a weighted quantile is that of a sorted list', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ value: fc.integer({ min: -5, max: 5 }), weight: fc.integer({ min: 0, max: 3 }) }), {
        minLength: 1,
        maxLength: 40,
      }),
      fc.constantFrom(0.1, 0.5, 0.9),
      (rows, q) => {
        const sorted = rows.toSorted((a, b) => a.value - b.value);
        const total = rows.reduce((sum, { weight }) => sum + weight, 0);
        fc.pre(total > 0);
        let below = 0;
        const wanted = sorted.find(({ weight }) => {
          below += weight;
          return below >= q * total - 1e-12;
        })!.value;
        const found = weightedQuantile(
          Float64Array.from(rows, ({ value }) => value),
          Float64Array.from(rows, ({ weight }) => weight),
          q,
        );
        assert.equal(found, wanted);
      },
    ),
  );
});

const valueArb = (source: EtrValue['source']): fc.Arbitrary<EtrValue> =>
  fc
    .tuple(fc.integer({ min: -5, max: 3000 }), fc.integer({ min: 0, max: 3000 }))
    .map(([m, more]) => ({ p50Ms: nowMs + m * 60_000, p90Ms: nowMs + (m + more) * 60_000, source, model: 'm' }));
const overrideArb: fc.Arbitrary<Override> = fc.record({
  id: fc.integer({ min: 1, max: 99 }),
  zone: fc.constantFrom('north', 'F-1', 'south'),
  kind: fc.constantFrom('time', 'delay'),
  restoredMs: fc.integer({ min: -60, max: 3000 }).map((m) => nowMs + m * 60_000),
  delayMinutes: fc.integer({ min: 1, max: 600 }),
  leastCustomers: fc.constantFrom(0, 10, 100),
  mostCustomers: fc.constantFrom(null, 50, 1000),
  expiresMs: fc.integer({ min: -60, max: 600 }).map((m) => nowMs + m * 60_000),
});
const place = { zones: ['north', 'S-1', 'F-1'], customersAffected: 40 };

test("a person's word wins over everything, unchanged; else quantiles are ordered, rounded and to come", () => {
  fc.assert(
    fc.property(
      fc.option(valueArb('crew')),
      valueArb('model'),
      fc.array(overrideArb, { maxLength: 5 }),
      (word, computed, overrides) => {
        const value = decide(word as Word | null, computed, overrides, place, nowMs, etrDefaults);
        if (word) return assert.deepEqual(value, word);
        assert.ok(value.p50Ms > nowMs && value.p90Ms >= value.p50Ms);
        assert.equal(value.p50Ms % (5 * 60_000), 0);
        assert.deepEqual(decide(null, computed, overrides, place, nowMs, etrDefaults), value, 'the same again');
        const bears = overrides.some(
          ({ zone, expiresMs, leastCustomers, mostCustomers }) =>
            zone !== 'south' &&
            expiresMs > nowMs &&
            leastCustomers <= 40 &&
            (mostCustomers === null || mostCustomers >= 40),
        );
        if (!bears) assert.equal(value.source, 'model');
      },
    ),
  );
});

test('the newest time of a zone counts, delays are added to it, tiers and expiry are kept', () => {
  const computed: EtrValue = { p50Ms: nowMs + hourMs, p90Ms: nowMs + 2 * hourMs, source: 'model', model: 'm' };
  const base = { zone: 'north', leastCustomers: 0, mostCustomers: null, expiresMs: nowMs + hourMs };
  const time = (id: number, hours: number): Override => ({
    ...base,
    id,
    kind: 'time',
    restoredMs: nowMs + hours * hourMs,
    delayMinutes: null,
  });
  const delay: Override = { ...base, id: 9, kind: 'delay', restoredMs: null, delayMinutes: 60 };
  const hours = (overrides: Override[]) =>
    (decide(null, computed, overrides, place, nowMs, etrDefaults).p50Ms - nowMs) / hourMs;
  assert.equal(hours([time(1, 5), time(2, 4)]), 4);
  assert.equal(hours([time(1, 5), time(2, 4), delay]), 5);
  assert.equal(hours([delay]), 2);
  assert.equal(hours([{ ...delay, expiresMs: nowMs }]), 1);
  assert.equal(hours([{ ...delay, leastCustomers: 41 }]), 1);
  assert.equal(hours([{ ...delay, mostCustomers: 39 }]), 1);
});

test('no jitter: what is told again is no news, small changes are none, a past promise and another source are', () => {
  const value: EtrValue = { p50Ms: nowMs + 2 * hourMs, p90Ms: nowMs + 4 * hourMs, source: 'model', model: 'm' };
  const later = (minutes: number): EtrValue => ({ ...value, p50Ms: value.p50Ms + minutes * 60_000 });
  assert.equal(isNews(null, value, nowMs, etrDefaults), true);
  assert.equal(isNews(value, value, nowMs, etrDefaults), false);
  assert.equal(isNews(value, later(20), nowMs, etrDefaults), false);
  assert.equal(isNews(value, later(30), nowMs, etrDefaults), true);
  assert.equal(isNews(value, { ...value, source: 'simulation' }, nowMs, etrDefaults), true);
  assert.equal(isNews(value, later(5), value.p50Ms, etrDefaults), true);
  // another override of the zone is a person's word: told however small the change, and once
  const zoned: EtrValue = { ...value, source: 'zone_override', overrides: '1' };
  assert.equal(isNews(zoned, { ...zoned, p50Ms: zoned.p50Ms + 60_000, overrides: '2' }, nowMs, etrDefaults), true);
  assert.equal(isNews(zoned, { ...zoned, p50Ms: zoned.p50Ms + 60_000 }, nowMs, etrDefaults), false);
  fc.assert(
    fc.property(valueArb('model'), (computed) => {
      const told = decide(null, computed, [], place, nowMs, etrDefaults);
      assert.equal(isNews(told, decide(null, computed, [], place, nowMs, etrDefaults), nowMs, etrDefaults), false);
    }),
  );
});

test('own history: few outages say little, many say what they took, each group its part', () => {
  const table = Array.from({ length: 99 }, (_, i) => (i - 49) / 40);
  const own = (n: number, factor: number, zone: string): OwnOutage[] =>
    Array.from({ length: n }, (_, i) => ({
      id: `${zone}${i}`,
      customers: 5,
      zone,
      cause: null,
      device: 'fuse',
      quarter: 1,
      opinion: { log50: Math.log(110), log90: Math.log(310) },
      minutes: 100 * factor,
      lasts: false,
    }));
  const key = { zone: 'north', cause: null, device: 'fuse', quarter: 1 };
  const shift = (outages: OwnOutage[], of = key): number => learnOwn(outages, [table, table]).correctionOf(of).shift;
  assert.equal(shift([]), 0);
  assert.ok(Math.abs(shift(own(1, 3, 'north'))) < 0.2);
  const wanted = Math.log(310 / 110);
  assert.ok(Math.abs(shift(own(400, 3, 'north')) - wanted) < 0.1);
  const mixed = [...own(300, 3, 'north'), ...own(300, 1, 'south')];
  assert.ok(shift(mixed) > shift(mixed, { ...key, zone: 'south' }) + 0.5);
  assert.deepEqual(learnOwn([], [table, table]).tables, [table, table]);
});
