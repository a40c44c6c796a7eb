import { useQuery } from '@tanstack/react-query';
import { getStormModes } from './storm_api.ts';

/** The modes of the areas this session sees; one question for everybody on the screen. */
export function useStormModes() {
  return useQuery({
    queryKey: ['storm', 'modes'],
    queryFn: ({ signal }) => getStormModes(signal),
    refetchInterval: 10_000,
  });
}
