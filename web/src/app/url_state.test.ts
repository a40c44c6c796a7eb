import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, pageNames, paneNames, parseAddress, type ScreenAddress } from './url_state.ts';

const plain: ScreenAddress = { page: 'center', pane: null, selection: null, area: null, view: null, filter: '' };

describe('every state of the screen has an address', () => {
  test('the plain screen has none', () => {
    assert.equal(formatAddress(plain), '');
    assert.deepEqual(parseAddress(''), plain);
  });
  test('reads like a sentence', () => {
    const address: ScreenAddress = {
      ...plain,
      pane: 'map',
      selection: { kind: 'outage', id: 'OUT-00040' },
      view: { lon: -95.4, lat: 29.7, zoom: 12.5 },
    };
    assert.equal(formatAddress(address), '?pane=map&sel=outage:OUT-00040&view=-95.40000,29.70000,12.50');
  });
  test('what is written is read again, whatever the ids hold', () => {
    const text = fc.string({ minLength: 1, maxLength: 40 });
    const address = fc.record({
      page: fc.constantFrom(...pageNames),
      pane: fc.option(fc.constantFrom(...paneNames)),
      selection: fc.option(
        fc.record({ kind: fc.constantFrom('outage' as const, 'asset' as const, 'meter' as const), id: text }),
      ),
      area: fc.option(text),
      filter: fc.string({ maxLength: 40 }),
      view: fc.option(
        fc.record({
          lon: fc.integer({ min: -1800, max: 1800 }).map((n) => n / 10),
          lat: fc.integer({ min: -850, max: 850 }).map((n) => n / 10),
          zoom: fc.integer({ min: 0, max: 240 }).map((n) => n / 10),
        }),
      ),
    });
    const positive = (a: ScreenAddress) => JSON.parse(JSON.stringify(a)) as ScreenAddress;
    fc.assert(
      fc.property(address, (wanted) => {
        assert.deepEqual(positive(parseAddress(formatAddress(wanted))), positive(wanted));
      }),
    );
  });
  test('nonsense is left out, not an error', () => {
    const search = '?pane=kitchen&sel=nothing&view=1,2&page=x&sel2=1';
    assert.deepEqual(parseAddress(search), plain);
    assert.deepEqual(parseAddress('?view=500,2,3&sel=outage:'), plain);
  });
});
