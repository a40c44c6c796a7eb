import { decodeColumns } from '#model/columns.ts';
import { decodeDeltaPlanes } from '#model/delta.ts';
import { edgeFlagNormallyOpen, edgeFlagPhaseShift, type MapNetworkMeta } from '#model/map.ts';
import { colorOfKind, makePathArrays, openColor, type PathArrays, widthOf } from './path_arrays.ts';

/** The arrays from our bundle: column after column, no object per edge. */
export function pathsFromBundle(buffer: ArrayBuffer): PathArrays {
  const { meta, columns } = decodeColumns(buffer);
  const [west, south] = (meta as unknown as MapNetworkMeta).bounds;
  const kind = columns['edge.kind'];
  const flags = columns['edge.flags'];
  const vertexCount = columns['edge.vertexCount'];
  const lonE7 = decodeDeltaPlanes(columns['vertex.lonE7'] as Uint8Array);
  const latE7 = decodeDeltaPlanes(columns['vertex.latE7'] as Uint8Array);
  const arrays = makePathArrays(kind.length, lonE7.length);
  const { positions, startIndices, colors, widths } = arrays;
  const packed = new Uint32Array(colors.buffer);
  const pack = ([r, g, b, a]: readonly [number, number, number, number]): number =>
    (r | (g << 8) | (b << 16) | (a << 24)) >>> 0;
  const colorByKind = Uint32Array.from(colorOfKind, pack);
  const open = pack(openColor);
  let v = 0;
  for (let e = 0; e < kind.length; e++) {
    const color = flags[e] & edgeFlagNormallyOpen ? open : colorByKind[kind[e]];
    const width = widthOf(((flags[e] >> edgeFlagPhaseShift) & 7) === 7);
    for (const end = v + vertexCount[e]; v < end; v++) {
      positions[v * 2] = lonE7[v] * 1e-7 - west;
      positions[v * 2 + 1] = latE7[v] * 1e-7 - south;
      packed[v] = color;
      widths[v] = width;
    }
    startIndices[e + 1] = v;
  }
  return arrays;
}
