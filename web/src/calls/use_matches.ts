import { useQuery } from '@tanstack/react-query';
import { findPlaces, searchNetwork } from '../lib/api/endpoints.ts';

export const leastLetters = 3;
const shownMatches = 7;

export interface Match {
  meter: string;
  /** what it was found by, where that is not the meter's own name */
  found: string | null;
  /** what was typed is its name, or its account's */
  isNamed: boolean;
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
  const isSame = (name: string): boolean => name.toLowerCase() === wanted.toLowerCase();
  const add = (meter: string, found: string | null, name: string): void => {
    if (!matches.has(meter)) matches.set(meter, { meter, found, isNamed: isSame(name) });
  };
  if (enabled) {
    const named = (meters.data ?? []).filter(({ type }) => type === 'meter');
    for (const { id } of named) if (isSame(id)) add(id, null, id);
    for (const { meter_id: meter, by, account_id: account, address } of places.data ?? [])
      add(meter, by === 'account' ? `${account}, ${address}` : address, account);
    for (const { id } of named) add(id, null, id);
  }
  return {
    matches: [...matches.values()].slice(0, shownMatches),
    isFetching: meters.isFetching || places.isFetching,
  };
}
