/** The watch for form OE-417, second by second around its borders. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Oe417Stage } from '#model/api/reliability.ts';
import { customersOutCurve, oe417Alarm, watchOe417 } from './oe417.ts';
import type { FilingRow } from './oe417_sql.ts';

const hour = 3_600_000;
const start = Date.UTC(2026, 6, 8, 9);
const iso = (ms: number) => new Date(ms).toISOString();
const watch = (
  spans: [from: number, to: number | null, customers: number][],
  atH: number,
  filings: readonly FilingRow[] = [],
) => {
  const nowMs = start + atH * hour;
  const out = spans.map(([from, to, customers]) => ({
    fromMs: start + from * hour,
    toMs: to === null ? null : start + to * hour,
    customers,
  }));
  return watchOe417(customersOutCurve(out, nowMs), nowMs, filings);
};

test('an hour at 50,000: watched before, due from then, six hours and 72 from the moment it is full', () => {
  assert.equal(watch([[0, null, 49_999]], 9).state, 'below');
  assert.equal(watch([[0, null, 50_000]], 0.99).state, 'watching');
  const due = watch([[0, null, 50_000]], 1);
  assert.equal(due.state, 'due');
  const [event] = due.events;
  assert.deepEqual(
    [event.met_at, event.first_due_at, event.final_due_at, event.to],
    [iso(start + hour), iso(start + 7 * hour), iso(start + 73 * hour), null],
  );
  assert.match(oe417Alarm(due)!.text, /first report due 2026-07-08T16:00:00.000Z/);
});

test('outages add up; a moment below begins the hour anew; one that is back stays due until the final report', () => {
  assert.equal(
    watch(
      [
        [0, 0.9, 30_000],
        [0, null, 20_000],
        [0.9, null, 29_000],
      ],
      1.5,
    ).state,
    'below',
  );
  assert.equal(
    watch(
      [
        [0, 0.9, 30_000],
        [0.9, null, 30_000],
        [0, null, 20_000],
      ],
      1.5,
    ).state,
    'due',
  );
  const broken = watch(
    [
      [0, 0.5, 50_000],
      [0.6, 1.4, 50_000],
    ],
    2,
  );
  assert.deepEqual([broken.state, broken.events.map(({ met_at }) => met_at)], ['below', [null, null]]);
  assert.equal(watch([[0, 2, 80_000]], 50).state, 'due');
  assert.equal(watch([[0, 2, 80_000]], 74).state, 'over');
  assert.equal(oe417Alarm(watch([[0, 2, 80_000]], 74)), null);
});

test('O2 filed: the countdown ends with the final report; taken back, it goes on; the newest word on a stage holds', () => {
  const filing = (stage: Oe417Stage, atH: number, more: Partial<FilingRow> = {}): FilingRow => ({
    ...{ eventMetMs: start + hour, stage, reference: 'DOE-1', filedMs: start + atH * hour, actor: 'ann' },
    ...{ recordedMs: start + atH * hour, withdrawn: false, ...more },
  });
  const spans: [number, number | null, number][] = [[0, 30, 80_000]];
  const first = [filing('first', 3)];
  const after = watch(spans, 4, first);
  assert.deepEqual([after.state, after.events[0].first_filed_at], ['due', iso(start + 3 * hour)]);
  assert.deepEqual(
    [oe417Alarm(after)!.priority, /first report filed, final due/.test(oe417Alarm(after)!.text)],
    [2, true],
  );
  const done = [...first, filing('update', 10), filing('final', 20)];
  assert.deepEqual([watch(spans, 21, done).state, oe417Alarm(watch(spans, 21, done))], ['filed', null]);
  const takenBack = [...done, filing('final', 20, { withdrawn: true })];
  assert.equal(watch(spans, 22, takenBack).state, 'due');
  assert.equal(watch(spans, 22, [...takenBack, filing('final', 21)]).events[0].final_filed_at, iso(start + 21 * hour));
});

test('O2 a filing stays with its event when the edges of the event are corrected, and is listed apart when there is none', () => {
  const filings: FilingRow[] = [
    {
      ...{ eventMetMs: start + hour, stage: 'final', reference: 'DOE-1', filedMs: start + 2 * hour },
      ...{ recordedMs: start + 2 * hour, actor: 'ann', withdrawn: false },
    },
  ];
  assert.equal(watch([[-0.7, 5, 80_000]], 6, filings).events[0].filings.length, 1);
  assert.equal(watch([[0.9, 5, 80_000]], 6, filings).events[0].filings.length, 1);
  const two = watch(
    [
      [0, 2, 80_000],
      [3, 5, 80_000],
    ],
    6,
    filings,
  );
  assert.deepEqual([two.state, two.events.map((event) => event.filings.length)], ['due', [0, 1]]);
  const none = watch([[0, 5, 40_000]], 6, filings);
  assert.deepEqual([none.events, none.filings_elsewhere.length], [[], 1]);
});

test('the text of the alarm does not move with the counts', () => {
  const a = oe417Alarm(watch([[0, null, 60_000]], 2));
  assert.deepEqual(
    a,
    oe417Alarm(
      watch(
        [
          [0, null, 60_000],
          [1.5, null, 9000],
        ],
        3,
      ),
    ),
  );
});

test('the curve is the sum of the spans at any moment', () => {
  const span = fc.record({ from: fc.nat(100), length: fc.option(fc.nat(50)), customers: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(span, { maxLength: 20 }), fc.nat(120), (given, at) => {
      const spans = given.map(({ from, length, customers }) => ({
        fromMs: from,
        toMs: length === null ? null : from + length,
        customers,
      }));
      const curve = customersOutCurve(spans, 120);
      const plain = spans.reduce(
        (sum, { fromMs, toMs, customers }) => sum + (fromMs <= at && (toMs ?? 999) > at ? customers : 0),
        0,
      );
      assert.equal(curve.findLast(({ atMs }) => atMs <= at)?.customersOut ?? 0, plain);
    }),
  );
});
