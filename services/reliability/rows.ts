/** The rows of a level, worst first: sums with the indices they make by the customers served. */
import type { ReliabilityIndices, ReliabilityLevel, ReliabilityRow } from '#model/api/reliability.ts';
import { addSums, type IndexSums, indicesOf, minutesOf } from './indices.ts';
import { deviceFacts, feederFacts, groupsOf, type Places, rowAt } from './places.ts';
import type { Served } from './served.ts';
import { noParts, type PartSums, type Period } from './snapshot.ts';

/** Devices listed; those with fewest customer-minutes go together in one row. */
const devicesListed = 500;

function toIndices(sums: IndexSums, customersServed: number, periodMs: number): ReliabilityIndices {
  return {
    interruptions: sums.interruptions,
    customers_interrupted: sums.customersInterrupted,
    customer_minutes: minutesOf(sums.customerMs),
    momentary_customers: sums.momentaryCustomers,
    ...indicesOf(sums, customersServed, periodMs),
  };
}

export interface RowContext {
  places: Places;
  served: Served;
  period: Period;
  periodMs: number;
}

function toRow(
  level: ReliabilityLevel,
  facts: { id: string; name: string; areaId: string | null; customers: number },
  part: PartSums,
  { served, periodMs }: RowContext,
): ReliabilityRow {
  return {
    level,
    id: facts.id,
    name: facts.name,
    area_id: facts.areaId,
    customers_served: facts.customers,
    served_known_since: served.since,
    all: toIndices(part.all, facts.customers, periodMs),
    without_major: toIndices(part.withoutMajor, facts.customers, periodMs),
    planned: toIndices(part.planned, facts.customers, periodMs),
    open: part.open,
  };
}

function addParts(to: PartSums, more: PartSums): void {
  addSums(to.all, more.all);
  addSums(to.withoutMajor, more.withoutMajor);
  addSums(to.planned, more.planned);
  to.open += more.open;
}

const worstFirst = (a: ReliabilityRow, b: ReliabilityRow): number =>
  (b.all.saidi ?? 0) - (a.all.saidi ?? 0) || (a.id < b.id ? -1 : 1);

/** All things of a level, worst first; what belongs to no feeder is a row of its own, so that the rows add up. */
export function byPlace(
  parts: ReadonlyMap<number, PartSums>,
  level: Exclude<ReliabilityLevel, 'device'>,
  context: RowContext,
): ReliabilityRow[] {
  const { places, served, period } = context;
  const groups = groupsOf(places, level, served, period).map((facts) => ({ facts, part: noParts() }));
  const nowhere = noParts();
  for (const [feeder, part] of parts) {
    const row = level === 'system' ? 0 : feederFacts(places, feeder) ? rowAt(places, level, feeder) : -1;
    addParts(row < 0 ? nowhere : groups[row].part, part);
  }
  const rows = groups.map(({ facts, part }) => toRow(level, facts, part, context)).sort(worstFirst);
  const lost = toRow(
    level,
    { id: '', name: `of no ${level} in particular`, areaId: null, customers: 0 },
    nowhere,
    context,
  );
  return lost.all.interruptions + lost.planned.interruptions + lost.all.momentary_customers > 0
    ? [...rows, lost]
    : rows;
}

/** Devices by what they cost the whole system. */
export function byDevice(parts: ReadonlyMap<number, PartSums>, context: RowContext): ReliabilityRow[] {
  const { places, served, period } = context;
  const customers = served.average(period, null);
  const rest = noParts();
  const rows: ReliabilityRow[] = [];
  const worst = [...parts].sort((a, b) => b[1].all.customerMs - a[1].all.customerMs || a[0] - b[0]);
  for (const [device, part] of worst) {
    const facts = deviceFacts(places, device);
    if (!facts || rows.length >= devicesListed) {
      addParts(rest, part);
      continue;
    }
    const areaId = feederFacts(places, facts.feeder)?.areaId ?? null;
    const name = `${facts.kind.replaceAll('_', ' ')} ${facts.id}`;
    rows.push(toRow('device', { id: facts.id, name, areaId, customers }, part, context));
  }
  const others = { id: '', name: 'all other devices', areaId: null, customers };
  return rest.all.interruptions + rest.planned.interruptions > 0
    ? [...rows, toRow('device', others, rest, context)]
    : rows;
}
