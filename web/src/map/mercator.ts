/** Web Mercator over the unit square, y growing southward: what MapLibre calls MercatorCoordinate. */

export function mercatorX(lon: number): number {
  return (180 + lon) / 360;
}

export function mercatorY(lat: number): number {
  return (180 - (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360))) / 360;
}

export function lonOf(x: number): number {
  return x * 360 - 180;
}

export function latOf(y: number): number {
  return (360 / Math.PI) * Math.atan(Math.exp(((180 - y * 360) * Math.PI) / 180)) - 90;
}

/** Pixels of the whole world's width at a zoom (512-pixel tiles). */
export function worldPixels(zoom: number): number {
  return 512 * 2 ** zoom;
}
