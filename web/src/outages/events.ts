import type { Outage, OutageState } from '#model/api/outages.ts';
import { hasCustomersOut } from '#model/outage_state.ts';

/** Priority of an outage for the list, 1 = first. The rule is in words in the column's title. */
export function outagePriority(outage: Pick<Outage, 'customers_out' | 'critical_out'>): 1 | 2 | 3 | 4 {
  if (outage.critical_out > 0) return 1;
  if (outage.customers_out >= 500) return 2;
  return outage.customers_out >= 50 ? 3 : 4;
}

export const priorityRule = '1: a critical customer is out · 2: 500 customers or more · 3: 50 or more · 4: fewer';

/** Two letters for the narrow state column; the full word is its title. */
export const stateShort: Record<OutageState, string> = {
  predicted: 'PD',
  probable: 'PB',
  confirmed: 'CF',
  assigned: 'AS',
  en_route: 'ER',
  on_site: 'OS',
  partly_restored: 'PR',
  restored: 'RS',
  completed: 'CO',
  closed: 'CL',
  rejected: 'RJ',
  merged: 'MG',
};

const stateOrder = Object.fromEntries(Object.keys(stateShort).map((state, i) => [state, i])) as Record<
  OutageState,
  number
>;

export type SortKey =
  | 'priority'
  | 'state'
  | 'device'
  | 'feeder'
  | 'customers'
  | 'critical'
  | 'evidence'
  | 'start'
  | 'age'
  | 'etr50'
  | 'etr90'
  | 'source'
  | 'crew'
  | 'cause'
  | 'zone';
export interface Sort {
  key: SortKey;
  descending: boolean;
}

export const defaultSort: Sort = { key: 'priority', descending: false };

// one collator: localeCompare makes one per call, which cost 100 ms a key press at 3,000 events
const collator = new Intl.Collator('en', { numeric: true });

type Comparable = string | number | null;

/** The value a column sorts by; null stands last in both directions. */
export function sortValue(outage: Outage, key: SortKey): Comparable {
  switch (key) {
    case 'priority':
      return outagePriority(outage);
    case 'state':
      return stateOrder[outage.state];
    case 'device':
      return outage.device_id;
    case 'feeder':
      return outage.feeder_name;
    case 'customers':
      return outage.customers_out;
    case 'critical':
      return outage.critical_out;
    case 'evidence':
      return outage.meters_dark;
    case 'start':
      return outage.started_at;
    case 'age':
      return -Date.parse(outage.started_at);
    case 'etr50':
      return outage.etr_p50;
    case 'etr90':
      return outage.etr_p90;
    case 'source':
      return outage.source;
    case 'crew':
      return outage.crew;
    case 'cause':
      return outage.cause;
    case 'zone':
      return outage.area_id;
  }
}

function compare(a: Comparable, b: Comparable): number {
  if (a === b) return 0;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return collator.compare(String(a), String(b));
}

/** Sorted copy; ties go to more customers, then to the id, so that the order never flickers. */
export function sortOutages(outages: readonly Outage[], sort: Sort): Outage[] {
  const sign = sort.descending ? -1 : 1;
  return [...outages].sort((a, b) => {
    const x = sortValue(a, sort.key);
    const y = sortValue(b, sort.key);
    if (x === null || y === null) {
      if (x !== y) return x === null ? 1 : -1;
    } else {
      const order = compare(x, y);
      if (order !== 0) return sign * order;
    }
    return b.customers_out - a.customers_out || compare(a.id, b.id);
  });
}

/** Every word of the filter must occur in the row. */
export function matchesFilter(outage: Outage, filter: string): boolean {
  const wanted = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return true;
  const text = [
    outage.id,
    outage.state.replaceAll('_', ' '),
    outage.device_id,
    outage.device_kind,
    outage.feeder_id,
    outage.feeder_name,
    outage.substation_name,
    outage.area_id,
    outage.source,
    outage.crew ?? '',
    outage.cause ?? '',
  ]
    .join(' ')
    .toLowerCase();
  return wanted.every((word) => text.includes(word));
}

export function inArea(outage: Pick<Outage, 'area_id'>, area: string | null): boolean {
  return area === null || outage.area_id === area;
}

export interface Totals {
  customersOut: number;
  events: number;
  criticalOut: number;
  /** the latest P90 over open outages: when all are back with 90 % confidence; null where none has one */
  etrP90: string | null;
  /** open outages that have no P90 yet */
  withoutEtr: number;
}

/** Sums for the header. A restored outage waiting to be closed counts as an event no more. */
export function totalsOf(outages: Iterable<Outage>, area: string | null): Totals {
  const totals: Totals = { customersOut: 0, events: 0, criticalOut: 0, etrP90: null, withoutEtr: 0 };
  for (const outage of outages) {
    if (!inArea(outage, area) || !hasCustomersOut(outage.state)) continue;
    totals.customersOut += outage.customers_out;
    totals.criticalOut += outage.critical_out;
    totals.events++;
    if (outage.etr_p90 === null) totals.withoutEtr++;
    else if (totals.etrP90 === null || outage.etr_p90 > totals.etrP90) totals.etrP90 = outage.etr_p90;
  }
  return totals;
}

export type Mode = 'normal' | 'elevated' | 'storm';
export const modeRule = 'Storm: storm mode is on in an area shown. Elevated: 10 events or 0.1% of customers out.';
/** @param stormy a person switched storm mode on */
export function modeOf(events: number, customersOut: number, customers: number, stormy: boolean): Mode {
  if (stormy) return 'storm';
  return events >= 10 || (customers > 0 && customersOut / customers >= 0.001) ? 'elevated' : 'normal';
}
