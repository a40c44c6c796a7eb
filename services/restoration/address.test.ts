import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { normalAddress } from './address.ts';

const written = (text: string): string | undefined => {
  const normal = normalAddress(text);
  return normal && [normal.key, normal.unit, normal.place].join(' | ');
};

describe('addresses in one written form', () => {
  const same: [string, string[]][] = [
    [
      '1240 N ALDER ST | 4B | MONTROSE',
      [
        '1240 N Alder St, Unit 4B, Montrose',
        '1240 n. alder street, apt #4-b, montrose',
        '01240  North Alder Str. Apartment 4 B, Montrose',
        '1240 N ALDER ST # 4b, MONTROSE',
        '1240 N Alder St., Ste. 4b, Montrose, TX 77006',
      ],
    ],
    ['12 5TH AVE |  | ', ['12 Fifth Avenue', '12 5th Ave', '12 5TH AV.']],
    ['7 ST MARYS RD |  | ', ["7 Saint Mary's Road", '7 St. Marys Rd']],
    ['88 SENOR LN |  | ', ['88 Señor Lane', '88 SENOR LN']],
    ['12B OAK DR |  | ', ['12B Oak Drive', '12b oak dr']],
    ['5 NORTH ST |  | ', ['5 North St', '5 North Street']],
    ['5 OAK ST N |  | ', ['5 Oak Street North', '5 Oak St N']],
    ['12 LOT AVE |  | ', ['12 Lot Avenue']],
    ['100 E MAIN ST | 3 | ALIEF', ['100 East Main Street, Alief, Unit 03', '100 E Main St #3, Alief']],
  ];
  for (const [form, texts] of same)
    for (const text of texts) test(`${text}: ${form}`, () => assert.equal(written(text), form));

  test('no house number, no street, nothing: none', () => {
    for (const text of ['', 'Alder St', '1240', '1240,', ', Montrose', '#4', 'x'.repeat(500), '1234567 Oak St'])
      assert.equal(normalAddress(text), undefined, text);
  });

  test('a number or a street that differs is another address', () => {
    const forms = ['1240 Alder St', '1241 Alder St', '1240 Alder Ave', '1240 N Alder St', '1240 S Alder St'].map(
      written,
    );
    assert.equal(new Set(forms).size, forms.length);
  });

  test('the written form is its own written form, in printable ASCII, for any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'grapheme', maxLength: 80 }), fc.string()).map((text) => `12 Oak ${text}`),
        (text) => {
          const normal = normalAddress(text);
          if (!normal) return;
          assert.match(normal.key, /^[\d A-Z]+$/);
          assert.match(normal.unit, /^[\dA-Z]*$/);
          assert.equal(normalAddress(normal.key)?.key, normal.key);
        },
      ),
    );
  });
});
