/** Restoration times on the rows of outages; who computes them is another capability's business. */
import type { Outage } from '#model/api/outages.ts';
import { isOut } from './lifecycle.ts';

/** UTC epoch ms */
export interface OutageEtr {
  p50Ms: number;
  p90Ms: number;
  source: string;
}

/** The newest restoration time of an outage; null where there is none. */
export type EtrOf = (id: string) => OutageEtr | null;

/** Who is not out waits for nothing. */
export function withEtr(outage: Outage, etrOf: EtrOf): Outage {
  const etr = isOut(outage.state) ? etrOf(outage.id) : null;
  if (!etr) return { ...outage, etr_p50: null, etr_p90: null, etr_source: null };
  return {
    ...outage,
    etr_p50: new Date(etr.p50Ms).toISOString(),
    etr_p90: new Date(etr.p90Ms).toISOString(),
    etr_source: etr.source,
  };
}
