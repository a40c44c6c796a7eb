import 'maplibre-gl/dist/maplibre-gl.css';
import { type GeoJSONSource, Map as MapLibreMap, type MapMouseEvent, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { edgeKindCode } from '#model/network.ts';
import type { MapView } from '../app/url_state.ts';
import type { EdgeStatusStore } from '../lib/push/edge_status.ts';
import { type Cluster, type Clusterable, clusterMarks } from './clusters.ts';
import { segmentList, tintSelection, tintTrace } from './lines.ts';
import type { MapData } from './map_data.ts';
import { type Marker, markerShape } from './markers.ts';
import { latOf, lonOf, mercatorX, mercatorY, worldPixels } from './mercator.ts';
import { metersFromZoom } from './meters.ts';
import { markMetric, setMetric } from './metrics.ts';
import { NetworkScene } from './network_layer.ts';
import { type MapPalette, mapPalettes } from './palette.ts';
import { EdgePicker } from './pick.ts';
import { mapStyle, themePaint } from './style.ts';

setWorkerUrl(workerUrl);

export type Picked =
  | { kind: 'outage'; id: string }
  | { kind: 'substation'; id: string }
  | { kind: 'edge'; row: number }
  | { kind: 'meter'; key: number; transformer: number }
  | { kind: 'cluster'; members: readonly OutageMark[] }
  | { kind: 'nothing' };

/** An outage as the map shows it. */
export interface OutageMark {
  id: string;
  lon: number;
  lat: number;
  customers: number;
  confirmed: boolean;
  critical: boolean;
  selected: boolean;
}

export interface EngineEvents {
  picked: (picked: Picked) => void;
  moved: (view: MapView) => void;
  firstDraw: () => void;
  broken: (message: string) => void;
}

const reachPixels = 7;

/** The map without React: MapLibre, the network scene, picking. */
export class MapEngine {
  readonly map: MapLibreMap;
  #palette: MapPalette;
  readonly #edges: EdgeStatusStore;
  readonly #on: EngineEvents;
  #data: MapData | null = null;
  #scene: NetworkScene | null = null;
  #picker: EdgePicker | null = null;
  #outages: readonly OutageMark[] = [];
  #clusters: readonly Cluster<OutageMark & Clusterable>[] = [];
  #clustersLabelled = false;
  #highlight: { selected: readonly number[]; traced: readonly number[] } = { selected: [], traced: [] };
  #point: { lon: number; lat: number } | null = null;
  /** false until the address or the first network says what to look at: what the map does before is no view of anybody */
  #placed: boolean;
  readonly #unsubscribe: () => void;

  constructor(
    container: HTMLElement,
    theme: 'dark' | 'light',
    view: MapView | null,
    edges: EdgeStatusStore,
    on: EngineEvents,
  ) {
    this.#palette = mapPalettes[theme];
    this.#edges = edges;
    this.#on = on;
    this.#placed = view !== null;
    this.map = new MapLibreMap({
      container,
      style: mapStyle(this.#palette),
      center: view ? [view.lon, view.lat] : [-95.4, 29.78],
      zoom: view?.zoom ?? 9.6,
      minZoom: 7,
      maxZoom: 20,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxPitch: 0,
      renderWorldCopies: false,
      fadeDuration: 0,
      keyboard: true,
      validateStyle: false,
      locale: { 'Map.Title': 'Network, drawn' },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.on('moveend', () => {
      const { lng, lat } = this.map.getCenter();
      if (this.#placed) on.moved({ lon: lng, lat, zoom: this.map.getZoom() });
    });
    this.map.on('zoomend', () => this.#setMarkers());
    this.map.on('click', (event) => this.#click(event));
    this.map.on('webglcontextlost', () => on.broken('The graphics card let the map go. It comes back by itself.'));
    this.#unsubscribe = edges.subscribe((rows) => this.#takeStatus(rows));
  }

  /** Puts a decoded network on the map; replaces the one before. The first is shown whole, unless a view was asked for. */
  setNetwork(data: MapData): void {
    const begin = performance.now();
    this.#data = data;
    this.#picker = new EdgePicker(data);
    const add = () => {
      for (const layer of ['network', 'markers']) if (this.map.getLayer(layer)) this.map.removeLayer(layer);
      this.#scene = new NetworkScene(this.map, data, this.#palette, {
        made: () => this.#refill(),
        firstDraw: () => {
          markMetric('map:firstdraw');
          this.#on.firstDraw();
        },
      });
      this.map.addLayer(this.#scene.networkLayer(), 'place-label');
      this.map.addLayer(this.#scene.markerLayer(), 'cluster-count');
      this.#labelSubstations(data);
      if (!this.#placed) {
        this.#placed = true;
        this.fitAll(false);
      }
      setMetric('map:main_thread_ms', performance.now() - begin);
    };
    if (this.map.style?._loaded) add();
    else this.map.once('style.load', add);
  }

  setTheme(theme: 'dark' | 'light'): void {
    this.#palette = mapPalettes[theme];
    if (!this.map.style?._loaded) return;
    for (const [layer, property, color] of themePaint(this.#palette)) {
      this.map.setPaintProperty(layer, property as never, color as never);
    }
    if (this.#scene) this.#scene.palette = this.#palette;
    this.#setMarkers();
  }

  setOutages(outages: readonly OutageMark[]): void {
    this.#outages = outages;
    this.#setMarkers();
  }

  /** Edge rows to outline: the selection, and a trace. */
  setHighlight(selected: readonly number[], traced: readonly number[]): void {
    this.#highlight = { selected, traced };
    this.#setHalo();
  }

  /** Marks one place (a selected meter, substation or device). */
  setPoint(point: { lon: number; lat: number } | null): void {
    this.#point = point;
    this.#setMarkers();
  }

  fitAll(animate: boolean): void {
    if (!this.#data) return;
    const [west, south, east, north] = this.#data.meta.bounds;
    this.map.fitBounds([west, south, east, north], { padding: 24, animate, duration: 400 });
  }

  /** Shows edges (their extent), or a place at street zoom. */
  fitRows(rows: readonly number[], place: { lon: number; lat: number } | null, animate: boolean): void {
    const data = this.#data;
    let west = Infinity;
    let north = Infinity;
    let east = -Infinity;
    let south = -Infinity;
    if (data) {
      for (const row of rows) {
        if (row < 0 || row >= data.edgeCount) continue;
        for (let s = data.vertexStart[row] - row; s < data.vertexStart[row + 1] - row - 1; s++) {
          for (const at of [s * 4, s * 4 + 2]) {
            west = Math.min(west, data.segments[at]);
            east = Math.max(east, data.segments[at]);
            north = Math.min(north, data.segments[at + 1]);
            south = Math.max(south, data.segments[at + 1]);
          }
        }
      }
    }
    if (data && east >= west) {
      const { x, y } = data.origin;
      this.map.fitBounds([lonOf(west + x), latOf(south + y), lonOf(east + x), latOf(north + y)], {
        padding: 60,
        maxZoom: 16,
        animate,
        duration: 400,
      });
    } else if (place) {
      const camera = { center: [place.lon, place.lat] as [number, number], zoom: Math.max(15, this.map.getZoom()) };
      if (animate) this.map.easeTo({ ...camera, duration: 400 });
      else this.map.jumpTo(camera);
    }
  }

  /** What lies under a point of the canvas; measured into `pick:ms`. */
  pickAt(point: { x: number; y: number }, reach = reachPixels): Picked {
    const begin = performance.now();
    const picked = this.#find(point, reach);
    setMetric('pick:ms', performance.now() - begin);
    return picked;
  }

  destroy(): void {
    this.#unsubscribe();
    this.map.remove();
  }

  #find(point: { x: number; y: number }, reachPx: number): Picked {
    const data = this.#data;
    if (!data || !this.#scene || !this.#picker) return { kind: 'nothing' };
    const frame = this.#scene.frame();
    const x = frame.west + point.x / frame.pixels;
    const y = frame.north + point.y / frame.pixels;
    const near = (px: number, py: number) => Math.hypot(px - x, py - y) * frame.pixels;
    let best: Picked = { kind: 'nothing' };
    let bestDistance = Infinity;
    for (const cluster of this.#clusters) {
      if (near(cluster.x, cluster.y) < clusterRadius(cluster.customers))
        return { kind: 'cluster', members: cluster.members };
    }
    const hidden = new Set(this.#clusters.flatMap(({ members }) => members.map(({ id }) => id)));
    for (const outage of this.#outages) {
      if (hidden.has(outage.id)) continue;
      const distance = near(mercatorX(outage.lon) - data.origin.x, mercatorY(outage.lat) - data.origin.y);
      if (distance < outageRadius(outage.customers) + reachPx / 2 && distance < bestDistance) {
        best = { kind: 'outage', id: outage.id };
        bestDistance = distance;
      }
    }
    if (best.kind !== 'nothing') return best;
    for (let s = 0; s < data.substationXy.length / 2; s++) {
      const distance = near(data.substationXy[s * 2], data.substationXy[s * 2 + 1]);
      if (distance < substationRadius(frame.zoom) + reachPx / 2 && distance < bestDistance) {
        best = { kind: 'substation', id: data.meta.substations[s].id };
        bestDistance = distance;
      }
    }
    if (best.kind !== 'nothing') return best;
    const reach = reachPx / frame.pixels;
    const { zoom } = frame;
    const row = this.#picker.pick(x, y, reach, (kind) => {
      if (kind === edgeKindCode.power_transformer) return zoom >= data.symbolGroups[2].fromZoom;
      if (kind === edgeKindCode.fuse) return zoom >= data.symbolGroups[1].fromZoom;
      return true;
    });
    const meter = zoom >= metersFromZoom ? this.#scene.meters?.nearest(x, y, reach) : null;
    if (meter && (row < 0 || data.edgeKind[row] === edgeKindCode.line_segment || near(meter.x, meter.y) < 4)) {
      return { kind: 'meter', key: meter.key, transformer: meter.transformer };
    }
    return row < 0 ? { kind: 'nothing' } : { kind: 'edge', row };
  }

  #click(event: MapMouseEvent): void {
    const touch = 'touches' in event.originalEvent || matchMedia('(pointer: coarse)').matches;
    const picked = this.pickAt(event.point, touch ? 14 : reachPixels);
    if (picked.kind !== 'cluster') {
      this.#on.picked(picked);
      return;
    }
    const lons = picked.members.map(({ lon }) => lon);
    const lats = picked.members.map(({ lat }) => lat);
    this.map.fitBounds([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], {
      padding: 80,
      maxZoom: 16,
      duration: 300,
    });
  }

  #refill(): void {
    this.#takeStatus(null);
    this.#setHalo();
    this.#setMarkers();
  }

  #takeStatus(rows: readonly number[] | null): void {
    const scene = this.#scene;
    if (!scene?.symbols || !scene.lines || !this.#data) return;
    const statusOf = (row: number) => this.#edges.statusOf(row);
    if (rows === null) {
      scene.symbols.clearStatus();
      scene.symbols.setStatus(this.#edges.abnormal.keys(), statusOf);
    } else scene.symbols.setStatus(rows, statusOf);
    scene.lines.setList('abnormal', segmentList(this.#data, this.#edges.abnormal.keys(), statusOf));
    this.map.triggerRepaint();
  }

  #setHalo(): void {
    if (!this.#scene?.lines || !this.#data) return;
    const { selected, traced } = this.#highlight;
    const chosen = new Set(selected);
    const rows = [...traced.filter((row) => !chosen.has(row)), ...selected];
    this.#scene.lines.setList(
      'halo',
      segmentList(this.#data, rows, (row) => (chosen.has(row) ? tintSelection : tintTrace)),
    );
    this.map.triggerRepaint();
  }

  #setMarkers(): void {
    const data = this.#data;
    if (!data || !this.#scene) return;
    const palette = this.#palette;
    const { x: originX, y: originY } = data.origin;
    const markers: Marker[] = [];
    const zoom = this.map.getZoom();
    for (let s = 0; s < data.substationXy.length / 2; s++) {
      const x = data.substationXy[s * 2];
      const y = data.substationXy[s * 2 + 1];
      markers.push({ x, y, radius: substationRadius(zoom), shape: markerShape.substation, color: palette.substation });
    }
    const { single, clusters } = clusterMarks(
      this.#outages.map((outage) => ({
        ...outage,
        x: mercatorX(outage.lon) - originX,
        y: mercatorY(outage.lat) - originY,
      })),
      worldPixels(zoom),
    );
    this.#clusters = clusters;
    for (const { x, y, customers } of clusters) {
      markers.push({ x, y, radius: clusterRadius(customers), shape: markerShape.outage, color: palette.status[3] });
    }
    this.#labelClusters();
    single.sort((a, b) => Number(a.selected) - Number(b.selected) || b.customers - a.customers);
    for (const outage of single) {
      const { x, y } = outage;
      const radius = outageRadius(outage.customers);
      const shape = outage.critical
        ? markerShape.critical
        : outage.confirmed
          ? markerShape.outage
          : markerShape.outageUnconfirmed;
      markers.push({ x, y, radius, shape, color: palette.status[3] });
      if (outage.selected) {
        markers.push({ x, y, radius: radius + 6, shape: markerShape.ring, color: palette.selection });
      }
    }
    if (this.#point) {
      const x = mercatorX(this.#point.lon) - originX;
      const y = mercatorY(this.#point.lat) - originY;
      markers.push({ x, y, radius: 13, shape: markerShape.ring, color: palette.selection });
    }
    this.#scene.setMarkers(markers);
  }

  #labelClusters(): void {
    const data = this.#data;
    if (!data || (this.#clusters.length === 0 && !this.#clustersLabelled)) return;
    this.#clustersLabelled = this.#clusters.length > 0;
    void this.map.getSource<GeoJSONSource>('clusters')?.setData({
      type: 'FeatureCollection',
      features: this.#clusters.map(({ x, y, members }) => ({
        type: 'Feature',
        properties: { count: String(members.length) },
        geometry: { type: 'Point', coordinates: [lonOf(x + data.origin.x), latOf(y + data.origin.y)] },
      })),
    });
  }

  #labelSubstations(data: MapData): void {
    const source = this.map.getSource<GeoJSONSource>('substations');
    const { x, y } = data.origin;
    void source?.setData({
      type: 'FeatureCollection',
      features: data.meta.substations.map((substation, s) => ({
        type: 'Feature',
        properties: { name: substation.name },
        geometry: {
          type: 'Point',
          coordinates: [lonOf(data.substationXy[s * 2] + x), latOf(data.substationXy[s * 2 + 1] + y)],
        },
      })),
    });
  }
}

/** Customers as an area the eye can compare, within 5 and 15 pixels. */
export function outageRadius(customers: number): number {
  return Math.min(15, 5 + Math.sqrt(customers) / 6);
}

/** Wide enough for the count of its outages. */
function clusterRadius(customers: number): number {
  return Math.min(24, 11 + Math.sqrt(customers) / 7);
}

function substationRadius(zoom: number): number {
  return Math.min(7, Math.max(1.8, 1.8 + (zoom - 9.5) * 0.9));
}
