/** Plane geometry in metres around Houston, and polygons that answer "how far inside is this point" quickly. */

/** Origin and scale of the plane: a fixed equirectangular projection, exact arithmetic, error < 0.3 % over the territory. */
const originLon = -95.3677;
const originLat = 29.7589;
const metersPerDegreeLon = 96_600;
const metersPerDegreeLat = 110_850;

export const toX = (lon: number): number => (lon - originLon) * metersPerDegreeLon;
export const toY = (lat: number): number => (lat - originLat) * metersPerDegreeLat;
export const toLonE7 = (x: number): number => Math.round((x / metersPerDegreeLon + originLon) * 1e7);
export const toLatE7 = (y: number): number => Math.round((y / metersPerDegreeLat + originLat) * 1e7);

export interface Box {
  west: number;
  south: number;
  east: number;
  north: number;
}

const cells = 96;

/** Polygon with holes. Distances are measured once per raster cell; only cells near the border need the exact answer. */
export class Polygon {
  readonly box: Box;
  readonly areaM2: number;
  readonly centroidX: number;
  readonly centroidY: number;
  /** ends of all border pieces: x1, y1, x2, y2, ... */
  readonly #pieces: Float64Array;
  #raster: Float32Array | undefined;
  readonly #cellW: number;
  readonly #cellH: number;

  /** @param rings closed rings of lon, lat in degrees: the outer one, then holes */
  constructor(rings: readonly (readonly [number, number])[][]) {
    const pieces: number[] = [];
    const box = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
    let twice = 0;
    let sumX = 0;
    let sumY = 0;
    rings.forEach((ring, index) => {
      for (let i = 0; i + 1 < ring.length; i++) {
        const [x1, y1] = [toX(ring[i][0]), toY(ring[i][1])];
        const [x2, y2] = [toX(ring[i + 1][0]), toY(ring[i + 1][1])];
        pieces.push(x1, y1, x2, y2);
        box.west = Math.min(box.west, x1);
        box.east = Math.max(box.east, x1);
        box.south = Math.min(box.south, y1);
        box.north = Math.max(box.north, y1);
        if (index > 0) continue;
        const cross = x1 * y2 - x2 * y1;
        twice += cross;
        sumX += (x1 + x2) * cross;
        sumY += (y1 + y2) * cross;
      }
    });
    this.#pieces = Float64Array.from(pieces);
    this.box = box;
    this.areaM2 = Math.abs(twice) / 2;
    this.centroidX = sumX / (3 * twice);
    this.centroidY = sumY / (3 * twice);
    this.#cellW = (box.east - box.west) / cells;
    this.#cellH = (box.north - box.south) / cells;
  }

  /** Distance to the border in metres, positive inside. Exact; walks the whole border. */
  depthM(x: number, y: number): number {
    const pieces = this.#pieces;
    let inside = false;
    let nearest = Infinity;
    for (let i = 0; i < pieces.length; i += 4) {
      const x1 = pieces[i];
      const y1 = pieces[i + 1];
      const x2 = pieces[i + 2];
      const y2 = pieces[i + 3];
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
      const dx = x2 - x1;
      const dy = y2 - y1;
      const squared = dx * dx + dy * dy;
      let t = squared === 0 ? 0 : ((x - x1) * dx + (y - y1) * dy) / squared;
      t = Math.max(0, Math.min(1, t));
      const ex = x - x1 - t * dx;
      const ey = y - y1 - t * dy;
      const distance = ex * ex + ey * ey;
      if (distance < nearest) nearest = distance;
    }
    return inside ? Math.sqrt(nearest) : -Math.sqrt(nearest);
  }

  /** True where the point is inside by at least `marginM` (negative: outside by at most that much). */
  contains(x: number, y: number, marginM: number): boolean {
    const column = Math.floor((x - this.box.west) / this.#cellW);
    const row = Math.floor((y - this.box.south) / this.#cellH);
    if (column < 0 || row < 0 || column >= cells || row >= cells) {
      const { west, south, east, north } = this.box;
      const beyond = Math.max(west - x, x - east, south - y, y - north);
      return beyond <= -marginM && this.depthM(x, y) >= marginM;
    }
    this.#raster ??= this.#measure();
    const atCentre = this.#raster[row * cells + column];
    const reach = (this.#cellW + this.#cellH) / 2;
    if (atCentre - reach >= marginM) return true;
    if (atCentre + reach < marginM) return false;
    return this.depthM(x, y) >= marginM;
  }

  #measure(): Float32Array {
    const raster = new Float32Array(cells * cells);
    for (let row = 0; row < cells; row++) {
      for (let column = 0; column < cells; column++) {
        const x = this.box.west + (column + 0.5) * this.#cellW;
        const y = this.box.south + (row + 0.5) * this.#cellH;
        raster[row * cells + column] = this.depthM(x, y);
      }
    }
    return raster;
  }
}
