import { useQuery } from '@tanstack/react-query';
import { findPlaces, searchNetwork } from '../lib/api/endpoints.ts';

export const leastLetters = 3;
const shownMatches = 7;

export interface Match {
  meter: string;
  /** what it was found by, where that is not the meter's own name */
  found: string | null;
}

/** Meters that what a caller says may mean: by account or address first, then by the meter's name. */
export function useMatches(wanted: string): { matches: Match[]; isFetching: boolean } {
  const enabled = wanted.length >= leastLetters;
  const meters = useQuery({
    queryKey: ['search', wanted],
    queryFn: ({ signal }) => searchNetwork(wanted, signal),
    enabled,
    placeholderData: (before) => before,
  });
  const places = useQuery({
    queryKey: ['places', wanted],
    queryFn: ({ signal }) => findPlaces(wanted, signal),
    enabled,
    placeholderData: (before) => before,
  });
  const matches = new Map<string, Match>();
  if (enabled) {
    for (const { id, type } of meters.data ?? [])
      if (type === 'meter' && id.toLowerCase() === wanted.toLowerCase()) matches.set(id, { meter: id, found: null });
    for (const { meter_id, by, account_id, address } of places.data ?? [])
      if (!matches.has(meter_id))
        matches.set(meter_id, { meter: meter_id, found: by === 'account' ? `${account_id}, ${address}` : address });
    for (const { id, type } of meters.data ?? [])
      if (type === 'meter' && !matches.has(id)) matches.set(id, { meter: id, found: null });
  }
  return {
    matches: [...matches.values()].slice(0, shownMatches),
    isFetching: meters.isFetching || places.isFetching,
  };
}
