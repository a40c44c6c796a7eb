/** What the rest of the center makes of changed outages: the colours of lines, and sentences for the log of the day. */
import { customersInWords } from '#model/words.ts';
import type { LiveGrid } from '#services/network/live_grid.ts';
import type { OutageNews } from '#services/outages/service.ts';

export interface LineColours {
  /** Opens and closes the outages' devices in the live grid. @returns edges whose colour changed */
  follow(news: readonly OutageNews[]): number[];
  /** the network was replaced: nothing is shown yet */
  clear(): void;
}

export function makeLineColours(grid: () => Pick<LiveGrid, 'setOutageDevice'>): LineColours {
  const shownAt = new Map<string, number>();
  return {
    follow: (news) =>
      news.flatMap(({ outage, device }) => {
        const before = shownAt.get(outage.id) ?? -1;
        if (before === device) return [];
        if (device >= 0) shownAt.set(outage.id, device);
        else shownAt.delete(outage.id);
        const gone = before >= 0 ? grid().setOutageDevice(before, false) : [];
        return [...gone, ...(device >= 0 ? grid().setOutageDevice(device, true) : [])];
      }),
    clear: () => shownAt.clear(),
  };
}

export function outageNotes(news: readonly OutageNews[]): { text: string; area_id: string }[] {
  const opened = news.filter(({ isNew }) => isNew);
  const restored = news.filter(({ outage }) => outage.state === 'restored');
  return [
    ...opened.map(({ outage }) => ({
      text: `Outage ${outage.id} predicted at ${outage.device_id}: ${customersInWords(outage.customers_out)}`,
      area_id: outage.area_id,
    })),
    ...restored.map(({ outage }) => ({ text: `Outage ${outage.id} restored`, area_id: outage.area_id })),
  ];
}
