import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { propertiesOfClass, resolveProperty } from './class_properties.ts';
import { resolveCommand } from './commands.ts';
import { parseBus, parseList, parseNumber, parseStatement, parseYesNo } from './statement.ts';

const words = (text: string): string[] =>
  parseStatement(text).parameters.map(({ name, value }) => (name === '' ? value : `${name}=${value}`));

describe('statement', () => {
  test('names, values, blanks around =, commas, all quotes and brackets', () => {
    assert.deepEqual(words('New Line.a bus1 = x.1.2, bus2=y  "a b" \'c d\' (e f) [g h] {i j}'), [
      'New',
      'Line.a',
      'bus1=x.1.2',
      'bus2=y',
      'a b',
      'c d',
      'e f',
      'g h',
      'i j',
    ]);
    assert.deepEqual(words('~ buses=(L1.1.0, X 2)\tkvs=[7.2 0.12]'), ['~', 'buses=L1.1.0, X 2', 'kvs=7.2 0.12']);
  });

  test('brackets inside a name are part of it', () => {
    assert.deepEqual(words('New Line.l(r:p9-p10) length=1'), ['New', 'Line.l(r:p9-p10)', 'length=1']);
  });

  test('comments end the line, also right behind a value; the text is kept', () => {
    assert.deepEqual(parseStatement('New Load.a kW=3 // yearly=com_kw_1'), {
      parameters: [
        { name: '', value: 'New' },
        { name: '', value: 'Load.a' },
        { name: 'kW', value: '3' },
      ],
      comment: 'yearly=com_kw_1',
    });
    assert.deepEqual(words('Set x=1!note'), ['Set', 'x=1']);
    assert.deepEqual(words('//Redirect x.dss'), []);
    assert.deepEqual(words('New Line.a geometry="a ! b"'), ['New', 'Line.a', 'geometry=a ! b']);
  });

  test('an open quote or a lone = loses nothing and does not hang', () => {
    assert.deepEqual(words('New Line.a name="open'), ['New', 'Line.a', 'name=open']);
    assert.deepEqual(words('== a= '), ['a=']);
  });

  test('whatever is quoted comes back whole', () => {
    const value = fc.string({ unit: fc.constantFrom(...'abc 12.,=|!/-()[]'), maxLength: 30 });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), (values) => {
        const text = values.map((item, index) => `p${index}="${item}"`).join(' ');
        assert.deepEqual(
          parseStatement(text).parameters,
          values.map((item, index) => ({ name: `p${index}`, value: item })),
        );
      }),
    );
  });

  test('any text parses, and no word appears that is not in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        for (const { name, value } of parseStatement(text).parameters) {
          assert.ok(text.includes(name) && text.includes(value));
        }
      }),
    );
  });

  test('numbers, reverse Polish math, and what is neither', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        assert.equal(parseNumber(String(number)), number + 0);
      }),
    );
    assert.equal(parseNumber('8 1000 /'), 0.008);
    assert.equal(parseNumber('115 12.47 / sqr'), (115 / 12.47) ** 2);
    assert.equal(parseNumber(' .5 '), 0.5);
    assert.equal(parseNumber('1d3'), 1000);
    for (const text of ['NaN', 'Infinity', '', 'abc', '1 2', '1 +', '0x10', '12kV']) {
      assert.ok(Number.isNaN(parseNumber(text)), text);
    }
  });

  test('lists, truth values, buses', () => {
    assert.deepEqual(parseList('1, 2 | 3'), ['1', '2', '3']);
    assert.deepEqual(['YES', 'f', 'maybe'].map(parseYesNo), [true, false, undefined]);
    assert.deepEqual(parseBus('671.1.2.0'), { bus: '671', nodes: [1, 2, 0] });
    assert.deepEqual(parseBus('a'), { bus: 'a', nodes: [] });
  });
});

describe('names', () => {
  test('properties may be cut short; an exact name goes first', () => {
    const load = propertiesOfClass('load')!;
    assert.equal(resolveProperty(load, 'KW'), 'kw');
    assert.equal(resolveProperty(load, 'bus'), 'bus1');
    assert.equal(resolveProperty(load, 'Vmin'), 'vminpu');
    assert.equal(resolveProperty(load, 'colour'), undefined);
    assert.equal(resolveProperty(propertiesOfClass('line')!, 'norm'), 'normamps');
    assert.deepEqual(propertiesOfClass('circuit'), propertiesOfClass('vsource'));
  });

  test('commands may be cut short; what changes nothing is skipped; the rest is unknown', () => {
    assert.equal(resolveCommand('~'), 'more');
    assert.equal(resolveCommand('Redir'), 'redirect');
    assert.equal(resolveCommand('BusCoord'), 'buscoords');
    for (const verb of ['Solve', 'calcv', 'Plot', 'show', 'Export', 'CalcVoltageBases', 'uuids', '?']) {
      assert.equal(resolveCommand(verb), 'skipped', verb);
    }
    assert.equal(resolveCommand('frobnicate'), undefined);
  });
});
