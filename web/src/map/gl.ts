/** The little WebGL2 we need: programs, data textures, uniforms. */

export interface Program {
  program: WebGLProgram;
  uniform: (name: string) => WebGLUniformLocation | null;
}

export function compileProgram(gl: WebGL2RenderingContext, vertex: string, fragment: string): Program {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ] as const) {
    const shader = gl.createShader(type);
    if (!shader) throw new Error('the graphics context is lost');
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  const locations = new Map<string, WebGLUniformLocation | null>();
  return {
    program,
    uniform: (name) => {
      let location = locations.get(name);
      if (location === undefined) {
        location = gl.getUniformLocation(program, name);
        locations.set(name, location);
      }
      return location;
    },
  };
}

/** @throws Error with the compiler's words where the program did not link (checked late: asking early stalls). */
export function checkProgram(gl: WebGL2RenderingContext, { program }: Program): void {
  if (gl.getProgramParameter(program, gl.LINK_STATUS) || gl.isContextLost()) return;
  const logs = (gl.getAttachedShaders(program) ?? []).map((shader) => gl.getShaderInfoLog(shader));
  throw new Error(`shader: ${gl.getProgramInfoLog(program)} ${logs.join(' ')}`);
}

/** MapLibre leaves its own unpack state behind: flipping or premultiplying would corrupt data textures. */
export function plainUnpack(gl: WebGL2RenderingContext): void {
  gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.pixelStorei(gl.UNPACK_ROW_LENGTH, 0);
}

/** A data texture of `width` texels a row; `data` fills whole rows. */
export function dataTexture(
  gl: WebGL2RenderingContext,
  internal: GLenum,
  format: GLenum,
  type: GLenum,
  width: number,
  height: number,
  data: ArrayBufferView | null,
): WebGLTexture {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  gl.texImage2D(gl.TEXTURE_2D, 0, internal, width, height, 0, format, type, data);
  return texture;
}

export function bindTexture(gl: WebGL2RenderingContext, unit: number, texture: WebGLTexture): void {
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, texture);
}

/** What every draw call needs to place origin-relative Mercator on the screen. North is up, there is no tilt. */
export interface Frame {
  /** view centre, origin-relative Mercator */
  centerX: number;
  centerY: number;
  zoom: number;
  /** CSS pixels of one Mercator unit */
  pixels: number;
  /** canvas in CSS pixels */
  width: number;
  height: number;
  pixelRatio: number;
  /** visible box, origin-relative Mercator */
  west: number;
  north: number;
  east: number;
  south: number;
}

export const placeGlsl = `
uniform vec2 u_center;
uniform float u_pixels;
uniform vec2 u_half;
vec2 toPixels(vec2 p) { return (p - u_center) * u_pixels; }
vec4 toClip(vec2 px) { return vec4(px.x / u_half.x, -px.y / u_half.y, 0.0, 1.0); }
`;

/** Makes the program current and tells it where the view stands. */
export function setPlace(gl: WebGL2RenderingContext, program: Program, frame: Frame): void {
  // biome-ignore lint/correctness/useHookAtTopLevel: WebGL's useProgram is no React hook
  gl.useProgram(program.program);
  gl.uniform2f(program.uniform('u_center'), frame.centerX, frame.centerY);
  gl.uniform1f(program.uniform('u_pixels'), frame.pixels);
  gl.uniform2f(program.uniform('u_half'), frame.width / 2, frame.height / 2);
}
