import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { publicText } from './board.ts';
import { type AreaFacts, suggestDefaults, suggestionFor } from './suggest.ts';

const now = Date.UTC(2026, 6, 4, 12);
const minute = 60_000;
const calm: AreaFacts = { customers: 10_000, customersOut: 0, detectedMs: [], gust: null };
const ago = (count: number, minutes: number): number[] => Array.from({ length: count }, () => now - minutes * minute);

describe('what speaks for switching storm mode', () => {
  const cases: [string, boolean, Partial<AreaFacts>, RegExp | null][] = [
    ['a quiet day', false, {}, null],
    ['five outages at once', false, { detectedMs: ago(5, 3) }, null],
    ['six outages at once', false, { detectedMs: ago(6, 3) }, /^6 outages within 15 minutes$/],
    ['six outages over an hour', false, { detectedMs: ago(6, 60) }, null],
    ['many customers by one outage', false, { customersOut: 900, detectedMs: ago(1, 3) }, null],
    ['many customers by four', false, { customersOut: 900, detectedMs: ago(4, 40) }, /^9\.0 % of its customers/],
    ['a gale in an hour', false, { gust: { metresPerS: 28.4, atMs: now + 60 * minute } }, /28 m\/s.*in 60 minutes/],
    ['a gale tomorrow', false, { gust: { metresPerS: 28.4, atMs: now + 1440 * minute } }, null],
    ['a breeze', false, { gust: { metresPerS: 12, atMs: now } }, null],
    ['storm mode, and work goes on', true, { detectedMs: ago(8, 300) }, null],
    ['storm mode, little left, one of it new', true, { detectedMs: [...ago(1, 300), ...ago(1, 5)] }, null],
    ['storm mode, little left and old', true, { detectedMs: ago(2, 300) }, /^2 outages are left/],
    ['storm mode, all over, but a gale comes', true, { gust: { metresPerS: 30, atMs: now + minute } }, null],
  ];
  for (const [name, isOn, facts, why] of cases)
    test(name, () => {
      const said = suggestionFor(isOn, { ...calm, ...facts }, now);
      if (why === null) return assert.equal(said, null);
      assert.equal(said?.on, !isOn);
      assert.match(said?.why ?? '', why);
    });

  test('it never suggests both ways from the same facts', () => {
    const facts = fc.record({
      customers: fc.integer({ min: 0, max: 50_000 }),
      customersOut: fc.integer({ min: 0, max: 50_000 }),
      detectedMs: fc.array(fc.integer({ min: now - 600 * minute, max: now }), { maxLength: 12 }),
      gust: fc.option(fc.record({ metresPerS: fc.integer({ min: 0, max: 50 }), atMs: fc.constant(now + 10 * minute) })),
    });
    fc.assert(
      fc.property(facts, (one) => {
        const rules = { ...suggestDefaults, outLeast: suggestDefaults.quietOutages };
        const [on, off] = [suggestionFor(false, one, now, rules), suggestionFor(true, one, now, rules)];
        assert.ok(on === null || off === null);
      }),
    );
  });
});

describe('what the public reads of an area', () => {
  const area = { id: 'A', name: 'North', customers: 24_000 };
  const facts = { nowMs: now, timeZone: 'America/Chicago' };
  const etr = {
    etr_p50: new Date(now + 60 * minute).toISOString(),
    etr_p90: new Date(now + 120 * minute).toISOString(),
  };

  test('round numbers, and when the last of them is expected back', () => {
    assert.equal(
      publicText(area, 3187, etr, facts, 'en'),
      'North: 3,190 of 24,000 customers are without power. We expect it back Saturday, July 4, between 8:00 AM and 9:00 AM. That is for the last of them; most come back sooner.',
    );
  });

  test('few are never counted out: no home can be read from it', () => {
    for (let out = 1; out < 10; out++)
      assert.match(publicText(area, out, etr, facts, 'en'), /^North: fewer than 10 of 24,000 customers/);
    assert.match(publicText(area, 3, etr, facts, 'es'), /^North: menos de 10 de 24,000 clientes/);
  });

  test('no estimate and a past one are called that; nobody out is no outage', () => {
    assert.match(publicText(area, 50, { etr_p50: null, etr_p90: null }, facts, 'en'), /do not have an estimate yet\.$/);
    assert.match(publicText(area, 50, etr, { ...facts, nowMs: now + 600 * minute }, 'en'), /estimate has passed/);
    assert.equal(publicText(area, 0, etr, facts, 'en'), 'North: we know of no outage.');
  });
});
