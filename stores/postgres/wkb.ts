/** Well-known binary (little-endian, WGS 84) of points and line strings: readable with and without PostGIS. */

const degrees = 1e-7;

export function pointWkb(lonE7: number, latE7: number): Buffer {
  const wkb = Buffer.allocUnsafe(21);
  wkb[0] = 1;
  wkb.writeUInt32LE(1, 1);
  wkb.writeDoubleLE(lonE7 * degrees, 5);
  wkb.writeDoubleLE(latE7 * degrees, 13);
  return wkb;
}

/** Line string of the vertices [from, to). */
export function lineWkb(lonE7: Int32Array, latE7: Int32Array, from: number, to: number): Buffer {
  const wkb = Buffer.allocUnsafe(9 + (to - from) * 16);
  wkb[0] = 1;
  wkb.writeUInt32LE(2, 1);
  wkb.writeUInt32LE(to - from, 5);
  for (let v = from, at = 9; v < to; v++, at += 16) {
    wkb.writeDoubleLE(lonE7[v] * degrees, at);
    wkb.writeDoubleLE(latE7[v] * degrees, at + 8);
  }
  return wkb;
}

/** Vertices of a line string as lonE7, latE7, lonE7, latE7, ... */
export function lineVertices(wkb: Buffer): number[] {
  const vertices: number[] = [];
  for (let i = 0, n = wkb.readUInt32LE(5); i < n; i++) {
    vertices.push(
      Math.round(wkb.readDoubleLE(9 + i * 16) / degrees),
      Math.round(wkb.readDoubleLE(17 + i * 16) / degrees),
    );
  }
  return vertices;
}
