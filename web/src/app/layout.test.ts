import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clampShare, defaultLayout, parseLayout } from './layout.ts';

test('a stored layout is read, and whatever is wrong in it becomes the default', () => {
  assert.deepEqual(parseLayout('{"left":0.3,"leftTop":0.5,"rightTop":0.6}'), {
    left: 0.3,
    leftTop: 0.5,
    rightTop: 0.6,
  });
  assert.deepEqual(parseLayout('{"left":"wide"}'), defaultLayout);
  assert.deepEqual(parseLayout('not json'), defaultLayout);
  assert.deepEqual(parseLayout(null), defaultLayout);
});

test('no pane can be pushed out of the window', () => {
  assert.equal(clampShare(-1), 0.15);
  assert.equal(clampShare(2), 0.85);
  assert.equal(parseLayout('{"left":0}').left, 0.15);
});
