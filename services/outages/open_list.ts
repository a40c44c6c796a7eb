/** The outages that are open, as everybody is shown them, and the news of their changes. */
import type { Outage } from '#model/api/outages.ts';
import type { OutageChange, OutageRecord } from './engine_records.ts';
import { isOpen, isOut } from './lifecycle.ts';
import type { OutageNeeds, OutageNews } from './service.ts';
import { etrFields, toOutage } from './views.ts';

export interface OpenList {
  all(): Outage[];
  get(id: string): Outage | undefined;
  /** these changes are durable: they are told */
  publish(changes: OutageChange[]): void;
  /** other restoration times of these outages are durable: those listed are told again */
  etrChanged(ids: readonly string[]): void;
  totals(): { customersOut: number; outagesOpen: number; criticalOut: number };
}

export const isListed = (record: OutageRecord): boolean => isOpen(record.state);

export function makeOpenList(needs: Pick<OutageNeeds, 'grid' | 'etrOf' | 'changed'>): OpenList {
  const listed = new Map<string, Outage>();
  /** where each of them takes supply away, as `OutageNews` says it */
  const deviceOf = new Map<string, number>();
  const tell = (news: OutageNews[]): void => {
    if (news.length > 0) needs.changed(news);
  };
  return {
    all: () => [...listed.values()],
    get: (id) => listed.get(id),
    publish: (changes) =>
      tell(
        changes.map(({ outage: record, kinds }): OutageNews => {
          const outage = toOutage(needs.grid(), record, needs.etrOf);
          const device = isOut(record.state) && record.meter < 0 ? record.device : -1;
          if (isListed(record)) {
            listed.set(record.id, outage);
            deviceOf.set(record.id, device);
          } else {
            listed.delete(record.id);
            deviceOf.delete(record.id);
          }
          return { outage, isOpen: isListed(record), isNew: kinds.includes('opened'), device };
        }),
      ),
    etrChanged: (ids) =>
      tell(
        ids.flatMap((id): OutageNews[] => {
          const before = listed.get(id);
          if (!before) return [];
          const outage = { ...before, ...etrFields(needs.etrOf(id)) };
          listed.set(id, outage);
          return [{ outage, isOpen: true, isNew: false, device: deviceOf.get(id) ?? -1 }];
        }),
      ),
    totals: () => {
      let [customersOut, criticalOut, outagesOpen] = [0, 0, 0];
      for (const outage of listed.values()) {
        if (!isOut(outage.state)) continue;
        outagesOpen++;
        customersOut += outage.customers_out;
        criticalOut += outage.critical_out;
      }
      return { customersOut, outagesOpen, criticalOut };
    },
  };
}
