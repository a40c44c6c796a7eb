import { useEffect, useMemo, useRef, useState } from 'react';
import { hasCustomersOut } from '#model/outage_state.ts';
import { Pane, PaneMessage } from '../app/pane.tsx';
import { requestZoom, useScreen } from '../app/screen_store.ts';
import { getMeterAsset } from '../lib/api/endpoints.ts';
import { edgeStatus, useLive } from '../lib/push/live_store.ts';
import { counted, formatBytes } from '../lib/time/format.ts';
import { useSelectedPlace } from '../network/selected_place.ts';
import { traceRows } from '../network/trace.ts';
import { inArea } from '../outages/events.ts';
import { useCrewMarks } from './crew_marks.ts';
import { Legend } from './legend.tsx';
import type { MapEngine, OutageMark, Picked } from './map_engine.ts';
import { loadNetwork, useNetwork } from './network_store.ts';

/** The territory, alive. React only hands facts to the engine; it never draws the map. */
export function MapPane({ alone }: { alone: boolean }) {
  const holder = useRef<HTMLDivElement>(null);
  const [engine, setEngine] = useState<MapEngine | null>(null);
  const [drawn, setDrawn] = useState(false);
  const [broken, setBroken] = useState<string | null>(null);
  const network = useNetwork();
  const theme = useScreen((screen) => screen.theme);
  const counts = network.data?.meta.counts;

  useEffect(() => {
    let made: MapEngine | null = null;
    let gone = false;
    const container = holder.current;
    if (!container) return;
    import('./map_engine.ts')
      .then((module) => {
        if (gone) return;
        const { theme: first, view, setView } = useScreen.getState();
        made = new module.MapEngine(container, first, view, edgeStatus, {
          picked: (picked) => void takePick(picked),
          moved: setView,
          firstDraw: () => setDrawn(true),
          broken: setBroken,
        });
        setEngine(made);
      })
      .catch((error: unknown) => setBroken(error instanceof Error ? error.message : String(error)));
    return () => {
      gone = true;
      made?.destroy();
      setEngine(null);
    };
  }, []);

  useEffect(() => {
    if (engine && network.data) engine.setNetwork(network.data);
  }, [engine, network.data]);
  useEffect(() => engine?.setTheme(theme), [engine, theme]);
  useOutageMarks(engine);
  useCrewMarks(engine);
  useHighlight(engine, network.data !== null);

  return (
    <Pane
      name="map"
      title="Map"
      alone={alone}
      summary={
        counts && (
          <span className="text-dim">
            {network.data?.meta.name} · {counted(counts.substations, 'substation')} ·{' '}
            {counted(counts.feeders, 'feeder')}
          </span>
        )
      }
    >
      <div className="relative min-h-0 flex-1 overflow-hidden">
        <div ref={holder} className="flux-map" data-drawn={drawn} />
        {network.state !== 'ready' && network.data === null && (
          <div className="absolute inset-0 flex bg-pane/80">
            {network.state === 'error' ? (
              <PaneMessage
                title="The network could not be loaded"
                bad
                action={{ label: 'Try again', run: () => void loadNetwork() }}
              >
                {network.error}
              </PaneMessage>
            ) : (
              <PaneMessage title="Loading the network">
                {network.bytes > 0 ? `${formatBytes(network.bytes)} received` : 'Asking for the newest version'}
              </PaneMessage>
            )}
          </div>
        )}
        {broken && (
          <div
            role="alert"
            className="absolute top-2 left-2 z-10 max-w-72 border border-bad bg-pane px-3 py-2 text-bad"
          >
            {broken}
          </div>
        )}
        {engine && (
          <div className="absolute top-2 right-2 z-10 grid gap-1">
            <MapButton label="Zoom in" onClick={() => engine.map.zoomIn()}>
              +
            </MapButton>
            <MapButton label="Zoom out" onClick={() => engine.map.zoomOut()}>
              −
            </MapButton>
            <MapButton label="Whole territory (Z)" onClick={() => requestZoom('all')}>
              ⤢
            </MapButton>
          </div>
        )}
        <Legend />
      </div>
    </Pane>
  );
}

function MapButton({ label, onClick, children }: { label: string; onClick: () => void; children: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      onClick={onClick}
      className="button h-7 w-7 bg-pane px-0 text-[15px]"
    >
      {children}
    </button>
  );
}

/** Open outages of the area, with what decides their shape. */
function useOutageMarks(engine: MapEngine | null): void {
  const outages = useLive((live) => live.outages);
  const area = useScreen((screen) => screen.area);
  const selection = useScreen((screen) => screen.selection);
  const marks = useMemo(() => {
    const list: OutageMark[] = [];
    for (const outage of outages.values()) {
      if (!inArea(outage, area) || !hasCustomersOut(outage.state)) continue;
      list.push({
        id: outage.id,
        lon: outage.lon,
        lat: outage.lat,
        customers: outage.customers_out,
        confirmed: outage.state !== 'predicted' && outage.state !== 'probable',
        critical: outage.critical_out > 0,
        selected: selection?.kind === 'outage' && selection.id === outage.id,
      });
    }
    return list;
  }, [outages, area, selection]);
  useEffect(() => engine?.setOutages(marks), [engine, marks]);
}

/** Outlines the selection and the trace, and moves the map where it was asked to. */
function useHighlight(engine: MapEngine | null, ready: boolean): void {
  const place = useSelectedPlace();
  const trace = useScreen((screen) => screen.trace);
  const zoomTo = useScreen((screen) => screen.zoomTo);
  const traced = useMemo(() => (trace?.result ? traceRows(trace.result.edge_rows) : []), [trace?.result]);
  const served = useRef(0);

  useEffect(() => {
    if (!engine || !ready) return;
    const devices = trace?.result?.devices.map(({ edge_row }) => edge_row) ?? [];
    engine.setHighlight(
      place ? [...place.rows, ...devices] : devices,
      traced.length > 0 ? traced : (place?.extent ?? []),
    );
    engine.setPoint(place?.point ?? null);
  }, [engine, ready, place, traced, trace?.result]);

  useEffect(() => {
    if (!engine || !ready || zoomTo.serial === served.current) return;
    const animate = !matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (zoomTo.target === 'all') engine.fitAll(animate);
    else if (place)
      engine.fitRows(
        traced.length > 0 ? traced : place.extent.length > 0 ? place.extent : place.rows,
        place.at,
        animate,
      );
    else return;
    served.current = zoomTo.serial;
  }, [engine, ready, zoomTo, place, traced]);
}

async function takePick(picked: Picked): Promise<void> {
  const { select } = useScreen.getState();
  if (picked.kind === 'outage') return select({ kind: 'outage', id: picked.id }, { details: true });
  if (picked.kind === 'substation') return select({ kind: 'asset', id: picked.id }, { details: true });
  if (picked.kind === 'nothing' || picked.kind === 'cluster') return select(null);
  if (picked.kind === 'meter') {
    try {
      const asset = await getMeterAsset(picked.key);
      return select({ kind: 'meter', id: asset.id }, { details: true });
    } catch {
      // a meter that cannot be named is still below a transformer that can
      if (picked.transformer >= 0) select({ kind: 'edge', id: String(picked.transformer) }, { details: true });
      return;
    }
  }
  for (const outage of useLive.getState().outages.values()) {
    if (outage.edge_row === picked.row) return select({ kind: 'outage', id: outage.id }, { details: true });
  }
  select({ kind: 'edge', id: String(picked.row) }, { details: true });
}
