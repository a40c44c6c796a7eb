import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  causeInWords,
  causeKind,
  causeKinds,
  etrInWords,
  etrWindow,
  whenInWords,
  windowInWords,
} from './public_words.ts';

const zone = 'America/Chicago';
const at = (text: string): number => Date.parse(text);
const estimate = (from: number, to: number) => ({
  etr_p50: new Date(from).toISOString(),
  etr_p90: new Date(to).toISOString(),
});

describe('words for the public', () => {
  test('an estimate: outwards, in steps by its width, never less than a step', () => {
    const ms = fc.integer({ min: at('2020-01-01T00:00:00Z'), max: at('2040-01-01T00:00:00Z') });
    fc.assert(
      fc.property(ms, fc.nat(20 * 3_600_000), (from, width) => {
        const window = etrWindow(estimate(from, from + width))!;
        const step = (width <= 7_200_000 ? 15 : width <= 21_600_000 ? 30 : 60) * 60_000;
        assert.ok(window.fromMs <= from && window.toMs >= from + width);
        assert.ok(window.toMs - window.fromMs >= step && window.toMs - window.fromMs <= width + 2 * step);
        assert.equal(window.fromMs % step, 0);
        assert.equal(window.toMs % step, 0);
      }),
    );
    assert.equal(etrWindow({ etr_p50: null, etr_p90: null }), undefined);
    assert.equal(etrWindow({ etr_p50: 'soon', etr_p90: 'later' }), undefined);
    // P90 before P50 is an estimate all the same: the later one counts
    const odd = etrWindow(estimate(at('2026-07-04T22:00:00Z'), at('2026-07-04T20:00:00Z')))!;
    assert.ok(odd.toMs > odd.fromMs);
  });

  test('windows over noon, midnight and the change of the clock, in both languages', () => {
    const day = { fromMs: at('2026-07-04T16:30:00Z'), toMs: at('2026-07-04T18:00:00Z') };
    assert.equal(windowInWords(day, zone, 'en'), 'Saturday, July 4, between 11:30 AM and 1:00 PM');
    assert.match(windowInWords(day, zone, 'es'), /^sábado, 4 de julio, entre las 11:30 a\.m\. y las 1:00 p\.m\.$/);
    const night = { fromMs: at('2026-07-05T04:00:00Z'), toMs: at('2026-07-05T06:00:00Z') };
    assert.match(windowInWords(night, zone, 'en'), /^between Saturday, July 4, 11:00 PM, and Sunday, July 5, 1:00 AM$/);
    const change = { fromMs: at('2026-11-01T05:30:00Z'), toMs: at('2026-11-01T08:00:00Z') };
    assert.match(windowInWords(change, zone, 'en'), /between 12:30 AM and 2:00 AM/);
    assert.equal(etrInWords(day, day.toMs + 1, zone, 'en').includes('has passed'), true);
    assert.match(etrInWords(night, at('2026-07-05T01:00:00Z'), zone, 'es'), /^Estimamos que vuelva entre el sábado/);
  });

  test('a time of today is told by the clock', () => {
    const now = at('2026-07-04T20:00:00Z');
    assert.equal(whenInWords(at('2026-07-04T16:05:00Z'), now, zone, 'en'), '11:05 AM');
    assert.equal(whenInWords(at('2026-07-04T04:05:00Z'), now, zone, 'en'), 'Friday, July 3, 11:05 PM');
  });

  test('a cause is one of ten kinds; what an operator wrote is never told', () => {
    assert.equal(causeKind('Tree limb at 12 Elm St, call Mr. Lee'), 'vegetation');
    assert.equal(causeKind('squirrel'), 'animal');
    assert.equal(causeKind('no idea'), null);
    for (const kind of causeKinds) assert.equal(causeKind(kind), kind, 'a kind is its own kind');
    fc.assert(
      fc.property(fc.string(), (text) => {
        const known = [null, ...causeKinds].map((kind) => causeInWords(kind, 'en'));
        assert.ok(known.includes(causeInWords(text, 'en')));
      }),
    );
  });
});
