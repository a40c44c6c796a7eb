import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Outage } from '#model/api/outages.ts';
import {
  defaultSort,
  matchesFilter,
  modeOf,
  outagePriority,
  type SortKey,
  sortOutages,
  sortValue,
  totalsOf,
} from './events.ts';

const outage = (part: Partial<Outage>): Outage => ({
  id: 'OUT-1',
  state: 'confirmed',
  device_id: 'FUS-1',
  device_kind: 'fuse',
  edge_row: 1,
  feeder_id: 'F1',
  feeder_name: 'ALIEF 1',
  substation_id: 'S1',
  substation_name: 'Alief',
  area_id: 'area-1',
  lon: 0,
  lat: 0,
  customers_out: 10,
  customers_affected: 10,
  critical_out: 0,
  meters_dark: 5,
  meters_lit: 0,
  meters_silent: 5,
  meters_called: 0,
  phases: null,
  started_at: '2026-07-04T10:00:00.000Z',
  detected_at: '2026-07-04T10:01:00.000Z',
  restored_at: null,
  etr_p50: null,
  etr_p90: null,
  etr_source: null,
  source: 'last_gasp',
  crew: null,
  cause: null,
  merged_into: null,
  revision: 1,
  updated_at: '2026-07-04T10:01:00.000Z',
  ...part,
});
const ids = (outages: Outage[]) => outages.map(({ id }) => id);

describe('order of the list', () => {
  test('a critical customer comes before many customers', () => {
    assert.equal(outagePriority({ customers_out: 3, critical_out: 1 }), 1);
    assert.equal(outagePriority({ customers_out: 500, critical_out: 0 }), 2);
    assert.equal(outagePriority({ customers_out: 499, critical_out: 0 }), 3);
    assert.equal(outagePriority({ customers_out: 49, critical_out: 0 }), 4);
  });
  test('by priority, then by customers', () => {
    const list = [
      outage({ id: 'a', customers_out: 60 }),
      outage({ id: 'b', customers_out: 900 }),
      outage({ id: 'c', customers_out: 70 }),
      outage({ id: 'd', customers_out: 2, critical_out: 1 }),
    ];
    assert.deepEqual(ids(sortOutages(list, defaultSort)), ['d', 'b', 'c', 'a']);
  });
  test('no ETR stands last in both directions', () => {
    const list = [
      outage({ id: 'none' }),
      outage({ id: 'late', etr_p90: '2026-07-04T20:00:00.000Z' }),
      outage({ id: 'soon', etr_p90: '2026-07-04T12:00:00.000Z' }),
    ];
    assert.deepEqual(ids(sortOutages(list, { key: 'etr90', descending: false })), ['soon', 'late', 'none']);
    assert.deepEqual(ids(sortOutages(list, { key: 'etr90', descending: true })), ['late', 'soon', 'none']);
  });
  test('age runs against the start', () => {
    const list = [outage({ id: 'old' }), outage({ id: 'new', started_at: '2026-07-04T11:00:00.000Z' })];
    assert.deepEqual(ids(sortOutages(list, { key: 'age', descending: false })), ['new', 'old']);
  });
  test('every order is total: any shuffle sorts to the same rows', () => {
    const keys: SortKey[] = ['priority', 'state', 'device', 'customers', 'start', 'etr90', 'crew', 'zone'];
    const some = fc.record({
      customers_out: fc.integer({ min: 0, max: 3 }),
      crew: fc.constantFrom('Crew 2', 'Crew 10', null),
      etr_p90: fc.constantFrom('2026-07-04T12:00:00.000Z', null),
    });
    fc.assert(
      fc.property(
        fc.array(some, { maxLength: 12 }),
        fc.constantFrom(...keys),
        fc.boolean(),
        (parts, key, descending) => {
          const list = parts.map((part, i) => outage({ ...part, id: `OUT-${i}` }));
          const sorted = sortOutages(list, { key, descending });
          assert.deepEqual(ids(sortOutages([...list].reverse(), { key, descending })), ids(sorted));
          const values = sorted.map((o) => sortValue(o, key));
          const firstNull = values.indexOf(null);
          if (firstNull >= 0) assert.ok(values.slice(firstNull).every((value) => value === null));
        },
      ),
    );
  });
});

test('the filter wants every word, anywhere in the row', () => {
  const row = outage({ cause: 'tree contact', state: 'en_route' });
  assert.ok(matchesFilter(row, 'alief tree'));
  assert.ok(matchesFilter(row, 'EN ROUTE fus-1'));
  assert.ok(matchesFilter(row, '  '));
  assert.equal(matchesFilter(row, 'alief lightning'), false);
});

test('totals: restored ones are no events, the latest P90 counts, missing ones are told', () => {
  const list = [
    outage({ id: 'a', customers_out: 100, etr_p90: '2026-07-04T12:00:00.000Z' }),
    outage({ id: 'b', customers_out: 50, etr_p90: '2026-07-04T20:00:00.000Z', critical_out: 2 }),
    outage({ id: 'c', customers_out: 7 }),
    outage({ id: 'd', customers_out: 0, state: 'restored', etr_p90: '2026-07-04T23:00:00.000Z' }),
    outage({ id: 'e', customers_out: 5, area_id: 'area-2' }),
  ];
  assert.deepEqual(totalsOf(list, 'area-1'), {
    customersOut: 157,
    events: 3,
    criticalOut: 2,
    etrP90: '2026-07-04T20:00:00.000Z',
    withoutEtr: 1,
  });
  assert.equal(totalsOf(list, null).customersOut, 162);
  assert.equal(totalsOf([], null).etrP90, null);
});

test('mode in words follows the rule', () => {
  assert.equal(modeOf(0, 0, 596906, false), 'normal');
  assert.equal(modeOf(10, 5, 596906, false), 'elevated');
  assert.equal(modeOf(1, 6000, 596906, false), 'elevated');
  assert.equal(modeOf(0, 0, 596906, true), 'storm');
  assert.equal(modeOf(0, 0, 0, false), 'normal');
});
