/** Windows of planned work in memory, for those who must answer while the store is away. */
import type { PlannedWindow } from '#services/outages/engine_records.ts';

export interface PlannedBoard {
  /** All windows as they stand now. */
  take(windows: readonly PlannedWindow[]): void;
  /** The window a meter is in now: the one that ends last. */
  at(meter: number): PlannedWindow | undefined;
  /** windows that last now */
  lasting(): PlannedWindow[];
}

export function makePlannedBoard(now: () => number = Date.now): PlannedBoard {
  const byMeter = new Map<number, PlannedWindow[]>();
  let all: readonly PlannedWindow[] = [];
  const lasts = ({ fromMs, toMs }: PlannedWindow): boolean => fromMs <= now() && now() < toMs;
  return {
    take: (windows) => {
      all = windows;
      byMeter.clear();
      for (const window of windows)
        for (const meter of window.meters) {
          const list = byMeter.get(meter);
          if (list) list.push(window);
          else byMeter.set(meter, [window]);
        }
    },
    at: (meter) =>
      byMeter
        .get(meter)
        ?.filter(lasts)
        .sort((a, b) => b.toMs - a.toMs)
        .at(0),
    lasting: () => all.filter(lasts),
  };
}
