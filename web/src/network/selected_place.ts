import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { useScreen } from '../app/screen_store.ts';
import type { Selection } from '../app/url_state.ts';
import { getAsset, getEdgeAsset, getTrace } from '../lib/api/endpoints.ts';
import { useLive } from '../lib/push/live_store.ts';
import { traceRows } from './trace.ts';

/** Where the selection is on the map. */
export interface Place {
  at: { lon: number; lat: number } | null;
  /** the device or line itself */
  rows: number[];
  /** what lies behind it: the lines below an outage's device */
  extent: number[];
  /** drawn as a ring where there is no line to outline */
  point: { lon: number; lat: number } | null;
}

/** The asset of a selection by its id; one query shared by details, map and trend. */
export function useSelectedAsset(selection: Selection | null) {
  const id = selection !== null && (selection.kind === 'asset' || selection.kind === 'meter') ? selection.id : null;
  return useQuery({
    queryKey: ['asset', id],
    queryFn: ({ signal }) => getAsset(id ?? '', signal),
    enabled: id !== null,
    refetchInterval: 15_000,
  });
}

/** Asks what a picked map row is called. */
export function useEdgeAsset(selection: Selection | null) {
  const row = selection?.kind === 'edge' ? Number(selection.id) : -1;
  return useQuery({
    queryKey: ['edge', row],
    queryFn: ({ signal }) => getEdgeAsset(row, signal),
    enabled: row >= 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Turns a picked row into the named asset once the server has told its name. */
export function useNameOfPick(): void {
  const selection = useScreen((screen) => screen.selection);
  const { data } = useEdgeAsset(selection);
  useEffect(() => {
    const { selection: now, select } = useScreen.getState();
    if (data && now?.kind === 'edge' && Number(now.id) === data.edge_row) select({ kind: 'asset', id: data.id });
  }, [data]);
}

export function useSelectedPlace(): Place | null {
  const selection = useScreen((screen) => screen.selection);
  const outage = useLive((live) => (selection?.kind === 'outage' ? live.outages.get(selection.id) : undefined));
  const asset = useSelectedAsset(selection).data;
  const extent = useQuery({
    queryKey: ['extent', outage?.device_id],
    queryFn: () => getTrace(outage?.device_id ?? '', 'down'),
    enabled: outage !== undefined,
    staleTime: 60_000,
    select: (trace) => traceRows(trace.edge_rows),
  }).data;
  const kind = selection?.kind;
  const id = selection?.id;
  const [lon, lat, row] = [outage?.lon, outage?.lat, outage?.edge_row];
  return useMemo(() => {
    if (kind === 'outage' && lon !== undefined && lat !== undefined && row !== undefined) {
      return { at: { lon, lat }, rows: [row], extent: extent ?? [], point: null };
    }
    if (kind === 'edge') return { at: null, rows: [Number(id)], extent: [], point: null };
    if ((kind === 'asset' || kind === 'meter') && asset && asset.id === id) {
      const at = { lon: asset.lon, lat: asset.lat };
      const isLine = asset.type === 'line_segment' || asset.type === 'service_line';
      return { at, rows: asset.edge_row === null ? [] : [asset.edge_row], extent: [], point: isLine ? null : at };
    }
    return null;
  }, [kind, id, lon, lat, row, extent, asset]);
}
