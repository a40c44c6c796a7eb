/** The indices of IEEE 1366 from sums. Pure; sums are whole numbers, division comes last. */

/** What interruptions of a period and a part of the system add up to. */
export interface IndexSums {
  interruptions: number;
  /** sum of customers with a sustained interruption */
  customersInterrupted: number;
  /** of sustained interruptions, customer-milliseconds */
  customerMs: number;
  /** customers with a momentary interruption */
  momentaryCustomers: number;
}

export interface Indices {
  /** minutes per customer served */
  saidi: number | null;
  /** sustained interruptions per customer served */
  saifi: number | null;
  /** minutes per interrupted customer; null without any */
  caidi: number | null;
  /** momentary interruptions per customer served */
  maifi: number | null;
  /** share of the customer-hours demanded that was supplied, 0 to 1 */
  asai: number | null;
}

export const noSums = (): IndexSums => ({
  interruptions: 0,
  customersInterrupted: 0,
  customerMs: 0,
  momentaryCustomers: 0,
});

export function addSums(to: IndexSums, more: IndexSums): IndexSums {
  to.interruptions += more.interruptions;
  to.customersInterrupted += more.customersInterrupted;
  to.customerMs += more.customerMs;
  to.momentaryCustomers += more.momentaryCustomers;
  return to;
}

export const minutesOf = (customerMs: number): number => customerMs / 60_000;

/** @param periodMs length of the period; ASAI asks which share of it had supply */
export function indicesOf(sums: IndexSums, customersServed: number, periodMs: number): Indices {
  const per = (value: number, whole: number): number | null => (whole > 0 ? value / whole : null);
  return {
    saidi: per(minutesOf(sums.customerMs), customersServed),
    saifi: per(sums.customersInterrupted, customersServed),
    caidi: per(minutesOf(sums.customerMs), sums.customersInterrupted),
    maifi: per(sums.momentaryCustomers, customersServed),
    asai: customersServed > 0 && periodMs > 0 ? 1 - sums.customerMs / (customersServed * periodMs) : null,
  };
}
