import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { makeRoster, readShifts, shiftsAround, writeShifts } from './shifts.ts';

const ms = (text: string): number => Date.parse(text);
const hours = (span: { fromMs: number; toMs: number } | null): number => (span!.toMs - span!.fromMs) / 3_600_000;
const night = readShifts('Mon-Sun 19:00-07:00 America/Chicago');

describe('shifts', () => {
  test('a night over the change of the clock is an hour shorter in spring, an hour longer in autumn', () => {
    assert.equal(hours(shiftsAround(night, ms('2026-03-07T12:00:00-06:00')).next), 11);
    assert.equal(hours(shiftsAround(night, ms('2026-10-31T12:00:00-05:00')).next), 13);
    assert.equal(hours(shiftsAround(night, ms('2026-06-01T12:00:00-05:00')).next), 12);
  });

  test('a time that the clock leaves out is the moment it jumps to', () => {
    const early = readShifts('Sun 02:30-10:00 America/Chicago');
    const { next } = shiftsAround(early, ms('2026-03-07T12:00:00-06:00'));
    assert.equal(new Date(next!.fromMs).toISOString(), '2026-03-08T08:30:00.000Z');
    assert.equal(hours(next), 6.5);
  });

  test('half-open: the end of a shift is outside; windows that touch are one shift', () => {
    const day = readShifts('Mon-Fri 07:00-15:00 America/Chicago; Mon-Fri 15:00-19:00 America/Chicago');
    const at = (text: string) => shiftsAround(day, ms(text)).current;
    assert.equal(hours(at('2026-06-01T07:00:00-05:00')), 12);
    assert.equal(at('2026-06-01T06:59:59.999-05:00'), null);
    assert.equal(at('2026-06-01T19:00:00-05:00'), null);
    assert.equal(at('2026-06-06T12:00:00-05:00'), null, 'Saturday');
  });

  test('over the end of the week; no shift at all; what is no shift is refused in words', () => {
    assert.deepEqual(readShifts('Sat-Mon 22:00-06:00 UTC')[0].days, [6, 7, 1]);
    assert.deepEqual(shiftsAround([], 0), { current: null, next: null });
    for (const [text, says] of [
      ['Mon 7-19 UTC', /is no shift/],
      ['Mon 25:00-19:00 UTC', /no time of day 25:00/],
      ['Mon 07:00-19:00 Mars/Olympus', /no time zone/],
      ['Foo 07:00-19:00 UTC', /no weekday/],
    ] as const)
      assert.throws(() => readShifts(text.replace('\\', '')), says, text);
  });

  const window = fc.record({
    days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
    from: fc.integer({ min: 0, max: 23 }).map((h) => `${String(h).padStart(2, '0')}:00`),
    to: fc.integer({ min: 0, max: 23 }).map((h) => `${String(h).padStart(2, '0')}:30`),
    time_zone: fc.constantFrom('America/Chicago', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC'),
  });
  test('in shift is what the local clock says, at any instant of any year', () => {
    fc.assert(
      fc.property(window, fc.integer({ min: 0, max: 366 * 24 * 4 }), (shift, quarter) => {
        const now = ms('2026-01-01T00:07:00Z') + quarter * 900_000;
        const local = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(shift.time_zone);
        // around a change of the clock a wall time is not one instant: those hours have tests of their own
        const steady = local.subtract({ hours: 30 }).offset === local.add({ hours: 30 }).offset;
        fc.pre(steady);
        const clock = local.toPlainTime().toString().slice(0, 5);
        const yesterday = ((local.dayOfWeek + 5) % 7) + 1;
        const isIn =
          shift.to > shift.from
            ? shift.days.includes(local.dayOfWeek) && clock >= shift.from && clock < shift.to
            : (shift.days.includes(local.dayOfWeek) && clock >= shift.from) ||
              (shift.days.includes(yesterday) && clock < shift.to);
        assert.equal(shiftsAround([shift], now).current !== null, isIn);
      }),
      { numRuns: 500 },
    );
  });

  test('the remembered roster says what the computed one says, as time goes on', () => {
    fc.assert(
      fc.property(window, fc.array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 30 }), (shift, minutes) => {
        const rosterOf = makeRoster();
        let now = ms('2026-03-05T00:00:00Z');
        for (const minute of minutes) {
          now += minute * 60_000;
          const [kept, computed] = [rosterOf([shift], now), shiftsAround([shift], now)];
          assert.deepEqual(kept.current, computed.current);
          if (!kept.current) assert.deepEqual(kept.next, computed.next);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('written and read again they are the same', () => {
    const text = 'Mon-Fri 07:00-19:00 America/Chicago; Sat 22:00-06:00 America/Chicago';
    assert.equal(writeShifts(readShifts(text)), text);
  });
});
