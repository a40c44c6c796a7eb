/** Steps into interruptions of customers: every part adds up to the whole, on any history of steps. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type Cohort,
  cohortsOf,
  type MeterSpan,
  momentaryMs,
  type StepSpan,
  shareByMeters,
  shareBySteps,
  sumsOf,
  tidySteps,
} from './cohorts.ts';

const minute = 60_000;
const nowMs = 5000 * minute;
const step = (stepNo: number, from: number, to: number | null, customersOut: number): StepSpan => ({
  stepNo,
  fromMs: from * minute,
  toMs: to === null ? null : to * minute,
  customersOut,
});

/** Histories as they come: partial restorations, growth, gaps after a restoration, seconds of length, one that lasts. */
const histories = fc
  .record({
    first: fc.nat(50 * minute),
    parts: fc.array(
      fc.record({
        gap: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 9 * minute })),
        length: fc.oneof(fc.nat(4 * minute), fc.nat(90 * minute)),
        customers: fc.nat(40),
      }),
      { minLength: 1, maxLength: 8 },
    ),
    lasts: fc.boolean(),
  })
  .map(({ first, parts, lasts }) => {
    let atMs = first;
    return parts.map(({ gap, length, customers }, i): StepSpan => {
      const fromMs = atMs + gap;
      atMs = fromMs + length;
      return { stepNo: i + 1, fromMs, toMs: lasts && i === parts.length - 1 ? null : atMs, customersOut: customers };
    });
  });

/** The plain way: every customer by itself, those out longest come back first. */
function customerByCustomer(steps: readonly StepSpan[]): { fromMs: number; toMs: number; lasts: boolean }[] {
  const done: { fromMs: number; toMs: number; lasts: boolean }[] = [];
  const out: number[] = [];
  let endMs = steps[0].fromMs;
  for (const one of steps) {
    if (one.fromMs > endMs) done.push(...out.splice(0).map((fromMs) => ({ fromMs, toMs: endMs, lasts: false })));
    while (out.length > one.customersOut) done.push({ fromMs: out.shift()!, toMs: one.fromMs, lasts: false });
    while (out.length < one.customersOut) out.push(one.fromMs);
    endMs = one.toMs ?? nowMs;
  }
  done.push(...out.map((fromMs) => ({ fromMs, toMs: endMs, lasts: steps.at(-1)!.toMs === null })));
  return done.filter(({ fromMs, toMs }) => toMs > fromMs);
}

describe('steps', () => {
  test('24 customers, back in three parts: minutes of each, and who was out longer than five minutes', () => {
    const steps = [step(1, 0, 3, 24), step(2, 3, 20, 18), step(3, 20, 60, 6)];
    const cohorts = cohortsOf(tidySteps(steps, nowMs), nowMs);
    assert.deepEqual(sumsOf(cohorts), {
      customersInterrupted: 18,
      customerMs: (12 * 20 + 6 * 60) * minute,
      momentaryCustomers: 6,
    });
    assert.deepEqual(
      shareBySteps(steps, cohorts, nowMs).map(({ sustainedCustomers, customerMs }) => [
        sustainedCustomers,
        customerMs / minute,
      ]),
      [
        [18, 54],
        [18, 306],
        [6, 240],
      ],
    );
  });

  test('exactly five minutes is momentary, a millisecond more is sustained; what lasts is neither before that', () => {
    const of = (lengthMs: number, lasts: boolean) =>
      sumsOf([{ fromMs: 0, toMs: lengthMs, customers: 1, lasts }] satisfies Cohort[]);
    assert.deepEqual(of(momentaryMs, false), { customersInterrupted: 0, customerMs: 0, momentaryCustomers: 1 });
    assert.deepEqual(of(momentaryMs + 1, false).customersInterrupted, 1);
    assert.deepEqual(of(momentaryMs, true), { customersInterrupted: 0, customerMs: 0, momentaryCustomers: 0 });
  });

  test('an outage that is opened again interrupts its customers again', () => {
    const cohorts = cohortsOf([step(1, 0, 60, 5), step(2, 90, 120, 5)], nowMs);
    assert.deepEqual(sumsOf(cohorts), { customersInterrupted: 10, customerMs: 5 * 90 * minute, momentaryCustomers: 0 });
  });

  test('steps that overlap count no moment twice', () => {
    const steps = tidySteps([step(1, 0, 30, 4), step(2, 20, 60, 4), step(3, 60, null, 0)], nowMs);
    const cohorts = cohortsOf(steps, nowMs);
    assert.equal(sumsOf(cohorts).customerMs, 4 * 60 * minute);
    assert.deepEqual(
      shareBySteps(steps, cohorts, nowMs).map(({ customerMs }) => customerMs / minute),
      [80, 160, 0],
    );
  });
});

