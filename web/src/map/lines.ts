import {
  bindTexture,
  checkProgram,
  compileProgram,
  dataTexture,
  type Frame,
  type Program,
  placeGlsl,
  setPlace,
} from './gl.ts';
import { type MapData, textureWidth } from './map_data.ts';
import { type MapPalette, rgb } from './palette.ts';
import { eachRun } from './runs.ts';

/**
 * All lines of the network. No vertex buffers: `gl_VertexID` names the segment and its corner, the ends come from a
 * texture. Two programs from one source: the base draws runs of segments in grey, the listed draws chosen segments
 * (abnormal, traced, selected) in colour above it.
 */
const vertexSource = (listed: boolean): string => `#version 300 es
precision highp float; precision highp int;
uniform highp sampler2D u_segments;
uniform highp usampler2D u_info;
${listed ? 'uniform highp usampler2D u_list;' : ''}
uniform float u_width[5];
uniform vec4 u_color[${listed ? 8 : 5}];
uniform float u_extra;
uniform float u_dash;
${placeGlsl}
flat out vec4 v_color;
out float v_across;
flat out float v_reach;
out float v_along;
flat out float v_dash;
ivec2 texel(int i) { return ivec2(i & ${textureWidth - 1}, i >> 11); }
void main() {
  int quad = gl_VertexID / 6;
  int corner = gl_VertexID - quad * 6;
  ${
    listed
      ? 'uint item = texelFetch(u_list, texel(quad), 0).r; int segment = int(item & 0x1fffffffu); int tint = int(item >> 29);'
      : 'int segment = quad;'
  }
  uvec2 info = texelFetch(u_info, texel(segment), 0).rg;
  int kind = int(info.y & 15u);
  vec4 ends = texelFetch(u_segments, texel(segment), 0);
  vec2 a = toPixels(ends.xy);
  vec2 b = toPixels(ends.zw);
  vec2 d = b - a;
  float len = length(d);
  vec2 t = len > 0.0 ? d / len : vec2(1.0, 0.0);
  vec2 n = vec2(-t.y, t.x);
  float reach = (u_width[kind] + u_extra) * 0.5;
  float side = (corner == 1 || corner == 2 || corner == 4) ? 1.0 : -1.0;
  bool atEnd = corner == 2 || corner == 4 || corner == 5;
  float cap = min(reach, 1.0);
  vec2 p = (atEnd ? b + t * cap : a - t * cap) + n * side * (reach + 0.6);
  v_across = side * (reach + 0.6);
  v_reach = reach;
  v_along = float(info.y >> 4) * u_dash + (atEnd ? len : 0.0);
  v_dash = (u_dash > 0.0 && (kind == 1 || kind == 3)) ? 1.0 : 0.0;
  v_color = ${listed ? 'u_color[tint]' : 'u_color[kind]'};
  gl_Position = toClip(p);
}`;

const fragmentSource = `#version 300 es
precision highp float;
flat in vec4 v_color;
in float v_across;
flat in float v_reach;
in float v_along;
flat in float v_dash;
out vec4 color;
void main() {
  float cover = clamp(v_reach + 0.5 - abs(v_across), 0.0, 1.0) * min(1.0, v_reach * 2.0);
  if (v_dash > 0.0) {
    float phase = mod(v_along, 9.0);
    cover *= clamp(3.5 - abs(phase - 3.5) + 0.5, 0.0, 1.0);
  }
  color = v_color * cover;
}`;

/** Colour slots of listed segments: 0-5 edge status, 6 selection, 7 trace. */
export const tintSelection = 6;
export const tintTrace = 7;

interface List {
  texture: WebGLTexture | null;
  count: number;
  pending: Uint32Array | null;
}

type Rgb = [number, number, number];
const mix = (a: Rgb, b: Rgb, t: number): Rgb => [0, 1, 2].map((i) => a[i] + (b[i] - a[i]) * t) as Rgb;

const step = (from: number, to: number, t: number): number => from + (to - from) * Math.min(1, Math.max(0, t));

