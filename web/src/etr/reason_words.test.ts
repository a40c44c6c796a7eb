import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonWords } from './reason_words.ts';

test('a reason of the model is a sentence with units', () => {
  assert.equal(reasonWords('close_begun', 8, -55), '8 outages within 2 km in the last quarter hour: −55 min');
  assert.equal(reasonWords('age_min', 0.0038, -6), 'first seen 0.0 min after its start: −6 min');
  assert.equal(reasonWords('not_known_yet', null, 7), 'not known yet ?: +7 min');
});
