import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LookAhead } from '#model/api/switching.ts';
import { aheadWords } from './ahead_words.ts';

const nothing: LookAhead = {
  customers_dropped: 0,
  customers_picked_up: 0,
  critical_dropped: 0,
  critical_meters: [],
  kw_dropped: 0,
  kw_picked_up: 0,
  loops: [],
  overloads: [],
  load_unknown: null,
  blocked: null,
};

test('the gravest comes first, units on every number, a blocked step says nothing else', () => {
  assert.deepEqual(
    aheadWords({
      ...nothing,
      customers_dropped: 1204,
      kw_dropped: 2400,
      critical_dropped: 2,
      loops: [{ kind: 'parallel', edges: 12, closed_ties: [] }],
      overloads: [{ device_id: 'LN-7', kind: 'line_segment', load: 260, rated: 230, unit: 'A', percent: 113 }],
    }).map(({ text, tone }) => `${tone}: ${text}`),
    [
      'bad: drops 2 critical customers',
      'bad: drops 1,204 customers, 2.4 MW',
      'warn: LN-7 at 113% (260 of 230 A)',
      'warn: joins two feeds (parallel)',
    ],
  );
  assert.deepEqual(aheadWords({ ...nothing, blocked: 'SW-1 is tagged', customers_dropped: 5 }), [
    { text: 'blocked: SW-1 is tagged', tone: 'bad' },
  ]);
  assert.deepEqual(aheadWords(nothing), [{ text: 'no customer’s supply changes', tone: 'plain' }]);
});
