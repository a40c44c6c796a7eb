/**
 * Steps of an outage turned into interruptions of customers. Pure; times are UTC epoch milliseconds and all sums are
 * whole customer-milliseconds, so that parts add up to the whole exactly.
 *
 * A step is a span of time with its customers out. Customers that lost supply and got it back together are a cohort:
 * what is less from one step to the next came back, those first that were out longest; what is more went out then.
 */

export interface StepSpan {
  stepNo: number;
  fromMs: number;
  /** null while it lasts */
  toMs: number | null;
  customersOut: number;
}

export interface Cohort {
  fromMs: number;
  /** `nowMs` while it lasts */
  toMs: number;
  customers: number;
  lasts: boolean;
  /** where it is a part of a longer one: what was not restored with the others went on in a nested outage */
  darkness?: { fromMs: number; toMs: number };
}

/** An interruption that lasts longer is sustained (IEEE 1366); one that does not is momentary. */
export const momentaryMs = 5 * 60_000;

export const isSustained = ({ darkness, fromMs, toMs }: Pick<Cohort, 'darkness' | 'fromMs' | 'toMs'>): boolean =>
  (darkness ? darkness.toMs - darkness.fromMs : toMs - fromMs) > momentaryMs;

/** Its customers are counted where their darkness began. */
const isCountedBefore = ({ darkness, fromMs }: Cohort): boolean => darkness !== undefined && fromMs > darkness.fromMs;

/** Steps in their order with ends that reach no further than the next begins: two spans never count a moment twice. */
export function tidySteps(steps: readonly StepSpan[], nowMs: number): StepSpan[] {
  const sorted = steps.toSorted((a, b) => a.fromMs - b.fromMs || a.stepNo - b.stepNo);
  return sorted.map((step, i) => {
    const next = sorted.at(i + 1)?.fromMs ?? Number.POSITIVE_INFINITY;
    if (step.toMs === null && next === Number.POSITIVE_INFINITY) return step;
    return { ...step, toMs: Math.min(step.toMs ?? nowMs, next) };
  });
}

/** Tidy steps, gaps allowed; a running one counts up to `nowMs`. */
export function cohortsOf(steps: readonly StepSpan[], nowMs: number): Cohort[] {
  const done: Cohort[] = [];
  let out: { fromMs: number; customers: number }[] = [];
  const back = (customers: number, atMs: number, lasts: boolean): void => {
    let left = customers;
    while (left > 0 && out.length > 0) {
      const [oldest] = out;
      const part = Math.min(left, oldest.customers);
      if (atMs > oldest.fromMs) done.push({ fromMs: oldest.fromMs, toMs: atMs, customers: part, lasts });
      oldest.customers -= part;
      left -= part;
      if (oldest.customers === 0) out.shift();
    }
  };
  const sum = (): number => out.reduce((total, { customers }) => total + customers, 0);
  let endMs = Number.NEGATIVE_INFINITY;
  let lasts = false;
  for (const step of steps) {
    if (step.fromMs > endMs) {
      back(sum(), endMs, false);
      out = [];
    }
    const before = sum();
    if (step.customersOut < before) back(before - step.customersOut, step.fromMs, false);
    if (step.customersOut > before) out.push({ fromMs: step.fromMs, customers: step.customersOut - before });
    lasts = step.toMs === null;
    endMs = Math.max(step.fromMs, step.toMs ?? nowMs);
  }
  back(sum(), endMs, lasts);
  return done;
}

/** What one interruption (an outage) gives to the indices. */
export interface InterruptionSums {
  /** customers whose own interruption was sustained, counted once each time */
  customersInterrupted: number;
  /** of those, customer-milliseconds */
  customerMs: number;
  /** customers with an interruption of at most five minutes */
  momentaryCustomers: number;
}

export function sumsOf(cohorts: readonly Cohort[]): InterruptionSums {
  const sums: InterruptionSums = { customersInterrupted: 0, customerMs: 0, momentaryCustomers: 0 };
  for (const cohort of cohorts) {
    // one that lasts is not momentary yet, and not sustained yet
    const counted = isCountedBefore(cohort) ? 0 : cohort.customers;
    if (isSustained(cohort)) {
      sums.customersInterrupted += counted;
      sums.customerMs += cohort.customers * (cohort.toMs - cohort.fromMs);
    } else if (!cohort.lasts) sums.momentaryCustomers += counted;
  }
  return sums;
}

export interface StepShare {
  stepNo: number;
  fromMs: number;
  toMs: number;
  lasts: boolean;
  customersOut: number;
  /** of the customers out, those whose interruption is sustained */
  sustainedCustomers: number;
  /** of those, within the step */
  customerMs: number;
}

/** Each step's part of the interruption's customer-milliseconds: the parts add up to `sumsOf`. */
export function shareBySteps(steps: readonly StepSpan[], cohorts: readonly Cohort[], nowMs: number): StepShare[] {
  return steps.map((step) => {
    const toMs = Math.max(step.fromMs, step.toMs ?? nowMs);
    let sustainedCustomers = 0;
    if (toMs > step.fromMs)
      for (const cohort of cohorts)
        if (isSustained(cohort) && cohort.fromMs <= step.fromMs && cohort.toMs >= toMs)
          sustainedCustomers += cohort.customers;
    return {
      stepNo: step.stepNo,
      fromMs: step.fromMs,
      toMs,
      lasts: step.toMs === null,
      customersOut: step.customersOut,
      sustainedCustomers,
      customerMs: sustainedCustomers * (toMs - step.fromMs),
    };
  });
}

export interface MeterSpan {
  meterKey: number;
  fromMs: number;
  /** `nowMs` while it lasts */
  toMs: number;
}

export interface MeterShare {
  /** -1: customers the steps count and no meter record stands for */
  meterKey: number;
  customers: number;
  declaredFromMs: number;
  declaredToMs: number;
  customerMs: number;
  measured: MeterSpan | null;
}

/**
 * The interruption by meters: every meter gets a place in a cohort, those that were back first in the one that ended
 * first. Customers without a meter record are a line of their own, and so are meters the steps do not count (no
 * customer-milliseconds): the parts add up to `sumsOf`.
 */
export function shareByMeters(cohorts: readonly Cohort[], spans: readonly MeterSpan[]): MeterShare[] {
  const places = cohorts.toSorted((a, b) => a.toMs - b.toMs || a.fromMs - b.fromMs);
  const meters = spans.toSorted((a, b) => a.toMs - b.toMs || a.fromMs - b.fromMs || a.meterKey - b.meterKey);
  const shares: MeterShare[] = [];
  let next = 0;
  for (const cohort of places) {
    const lengthMs = isSustained(cohort) ? cohort.toMs - cohort.fromMs : 0;
    const share = (customers: number, measured: MeterSpan | null): MeterShare => ({
      meterKey: measured?.meterKey ?? -1,
      customers,
      declaredFromMs: cohort.fromMs,
      declaredToMs: cohort.toMs,
      customerMs: customers * lengthMs,
      measured,
    });
    const taken = meters.slice(next, next + cohort.customers);
    next += taken.length;
    shares.push(...taken.map((meter) => share(1, meter)));
    if (taken.length < cohort.customers) shares.push(share(cohort.customers - taken.length, null));
  }
  for (const measured of meters.slice(next))
    shares.push({
      meterKey: measured.meterKey,
      customers: 0,
      declaredFromMs: measured.fromMs,
      declaredToMs: measured.fromMs,
      customerMs: 0,
      measured,
    });
  return shares;
}
