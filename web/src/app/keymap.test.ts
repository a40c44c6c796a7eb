import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bindings, interpretKey, type KeyPress } from './keymap.ts';

const press = (key: string, part: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrl: false,
  alt: false,
  inText: false,
  onControl: false,
  inList: false,
  ...part,
});

describe('the keyboard', () => {
  test('every binding can be typed', () => {
    for (const { keys, command } of bindings) {
      let pending: string | null = null;
      let got: string | null = null;
      for (const part of keys.split(' ')) {
        const ctrl = part.startsWith('Ctrl+');
        const key = ctrl ? part.slice(5) : part === 'Space' ? ' ' : part;
        const result = interpretKey(pending, press(key, { ctrl }));
        pending = result.pending;
        got = result.command;
      }
      assert.equal(got, command, keys);
    }
  });
  test('keys are unique and no first key of two is a command itself', () => {
    const all = bindings.map(({ keys }) => keys);
    assert.equal(new Set(all).size, all.length);
    for (const keys of all.filter((k) => k.includes(' '))) assert.equal(all.includes(keys.split(' ')[0]), false);
  });
  test('arrows move rows where a list is, and only there', () => {
    assert.equal(interpretKey(null, press('ArrowDown', { inList: true })).command, 'row_down');
    assert.equal(interpretKey(null, press('ArrowUp', { inList: true })).command, 'row_up');
    assert.equal(interpretKey(null, press('ArrowDown')).command, null);
  });
  test('typing in a field is typing; only Escape and Ctrl+K get out', () => {
    for (const key of ['j', 'x', '/', '?', 'Enter', ' ']) {
      assert.equal(interpretKey(null, press(key, { inText: true })).command, null);
    }
    assert.equal(interpretKey(null, press('Escape', { inText: true })).command, 'escape');
    assert.equal(interpretKey(null, press('k', { inText: true, ctrl: true })).command, 'palette');
  });
  test('a focused button keeps Enter and Space', () => {
    assert.equal(interpretKey(null, press('Enter', { onControl: true })).command, null);
    assert.equal(interpretKey(null, press(' ', { onControl: true })).command, null);
    assert.equal(interpretKey(null, press('j', { onControl: true })).command, 'row_down');
  });
  test('an unknown second key ends the pair', () => {
    const first = interpretKey(null, press('g'));
    assert.deepEqual(first, { command: null, pending: 'g' });
    assert.deepEqual(interpretKey(first.pending, press('j')), { command: null, pending: null });
  });
  test('no key switches: no command opens, closes or operates a device', () => {
    // to go to a page is no action
    const actions = bindings.map(({ command }) => command).filter((command) => !command.startsWith('go_'));
    for (const command of actions) assert.doesNotMatch(command, /switch|open|close|operate/);
  });
});
