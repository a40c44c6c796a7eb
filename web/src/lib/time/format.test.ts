import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ageSeconds,
  counted,
  formatAge,
  formatBucket,
  formatBytes,
  formatCount,
  formatDate,
  formatDay,
  formatDayTime,
  formatEtr,
  formatLength,
  formatPower,
  formatShare,
  formatTime,
  words,
  zoneName,
} from './format.ts';

const houston = { zone: 'America/Chicago', utc: false };
const utc = { zone: 'America/Chicago', utc: true };

describe('numbers carry separators and units', () => {
  test('counts', () => {
    assert.equal(formatCount(12431), '12,431');
    assert.equal(formatCount(null), '—');
    assert.equal(formatCount(Number.NaN), '—');
  });
  test('counts of things', () => {
    assert.equal(counted(1, 'substation'), '1 substation');
    assert.equal(counted(1200, 'feeder'), '1,200 feeders');
    assert.equal(counted(3, 'person', 'people'), '3 people');
  });
  test('days: of an instant in the zone shown, of a calendar day whatever the zone', () => {
    assert.equal(formatDay('2026-07-04T03:00:00Z', houston), 'Jul 3, 2026');
    assert.equal(formatDay('2026-07-04T03:00:00Z', utc), 'Jul 4, 2026');
    assert.equal(formatDate('2026-07-04'), 'Jul 4, 2026');
    assert.equal(formatDate(null), '—');
  });
  test('shares: small ones are not shown as zero, none is exactly zero', () => {
    assert.equal(formatShare(12431, 596906), '2.1%');
    assert.equal(formatShare(1, 596906), '<0.1%');
    assert.equal(formatShare(0, 596906), '0.0%');
    assert.equal(formatShare(1, 0), '—');
    assert.equal(formatShare(596906, 596906), '100%');
  });
  test('power and length choose the unit', () => {
    assert.equal(formatPower(4.25), '4.3 kW');
    assert.equal(formatPower(0), '0 kW');
    assert.equal(formatPower(980), '980 kW');
    assert.equal(formatPower(4200), '4.2 MW');
    assert.equal(formatPower(1_204_000), '1,204 MW');
    assert.equal(formatLength(143.2), '143 m');
    assert.equal(formatLength(2400), '2.4 km');
    assert.equal(formatBytes(2_700_000), '2.7 MB');
    assert.equal(formatBucket(900), '15 min');
    assert.equal(formatBucket(5400), '1.5 h');
  });
});

describe('time in the utility zone, with its name', () => {
  const summer = Date.parse('2026-07-04T19:32:07Z');
  const winter = Date.parse('2026-01-04T19:32:07Z');
  test('daylight saving changes the hour and the name', () => {
    assert.equal(formatTime(summer, houston), '14:32');
    assert.equal(zoneName(summer, houston), 'CDT');
    assert.equal(formatTime(winter, houston), '13:32');
    assert.equal(zoneName(winter, houston), 'CST');
    assert.equal(formatTime(summer, utc), '19:32');
    assert.equal(zoneName(summer, utc), 'UTC');
  });
  test('midnight is 00:00, not 24:00', () => {
    assert.equal(formatTime('2026-07-04T05:00:00Z', houston), '00:00');
  });
  test('an ETR of another day names the day', () => {
    assert.equal(formatEtr('2026-07-04T21:40:00Z', summer, houston), '16:40');
    assert.equal(formatEtr('2026-07-05T08:10:00Z', summer, houston), 'Sun 03:10');
    assert.equal(formatEtr('2026-07-15T08:10:00Z', summer, houston), 'Jul 15 03:10');
    assert.equal(formatEtr('2026-07-01T08:10:00Z', summer, houston), 'Jul 1 03:10');
    // the same instant is still today in one zone and tomorrow in the other
    assert.equal(formatEtr('2026-07-05T02:00:00Z', summer, houston), '21:00');
    assert.equal(formatEtr('2026-07-05T02:00:00Z', summer, utc), 'Sun 02:00');
    assert.equal(formatEtr(null, summer, houston), '—');
  });
  test('what is no time is a dash', () => {
    assert.equal(formatDayTime('soon', houston), '—');
    assert.equal(ageSeconds(null, summer), null);
  });
});

test('ages', () => {
  const cases: [number | null, string][] = [
    [0.84, '0.8s'],
    [-3, '0.0s'],
    [7.2, '7s'],
    [22, '22s'],
    [59.9, '59s'],
    [240, '4m'],
    [3 * 3600 + 300, '3h 05m'],
    [2 * 86400 + 4 * 3600, '2d 4h'],
    [null, '—'],
  ];
  for (const [seconds, text] of cases) assert.equal(formatAge(seconds), text);
});

test('codes become words', () => {
  assert.equal(words('de_energised'), 'de-energised');
  assert.equal(words('partly_restored'), 'partly restored');
  assert.equal(words(null), '—');
});
