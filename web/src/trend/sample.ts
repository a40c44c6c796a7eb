/** Values of buckets at other times: the bucket a time falls in, null where there is none. */
export function sampleAt(
  times: number[],
  starts: number[],
  values: (number | null)[],
  bucketS: number,
): (number | null)[] {
  let at = 0;
  return times.map((time) => {
    while (at + 1 < starts.length && starts[at + 1] <= time) at++;
    const inside = starts.length > 0 && time >= starts[at] && time < starts[at] + Math.max(bucketS, 1);
    return inside ? values[at] : null;
  });
}

/** Customers out now at a level of the network, from the live list: states in which nobody is out don't count. */
export function customersOutNow(
  outages: Iterable<{ customers_out: number; feeder_id: string; substation_id: string }>,
  level: 'system' | 'substation' | 'feeder',
  id: string | null,
): number {
  let customers = 0;
  for (const outage of outages) {
    const isInside = level === 'system' || id === (level === 'feeder' ? outage.feeder_id : outage.substation_id);
    if (isInside) customers += outage.customers_out;
  }
  return customers;
}

/** The series with the present moment as its last point: what came after the last fetch must not look like now. */
export function withNow<T>(times: number[], values: T[], nowS: number, value: T): { times: number[]; values: T[] } {
  const keep = times.findLastIndex((time) => time < nowS) + 1;
  return { times: [...times.slice(0, keep), nowS], values: [...values.slice(0, keep), value] };
}
