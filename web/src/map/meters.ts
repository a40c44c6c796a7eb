import { decodeColumns } from '#model/columns.ts';
import { decodeDeltaPlanes } from '#model/delta.ts';
import { bindTexture, checkProgram, compileProgram, type Frame, type Program, placeGlsl, setPlace } from './gl.ts';
import { type MapData, textureWidth } from './map_data.ts';
import { mercatorX, mercatorY } from './mercator.ts';
import { type MapPalette, rgb } from './palette.ts';

/** Meters are loaded per substation from this zoom up, and the substations seen longest ago are let go. */
export const metersFromZoom = 15;
const kept = 24;

const vertexSource = `#version 300 es
precision highp float; precision highp int;
layout(location = 0) in vec2 a_at;
layout(location = 1) in int a_transformer;
uniform highp usampler2D u_status;
uniform float u_size;
${placeGlsl}
flat out int v_state;
void main() {
  v_state = a_transformer < 0 ? 0 : int(texelFetch(u_status, ivec2(a_transformer & ${textureWidth - 1}, a_transformer >> 11), 0).r);
  gl_Position = toClip(toPixels(a_at));
  gl_PointSize = u_size;
}`;

const fragmentSource = `#version 300 es
precision highp float;
uniform vec3 u_lit;
uniform vec3 u_dark;
uniform float u_size;
flat in int v_state;
out vec4 color;
void main() {
  float d = (length(gl_PointCoord - 0.5) - 0.5) * u_size;
  float cover = clamp(0.5 - d - 0.5, 0.0, 1.0);
  color = vec4(v_state == 0 ? u_lit : u_dark, 1.0) * cover;
}`;

interface MeterSet {
  key: Int32Array;
  x: Float32Array;
  y: Float32Array;
  array: WebGLVertexArrayObject | null;
  buffers: WebGLBuffer[];
  transformer: Int32Array;
  usedAt: number;
}

export interface NearMeter {
  key: number;
  /** edge row, -1 where there is none */
  transformer: number;
  x: number;
  y: number;
}

export class NetworkMeters {
  readonly #gl: WebGL2RenderingContext;
  readonly #data: MapData;
  readonly #program: Program;
  readonly #loaded = new Map<number, MeterSet | 'loading'>();
  readonly #changed: () => void;

  constructor(gl: WebGL2RenderingContext, data: MapData, changed: () => void) {
    this.#gl = gl;
    this.#data = data;
    this.#changed = changed;
    this.#program = compileProgram(gl, vertexSource, fragmentSource);
    checkProgram(gl, this.#program);
  }

  draw(frame: Frame, visible: Uint8Array, palette: MapPalette, statusTexture: WebGLTexture): void {
    if (frame.zoom < metersFromZoom) return;
    const gl = this.#gl;
    const wanted = new Set<number>();
    for (let f = 0; f < visible.length; f++) if (visible[f]) wanted.add(this.#data.feederSubstation[f]);
    setPlace(gl, this.#program, frame);
    bindTexture(gl, 2, statusTexture);
    gl.uniform1i(this.#program.uniform('u_status'), 2);
    gl.uniform1f(
      this.#program.uniform('u_size'),
      Math.min(9, 2.6 + (frame.zoom - metersFromZoom) * 1.7) * frame.pixelRatio,
    );
    gl.uniform3fv(this.#program.uniform('u_lit'), rgb(palette.meter));
    gl.uniform3fv(this.#program.uniform('u_dark'), rgb(palette.status[1]));
    for (const substation of wanted) {
      const set = this.#loaded.get(substation);
      if (set === undefined) void this.#load(substation);
      else if (set !== 'loading') {
        set.usedAt = performance.now();
        set.array ??= this.#upload(set);
        gl.bindVertexArray(set.array);
        gl.drawArrays(gl.POINTS, 0, set.x.length);
      }
    }
    gl.bindVertexArray(null);
    this.#letGo();
  }

  /** The nearest loaded meter within `reach` (origin-relative Mercator). @returns the meter, or null */
  nearest(x: number, y: number, reach: number): NearMeter | null {
    let best: NearMeter | null = null;
    let bestSquare = reach * reach;
    for (const set of this.#loaded.values()) {
      if (set === 'loading') continue;
      for (let i = 0; i < set.x.length; i++) {
        const square = (set.x[i] - x) ** 2 + (set.y[i] - y) ** 2;
        if (square < bestSquare) {
          bestSquare = square;
          best = { key: set.key[i], transformer: set.transformer[i], x: set.x[i], y: set.y[i] };
        }
      }
    }
    return best;
  }

  async #load(substation: number): Promise<void> {
    this.#loaded.set(substation, 'loading');
    try {
      const { version } = this.#data.meta;
      const response = await fetch(`/api/map/${encodeURIComponent(version)}/meters/${substation}`);
      if (!response.ok) throw new Error(`meters answered ${response.status}`);
      const { columns } = decodeColumns(await response.arrayBuffer());
      const lonE7 = decodeDeltaPlanes(columns['meter.lonE7'] as Uint8Array);
      const latE7 = decodeDeltaPlanes(columns['meter.latE7'] as Uint8Array);
      const x = new Float32Array(lonE7.length);
      const y = new Float32Array(lonE7.length);
      for (let i = 0; i < x.length; i++) {
        x[i] = mercatorX(lonE7[i] / 1e7) - this.#data.origin.x;
        y[i] = mercatorY(latE7[i] / 1e7) - this.#data.origin.y;
      }
      this.#loaded.set(substation, {
        key: decodeDeltaPlanes(columns['meter.key'] as Uint8Array),
        transformer: decodeDeltaPlanes(columns['meter.transformer'] as Uint8Array),
        x,
        y,
        array: null,
        buffers: [],
        usedAt: performance.now(),
      });
      this.#changed();
    } catch {
      // asked again when the substation is drawn next, at most every five seconds
      window.setTimeout(() => this.#loaded.delete(substation), 5000);
    }
  }

  #upload(set: MeterSet): WebGLVertexArrayObject {
    const gl = this.#gl;
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    const place = new Float32Array(set.x.length * 2);
    for (let i = 0; i < set.x.length; i++) {
      place[i * 2] = set.x[i];
      place[i * 2 + 1] = set.y[i];
    }
    const placeBuffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, placeBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, place, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    const transformerBuffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, transformerBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, set.transformer, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribIPointer(1, 1, gl.INT, 0, 0);
    set.buffers = [placeBuffer, transformerBuffer];
    return array;
  }

  #letGo(): void {
    if (this.#loaded.size <= kept) return;
    let oldest: [number, MeterSet] | null = null;
    for (const [substation, set] of this.#loaded) {
      if (set !== 'loading' && (oldest === null || set.usedAt < oldest[1].usedAt)) oldest = [substation, set];
    }
    if (!oldest) return;
    for (const buffer of oldest[1].buffers) this.#gl.deleteBuffer(buffer);
    this.#gl.deleteVertexArray(oldest[1].array);
    this.#loaded.delete(oldest[0]);
  }
}
