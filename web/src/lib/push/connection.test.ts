import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Connection,
  type ConnectionEvent,
  connectionTable,
  fallbackMs,
  retryDelayMs,
  silenceEvent,
} from './connection.ts';

test('only a message leads to live, and from lost nothing else leads away', () => {
  for (const [state, row] of Object.entries(connectionTable) as [Connection, Record<ConnectionEvent, Connection>][]) {
    for (const [event, next] of Object.entries(row) as [ConnectionEvent, Connection][]) {
      if (next === 'live') assert.equal(event, 'message', `${state} + ${event}`);
      if (state === 'lost' && event !== 'message') assert.equal(next, 'lost', `${state} + ${event}`);
    }
  }
});

test('silence: 5 s are quiet, 15 s are silent', () => {
  assert.equal(silenceEvent(4_999), null);
  assert.equal(silenceEvent(5_000), 'quiet');
  assert.equal(silenceEvent(14_999), 'quiet');
  assert.equal(silenceEvent(15_000), 'silent');
});

test('new attempts come slower, at most every 11 s, never at once', () => {
  assert.equal(retryDelayMs(0, 0.5), 1_000);
  assert.ok(retryDelayMs(2, 0) > retryDelayMs(1, 1));
  assert.ok(retryDelayMs(40, 1) <= 11_000);
});

test('what the push tells is looked up while it is away, and only then', () => {
  const states = Object.keys(connectionTable) as Connection[];
  assert.deepEqual(
    states.filter((state) => fallbackMs(state) === false),
    ['live'],
  );
});
