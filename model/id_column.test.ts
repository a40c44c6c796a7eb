import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { IdColumn, IdColumnBuilder } from './id_column.ts';

describe('id column', () => {
  test('an id is found by its bytes as by its text, in whatever order it is asked for', () => {
    const id = fc.string({ unit: fc.constantFrom('M', 'T', '0', '1', '-'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.uniqueArray(id, { maxLength: 60 }), fc.array(id, { maxLength: 80 }), (ids, asked) => {
        const column = IdColumn.from(ids);
        // in their order (the neighbours' way), backwards, and ones that are not there
        for (const text of [...ids, ...ids.toReversed(), ...asked]) {
          const bytes = Buffer.from(`junk${text}junk`);
          assert.equal(column.rowOfBytes(bytes, 4, bytes.length - 4), ids.indexOf(text), text);
          assert.equal(column.rowOf(text), ids.indexOf(text), text);
        }
      }),
    );
  });

  test('ids that come one by one are found as those of a list, each kept once, however few were expected', () => {
    const id = fc.string({ unit: fc.constantFrom('M', 'T', '0', '1', '-'), minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(id, { maxLength: 200 }), fc.nat(3), (texts, expected) => {
        const builder = new IdColumnBuilder(expected);
        const rows = texts.map((text) => builder.rowFor(text));
        const column = builder.build();
        const distinct = [...new Set(texts)];
        assert.deepEqual(
          rows,
          texts.map((text) => distinct.indexOf(text)),
        );
        assert.equal(column.count, distinct.length);
        for (const [row, text] of distinct.entries()) {
          assert.equal(column.at(row), text);
          assert.equal(column.rowOf(text), row);
        }
        assert.equal(column.rowOf('none'), -1);
      }),
    );
    assert.throws(() => new IdColumnBuilder(1).rowFor('Straße'), /printable ASCII/);
  });
});
