import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { IdColumn } from './id_column.ts';

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
});
