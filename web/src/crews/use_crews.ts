import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { newerCrew } from '../lib/push/apply.ts';
import { fallbackMs } from '../lib/push/connection.ts';
import { useLive } from '../lib/push/live_store.ts';
import { getCrews } from './crews_api.ts';

/** How often to look: not at all while the push tells by itself. */
export const useFallback = (): number | false => useLive((live) => fallbackMs(live.connection));

/** All crews: read once, then as the push tells; read anew where the push began anew, and over and over while it is away. */
export function useCrews() {
  const begun = useLive((live) => live.begun);
  const pushed = useLive((live) => live.crews);
  const refetchInterval = useFallback();
  const query = useQuery({
    queryKey: ['crews', 'list', begun],
    queryFn: ({ signal }) => getCrews(signal),
    placeholderData: keepPreviousData,
    refetchInterval,
  });
  const read = query.data;
  const crews = useMemo(() => {
    if (read === undefined) return undefined;
    // an answer may have been on its way while the push told of something newer
    const all = new Map(read.map((crew) => [crew.id, crew]));
    for (const crew of pushed.values()) all.set(crew.id, newerCrew(all.get(crew.id), crew));
    return [...all.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }, [read, pushed]);
  return { query, crews };
}