describe('laws, on any history of steps', () => {
  test('cohorts are the customers one by one', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const plain = customerByCustomer(steps);
        const sums = sumsOf(cohortsOf(tidySteps(steps, nowMs), nowMs));
        const sustained = plain.filter(({ fromMs, toMs }) => toMs - fromMs > momentaryMs);
        assert.equal(sums.customersInterrupted, sustained.length);
        assert.equal(
          sums.customerMs,
          sustained.reduce((sum, one) => sum + one.toMs - one.fromMs, 0),
        );
        assert.equal(sums.momentaryCustomers, plain.filter((one) => !sustained.includes(one) && !one.lasts).length);
      }),
    );
  });

  const sumOf = (parts: readonly { customerMs: number }[]): number =>
    parts.reduce((sum, { customerMs }) => sum + customerMs, 0);
  type Share = (steps: StepSpan[], cohorts: Cohort[]) => { customerMs: number }[];
  const addUp = (share: Share) =>
    fc.check(
      fc.property(histories, (given) => {
        const steps = tidySteps(given, nowMs);
        const cohorts = cohortsOf(steps, nowMs);
        return sumOf(share(steps, cohorts)) === sumsOf(cohorts).customerMs;
      }),
      { numRuns: 500 },
    );
  /** stays of meters that need not agree with the steps in number or time */
  const stays = (cohorts: readonly Cohort[], count: number): MeterSpan[] =>
    Array.from({ length: count }, (_, meterKey) => ({
      meterKey,
      fromMs: (cohorts[0]?.fromMs ?? 0) + ((meterKey * 7919) % 100_000),
      toMs: (cohorts.at(-1)?.toMs ?? 0) + ((meterKey * 104_729) % 700_000),
    }));

  test('the steps add up to the interruption; leaving one out, or counting all customers out, does not', () => {
    assert.ok(!addUp((steps, cohorts) => shareBySteps(steps, cohorts, nowMs)).failed);
    assert.ok(addUp((steps, cohorts) => shareBySteps(steps, cohorts, nowMs).slice(1)).failed);
    const everybody: Share = (steps) =>
      steps.map((one) => ({ customerMs: one.customersOut * ((one.toMs ?? nowMs) - one.fromMs) }));
    assert.ok(addUp(everybody).failed);
  });

  test('the meters add up to the interruption, however many have a record; leaving out those without does not', () => {
    for (const count of [0, 3, 25, 400])
      assert.ok(!addUp((_, cohorts) => shareByMeters(cohorts, stays(cohorts, count))).failed, `${count} meters`);
    assert.ok(
      addUp((_, cohorts) => shareByMeters(cohorts, stays(cohorts, 3)).filter(({ meterKey }) => meterKey >= 0)).failed,
    );
  });

  test('every meter is in the list once, and every customer of the steps', () => {
    fc.assert(
      fc.property(histories, fc.nat(60), (given, count) => {
        const cohorts = cohortsOf(tidySteps(given, nowMs), nowMs);
        const shares = shareByMeters(cohorts, stays(cohorts, count));
        assert.equal(new Set(shares.filter((s) => s.meterKey >= 0).map((s) => s.meterKey)).size, count);
        assert.equal(
          shares.reduce((sum, { customers }) => sum + customers, 0),
          cohorts.reduce((sum, { customers }) => sum + customers, 0),
        );
      }),
    );
  });
});
