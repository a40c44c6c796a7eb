import { useMemo } from 'react';
import { create } from 'zustand';
import { getMapVersion } from '../lib/api/endpoints.ts';
import type { DecodeReply, DecodeRequest, MapData } from './map_data.ts';
import { markMetric, setMetric } from './metrics.ts';

interface NetworkState {
  state: 'idle' | 'loading' | 'ready' | 'error';
  bytes: number;
  error: string | null;
  version: string | null;
  data: MapData | null;
}

/** The network of this window, decoded in a worker. */
export const useNetwork = create<NetworkState>(() => ({
  state: 'idle',
  bytes: 0,
  error: null,
  version: null,
  data: null,
}));

/** Name of an area of responsibility; its id until the network is there. */
export function useAreaName(): (id: string) => string {
  const areas = useNetwork((network) => network.data?.meta.areas);
  return useMemo(() => {
    const names = new Map(areas?.map(({ id, name }) => [id, name]));
    return (id) => names.get(id) ?? id;
  }, [areas]);
}

let worker: Worker | null = null;

/** Loads a version (the current one where none is given); the one on the screen stays until the new one is decoded. */
export async function loadNetwork(version?: string): Promise<void> {
  const { state, version: present } = useNetwork.getState();
  if (version !== undefined && version === present && state !== 'error') return;
  if (version === undefined && state === 'loading') return;
  useNetwork.setState({ state: 'loading', bytes: 0, error: null, version: version ?? null });
  try {
    const wanted = version ?? (await getMapVersion()).version;
    useNetwork.setState({ version: wanted });
    decode(wanted);
  } catch (error) {
    useNetwork.setState({ state: 'error', error: error instanceof Error ? error.message : String(error) });
  }
}

function decode(version: string): void {
  worker?.terminate();
  worker = new Worker(new URL('./decode_worker.ts', import.meta.url), { type: 'module', name: 'network' });
  const own = worker;
  worker.onmessage = ({ data: reply }: MessageEvent<DecodeReply>) => {
    if (own !== worker) return;
    if (reply.type === 'progress') useNetwork.setState({ bytes: reply.bytes });
    else if (reply.type === 'error') useNetwork.setState({ state: 'error', error: reply.message });
    else {
      markMetric('map:decoded');
      setMetric('map:bytes', reply.bytes);
      setMetric('map:fetch_ms', reply.fetchMs);
      setMetric('map:decode_ms', reply.decodeMs);
      useNetwork.setState({ state: 'ready', data: reply.data, bytes: reply.bytes });
    }
    if (reply.type !== 'progress') {
      own.terminate();
      worker = null;
    }
  };
  worker.onerror = (event) => {
    useNetwork.setState({ state: 'error', error: event.message || 'the map decoder did not start' });
  };
  worker.postMessage({ version } satisfies DecodeRequest);
}
