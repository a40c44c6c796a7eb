import Flatbush from 'flatbush';
import { edgeKindCode } from '#model/network.ts';
import type { MapData } from './map_data.ts';

/** Finds the edge under the pointer: boxes from flatbush, exact distance to the segments, devices before lines. */
export class EdgePicker {
  readonly #data: MapData;
  readonly #index: Flatbush;

  constructor(data: MapData) {
    this.#data = data;
    this.#index = Flatbush.from(data.index);
  }

  /**
   * @param reach farthest distance that counts, origin-relative Mercator
   * @param wanted which edges are drawn at this zoom; a hidden symbol cannot be hit
   * @returns edge row, or -1
   */
  pick(x: number, y: number, reach: number, wanted: (kind: number) => boolean): number {
    let best = -1;
    let bestScore = Infinity;
    for (const row of this.#index.search(x - reach, y - reach, x + reach, y + reach)) {
      if (row >= this.#data.edgeCount) continue;
      const kind = this.#data.edgeKind[row];
      if (!wanted(kind)) continue;
      const distance = this.#distance(row, x, y);
      if (distance > reach) continue;
      // a symbol is drawn over the line's end: within reach it wins over a line that is nearer
      const isLine = kind === edgeKindCode.line_segment || kind === edgeKindCode.service_line;
      const score = distance + (isLine ? reach : 0);
      if (score < bestScore) {
        bestScore = score;
        best = row;
      }
    }
    return best;
  }

  #distance(row: number, x: number, y: number): number {
    const { vertexStart, segments } = this.#data;
    let best = Infinity;
    for (let segment = vertexStart[row] - row; segment < vertexStart[row + 1] - row - 1; segment++) {
      const at = segment * 4;
      best = Math.min(best, pointToSegment(x, y, segments[at], segments[at + 1], segments[at + 2], segments[at + 3]));
    }
    return best;
  }
}

export function pointToSegment(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const dx = bx - ax;
  const dy = by - ay;
  const square = dx * dx + dy * dy;
  const t = square === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / square));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}
