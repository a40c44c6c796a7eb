import { useMemo } from 'react';
import { useScreen } from '../app/screen_store.ts';
import { useLive } from '../lib/push/live_store.ts';
import { type AlarmGroup, foldAlarms } from './fold.ts';

/** Alarms of the area; one without an outage cannot be placed and is always shown. */
function listOf(area: string | null): AlarmGroup[] {
  const { alarms, outages } = useLive.getState();
  const shown = [...alarms.values()].filter((alarm) => {
    const outage = alarm.outage_id === null ? undefined : outages.get(alarm.outage_id);
    return area === null || outage === undefined || outage.area_id === area;
  });
  return foldAlarms(shown);
}

export function visibleAlarms(): AlarmGroup[] {
  return listOf(useScreen.getState().area);
}

export function useVisibleAlarms(): AlarmGroup[] {
  const alarms = useLive((live) => live.alarms);
  const outages = useLive((live) => live.outages);
  const area = useScreen((screen) => screen.area);
  // biome-ignore lint/correctness/useExhaustiveDependencies: listOf reads both maps from the store
  return useMemo(() => listOf(area), [alarms, outages, area]);
}
