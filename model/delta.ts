/**
 * Int32 columns for the wire: differences of neighbours, zigzag, split in four byte planes. The high planes are almost
 * all zero and cost nothing after brotli; decoding is one pass.
 */

/** @returns 4 * length bytes: the lowest bytes of all rows, then the next, ... */
export function encodeDeltaPlanes(values: Int32Array): Uint8Array {
  const n = values.length;
  const planes = new Uint8Array(n * 4);
  let previous = 0;
  for (let i = 0; i < n; i++) {
    const difference = (values[i] - previous) | 0;
    previous = values[i];
    const zigzag = (difference << 1) ^ (difference >> 31);
    planes[i] = zigzag;
    planes[n + i] = zigzag >>> 8;
    planes[2 * n + i] = zigzag >>> 16;
    planes[3 * n + i] = zigzag >>> 24;
  }
  return planes;
}

export function decodeDeltaPlanes(planes: Uint8Array): Int32Array<ArrayBuffer> {
  const n = planes.length / 4;
  const values = new Int32Array(n);
  let value = 0;
  for (let i = 0; i < n; i++) {
    const zigzag = planes[i] | (planes[n + i] << 8) | (planes[2 * n + i] << 16) | (planes[3 * n + i] << 24);
    value = (value + ((zigzag >>> 1) ^ -(zigzag & 1))) | 0;
    values[i] = value;
  }
  return values;
}
