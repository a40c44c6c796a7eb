import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientOf } from './security.ts';

test('a limit counts for an IPv4 address, and for an IPv6 network', () => {
  assert.equal(clientOf('192.0.2.7'), '192.0.2.7');
  assert.equal(clientOf('::ffff:192.0.2.7'), '::ffff:192.0.2.7');
  assert.equal(clientOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2');
  assert.equal(clientOf('2001:db8:1:2::9'), '2001:db8:1:2');
  assert.equal(clientOf('2001:db8::9'), '2001:db8:0:0');
  assert.equal(clientOf('::1'), '0:0:0:0');
});
