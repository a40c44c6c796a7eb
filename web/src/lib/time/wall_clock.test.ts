import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { momentOf, wallOf } from './wall_clock.ts';

const zone = 'America/Chicago';

test('a wall clock time is the moment at which the clock shows it', () => {
  assert.equal(momentOf('2026-07-04T18:15', zone), Date.parse('2026-07-04T23:15:00Z'));
  assert.equal(momentOf('2026-01-04T18:15', zone), Date.parse('2026-01-05T00:15:00Z'));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 525_600 }), (minute) => {
      const ms = Date.parse('2026-01-01T00:00:00Z') + minute * 60_000;
      const back = momentOf(wallOf(ms, zone), zone);
      // of the hour that comes twice the first is meant
      assert.ok(back === ms || (back === ms - 3_600_000 && wallOf(back, zone) === wallOf(ms, zone)));
    }),
  );
});

test('the skipped hour is the moment after it, the doubled hour its first; nonsense is no time', () => {
  assert.equal(momentOf('2026-03-08T02:30', zone), Date.parse('2026-03-08T08:30:00Z'));
  assert.equal(momentOf('2026-11-01T01:30', zone), Date.parse('2026-11-01T06:30:00Z'));
  assert.ok(Number.isNaN(momentOf('tomorrow', zone)));
});
