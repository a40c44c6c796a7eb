import { checkProgram, compileProgram, type Frame, type Program, placeGlsl, setPlace } from './gl.ts';
import { type MapPalette, rgb } from './palette.ts';

/** Things that stay the same size at every zoom: substations, outages, the point of the selection. */
export const markerShape = { substation: 0, outage: 1, outageUnconfirmed: 2, ring: 3, meter: 4, critical: 5 };

export interface Marker {
  x: number;
  y: number;
  /** radius in CSS pixels */
  radius: number;
  shape: number;
  color: string;
}

const vertexSource = `#version 300 es
precision highp float; precision highp int;
layout(location = 0) in vec4 a_place;
layout(location = 1) in vec4 a_color;
${placeGlsl}
out vec2 v_at;
flat out float v_radius;
flat out int v_shape;
flat out vec3 v_color;
void main() {
  vec2 c = vec2((gl_VertexID & 1) == 0 ? -1.0 : 1.0, gl_VertexID < 2 ? -1.0 : 1.0);
  v_radius = a_place.z;
  v_shape = int(a_place.w);
  v_color = a_color.rgb;
  v_at = c * (v_radius + 3.0);
  gl_Position = toClip(toPixels(a_place.xy) + v_at);
}`;

const fragmentSource = `#version 300 es
precision highp float;
uniform vec3 u_ground;
in vec2 v_at;
flat in float v_radius;
flat in int v_shape;
flat in vec3 v_color;
out vec4 color;
void main() {
  float d = v_shape == 0 ? max(abs(v_at.x), abs(v_at.y)) - v_radius : length(v_at) - v_radius;
  float cover = clamp(0.5 - d, 0.0, 1.0);
  vec3 c = v_color;
  if (v_shape == 3) {
    float ring = clamp(1.3 - abs(d + 1.0) + 0.5, 0.0, 1.0);
    color = vec4(c * ring, ring);
    return;
  }
  if (v_shape == 2) c = mix(u_ground, v_color, clamp(0.5 + d + 2.2, 0.0, 1.0));
  if (v_shape == 5) c = mix(v_color, u_ground, clamp(0.5 - abs(d + v_radius * 0.42) + 0.9, 0.0, 1.0));
  float halo = clamp(2.0 - d, 0.0, 1.0) * 0.9;
  color = vec4(c * cover + u_ground * halo * (1.0 - cover), cover + halo * (1.0 - cover));
}`;

export class Markers {
  readonly #gl: WebGL2RenderingContext;
  readonly #program: Program;
  readonly #array: WebGLVertexArrayObject;
  readonly #buffer: WebGLBuffer;
  #count = 0;
  #pending: readonly Marker[] | null = null;

  constructor(gl: WebGL2RenderingContext) {
    this.#gl = gl;
    this.#program = compileProgram(gl, vertexSource, fragmentSource);
    this.#array = gl.createVertexArray();
    this.#buffer = gl.createBuffer();
    gl.bindVertexArray(this.#array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffer);
    for (const location of [0, 1]) {
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, 4, gl.FLOAT, false, 32, location * 16);
      gl.vertexAttribDivisor(location, 1);
    }
    gl.bindVertexArray(null);
    checkProgram(gl, this.#program);
  }

  set(markers: readonly Marker[]): void {
    this.#pending = markers;
  }

  draw(frame: Frame, palette: MapPalette): void {
    const gl = this.#gl;
    gl.bindVertexArray(this.#array);
    if (this.#pending) {
      const values = this.#pending.flatMap((m) => [m.x, m.y, m.radius, m.shape, ...rgb(m.color), 1]);
      this.#count = this.#pending.length;
      this.#pending = null;
      gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffer);
      gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(values), gl.DYNAMIC_DRAW);
    }
    if (this.#count > 0) {
      setPlace(gl, this.#program, frame);
      gl.uniform3fv(this.#program.uniform('u_ground'), rgb(palette.ground));
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.#count);
    }
    gl.bindVertexArray(null);
  }
}
