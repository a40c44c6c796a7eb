/** Interruptions that go on in a nested outage, against customers one by one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { momentaryMs, type StepSpan, shareBySteps, sumsOf } from './cohorts.ts';
import { continuedOutages, type Nestable } from './continued.ts';

const minute = 60_000;
const nowMs = 1000 * minute;

const outage = (id: string, nestedIn: string | null, steps: [number, number | null, number][]): Nestable => ({
  ...{ id, nestedIn, planned: false, day: id },
  steps: steps.map(
    ([from, to, customersOut], i): StepSpan => ({
      ...{ stepNo: i + 1, fromMs: from * minute, toMs: to === null ? null : to * minute, customersOut },
    }),
  ),
});

/** A chain of outages, each left over from the one before: lengths in minutes, ever fewer or more customers. */
const chains = fc
  .array(fc.record({ length: fc.integer({ min: 1, max: 8 }), customers: fc.integer({ min: 1, max: 9 }) }), {
    minLength: 1,
    maxLength: 6,
  })
  .chain((links) => fc.record({ links: fc.constant(links), lasts: fc.boolean() }))
  .map(({ links, lasts }) => {
    let end = 0;
    return links.map(({ length, customers }, i) => {
      const from = end;
      end += length;
      const to = lasts && i === links.length - 1 ? null : end;
      return outage(`${i}`, i === 0 ? null : `${i - 1}`, [[from, to, customers]]);
    });
  });

/** As many as both have are dark on, those that went dark last. */
function customerByCustomer(chain: readonly Nestable[]): { fromMs: number; toMs: number; lasts: boolean }[] {
  const done: { fromMs: number; toMs: number; lasts: boolean }[] = [];
  const out: number[] = [];
  for (const [i, { steps }] of chain.entries()) {
    const [{ fromMs, toMs, customersOut }] = steps;
    while (out.length < customersOut) out.push(fromMs);
    const next = chain.at(i + 1)?.steps[0].customersOut ?? 0;
    const back = out.splice(0, Math.max(0, out.length - next));
    done.push(...back.map((since) => ({ fromMs: since, toMs: toMs ?? nowMs, lasts: toMs === null })));
  }
  return done;
}

test('C10 outages that are each left over from the one before are the customers one by one', () => {
  fc.assert(
    fc.property(chains, (chain) => {
      const counted = continuedOutages(chain, nowMs);
      const sums = counted.map(({ cohorts }) => sumsOf(cohorts));
      const plain = customerByCustomer(chain);
      const sustained = plain.filter(({ fromMs, toMs }) => toMs - fromMs > momentaryMs);
      const total = (field: keyof (typeof sums)[number]) => sums.reduce((sum, one) => sum + one[field], 0);
      assert.deepEqual(
        [total('customersInterrupted'), total('customerMs'), total('momentaryCustomers')],
        [
          sustained.length,
          sustained.reduce((sum, one) => sum + one.toMs - one.fromMs, 0),
          plain.filter((one) => !sustained.includes(one) && !one.lasts).length,
        ],
      );
      for (const [i, { steps, cohorts, day }] of counted.entries()) {
        const shares = shareBySteps(steps, cohorts, nowMs);
        assert.equal(
          shares.reduce((sum, { customerMs }) => sum + customerMs, 0),
          sums[i].customerMs,
        );
        assert.equal(day, '0');
      }
    }),
    { numRuns: 500 },
  );
});

test('C10 several left over from one outage share who was out at its end; what began later is its own', () => {
  const given = [
    outage('A', null, [[0, 60, 10]]),
    outage('B', 'A', [[60, 90, 2]]),
    outage('C', 'A', [[60, 90, 20]]),
    outage('D', 'A', [[70, 90, 5]]),
    outage('E', 'gone', [[60, 90, 3]]),
  ];
  assert.deepEqual(
    continuedOutages(given, nowMs).map(({ cohorts, continues }) => [sumsOf(cohorts).customersInterrupted, continues]),
    [
      [10, null],
      [0, 'A'],
      [12, 'A'],
      [5, null],
      [3, null],
    ],
  );
});
