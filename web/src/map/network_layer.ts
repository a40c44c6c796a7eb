import type { CustomLayerInterface, Map as MapLibreMap } from 'maplibre-gl';
import { type Frame, plainUnpack } from './gl.ts';
import { NetworkLines } from './lines.ts';
import type { MapData } from './map_data.ts';
import { type Marker, Markers } from './markers.ts';
import { mercatorX, mercatorY, worldPixels } from './mercator.ts';
import { NetworkMeters } from './meters.ts';
import type { MapPalette } from './palette.ts';
import { visibleFeeders } from './runs.ts';
import { NetworkSymbols } from './symbols.ts';

/** Everything of the network that lives on the graphics card; made anew after a lost context. */
export class NetworkScene {
  palette: MapPalette;
  readonly #map: MapLibreMap;
  readonly #data: MapData;
  #gl: WebGL2RenderingContext | null = null;
  lines: NetworkLines | null = null;
  symbols: NetworkSymbols | null = null;
  meters: NetworkMeters | null = null;
  markers: Markers | null = null;
  readonly #onMade: () => void;
  #drawn = false;
  readonly #onFirstDraw: () => void;

  constructor(map: MapLibreMap, data: MapData, palette: MapPalette, on: { made: () => void; firstDraw: () => void }) {
    this.#map = map;
    this.#data = data;
    this.palette = palette;
    this.#onMade = on.made;
    this.#onFirstDraw = on.firstDraw;
  }

  /** Lines, symbols and meters, below the labels. */
  networkLayer(): CustomLayerInterface {
    return {
      id: 'network',
      type: 'custom',
      onAdd: (_, gl) => this.#make(gl as WebGL2RenderingContext),
      render: (context) => this.#drawNetwork(context as WebGL2RenderingContext),
    };
  }

  /** Substations, outages and the selection, above everything. */
  markerLayer(): CustomLayerInterface {
    return {
      id: 'markers',
      type: 'custom',
      render: (context) => {
        const gl = context as WebGL2RenderingContext;
        this.#blend(gl);
        this.markers?.draw(this.frame(), this.palette);
      },
    };
  }

  setMarkers(markers: readonly Marker[]): void {
    this.markers?.set(markers);
    this.#map.triggerRepaint();
  }

  /** Where the view stands, in the scene's own coordinates. North is up and there is no tilt, so this is all. */
  frame(): Frame {
    const center = this.#map.getCenter();
    const zoom = this.#map.getZoom();
    const canvas = this.#map.getCanvas();
    const pixelRatio = this.#map.getPixelRatio();
    const width = canvas.width / pixelRatio;
    const height = canvas.height / pixelRatio;
    const pixels = worldPixels(zoom);
    const centerX = mercatorX(center.lng) - this.#data.origin.x;
    const centerY = mercatorY(center.lat) - this.#data.origin.y;
    return {
      centerX,
      centerY,
      zoom,
      pixels,
      width,
      height,
      pixelRatio,
      west: centerX - width / 2 / pixels,
      east: centerX + width / 2 / pixels,
      north: centerY - height / 2 / pixels,
      south: centerY + height / 2 / pixels,
    };
  }

  #make(gl: WebGL2RenderingContext): void {
    plainUnpack(gl);
    this.#gl = gl;
    this.lines = new NetworkLines(gl, this.#data);
    this.symbols = new NetworkSymbols(gl, this.#data);
    this.meters = new NetworkMeters(gl, this.#data, () => this.#map.triggerRepaint());
    this.markers = new Markers(gl);
    this.#onMade();
  }

  #blend(gl: WebGL2RenderingContext): void {
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.disable(gl.CULL_FACE);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  #drawNetwork(gl: WebGL2RenderingContext): void {
    if (gl !== this.#gl || !this.lines || !this.symbols || !this.meters) return;
    const frame = this.frame();
    const visible = visibleFeeders(this.#data.feederBox, frame, 20 / frame.pixels);
    gl.bindVertexArray(null);
    this.#blend(gl);
    plainUnpack(gl);
    this.symbols.uploadStatus();
    this.lines.drawList('halo', frame, this.palette);
    this.lines.drawBase(frame, visible, this.palette);
    this.lines.drawList('abnormal', frame, this.palette);
    this.meters.draw(frame, visible, this.palette, this.symbols.statusTexture);
    this.symbols.draw(frame, visible, this.palette);
    if (!this.#drawn) {
      this.#drawn = true;
      this.#onFirstDraw();
    }
  }
}