export class NetworkLines {
  readonly #gl: WebGL2RenderingContext;
  readonly #data: MapData;
  readonly #base: Program;
  readonly #listed: Program;
  readonly #segments: WebGLTexture;
  readonly #info: WebGLTexture;
  readonly #lists: Record<'halo' | 'abnormal', List> = {
    halo: { texture: null, count: 0, pending: null },
    abnormal: { texture: null, count: 0, pending: null },
  };

  constructor(gl: WebGL2RenderingContext, data: MapData) {
    this.#gl = gl;
    this.#data = data;
    this.#base = compileProgram(gl, vertexSource(false), fragmentSource);
    this.#listed = compileProgram(gl, vertexSource(true), fragmentSource);
    const rows = data.segments.length / 4 / textureWidth;
    this.#segments = dataTexture(gl, gl.RGBA32F, gl.RGBA, gl.FLOAT, textureWidth, rows, data.segments);
    this.#info = dataTexture(gl, gl.RG32UI, gl.RG_INTEGER, gl.UNSIGNED_INT, textureWidth, rows, data.segmentInfo);
    checkProgram(gl, this.#base);
    checkProgram(gl, this.#listed);
  }

  /** Segments `index | tint << 29`, drawn in order; uploaded at the next frame. */
  setList(name: 'halo' | 'abnormal', items: Uint32Array): void {
    this.#lists[name].pending = items;
  }

  drawBase(frame: Frame, visible: Uint8Array, palette: MapPalette): void {
    const gl = this.#gl;
    const level = this.#data.levels.find((candidate) => frame.zoom >= candidate.fromZoom) ?? this.#data.levels[0];
    this.#setUp(this.#base, frame, 0, true);
    const fade = step(0.5, 1, (frame.zoom - 10) / 3.5);
    const lateral = step(0.3, 1, (frame.zoom - 10) / 3.5);
    const alphas = [fade + 0.1, fade, lateral, lateral, lateral].map((alpha) => Math.min(1, alpha));
    const colors = palette.lines.flatMap((hex, i) =>
      rgb(hex)
        .map((c) => c * alphas[i])
        .concat(alphas[i]),
    );
    gl.uniform4fv(this.#base.uniform('u_color'), colors);
    eachRun(level.feederStart, visible, (start, end) => gl.drawArrays(gl.TRIANGLES, start * 6, (end - start) * 6));
  }

  drawList(name: 'halo' | 'abnormal', frame: Frame, palette: MapPalette): void {
    const gl = this.#gl;
    const list = this.#lists[name];
    if (list.pending) this.#upload(list);
    if (list.count === 0 || !list.texture) return;
    const halo = name === 'halo';
    this.#setUp(
      this.#listed,
      frame,
      halo ? step(3, 9, (frame.zoom - 10) / 6) : step(1.1, 1.6, (frame.zoom - 10) / 5),
      !halo,
    );
    bindTexture(gl, 2, list.texture);
    gl.uniform1i(this.#listed.uniform('u_list'), 2);
    // outlines are mixed with the ground, not laid over it: joints of translucent segments would show as beads
    const colors = [
      ...palette.status.map((hex) => rgb(hex)),
      ...[palette.selection, palette.trace].map((hex, i) => mix(rgb(palette.land), rgb(hex), i === 0 ? 0.55 : 0.36)),
    ];
    gl.uniform4fv(
      this.#listed.uniform('u_color'),
      colors.flatMap((color) => [...color, 1]),
    );
    gl.drawArrays(gl.TRIANGLES, 0, list.count * 6);
  }

  #setUp(program: Program, frame: Frame, extra: number, dashed: boolean): void {
    const gl = this.#gl;
    setPlace(gl, program, frame);
    bindTexture(gl, 0, this.#segments);
    bindTexture(gl, 1, this.#info);
    gl.uniform1i(program.uniform('u_segments'), 0);
    gl.uniform1i(program.uniform('u_info'), 1);
    const main = step(0.9, 3.2, (frame.zoom - 10) / 7);
    const lateral = step(0.55, 1.8, (frame.zoom - 10) / 7);
    gl.uniform1fv(program.uniform('u_width'), [main, main, lateral, lateral, lateral]);
    gl.uniform1f(program.uniform('u_extra'), extra);
    gl.uniform1f(program.uniform('u_dash'), dashed && frame.zoom >= 14 ? frame.pixels / (40_075_017 * 10 * 0.867) : 0);
  }

  #upload(list: List): void {
    const gl = this.#gl;
    const items = list.pending ?? new Uint32Array();
    list.pending = null;
    list.count = items.length;
    if (list.texture) gl.deleteTexture(list.texture);
    list.texture = null;
    if (items.length === 0) return;
    const rows = Math.ceil(items.length / textureWidth);
    const padded = new Uint32Array(rows * textureWidth);
    padded.set(items);
    list.texture = dataTexture(gl, gl.R32UI, gl.RED_INTEGER, gl.UNSIGNED_INT, textureWidth, rows, padded);
  }
}

/** Segment indexes of edges, each with its tint; lists are drawn in this order. */
export function segmentList(data: MapData, edges: Iterable<number>, tintOf: (row: number) => number): Uint32Array {
  const rows = [...edges].filter((row) => row >= 0 && row < data.edgeCount);
  let count = 0;
  for (const row of rows) count += data.vertexStart[row + 1] - data.vertexStart[row] - 1;
  const items = new Uint32Array(count);
  let at = 0;
  for (const row of rows) {
    const first = data.vertexStart[row] - row;
    const last = data.vertexStart[row + 1] - row - 1;
    const tint = tintOf(row) << 29;
    for (let segment = first; segment < last; segment++) items[at++] = segment | tint;
  }
  return items;
}
