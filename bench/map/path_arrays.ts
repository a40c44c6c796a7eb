/** What the graphics card takes for lines, one entry per vertex, as deck.gl's PathLayer lays them out. */
export interface PathArrays {
  /** degrees east and north of the origin */
  positions: Float32Array;
  /** edges + 1 */
  startIndices: Uint32Array;
  /** RGBA per vertex */
  colors: Uint8Array;
  /** pixels per vertex */
  widths: Float32Array;
}

export type Rgba = readonly [number, number, number, number];

/** By edge kind code, as good as any. */
export const colorOfKind: readonly Rgba[] = Array.from(
  { length: 16 },
  (_, code): Rgba => [40 + code * 13, 200 - code * 9, 90 + code * 7, 255],
);
export const widthOf = (isThreePhase: boolean): number => (isThreePhase ? 2 : 1);
/** open switches are red */
export const openColor: Rgba = [230, 30, 30, 255];

export function makePathArrays(edges: number, vertices: number): PathArrays {
  return {
    positions: new Float32Array(vertices * 2),
    startIndices: new Uint32Array(edges + 1),
    colors: new Uint8Array(vertices * 4),
    widths: new Float32Array(vertices),
  };
}
