/** The steps of an outage as a function of time: how many are out, in spans that follow each other. SPEC.md, R1, R9. */
import type { OutageStepRow } from './engine_records.ts';

/** Where the steps begin that lead up to the last without a gap: a restoration that was taken back leaves one. */
export function runStart(steps: readonly OutageStepRow[]): number {
  let i = steps.length - 1;
  while (i > 0 && steps[i - 1].toMs === steps[i].fromMs) i--;
  return i;
}

/**
 * The step that begins at a time, split off where none begins within `mergeMs`. What was told before a restoration that
 * was taken back stays as it is.
 */
export function stepAt(steps: OutageStepRow[], fromMs: number, mergeMs: number): number {
  const i = Math.max(
    runStart(steps),
    steps.findLastIndex((step) => step.fromMs <= fromMs),
  );
  const step = steps[i];
  if (Math.abs(fromMs - step.fromMs) <= mergeMs) return i;
  if (fromMs < step.fromMs) {
    if (i === 0) steps.unshift({ fromMs, toMs: step.fromMs, customersOut: 0, customerMinutes: 0 });
    return i;
  }
  if (step.toMs !== null && step.toMs - fromMs <= mergeMs) return i + 1;
  steps.splice(i + 1, 0, { ...step, fromMs });
  step.toMs = fromMs;
  measure(step);
  measure(steps[i + 1]);
  return i + 1;
}

export function addTo(steps: OutageStepRow[], customers: number, first: number, end = steps.length): void {
  for (const step of steps.slice(first, end)) {
    step.customersOut += customers;
    measure(step);
  }
}

export function measure(step: OutageStepRow): void {
  step.customerMinutes = step.toMs === null ? 0 : (step.customersOut * (step.toMs - step.fromMs)) / 60_000;
}
