import { useMemo, useSyncExternalStore } from 'react';
import type { Outage } from '#model/api/outages.ts';
import { useScreen } from '../app/screen_store.ts';
import { useLive } from '../lib/push/live_store.ts';
import { defaultSort, inArea, matchesFilter, type Sort, sortOutages } from './events.ts';

let sort: Sort = defaultSort;
const listeners = new Set<() => void>();

export function setSort(next: Sort): void {
  sort = next;
  for (const listener of listeners) listener();
}

export function useSort(): Sort {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => sort,
  );
}

/** The rows of the event list as they stand now, for keys that move in it. */
export function visibleEvents(): Outage[] {
  const { area, filter } = useScreen.getState();
  return listOf(useLive.getState().outages, area, filter, sort);
}

export function useVisibleEvents(): Outage[] {
  const outages = useLive((live) => live.outages);
  const area = useScreen((screen) => screen.area);
  const filter = useScreen((screen) => screen.filter);
  const now = useSort();
  return useMemo(() => listOf(outages, area, filter, now), [outages, area, filter, now]);
}

function listOf(outages: ReadonlyMap<string, Outage>, area: string | null, filter: string, by: Sort): Outage[] {
  const rows: Outage[] = [];
  for (const outage of outages.values()) if (inArea(outage, area) && matchesFilter(outage, filter)) rows.push(outage);
  return sortOutages(rows, by);
}
