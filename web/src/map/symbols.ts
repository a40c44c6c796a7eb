import {
  bindTexture,
  checkProgram,
  compileProgram,
  dataTexture,
  type Frame,
  type Program,
  placeGlsl,
  plainUnpack,
  setPlace,
} from './gl.ts';
import { type MapData, textureWidth } from './map_data.ts';
import { type MapPalette, rgb, rgbArray } from './palette.ts';
import { eachRun } from './runs.ts';

/**
 * Devices as shapes: square breaker, round recloser, half-round sectionalizer, bar fuse, diamond switch, triangle
 * transformer, hollow where open. One texel a symbol, status in an R8UI texture by edge row.
 */
const vertexSource = `#version 300 es
precision highp float; precision highp int;
uniform highp sampler2D u_symbols;
uniform highp usampler2D u_status;
uniform float u_size;
${placeGlsl}
out vec2 v_at;
flat out float v_radius;
flat out int v_kind;
flat out int v_open;
flat out int v_state;
void main() {
  int i = gl_VertexID / 6;
  int corner = gl_VertexID - i * 6;
  vec4 symbol = texelFetch(u_symbols, ivec2(i & ${textureWidth - 1}, i >> 11), 0);
  int word = int(symbol.z);
  int row = int(symbol.w);
  v_kind = word & 15;
  v_state = int(texelFetch(u_status, ivec2(row & ${textureWidth - 1}, row >> 11), 0).r);
  bool normallyOpen = word >= 16;
  v_open = (normallyOpen ? v_state != 4 : (v_state == 2 || v_state == 3)) ? 1 : 0;
  float scale = v_kind == 6 ? 0.8 : v_kind == 4 ? 0.85 : 1.0;
  v_radius = u_size * scale * (v_state > 1 ? 1.3 : 1.0);
  vec2 c = vec2((corner == 1 || corner == 2 || corner == 4) ? 1.0 : -1.0, (corner == 2 || corner == 4 || corner == 5) ? 1.0 : -1.0);
  v_at = c * (v_radius + 1.5);
  gl_Position = toClip(toPixels(symbol.xy) + v_at);
}`;

const fragmentSource = `#version 300 es
precision highp float;
uniform vec3 u_status_color[6];
uniform vec3 u_line;
uniform vec3 u_fill;
in vec2 v_at;
flat in float v_radius;
flat in int v_kind;
flat in int v_open;
flat in int v_state;
out vec4 color;
float box(vec2 p, vec2 b) { vec2 d = abs(p) - b; return max(d.x, d.y); }
float shape(vec2 p, float r) {
  if (v_kind == 1) return box(p, vec2(r * 0.86));
  if (v_kind == 2 || v_kind == 3 || v_kind == 7) return length(p) - r * 0.95;
  if (v_kind == 4) return box(p, vec2(r * 0.42, r));
  if (v_kind == 5) return (abs(p.x) + abs(p.y) - r * 1.15) * 0.7071;
  return max(dot(vec2(abs(p.x), -p.y), vec2(0.866, 0.5)) - r * 0.55, p.y - r * 0.55);
}
void main() {
  float d = shape(v_at, v_radius);
  vec3 line = v_state > 0 ? u_status_color[v_state] : u_line;
  bool solid = v_open == 0 && v_kind != 6;
  vec3 inside = solid ? line : u_fill;
  if (v_kind == 3 && v_at.x > 0.0) inside = u_fill;
  if (v_kind == 6 && v_state > 0) inside = line;
  float stroke = clamp(0.5 - abs(d + 0.7) + 0.7, 0.0, 1.0);
  float cover = clamp(0.5 - d, 0.0, 1.0);
  vec3 c = mix(inside, line, stroke);
  float halo = clamp(1.9 - d, 0.0, 1.0) * 0.75;
  color = vec4(c * cover + u_fill * halo * (1.0 - cover), cover + halo * (1.0 - cover));
}`;

export class NetworkSymbols {
  readonly #gl: WebGL2RenderingContext;
  readonly #data: MapData;
  readonly #program: Program;
  readonly #symbols: WebGLTexture;
  readonly #status: Uint8Array;
  readonly #statusTexture: WebGLTexture;
  readonly #dirtyRows = new Set<number>();

  constructor(gl: WebGL2RenderingContext, data: MapData) {
    this.#gl = gl;
    this.#data = data;
    this.#program = compileProgram(gl, vertexSource, fragmentSource);
    const rows = data.symbols.length / 4 / textureWidth;
    this.#symbols = dataTexture(gl, gl.RGBA32F, gl.RGBA, gl.FLOAT, textureWidth, rows, data.symbols);
    const statusRows = Math.max(1, Math.ceil(data.edgeCount / textureWidth));
    this.#status = new Uint8Array(statusRows * textureWidth);
    this.#statusTexture = dataTexture(
      gl,
      gl.R8UI,
      gl.RED_INTEGER,
      gl.UNSIGNED_BYTE,
      textureWidth,
      statusRows,
      this.#status,
    );
    checkProgram(gl, this.#program);
  }

  get statusTexture(): WebGLTexture {
    return this.#statusTexture;
  }

  /** Takes new statuses; the touched texture rows are uploaded at the next frame. */
  setStatus(rows: Iterable<number>, statusOf: (row: number) => number): void {
    for (const row of rows) {
      if (row >= this.#data.edgeCount || this.#status[row] === statusOf(row)) continue;
      this.#status[row] = statusOf(row);
      this.#dirtyRows.add(row >> 11);
    }
  }

  /** Sets all rows to energised, to be followed by the abnormal ones. */
  clearStatus(): void {
    this.#status.fill(0);
    for (let row = 0; row < this.#status.length / textureWidth; row++) this.#dirtyRows.add(row);
  }

  uploadStatus(): void {
    if (this.#dirtyRows.size === 0) return;
    const gl = this.#gl;
    plainUnpack(gl);
    bindTexture(gl, 2, this.#statusTexture);
    for (const row of this.#dirtyRows) {
      const texels = this.#status.subarray(row * textureWidth, (row + 1) * textureWidth);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, row, textureWidth, 1, gl.RED_INTEGER, gl.UNSIGNED_BYTE, texels);
    }
    this.#dirtyRows.clear();
  }

  draw(frame: Frame, visible: Uint8Array, palette: MapPalette): void {
    if (frame.zoom < this.#data.symbolGroups[0].fromZoom) return;
    const gl = this.#gl;
    setPlace(gl, this.#program, frame);
    bindTexture(gl, 0, this.#symbols);
    bindTexture(gl, 2, this.#statusTexture);
    gl.uniform1i(this.#program.uniform('u_symbols'), 0);
    gl.uniform1i(this.#program.uniform('u_status'), 2);
    gl.uniform3fv(this.#program.uniform('u_status_color'), rgbArray(palette.status));
    gl.uniform3fv(this.#program.uniform('u_line'), rgb(palette.symbol));
    gl.uniform3fv(this.#program.uniform('u_fill'), rgb(palette.symbolFill));
    for (let group = this.#data.symbolGroups.length - 1; group >= 0; group--) {
      const { feederStart, fromZoom } = this.#data.symbolGroups[group];
      if (frame.zoom < fromZoom) continue;
      gl.uniform1f(this.#program.uniform('u_size'), Math.min(8, 3.2 + (frame.zoom - fromZoom) * 1.15));
      eachRun(feederStart, visible, (start, end) => gl.drawArrays(gl.TRIANGLES, start * 6, (end - start) * 6));
    }
  }
}
